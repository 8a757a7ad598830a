package message_test

import (
	"testing"

	"pbx/channels/sip/message"
)

func TestParseAddress(t *testing.T) {
	for text, want := range map[string][3]string{ // name, URI, tag
		`sip:a@b`:                              {"", "sip:a@b", ""},
		`sip:a@b;tag=x`:                        {"", "sip:a@b", "x"},
		`<sip:a@b;lr>;tag=x`:                   {"", "sip:a@b;lr", "x"},
		`A. Bell <sip:a@b> ; TAG = x`:          {"A. Bell", "sip:a@b", "x"},
		"A.   \t Bell <sip:a@b>":               {"A. Bell", "sip:a@b", ""},
		`"A.   Bell" <sip:a@b>`:                {"A.   Bell", "sip:a@b", ""},
		`"a \"b\" \\c" <sip:a@b>;tag=x;p="q;"`: {`a "b" \c`, "sip:a@b", "x"},
		`"caller"<sip:a@b>`:                    {"caller", "sip:a@b", ""},
		`"" <sip:a@b>`:                         {"", "sip:a@b", ""},
		`"x > y" <sip:a@b>`:                    {"x > y", "sip:a@b", ""},
		`<tel:+1>;tag=x`:                       {"", "tel:+1", "x"},
		`Jürgen <sip:a@b>`:                     {"Jürgen", "sip:a@b", ""},
		`<sip:a@b;x="c==";y>;tag=x`:            {"", `sip:a@b;x="c==";y`, "x"},
		`"q" <sip:a@b;x="<u:v>,;">;tag=x`:      {"q", `sip:a@b;x="<u:v>,;"`, "x"},
		`sip:a@b;x="<u:v>";tag=x`:              {"", "sip:a@b", "x"},
		`http://h/p?q=r`:                       {"", "http://h/p?q=r", ""},
	} {
		a, err := message.ParseAddress([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := [3]string{a.Name(), a.URI.String(), string(a.Tag())}; got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	for _, text := range []string{
		``, `<>`, `"`, `"a`, `"a" sip:a@b`, `<sip:a@b`, `sip:a@b>`, `a, b <sip:a@b>`, `<sip:a@b>x`, `<sip:a@b>;`,
		`<sip:a@b>;;a`, `<sip:a@b>;a="`, `<sip:a@b>;a="b"c`, `sip:a@b?x=y`, `sip:a,b@c`, `< sip:a@b>`, `a@b`, `<sip:a@b>;=x`,
		`a <b <sip:a@b>`, `<sip:a@b>;a b=c`,
		`<sip:a@b;x="c>`, `<sip:a@b;x="c d">`, `<sip:a@b;x="c\"">`, `<sip:a@b;"x">`, `<sip:a@b;x=c"d">`, `<sip:a@b;x="c"d>`, `<sip:"a"@b>`,
	} {
		if a, err := message.ParseAddress([]byte(text)); err == nil {
			t.Errorf("%q is read as %+v", text, a)
		}
	}
}

func TestParams(t *testing.T) {
	p := message.Params(`;a=1 ; B = "x;\"y" ;flag;c=`)
	for name, want := range map[string]string{"A": "1", "b": `x;"y`, "FLAG": "", "c": ""} {
		if v, ok := p.Get(name); !ok || message.Unquote(v) != want {
			t.Errorf("%s is %q, %v", name, v, ok)
		}
	}
	if p.Has("d") || p.Has("x") {
		t.Error("found what is not there")
	}
	n := 0
	for range p.All() {
		n++
	}
	if n != 4 {
		t.Errorf("%d parameters", n)
	}
}

func TestAppendAddress(t *testing.T) {
	for _, c := range []struct{ display, uri, want string }{
		{"", "sip:a@b", "<sip:a@b>"},
		{`Bell, "A"`, "sip:a@b", `"Bell, \"A\"" <sip:a@b>`},
		{"a\r\nVia: x", "sip:a@b\r\nX: y", `"a  Via: x" <sip:a@b  X: y>`},
	} {
		if got := string(message.AppendAddress(nil, c.display, c.uri)); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

func TestParseVia(t *testing.T) {
	v, err := message.ParseVia([]byte("SIP / 2.0 / TCP  [2001:db8::1] : 5070 ; received=[2001:db8::2] ;rport=4000; branch = z9hG4bKx ;ttl=1"))
	if err != nil {
		t.Fatal(err)
	}
	if string(v.Version) != "2.0" || string(v.Transport) != "TCP" || string(v.Host) != "2001:db8::1" || v.Port != 5070 ||
		string(v.Received) != "2001:db8::2" || !v.HasRPort || v.RPort != 4000 || string(v.Branch) != "z9hG4bKx" {
		t.Errorf("%+v", v)
	}
	for branch, unique := range map[string]bool{"z9hG4bK": false, "z9hG4bKa": true, "390skdjuw": false, "Z9HG4BKa": false} {
		v, err := message.ParseVia([]byte("SIP/2.0/UDP h;branch=" + branch))
		if err != nil || v.Unique() != unique {
			t.Errorf("branch %s: unique %v, %v", branch, v.Unique(), err)
		}
	}
}
