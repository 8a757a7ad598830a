package manager

import (
	"errors"
	"io"
	"strings"
	"testing"

	"pbx/decl"
)

func TestReader(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want string // name=value of the first message, or its error
	}{
		"CRLF":              {"Action: Ping\r\nActionID: 1\r\n\r\n", "Action=Ping ActionID=1"},
		"LF":                {"Action: Ping\nActionID: 1\n\n", "Action=Ping ActionID=1"},
		"no blank":          {"action:ping\r\n\r\n", "action=ping"},
		"one blank goes":    {"h:   v  \r\n\r\n", "h=  v  "},
		"no colon":          {"nonsense\r\nAction: Ping\r\n\r\n", "Action=Ping"},
		"nothing":           {"\r\n", ""},
		"colon in a value":  {"Filter: Event: VarSet\r\n\r\n", "Filter=Event: VarSet"},
		"1003 bytes":        {"V: " + strings.Repeat("x", 1000) + "\r\n\r\n", "V=" + strings.Repeat("x", 1000)},
		"too long":          {"V: " + strings.Repeat("x", 1500) + "\r\n\r\n", errTooLong.Error()},
		"far too long":      {"V: " + strings.Repeat("x", 1<<20) + "\r\n\r\n", errTooLong.Error()},
		"too many":          {strings.Repeat("A: b\r\n", 200) + "\r\n", errTooMany.Error()},
		"ends in a message": {"Action: Ping\r\n", io.EOF.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReader(strings.NewReader(tt.text + "Action: Next\r\n\r\n"))
			if name == "ends in a message" {
				r = newReader(strings.NewReader(tt.text))
			}
			headers, err := r.next()
			var words []string
			for _, h := range headers {
				words = append(words, h.Name+"="+h.Value)
			}
			got := strings.Join(words, " ")
			if err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("%.80q, want %.80q", got, tt.want)
			}
			if errors.Is(err, io.EOF) {
				return
			}
			if headers, err := r.next(); err != nil || len(headers) != 1 || headers[0].Value != "Next" {
				t.Errorf("the message after it: %v, %v", headers, err)
			}
		})
	}
}

// FuzzReader: whatever comes, the reader keeps its bounds and ends with the text.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		"Action: Ping\r\n\r\n", "\n\n\n", "a:b\na:b\n\n", ":\r\n", strings.Repeat("x", 5000) + "\n\n", "Action: Login\r\nSecret: \x00\xff\r\n\r\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := newReader(strings.NewReader(text))
		for range len(text) + 2 {
			headers, err := r.next()
			if err != nil && !errors.Is(err, errTooLong) && !errors.Is(err, errTooMany) {
				return
			}
			if len(headers) > maxHeaders {
				t.Fatalf("%d headers", len(headers))
			}
			q := decl.NewActionRequest(headers)
			q.Fail("no")
			for _, h := range headers {
				if h.Name == "" || len(h.Value) > maxLine || strings.ContainsAny(h.Name+h.Value, "\n") {
					t.Fatalf("%q", h)
				}
			}
			// An answer is one block, whatever the ActionID holds.
			if got := q.Answer(); strings.Count(got, "\r\n\r\n") != 1 || !strings.HasSuffix(got, "\r\n\r\n") {
				t.Fatalf("%q", got)
			}
		}
		t.Fatal("it does not end")
	})
}

func TestFilters(t *testing.T) {
	const newchannel = "Event: Newchannel\r\nPrivilege: call,all\r\nChannel: SIP/101-00000001\r\n\r\n"
	for name, tt := range map[string]struct {
		old   []string    // eventfilter=
		named [][2]string // eventfilter(criteria)=value
		want  bool
	}{
		"none":                 {nil, nil, true},
		"include":              {[]string{"Event: Newchannel"}, nil, true},
		"another":              {[]string{"Event: Hangup"}, nil, false},
		"exclude":              {[]string{"!Channel: SIP/101"}, nil, false},
		"exclude another":      {[]string{"!Event: Hangup"}, nil, true},
		"included, excluded":   {[]string{"Event: Newchannel", "!SIP/101"}, nil, false},
		"by name":              {nil, [][2]string{{"name(Newchannel)", ""}}, true},
		"by another name":      {nil, [][2]string{{"name(Hangup)", ""}}, false},
		"exclude by name":      {nil, [][2]string{{"action(exclude),name(Newchannel)", ""}}, false},
		"header starts with":   {nil, [][2]string{{"name(Newchannel),header(Channel),method(starts_with)", "SIP/1"}}, true},
		"header ends with":     {nil, [][2]string{{"header(Channel),method(ends_with)", "SIP/1"}}, false},
		"header exact":         {nil, [][2]string{{"header(Channel),method(exact)", "SIP/101-00000001"}}, true},
		"contains":             {nil, [][2]string{{"method(contains)", "101"}}, true},
		"regex":                {nil, [][2]string{{"method(regex)", "SIP/10[2-9]"}}, false},
		"none and no criteria": {nil, [][2]string{{"name(Newchannel),method(none)", "anything"}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			var list filters
			for _, o := range tt.old {
				f, err := parseFilter(o)
				if err != nil {
					t.Fatal(err)
				}
				list = append(list, f)
			}
			for _, n := range tt.named {
				f, err := parseNamedFilter(n[0], n[1])
				if err != nil {
					t.Fatal(err)
				}
				list = append(list, f)
			}
			if got := list.pass("Newchannel", newchannel); got != tt.want {
				t.Errorf("%v", got)
			}
		})
	}
	for _, bad := range []string{"", "!", "["} {
		if _, err := parseFilter(bad); err == nil {
			t.Errorf("%q is a filter", bad)
		}
	}
	for _, bad := range [][2]string{{"name", ""}, {"colour(red)", ""}, {"action(maybe)", "x"}, {"method(guess)", "x"}, {"method(regex)", "["}} {
		if _, err := parseNamedFilter(bad[0], bad[1]); err == nil {
			t.Errorf("%q is a filter", bad)
		}
	}
}
