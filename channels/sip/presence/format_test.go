package presence

import (
	"iter"
	"strings"
	"testing"
	"time"
)

func values(s string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for v := range strings.SplitSeq(s, ", ") {
			if v != "" && !yield([]byte(v)) {
				return
			}
		}
	}
}

func TestNegotiate(t *testing.T) {
	for _, c := range []struct {
		event, accept string
		as            Format
		want          Format
		status        int
		reason        string
	}{
		{"dialog", "application/dialog-info+xml", None, DialogInfo, 0, ""},
		{"Dialog", "APPLICATION/Dialog-Info+xml;level=1", None, DialogInfo, 0, ""},
		{"presence", "application/pidf+xml", None, PIDF, 0, ""},
		{"presence", "application/xpidf+xml", None, XPIDF, 0, ""},
		{"presence", "application/cpim-pidf+xml", None, CPIM, 0, ""},
		{"presence", "application/pidf+xml, application/xpidf+xml", None, PIDF, 0, ""},
		{"presence", "application/xpidf+xml, application/pidf+xml", None, PIDF, 0, ""},
		{"dialog", "application/pidf+xml", None, PIDF, 0, ""},
		{"presence", "", None, PIDF, 0, ""},
		{"presence", "", XPIDF, XPIDF, 0, ""},
		{"dialog", "", None, DialogInfo, 0, ""},
		{"presence", "application/foo", None, None, 489, "Bad Event (format application/foo)"},
		{"presence", "application/foo, application/pidf+xml", None, PIDF, 0, ""},
		{"dialog", "*/*", None, DialogInfo, 0, ""},
		{"message-summary", "application/simple-message-summary", None, Summary, 0, ""},
		{"message-summary", "", None, Summary, 0, ""},
		{"message-summary", "application/pidf+xml", None, None, 406, "Not Acceptable"},
		{"reg", "", None, RegInfo, 0, ""},
		{"reg", "application/reginfo+xml", None, RegInfo, 0, ""},
		{"foo", "x/y", None, None, 489, "Bad Event"},
		{"", "application/pidf+xml", None, None, 489, "Bad Event"},
	} {
		got, refusal := Negotiate([]byte(c.event), values(c.accept), c.as)
		if refusal == nil {
			refusal = &Refusal{}
		}
		if got != c.want || refusal.Status != c.status || refusal.Reason != c.reason {
			t.Errorf("%s %q: %v %v, want %v %d %s", c.event, c.accept, got, *refusal, c.want, c.status, c.reason)
		}
	}
}

func TestPace(t *testing.T) {
	var p Pace
	now := time.Unix(1e9, 0)
	expect := func(step string, ready bool, wait time.Duration) {
		t.Helper()
		if r, w := p.Ready(now); r != ready || w != wait {
			t.Errorf("%s: %v %v, want %v %v", step, r, w, ready, wait)
		}
	}
	expect("nothing to tell", false, 0)
	p.Want(false)
	expect("the first", true, 0)
	p.Sent(now)
	p.Want(false)
	p.Want(false)
	expect("one is on its way", false, 0)
	now = now.Add(40 * time.Millisecond)
	p.Answered()
	expect("too soon", false, 60*time.Millisecond)
	p.Want(true)
	expect("a SUBSCRIBE waits", true, 0)
	p.Sent(now)
	p.Answered()
	expect("all is told", false, 0)
	p.Least = time.Second
	p.Want(false)
	expect("the phone's own rate", false, time.Second)
	now = now.Add(time.Second)
	expect("a second later", true, 0)
}
