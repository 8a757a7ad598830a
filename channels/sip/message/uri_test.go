package message_test

import (
	"testing"

	"pbx/channels/sip/message"
)

func TestParseURI(t *testing.T) {
	type want struct {
		user, password, host string
		port                 uint16
		params, headers      string
		opaque               string
	}
	for text, w := range map[string]want{
		"sip:example.com":                           {host: "example.com"},
		"sip:100@example.com":                       {user: "100", host: "example.com"},
		"SIPS:a:b@h:5061;transport=tls;lr?x=y&z=":   {"a", "b", "h", 5061, ";transport=tls;lr", "x=y&z=", ""},
		"sip:user;par=u%40example.net@example.com":  {user: "user;par=u%40example.net", host: "example.com"},
		"sip:sips%3Auser%40example.com@example.net": {user: "sips%3Auser%40example.com", host: "example.net"},
		"sip:*8#@h":                    {user: "*8#", host: "h"},
		"sip:a@[2001:db8::10:5070]":    {user: "a", host: "2001:db8::10:5070"},
		"sip:a@[2001:db8::10]:5070;x":  {user: "a", host: "2001:db8::10", port: 5070, params: ";x"},
		"sip:a@[2001:db8:::192.0.2.1]": {user: "a", host: "2001:db8:::192.0.2.1"},
		"sip:[::]":                     {host: "::"},
		"sip:[::ffff:192.0.2.2]":       {host: "::ffff:192.0.2.2"},
		"sip:[1:2:3:4:5:6:192.0.2.2]":  {host: "1:2:3:4:5:6:192.0.2.2"},
		"tel:+1-201-555-0123;ext=7":    {user: "+1-201-555-0123", params: ";ext=7"},
		"tel:*21*5;phone-context=+49":  {user: "*21*5", params: ";phone-context=+49"},
		"isbn:2983792873":              {opaque: "2983792873"},
		"sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com": {
			user: "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*", password: "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)", host: "example.com",
		},
	} {
		u, err := message.ParseURI([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got := want{string(u.User), string(u.Password), string(u.Host), u.Port, string(u.Params), string(u.Headers), string(u.Opaque)}
		if got != w {
			t.Errorf("%s:\n got %+v\nwant %+v", text, got, w)
		}
		if s := u.String(); s != text {
			t.Errorf("%s is written %s", text, s)
		}
		if c := u.Clone(); c.String() != text {
			t.Errorf("%s is cloned to %s", text, c)
		}
	}
	for _, text := range []string{
		"", ":", "sip", "sip:", "sip:@h", "sip:a@", "1sip:a", "sip:a b@h", "sip:a@h h", "sip:a@h:", "sip:a@h:x",
		"sip:a@h:65536", "sip:a@h;", "sip:a@h;=x", "sip:a@h?", "sip:a%@h", "sip:a%4g@h", "sip:a@h;x=%1", "sip:a@.h",
		"sip:a@h..h", "sip:a@[::1", "sip:a@[::1::2]", "sip:a@[1:2:3]", "sip:a@[12345::]", "sip:a@[::1.2.3]",
		"sip:a@[::1.2.3.256]", "sip:a@[::::1]", "sip:a@[:1:2:3:4:5:6:7]", "sip:a@[1:2:3:4:5:6:7:]", "sip:2001:db8::10",
		"tel:", "tel:;x", "tel:home", "http:", "sip:a@h\x00", "sip:\"a\"@h",
	} {
		if u, err := message.ParseURI([]byte(text)); err == nil {
			t.Errorf("%q is read as %+v", text, u)
		}
	}
}

// TestURIEqual has the examples of RFC 3261 19.1.4 and more.
func TestURIEqual(t *testing.T) {
	for _, c := range []struct {
		a, b  string
		equal bool
	}{
		{"sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp", true},
		{"sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true},
		{"sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5", true},
		{"sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com", "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com", true},
		{"sip:alice@atlanta.com?subject=project%20x&priority=urgent", "sip:alice@atlanta.com?priority=urgent&subject=project%20x", true},
		{"SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", false},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false},
		{"sip:bob@biloxi.com;transport=udp", "sip:bob@biloxi.com:6000;transport=tcp", false},
		{"sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting", false},
		{"sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off", false},
		{"sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", false},
		{"sip:null-%00-null@example.com", "sip:null-%00-other@example.com", false},
		{"sip:%00@h", "sip:%00%00@h", false},
		{"sip:a%40b@h", "sip:a%40b@h", true},
		{"sip:a%3bb@h", "sip:a%3Bb@h", true},
		{"sip:a%3bb@h", "sip:a;b@h", false},
		{"sip:a@h", "sips:a@h", false},
		{"sip:a@h", "sip:a:@h", false},
		{"sip:h", "sip:a@h", false},
		{"sip:+1@gw;unknownparam", "sip:+1@gw", true},
		{"tel:+1-201-555-0123", "tel:+12015550123", true},
		{"tel:+1-201-555-0123", "tel:+12015550124", false},
		{"urn:a", "urn:a", true},
		{"urn:a", "urn:b", false},
	} {
		a, errA := message.ParseURI([]byte(c.a))
		b, errB := message.ParseURI([]byte(c.b))
		if errA != nil || errB != nil {
			t.Errorf("%s %v, %s %v", c.a, errA, c.b, errB)
			continue
		}
		if a.Equal(&b) != c.equal || b.Equal(&a) != c.equal {
			t.Errorf("%s and %s: equal %v and %v, want %v", c.a, c.b, a.Equal(&b), b.Equal(&a), c.equal)
		}
	}
}

func TestEscapes(t *testing.T) {
	if got := message.UnescapeString([]byte("%41%zz%4")); got != "A%zz%4" {
		t.Errorf("unescaped %q", got)
	}
	for s, want := range map[string]string{
		"100": "100", "a@b": "a%40b", "a b": "a%20b", "\x00": "%00", "é": "%C3%A9", "50%": "50%25", "*8#": "*8%23", "a:b": "a%3Ab",
	} {
		got := string(message.AppendEscaped(nil, s))
		if got != want {
			t.Errorf("%q is escaped %q, want %q", s, got, want)
		}
		if back := message.UnescapeString([]byte(got)); back != s {
			t.Errorf("%q comes back as %q", s, back)
		}
	}
}
