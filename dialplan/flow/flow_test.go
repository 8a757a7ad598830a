package flow

import (
	"slices"
	"strings"
	"testing"

	"pbx/channel"
	"pbx/decl"
	"pbx/dialplan"
)

// read is the flow of a plan whose applications wait if their name says so.
func read(t *testing.T, text string) *Flow {
	t.Helper()
	c := dialplan.NewCatalog()
	var apps []channel.Application
	for _, n := range []string{"NoOp", "Goto", "GotoIf", "Gosub", "Return", "Set", "While", "EndWhile", "ExitWhile", "If", "Else", "EndIf", "Hangup", "Macro", "System", "ExecIf"} {
		apps = append(apps, channel.Application{Name: n, Raw: true})
	}
	for _, n := range []string{"Wait", "Dial", "WaitExten", "BackGround"} {
		apps = append(apps, channel.Application{Name: n, Raw: true, Wait: true})
	}
	apps = append(apps, channel.Application{Name: "Read", Args: []decl.Arg{{Name: "variable", Target: decl.VarName}}})
	c.AddApplications(apps)
	p, _, err := dialplan.Parse("f", []byte(text), c)
	if err != nil {
		t.Fatal(err)
	}
	return New(p, c)
}

func name(p *dialplan.Priority) string {
	return p.Extension().Context.Name + "," + p.Extension().Name + "," + string(rune('0'+p.Number))
}

func step(t *testing.T, f *Flow, context, exten string, n int) Spot {
	t.Helper()
	c, ok := f.plan.Context(context)
	if !ok {
		t.Fatalf("no context %s", context)
	}
	for _, e := range c.Extensions() {
		if e.Name == exten {
			return Spot{e.Priority(n), c}
		}
	}
	t.Fatalf("no extension %s", exten)
	return Spot{}
}

// TestAfter holds what follows a step.
func TestAfter(t *testing.T) {
	f := read(t, `
[a]
exten => 1,1,NoOp()
exten => 1,2,Goto(b,2,1)
exten => 2,1,GotoIf(x?1,1)
exten => 2,2,Gosub(sub,s,1(a))
exten => 2,3,Hangup()
exten => _9X,1,Goto(b,${EXTEN:1},1)
exten => 3,1,While(x)
exten => 3,2,ExitWhile()
exten => 3,3,EndWhile()
exten => 3,4,NoOp()
exten => 4,1,If(x)
exten => 4,2,NoOp()
exten => 4,3,Else()
exten => 4,4,NoOp()
exten => 4,5,EndIf()
exten => 4,6,NoOp()
exten => 5,1,Dial(Local/1@b&SIP/2,20,G(b^2^1)U(sub))
exten => _6X,1,NoOp()
exten => _6X,2,NoOp()
exten => 61,1,NoOp()
exten => 7,1,ExecIf(x?Goto(b,1,1):NoOp())
exten => 8,1,ExecIf($["${X}" = "a,b?"],Goto,b,1,1)
include => b
[b]
exten => 1,1,Goto(5,1)
exten => 2,1,Goto(${X},1)
[sub]
exten => s,1,Return()
`)
	for _, tt := range []struct {
		context, exten string
		n              int
		want           string
	}{
		{"a", "1", 1, "a,1,2"},
		{"a", "1", 2, "b,2,1"},
		{"a", "2", 1, "a,2,2 a,1,1"},
		{"a", "2", 2, "a,2,3 sub,s,1"},
		{"a", "2", 3, ""},
		{"a", "_9X", 1, "b,1,1 b,2,1"},
		{"a", "3", 1, "a,3,2 a,3,4"},
		{"a", "3", 2, "a,3,4"},
		{"a", "3", 3, "a,3,1"},
		{"a", "4", 1, "a,4,2 a,4,4 a,4,6"},
		{"a", "4", 3, "a,4,6"},
		{"a", "5", 1, "b,1,1 sub,s,1 b,2,1"},
		{"a", "61", 1, "a,_6X,2"},
		{"a", "7", 1, "b,1,1"},
		{"a", "8", 1, "b,1,1"},
		{"sub", "s", 1, ""},
	} {
		var got []string
		for _, s := range f.After(step(t, f, tt.context, tt.exten, tt.n)) {
			got = append(got, name(s.Step))
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s,%s,%d: %v, want %s", tt.context, tt.exten, tt.n, got, tt.want)
		}
	}
	// In the context that includes it, another extension is found.
	at := step(t, f, "b", "1", 1)
	at.In, _ = f.plan.Context("a")
	if got := f.After(at); len(got) != 1 || name(got[0].Step) != "a,5,1" {
		t.Errorf("%v", got)
	}
	if at.In, _ = f.plan.Context("b"); len(f.After(at)) != 0 {
		t.Error("a place that is only in the context around is found in the context itself")
	}
}

