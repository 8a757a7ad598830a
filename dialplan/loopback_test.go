package dialplan

import (
	"testing"
	"time"

	"pbx/channel"
)

func TestLoopback(t *testing.T) {
	p, findings, err := Parse("f", []byte(`[a]
exten => 5,1,NoOp(own)
lswitch => Loopback/12${EXTEN}@b
lswitch => Loopback/${EXTEN:1}@b/_09X
lswitch => Loopback/s@c:2
include => d
[b]
exten => 123,1,NoOp()
exten => _9X,1,NoOp()
[c]
exten => s,2,NoOp()
[e]
lswitch => Loopback/${EXTEN:1}@b
[f]
lswitch => Loopback/${EXTEN}@f
[d]
exten => 7,1,NoOp()
`), nil)
	if err != nil || len(findings) > 0 {
		t.Fatal(err, findings)
	}
	for exten, want := range map[string]string{
		"5": "a 5 1", "3": "b 123 1", "097": "b _9X 1", "197": "c s 2", "7": "c s 2", "0": "c s 2",
	} {
		step, c := p.Find("a", exten, 1, "", time.Time{})
		got := "nothing"
		if step != nil {
			got = c.Name + " " + step.extension.Name + " " + string(rune('0'+step.Number))
		}
		if got != want {
			t.Errorf("%s: %s, want %s", exten, got, want)
		}
	}
	if m := p.Match("e", "09", 1, "", time.Time{}); m&channel.MatchPartial == 0 {
		t.Error("09 could become 09X")
	}
	if p, _ := p.Find("f", "1", 1, "", time.Time{}); p != nil {
		t.Error("a switch to itself leads somewhere")
	}
}

// TestLoopbackGlobals: global variables of a switch are those of the moment.
func TestLoopbackGlobals(t *testing.T) {
	const text = "[globals]\nSITE=b\n_PRE=9\n[a]\nlswitch => Loopback/${PRE}${EXTEN}@${GLOBAL(SITE)}\n[b]\nexten => 95,1,NoOp()\n[c]\nexten => 85,1,NoOp()\n"
	p, _, err := Parse("f", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	found := func(p *Plan) string {
		if _, c := p.Find("a", "5", 1, "", time.Time{}); c != nil {
			return c.Name
		}
		return "nothing"
	}
	if got := found(p); got != "b" {
		t.Errorf("a plan by itself: %s", got)
	}
	e := NewEngine(EngineOptions{})
	e.Swap(p)
	e.SetGlobal("SITE", "c")
	if got := found(e.Plan()); got != "nothing" {
		t.Errorf("the context alone changed: %s", got)
	}
	e.SetGlobal("PRE", "8")
	if got := found(e.Plan()); got != "c" {
		t.Errorf("both changed: %s", got)
	}
}
