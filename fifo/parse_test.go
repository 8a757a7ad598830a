package fifo

import (
	"fmt"
	"strings"
	"testing"
)

// parsed are the requests in a text, a line each.
func parsed(text string) string {
	var p Parser
	var b strings.Builder
	show := func(r *Request) {
		if r != nil {
			fmt.Fprintf(&b, "%s>%s %q %q %q %s\n", r.Command, r.Reply, r.Args, r.Headers, r.Body, r.Problem)
		}
	}
	for line := range strings.SplitSeq(text, "\n") {
		show(p.Line(line))
	}
	show(p.Abandon("stalled"))
	return b.String()
}

func TestParser(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"no arguments", ":uptime:r1\n\n", "uptime>r1 [] [] \"\" \n"},
		{"no reply", ":print:\nhello\n\n", "print> [\"hello\"] [] \"\" \n"},
		{"two", ":ul_rm:r\nlocation\n101\n\n\n:ps:r\n\n", "ul_rm>r [\"location\" \"101\"] [] \"\" \nps>r [] [] \"\" \n"},
		{"ends of CRLF", ":ps:r\r\n\r\n", "ps>r [] [] \"\" \n"},
		{
			"headers and a body", ":t_uac_dlg:r\nMESSAGE\nsip:101\n.\nSubject: x\nX-A: b\n.\nline\n\nlast\n.\n\n",
			"t_uac_dlg>r [\"MESSAGE\" \"sip:101\" \".\"] [\"Subject: x\" \"X-A: b\"] \"line\\r\\n\\r\\nlast\" \n",
		},
		{"blocks that are empty", ":t_reply:r\n486\nBusy\nz9\n.\n.\n.\n\n", "t_reply>r [\"486\" \"Busy\" \"z9\" \".\"] [] \"\" \n"},
		{"no blocks", ":t_reply:r\n486\n\n", "t_reply>r [\"486\"] [] \"\" t_reply wants 4 arguments, headers, a dot, a body, a dot\n"},
		{"a request within a body", ":t_uac_dlg:r\nM\nu\n.\n.\n:ps:q\n.\n\n", "t_uac_dlg>r [\"M\" \"u\" \".\"] [] \":ps:q\" \n"},
		{"interrupted", ":ul_rm:r\nlocation\n:ps:q\n\n", "ul_rm>r [\"location\"] [] \"\" a request is not complete: another one begins\nps>q [] [] \"\" \n"},
		{"stalled", ":ul_rm:r\nlocation", "ul_rm>r [\"location\"] [] \"\" stalled\n"},
		{"nonsense, then one", "hello\nworld\n\n:ps:r\n\n", "ps>r [] [] \"\" \n"},
		{"a way out of the directory", ":ps:../r\n\n:ps:r/s\n\n:ps:.r\n\n:ps:-r\n\n", ""},
		{"an odd command", ":p s:r\n\n::r\n\n:ps\n\n", ""},
		{"a line that is too long", ":print:r\n" + strings.Repeat("x", MaxLine+1) + "\nmore\n\n:ps:r\n\n", "print>r [] [] \"\" a line is too long, or binary\nps>r [] [] \"\" \n"},
		{"too many arguments", ":print:r\n" + strings.Repeat("x\n", maxArgs+1) + "y\n\n:ps:r\n\n", "x"},
		{"an empty line among headers", ":t_uac_dlg:r\nM\nu\n.\nA: b\n\n", "t_uac_dlg>r [\"M\" \"u\" \".\"] [\"A: b\"] \"\" an empty line stands among the headers: a dot ends them\n"},
		{"more behind the body", ":t_uac_dlg:r\nM\nu\n.\n.\n.\nmore\n\n", "t_uac_dlg>r [\"M\" \"u\" \".\"] [] \"\" a request goes on behind its body\n"},
	} {
		got := parsed(c.text)
		if c.want == "x" { // long
			if !strings.Contains(got, "a request has too many arguments\nps>r [] [] \"\" \n") {
				t.Errorf("%s: %s", c.name, got)
			}
		} else if got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

// FuzzParser: whatever is written, a parser comes back to the next request, no request is
// larger than it may be, and no reply has an odd name.
func FuzzParser(f *testing.F) {
	for _, s := range []string{":uptime:r\n\n", ":t_uac_dlg:r\nM\nu\n.\nA: b\n.\nbody\n.\n\n", ":t_reply:r\n1\n2\n3\n4\n.\n.\n\n", ":ul_rm:r\na\n:ps:q\n\n", "\x00\n:\n::\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var p Parser
		check := func(r *Request) {
			if r == nil {
				return
			}
			size := len(r.Body)
			for _, h := range r.Headers {
				size += len(h)
			}
			if len(r.Args) > maxArgs || size > 2*maxBlock || r.Reply != "" && !Name(r.Reply) || strings.ContainsAny(r.Reply, "/\x00\n") {
				t.Fatalf("%+v", r)
			}
			if _, err := compose(r.Command, nil, strings.NewReader("")); err != nil && blocks[r.Command] == 0 {
				t.Fatalf("%+v: %v", r, err)
			}
		}
		for line := range strings.SplitSeq(text, "\n") {
			check(p.Line(line))
		}
		check(p.Abandon("over"))
		p.Line(":ps:r")
		if r := p.Line(""); r == nil || r.Command != "ps" || r.Reply != "r" || r.Problem != "" {
			t.Fatalf("after %q: %+v", text, r)
		}
	})
}
