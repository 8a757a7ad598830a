package dialplan

import (
	"bytes"
	"strings"
	"testing"

	"pbx/channel"
	"pbx/decl"
)

// TestOwnSteps: extensions that a driver makes come and go, the file's stay as they
// are, includes lead to them, and a plan that a call has is not changed.
func TestOwnSteps(t *testing.T) {
	e := NewEngine(EngineOptions{})
	e.SetContexts("SIP", []string{"reg", "mixed"})
	plan, findings, err := e.Parse("extensions.conf", []byte(`
[phones]
include => reg
exten => _1XX,2,NoOp(second)
[mixed]
exten => 101,1,NoOp(of the file)
exten => 102,2,NoOp(more)
[alone]
include => nowhere
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		if f.Rule == "include-missing" && strings.Contains(f.Message, "reg") {
			t.Errorf("%v", f)
		}
	}
	e.Swap(plan)
	exists := func(context, exten string, priority int) bool {
		return e.Match(context, exten, priority, "").Exists()
	}
	check := func(when string, want bool) {
		t.Helper()
		for _, context := range []string{"reg", "phones"} {
			if got := exists(context, "101", 1); got != want {
				t.Errorf("%s: 101@%s is %v", when, context, got)
			}
		}
		if got := exists("mixed", "102", 1); got != want {
			t.Errorf("%s: 102@mixed is %v", when, got)
		}
		if !exists("phones", "101", 2) || !exists("mixed", "101", 1) || !exists("mixed", "102", 2) || !e.HasContext("reg") {
			t.Errorf("%s: what the file has is gone", when)
		}
	}
	check("before", false)
	before := e.Plan()
	step := channel.OwnStep{Registrar: "SIP", App: "NoOp", Args: "alice"}
	e.AddStep("reg", "101", step)
	e.AddStep("mixed", "101", step)
	e.AddStep("mixed", "102", step)
	e.AddStep("elsewhere", "101", step)
	check("added", true)
	if p, _ := before.Find("reg", "101", 1, "", e.Now()); p != nil {
		t.Error("a plan that somebody has was changed")
	}
	if p, c := e.Plan().Find("phones", "101", 1, "", e.Now()); p == nil || p.Args != "alice" || c.Name != "reg" || p.Extension().Name != "101" {
		t.Errorf("found %+v in %+v", p, c)
	}
	if p, _ := e.Plan().Find("mixed", "101", 1, "", e.Now()); p.Args != "of the file" {
		t.Errorf("the file's step was replaced: %+v", p)
	}
	if !e.Match("phones", "10", 1, "").Partial() {
		t.Error("more digits lead nowhere")
	}
	var out bytes.Buffer
	if err := e.showPlan(t.Context(), &decl.Request{Args: []string{"reg"}, Out: &out}); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"[ Context 'reg' created by 'SIP' ]", "'101' =>          1. NoOp(alice)", "[SIP]", "1 extension (1 priority) in 1 context"} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("no %q in\n%s", text, out.String())
		}
	}
	e.Swap(plan)
	check("after a reload", true)
	e.RemoveStep("reg", "101")
	e.RemoveStep("mixed", "102")
	check("removed", false)
	e.AddStep("reg", "101", step)
	e.SetContexts("SIP", []string{"mixed"})
	if e.HasContext("reg") || exists("phones", "101", 1) {
		t.Error("a context that nobody makes any more is there")
	}
	e.SetContexts("SIP", nil)
	if e.Plan() != plan {
		t.Error("with nothing beside it, the plan is not the file's")
	}
}

func BenchmarkAddStep(b *testing.B) {
	e := NewEngine(EngineOptions{})
	e.SetContexts("SIP", []string{"reg"})
	step := channel.OwnStep{Registrar: "SIP", App: "NoOp", Args: "x"}
	for i := range 1000 {
		e.AddStep("reg", string(rune('a'+i%26))+strings.Repeat("x", i/26), step)
	}
	b.ReportAllocs()
	for b.Loop() {
		e.AddStep("reg", "101", step)
	}
}
