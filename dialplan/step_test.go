package dialplan

import (
	"log/slog"
	"testing"
	"time"

	"pbx/channel"
	"pbx/channel/channeltest"
	"pbx/decl"
)

// newThread makes a thread on a channel that nothing runs.
func newThread(tb testing.TB, plan string) *Thread {
	tb.Helper()
	reg := channel.NewRegistry(nil, slog.New(slog.DiscardHandler), time.Now, "")
	e := NewEngine(EngineOptions{Channels: reg})
	e.AddApplications([]channel.Application{
		{Name: "NoOp", Raw: true, Run: func(channel.Thread, *decl.Args) error { return nil }},
		{Name: "Set", Raw: true, Run: func(t channel.Thread, a *decl.Args) error {
			for i := range len(a.Raw) {
				if a.Raw[i] == '=' {
					return t.Set(a.Raw[:i], channel.Value{S: a.Raw[i+1:], Taint: a.Taint})
				}
			}
			return nil
		}},
	})
	e.AddFunctions([]channel.Function{{
		Name: "WORD", Read: func(_ channel.Thread, a *decl.Args) (string, error) { return "word", nil },
	}})
	p, _, err := e.Parse("extensions.conf", []byte(plan))
	if err != nil {
		tb.Fatal(err)
	}
	e.Swap(p)
	l := channeltest.New("SIP", reg).Inbound(channel.Options{Name: "1", Location: channel.Location{Context: "t", Exten: "s", Priority: 1}})
	tb.Cleanup(l.Channel().Hangup)
	return e.thread(l.Channel())
}

// TestStepAllocations holds a priority with two variables and an expression to
// two allocations.
func TestStepAllocations(t *testing.T) {
	for name, c := range map[string]struct {
		line string
		most float64
	}{
		"two variables and an expression": {"Set(c=$[${a} + ${b} * 2])", 2},
		"a comparison":                    {"NoOp($[${a} < ${b} & 1]?x:y)", 1},
		"text and variables":              {"NoOp(${a}-${b}-${CONTEXT})", 1},
		"plain":                           {"NoOp(plain text)", 0},
		"one variable":                    {"NoOp(${a})", 0},
		"a substring":                     {"NoOp(${long:2:3})", 0},
		"a part of what was dialled":      {"NoOp(9${EXTEN:0:1})", 1},
		"a function of a variable":        {"NoOp(${WORD(${long})})", 2},
	} {
		t.Run(name, func(t *testing.T) {
			th := newThread(t, "[t]\nexten => s,1,"+c.line+"\n")
			th.ch.SetVar("a", channel.Clean("12"))
			th.ch.SetVar("b", channel.Clean("7"))
			th.ch.SetVar("long", channel.Clean("abcdefgh"))
			run := func() {
				th.place.Priority = 1
				if found, err := th.step(); !found || err != nil {
					t.Fatal(found, err)
				}
			}
			run()
			if n := testing.AllocsPerRun(200, run); n > c.most {
				t.Errorf("%v allocations, want at most %v", n, c.most)
			}
		})
	}
}

func TestLookupAllocations(t *testing.T) {
	th := newThread(t, "[t]\ninclude => u\nexten => _X.,1,NoOp()\n[u]\nexten => _1XX,2,NoOp()\nexten => 123,1,NoOp()\n")
	n := testing.AllocsPerRun(200, func() {
		th.plan.Match("t", "123", 1, "", time.Time{})
		th.plan.Find("t", "145", 2, "", time.Time{})
	})
	if n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkPriority(b *testing.B) {
	th := newThread(b, "[t]\nexten => s,1,Set(c=$[${a} + ${b} * 2])\n")
	th.ch.SetVar("a", channel.Clean("12"))
	th.ch.SetVar("b", channel.Clean("7"))
	b.ReportAllocs()
	for b.Loop() {
		th.place.Priority, th.steps = 1, 0
		if _, err := th.step(); err != nil {
			b.Fatal(err)
		}
	}
}

func TestTaint(t *testing.T) {
	th := newThread(t, "[t]\nexten => s,1,NoOp()\n")
	th.place.Exten = "100&200"
	th.ch.SetVar("net", channel.Tainted("x;y"))
	th.ch.SetVar("own", channel.Clean("own"))
	for text, want := range map[string][]decl.Span{
		"${own}":                nil,
		"${EXTEN}":              {{Start: 0, End: 7}},
		"SIP/${EXTEN:4}@trunk":  {{Start: 4, End: 7}},
		"a${net}b${own}c${net}": {{Start: 1, End: 4}, {Start: 9, End: 12}},
		"${net:1:1}":            {{Start: 0, End: 1}},
		"${WORD(a)}":            nil,
		"${WORD(${net})}":       {{Start: 0, End: 4}},
		"$[1 + 1]":              nil,
		"$[\"${net}\" = \"x\"]": nil,
		"x$[\"${net}\"]":        {{Start: 2, End: 5}}, // the quotes are the author's
		"${${own}}":             nil,
	} {
		v := th.Expand(text)
		if len(v.Taint) != len(want) {
			t.Errorf("%s = %q: taint %v, want %v", text, v.S, v.Taint, want)
			continue
		}
		for i := range want {
			if v.Taint[i] != want[i] {
				t.Errorf("%s = %q: taint %v, want %v", text, v.S, v.Taint, want)
			}
		}
	}
}

func FuzzSubstitution(f *testing.F) {
	for _, s := range []string{"${a}", "${a:1:2}", "$[${a} + 1]", "${${a}}", "${WORD(${a},$[1", "x${", "$", "$[", "${:}", "${a:${b}:-1}", "$[1 ? 2 :: 3]"} {
		f.Add(s, "12", "a")
	}
	th := newThread(f, "[t]\nexten => s,1,NoOp()\n")
	f.Fuzz(func(t *testing.T, text, a, b string) {
		th.ch.SetVar("a", channel.Tainted(a))
		th.ch.SetVar("b", channel.Clean(b))
		v := th.Expand(text)
		if len(v.S) > maxExpansion && len(v.S) > len(text) && len(v.S) > len(a) && len(v.S) > len(b) {
			t.Fatalf("%d characters", len(v.S))
		}
		for _, s := range v.Taint {
			if s.Start < 0 || s.Start >= s.End || s.End > len(v.S) {
				t.Fatalf("span %v of %q", s, v.S)
			}
		}
		if len(th.expander.buf) != 0 || len(th.expander.taint) != 0 || th.depth != 0 {
			t.Fatal("something is left behind")
		}
	})
}

func FuzzLine(f *testing.F) {
	for _, s := range []string{"100,1,NoOp(a)", "_X.,n(l),Set(a=b)", "s,hint,SIP/1", "[1-", "_[9-0]X!,1,A", "1/_2,1+3,X(", ",", "a,n+2(b,", "1,same,Y"} {
		f.Add(s, "123")
	}
	f.Fuzz(func(t *testing.T, line, number string) {
		plan, _, err := Parse("extensions.conf", []byte("[a]\nexten => 1,1,NoOp()\nexten => "+line+"\nsame => n,NoOp()\ninclude => b\n[b]\nexten => "+line+"\n"), nil)
		if err != nil {
			return
		}
		plan.Match("a", number, 1, number, time.Time{})
		plan.FindLabel("a", number, "l", "", time.Time{})
		for _, c := range plan.Contexts() {
			c.Extensions()
		}
	})
}
