package refer

import (
	"errors"
	"testing"

	"pbx/channels/sip/message"
)

func TestParseDialogID(t *testing.T) {
	for name, c := range map[string]struct {
		value string
		want  DialogID
		err   bool
	}{
		"plain":       {"a@b;to-tag=1;from-tag=2", DialogID{CallID: "a@b", ToTag: "1", FromTag: "2"}, false},
		"other order": {"a@b ; FROM-TAG=2;x=y; to-tag=1", DialogID{CallID: "a@b", ToTag: "1", FromTag: "2"}, false},
		"early only":  {"a;to-tag=1;from-tag=2;early-only", DialogID{CallID: "a", ToTag: "1", FromTag: "2", EarlyOnly: true}, false},
		"no tags":     {"a@b", DialogID{}, true},
		"one tag":     {"a@b;to-tag=1", DialogID{}, true},
		"tag twice":   {"a@b;to-tag=1;to-tag=3;from-tag=2", DialogID{}, true},
		"empty tag":   {"a@b;to-tag=;from-tag=2", DialogID{}, true},
		"no call":     {";to-tag=1;from-tag=2", DialogID{}, true},
		"empty":       {"", DialogID{}, true},
		"two":         {"a@b, c@d;to-tag=1;from-tag=2", DialogID{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseDialogID(c.value)
			if (err != nil) != c.err || got != c.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestParseTarget(t *testing.T) {
	for name, c := range map[string]struct {
		lines string
		want  Target
		id    DialogID
		err   error
	}{
		"blind":                 {lines: "Refer-To: <sip:103@h>\r\n", want: Target{User: "103", Host: "h"}},
		"short":                 {lines: "r: sip:103@h:5070\r\n", want: Target{User: "103", Host: "h", Port: 5070}},
		"escaped":               {lines: "Refer-To: <sip:%2a8@h>\r\n", want: Target{User: "*8", Host: "h"}},
		"attended":              {lines: "Refer-To: <sip:103@h?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2>\r\n", want: Target{User: "103", Host: "h"}, id: DialogID{CallID: "a@b", ToTag: "1", FromTag: "2"}},
		"attended, no brackets": {lines: "Refer-To: sip:103@h?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2\r\n", want: Target{User: "103", Host: "h"}, id: DialogID{CallID: "a@b", ToTag: "1", FromTag: "2"}},
		"attended, with other headers": {
			lines: "Refer-To: \"Bob\" <sip:103@h:5060;user=phone?Require=replaces&REPLACES=a%40b%3bto-tag%3d1%3bfrom-tag%3d2&Accept-Contact=*>;x=1\r\n",
			want:  Target{User: "103", Host: "h", Port: 5060}, id: DialogID{CallID: "a@b", ToTag: "1", FromTag: "2"},
		},
		"attended, hardly escaped": {lines: "Refer-To: <sip:103@h?Replaces=a@b;to-tag=1;from-tag=2>\r\n", want: Target{User: "103", Host: "h"}, id: DialogID{CallID: "a@b", ToTag: "1", FromTag: "2"}},
		"missing":                  {err: ErrMissing},
		"tel":                      {lines: "Refer-To: <tel:103>\r\n", err: ErrScheme},
		"bad":                      {lines: "Refer-To: <sip:103@h?Replaces=x>\r\n", want: Target{User: "103", Host: "h"}, err: errTags},
	} {
		t.Run(name, func(t *testing.T) {
			var m message.Message
			text := "REFER sip:1@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=2\r\nCall-ID: x\r\nCSeq: 1 REFER\r\n" + c.lines + "Content-Length: 0\r\n\r\n"
			if err := m.Parse([]byte(text)); err != nil {
				t.Fatal(err)
			}
			got, err := ParseTarget(&m)
			if !errors.Is(err, c.err) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if got.Replaces != nil {
				if *got.Replaces != c.id {
					t.Errorf("Replaces %+v, want %+v", *got.Replaces, c.id)
				}
				got.Replaces = nil
			} else if c.id != (DialogID{}) {
				t.Error("no Replaces")
			}
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestParseStatus(t *testing.T) {
	for body, want := range map[string]int{
		"SIP/2.0 200 OK\r\n": 200, "SIP/2.0 486 Busy Here": 486, "\r\nSIP/2.0 100 Trying\r\nX: y\r\n": 100, "SIP/2.0 603": 603,
		"": 0, "SIP/2.0": 0, "SIP/2.0 2000 OK": 0, "SIP/2.0 99 x": 0, "HTTP/1.1 200 OK": 0, "SIP/2.0 2x0 OK": 0,
	} {
		if got, ok := ParseStatus([]byte(body)); got != want || ok != (want != 0) {
			t.Errorf("%q: %d, %v", body, got, ok)
		}
	}
}

// FuzzDialogID holds that what was read is written and read again as the same.
func FuzzDialogID(f *testing.F) {
	for _, s := range []string{"a@b;to-tag=1;from-tag=2", "a;from-tag=2;to-tag=1;early-only", ";", "a;to-tag=\"x;y\";from-tag=1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDialogID(s)
		if err != nil {
			return
		}
		if again, err := ParseDialogID(d.String()); err != nil || again != d {
			t.Errorf("%q: %+v became %+v, %v", s, d, again, err)
		}
		ParseStatus([]byte(s))
	})
}
