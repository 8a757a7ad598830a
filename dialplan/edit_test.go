package dialplan

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pbx/channel"
	"pbx/decl"
)

func TestEdit(t *testing.T) {
	const file = "[globals]\nG=1\n[a]\nexten => 1,1,NoOp(one)\n same => n(x),NoOp(two)\nexten => _2X,1,NoOp(${G}\\;x)\ninclude => b\nignorepat => 9\n[b]\nexten => 7,1,NoOp()\nexten => 7,hint,SIP/7\n"
	e := NewEngine(EngineOptions{})
	e.AddApplications([]channel.Application{{Name: "NoOp", Run: func(channel.Thread, *decl.Args) error { return nil }}})
	load := func() {
		t.Helper()
		p, _, err := e.Parse("f", []byte(file))
		if err != nil {
			t.Fatal(err)
		}
		e.Swap(p)
	}
	load()
	run := func(line, want string) {
		t.Helper()
		for _, c := range e.Commands() {
			if rest, ok := strings.CutPrefix(line, c.Words+" "); ok {
				var out strings.Builder
				err := c.Run(context.Background(), &decl.Request{Args: strings.Fields(rest), Line: line, Out: &out})
				if got := out.String(); err != nil {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("%s: %v, want %s", line, err, want)
					}
				} else if got != want+"\n" {
					t.Errorf("%s: %q, want %q", line, got, want)
				}
				return
			}
		}
		t.Fatalf("no command %q", line)
	}
	has := func(want string) {
		t.Helper()
		var b strings.Builder
		for _, c := range e.Plan().Contexts() {
			b.WriteString("[" + c.Name)
			for _, i := range c.Includes {
				b.WriteString(" +" + i.Text)
			}
			for _, x := range c.Extensions() {
				for _, p := range x.Priorities {
					b.WriteString(" " + x.Name + ":" + step(p))
				}
			}
			b.WriteString("]")
		}
		if got := b.String(); got != want {
			t.Errorf("%s\nwant: %s", got, want)
		}
	}
	e.SetGlobal("G", "changed")
	const two = " _2X:1() NoOp(${G};x)"
	has("[a +b 1:1() NoOp(one) 1:2(x) NoOp(two)" + two + "][b 7:1() NoOp()]")
	run("dialplan add extension 6,1,NoOp,hello into a", "Extension '6,1,NoOp(hello)' added into 'a' context")
	run("dialplan add extension 1,1,NoOp(again) into a", "Extension 1@a with priority 1 already exists")
	run("dialplan add extension 1,1,NoOp(new) into a replace", "Extension 1@a (1) replace by '1,1,NoOp(new)'")
	run("dialplan add extension x into a", "usage")
	run("dialplan add extension x,y,NoOp into a", "usage")
	run("dialplan add include c into b", "Context 'c' included in 'b' context")
	run("dialplan add include c into b", "Context 'c' already included in 'b' context")
	has("[a +b 1:1() NoOp(new) 1:2(x) NoOp(two) 6:1() NoOp(hello)" + two + "][b +c 7:1() NoOp()]")
	run("dialplan remove extension 1@a 2", "Extension 1@a with priority 2 removed")
	run("dialplan remove extension 6@a", "Whole extension 6@a removed")
	run("dialplan remove extension 6@a", "Failed to remove extension 6@a")
	run("dialplan remove extension 6@a 1x", "Invalid priority '1x'")
	run("dialplan remove extension 6@a 0", "If you want to remove whole extension, please omit priority argument")
	run("dialplan remove extension 6", "Missing extension or context name in third argument '6'")
	run("dialplan remove include none from a", "Failed to remove 'none' include from 'a' context")
	run("dialplan remove ignorepat 9 from none", "There is no existence of 'none' context")
	run("dialplan add ignorepat 9 into none", "There is no existence of 'none' context")
	run("dialplan remove include b from a", "We are not including 'b' into 'a' now")
	run("dialplan remove ignorepat 9 from a", "Ignore pattern '9' removed from 'a' context")
	run("dialplan remove ignorepat 9 from a", "There is no existence of '9' ignore pattern in 'a' context")
	run("dialplan add ignorepat 0 into a", "Ignore pattern '0' added into 'a' context")
	run("dialplan add ignorepat 0 into a", "Ignore pattern '0' already included in 'a' context")
	has("[a 1:1() NoOp(new)" + two + "][b +c 7:1() NoOp()]")
	run("dialplan remove context b", "Removing context 'b'")
	run("dialplan remove context b", "There is no such context as 'b'")
	run("dialplan add extension 5,1,NoOp() into n", "Context 'n' did not exist prior to add extension - the context will be created.\nExtension '5,1,NoOp()' added into 'n' context")
	run("dialplan show n", "[ Context 'n' created by 'pbx_config' ]\n  '5' =>            1. NoOp()                                     [pbx_config]\n\n-= 1 extension (1 priority) in 1 context. =-")
	has("[a 1:1() NoOp(new)" + two + "][n 5:1() NoOp()]")
	if v, _ := e.Global("G"); v != "changed" {
		t.Errorf("an edit set the global variables anew: %s", v)
	}
	// What was added outlives a reload, what was taken away comes back.
	load()
	has("[a +b 1:1() NoOp(one) 1:2(x) NoOp(two)" + two + "][b 7:1() NoOp()][n 5:1() NoOp()]")

	saved := filepath.Join(t.TempDir(), "saved.conf")
	run("dialplan save "+saved, "Dialplan successfully saved into '"+saved+"'")
	run("dialplan save "+saved, "file exists")
	run("dialplan save "+filepath.Dir(saved)+"/", "Dialplan successfully saved into '"+filepath.Dir(saved)+"/extensions.conf'")
	run("dialplan save saved.conf", "by its whole path")
	text, err := os.ReadFile(saved)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := Parse("saved", text, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := Difference(e.Plan(), again); d != "" {
		t.Errorf("what was saved differs: %s\n%s", d, text)
	}
}