// TestReach holds what a caller gets to, and by which way.
func TestReach(t *testing.T) {
	f := read(t, `
[globals]
TRUNK=DAHDI/g1
[in]
exten => s,1,Goto(menu,s,1)
[menu]
exten => s,1,Wait(1)
exten => s,2,BackGround(hello)
exten => s,3,WaitExten()
exten => 1,1,Dial(SIP/101&SIP/102)
include => extra
[extra]
exten => _9.,1,Set(N=${EXTEN})
exten => _9.,2,Gosub(out,s,1)
[out]
exten => s,1,System(log)
exten => s,2,Dial(${TRUNK}/${N})
[closed]
exten => s,1,Goto(quiet,s,1)
[quiet]
exten => s,1,Wait(1)
exten => 5,1,Dial(SIP/5)
`)
	classify := func(d string) Class {
		if strings.HasPrefix(d, "SIP/") {
			return Phone
		}
		return Trunk
	}
	var got []string
	for _, r := range f.Reach("in", classify) {
		var path []string
		for _, p := range r.Path {
			path = append(path, name(p))
		}
		got = append(got, r.Class.String()+" "+r.What+": "+strings.Join(path, " "))
	}
	want := []string{
		"trunk DAHDI/g1/${N}: in,s,1 menu,s,2 extra,_9.,2 out,s,2",
		"phone SIP/101: in,s,1 menu,s,2 menu,1,1",
		"phone SIP/102: in,s,1 menu,s,2 menu,1,1",
		"effect System: in,s,1 menu,s,2 extra,_9.,2 out,s,1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	if got := f.Reach("closed", classify); len(got) != 0 {
		t.Errorf("%+v: nothing lets the caller dial in [quiet]", got)
	}
}

func TestVariables(t *testing.T) {
	f := read(t, `
[a]
exten => 1,1,Set(A=${B})
exten => 1,2,Set(__C=${LEN(${D})})
exten => 1,3,Set(GLOBAL(E)=$[${F} + 1])
exten => 1,4,Set(X${G}=1)
exten => 1,5,Read(H,beep)
exten => 1,hint,SIP/${I}
`)
	v := f.Variables()
	for _, n := range []string{"A", "C", "E", "H", "X7"} {
		if !v.IsSet(n) {
			t.Errorf("%s is not set", n)
		}
	}
	if v.IsSet("B") {
		t.Error("B is set")
	}
	var reads []string
	for _, r := range v.Reads {
		reads = append(reads, r.Name)
	}
	if strings.Join(reads, "") != "BDFGI" {
		t.Errorf("%v", reads)
	}
}

// FuzzFlow holds that no plan makes the analysis fail.
func FuzzFlow(f *testing.F) {
	f.Add("[a]\nexten => 1,1,Goto(${X},1)\nexten => _X.,1,GotoIf($[${A}]?1:b,s,1)\ninclude => b\n[b]\nexten => s,1,While(1)\n same => n,EndWhile()\n same => n,Dial(Local/1@a,,U(a^b)G(c))\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, _, err := dialplan.Parse("f", []byte(text), nil)
		if err != nil {
			return
		}
		flow := New(p, dialplan.NewCatalog())
		flow.Loops()
		flow.Taint()
		for _, c := range p.Contexts() {
			flow.Reach(c.Name, func(string) Class { return Other })
		}
	})
}