// TestEditHint: programs that log people in at phones put another hint in the place of the
// one that an extension has, and take it away; the steps of the extension stay.
func TestEditHint(t *testing.T) {
	e := NewEngine(EngineOptions{})
	e.AddApplications([]channel.Application{{Name: "NoOp", Run: func(channel.Thread, *decl.Args) error { return nil }}})
	p, _, err := e.Parse("f", []byte("[a]\nexten => 1,hint,SIP/x\nexten => 1,1,NoOp(one)\nexten => 2,1,NoOp()\n"))
	if err != nil {
		t.Fatal(err)
	}
	e.Swap(p)
	for _, tt := range []struct{ line, hint, answer string }{
		{"dialplan add extension 1,hint,SIP/y into a", "SIP/x", ""},
		{"dialplan add extension 1,hint,SIP/y&Custom:DND1 into a replace", "SIP/y&Custom:DND1", "Extension 1@a (hint) replace by '1,hint,SIP/y&Custom:DND1()'\n"},
		{"dialplan add extension 1,hint,SIP/z into a replace", "SIP/z", "Extension 1@a (hint) replace by '1,hint,SIP/z()'\n"},
		{"dialplan remove extension 2@a hint", "SIP/z", ""},
		{"dialplan remove extension 1@a hind", "SIP/z", ""},
		{"dialplan remove extension 1@a hint", "", "Extension 1@a with priority hint removed\n"},
		{"dialplan remove extension 1@a hint", "", ""},
		{"dialplan add extension 1,hint,SIP/x into a", "SIP/x", "Extension '1,hint,SIP/x()' added into 'a' context\n"},
	} {
		var out strings.Builder
		for _, c := range e.Commands() {
			if rest, ok := strings.CutPrefix(tt.line, c.Words+" "); ok {
				_ = c.Run(t.Context(), &decl.Request{Args: strings.Fields(rest), Line: tt.line, Out: &out})
			}
		}
		if out.String() != tt.answer {
			t.Errorf("%s: %q, want %q", tt.line, out.String(), tt.answer)
		}
		if got := e.Hint("a", "1"); got != tt.hint {
			t.Errorf("%s: the hint is %q, want %q", tt.line, got, tt.hint)
		}
		if !e.HasExtension("a", "1", "1") || !e.HasExtension("a", "2", "1") {
			t.Fatalf("%s took steps of extensions away", tt.line)
		}
	}
}
