package server

import (
	"path/filepath"
	"strings"
	"testing"

	"pbx/config"
	"pbx/dialplan/flow"
)

// TestGuestTrunk holds that every way from somebody unproven to the world is found
// at the line that calls out, and no other is.
func TestGuestTrunk(t *testing.T) {
	const sip = "[general]\nallowguest=yes\ncontext=guests\n[trunk]\ntype=peer\nhost=192.0.2.9\ncontext=in\n[101]\ntype=friend\nhost=dynamic\nsecret=Lrw92hSdo2k3jx77\ncontext=office\n"
	const refused = "[general]\nallowguest=no\n[trunk]\ntype=peer\nhost=192.0.2.9\ncontext=in\n[101]\ntype=friend\nhost=dynamic\nsecret=Lrw92hSdo2k3jx77\ncontext=office\n"
	for _, tt := range []struct{ name, sip, plan, path string }{ // path: what the finding has to say; "" for none
		{"at once", sip, "[guests]\nexten => _0X.,1,Dial(SIP/${EXTEN:1}@trunk) ;!\n", "guests,_0X.,1 at extensions.conf:2"},
		{"through an include", sip, "[guests]\ninclude => out\n[out]\nexten => _0X.,1,Dial(SIP/trunk/${EXTEN:1}) ;!\n", "out,_0X.,1 at extensions.conf:4"},
		{"through a jump", sip, "[guests]\nexten => _0X.,1,Goto(out,${EXTEN:1},1)\n[out]\nexten => _X.,1,Dial(SIP/${EXTEN}@trunk) ;!\n", "guests,_0X.,1 at extensions.conf:2 → out,_X.,1 at extensions.conf:4"},
		{"through a menu", sip, "[guests]\nexten => s,1,Goto(menu,s,1)\n[menu]\nexten => s,1,WaitExten(5)\nexten => _9X.,1,Dial(SIP/${EXTEN:1}@trunk) ;!\n", "guests,s,1 at extensions.conf:2 → menu,s,1 at extensions.conf:4 → menu,_9X.,1"},
		{"through a subroutine", sip, "[guests]\nexten => _X.,1,Gosub(call,s,1(SIP/${EXTEN}@trunk))\n[call]\nexten => s,1,Dial(${ARG1}) ;!\n", "guests,_X.,1 at extensions.conf:2 → call,s,1"},
		{"through a Local channel", sip, "[guests]\nexten => 1,1,Dial(Local/5551234@out)\n[out]\nexten => _X.,1,Dial(SIP/${EXTEN}@trunk) ;!\n", "guests,1,1"},
		{"who has no password", refused + "[105]\ntype=friend\nhost=dynamic\ncontext=out\n", "[out]\nexten => _X.,1,Dial(SIP/${EXTEN}@trunk) ;!\n", "105"},
		{"a trunk that is a variable", sip, "[globals]\nOUT=SIP/trunk\n[guests]\nexten => _0X.,1,Dial(${OUT}/${EXTEN:1}) ;!\n", "SIP/trunk/${EXTEN:1}"},
		{"a menu that waits for nothing", sip, "[guests]\nexten => s,1,Goto(menu,s,1)\n[menu]\nexten => s,1,Wait(5)\nexten => _9X.,1,Dial(SIP/${EXTEN:1}@trunk)\n", ""},
		{"a phone", sip, "[guests]\nexten => 1,1,Dial(SIP/101)\n", ""},
		{"guests are refused", refused, "[default]\nexten => _0X.,1,Dial(SIP/${EXTEN:1}@trunk)\n", ""},
		{"the office's own", sip, "[guests]\nexten => 1,1,Dial(SIP/101)\n[office]\nexten => _0X.,1,Dial(SIP/${EXTEN:1}@trunk)\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "sip.conf"), tt.sip)
			write(t, filepath.Join(dir, "extensions.conf"), tt.plan)
			var found []config.Finding
			for _, f := range Check(Options{ConfigDir: dir, StateDir: t.TempDir()}).Findings {
				if f.Rule == "guest-trunk" {
					found = append(found, f)
				}
			}
			if tt.path == "" {
				if len(found) > 0 {
					t.Errorf("%v", found)
				}
				return
			}
			before, _, _ := strings.Cut(tt.plan, ";!")
			if len(found) != 1 || found[0].Pos.Line != strings.Count(before, "\n")+1 || !strings.Contains(found[0].Message, tt.path) {
				t.Errorf("want one on line %d that says %q:\n%s", strings.Count(before, "\n")+1, tt.path, show(found))
			}
		})
	}
}

// TestReach holds what the default office's phones get to.
func TestReach(t *testing.T) {
	a, err := ReadRoutes(Options{ConfigDir: writeOffice(t), StateDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	context, all, err := a.Reach("101")
	if err != nil || context != "office" {
		t.Fatal(context, err)
	}
	phones := map[string]bool{}
	for _, r := range all {
		if r.Class != flow.Phone {
			t.Errorf("%+v", r)
		}
		phones[r.What] = true
	}
	if len(phones) != 5 || !phones["SIP/${EXTEN}"] || !phones["SIP/104"] {
		t.Errorf("%v", phones)
	}
	if _, _, err := a.Reach("ofice"); err == nil || !strings.Contains(err.Error(), "did you mean office?") {
		t.Error(err)
	}
	if g := a.Graph(); len(g.Nodes) < 4 || !strings.Contains(string(g.SVG()), "101, 102, 103, 104") {
		t.Errorf("%+v", g.Nodes)
	}
}

func TestClassify(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "sip.conf"), "[101]\ntype=friend\nhost=dynamic\nsecret=Lrw92hSdo2k3jx77\n[door]\ntype=friend\nhost=192.168.1.9\n[trunk]\ntype=peer\nhost=sip.example.com\n")
	write(t, filepath.Join(dir, "extensions.conf"), "[default]\n")
	a, err := ReadRoutes(Options{ConfigDir: dir, StateDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for device, want := range map[string]flow.Class{
		"SIP/101": flow.Phone, "SIP/door": flow.Phone, "SIP/trunk/555": flow.Trunk, "SIP/555@trunk": flow.Trunk, "SIP/${X}@trunk": flow.Trunk,
		"SIP/${EXTEN}": flow.Phone, "SIP/nobody": flow.Other, "SIP/555@sip.example.org": flow.Trunk, "SIP/${EXTEN}@${HOST}": flow.Trunk,
		"DAHDI/g1/555": flow.Trunk, "DAHDI/1": flow.Phone, "DAHDI/G2": flow.Trunk, "IAX2/user@host/1": flow.Trunk, "PJSIP/101": flow.Phone,
		"PJSIP/5@trunk": flow.Trunk, "Console/dsp": flow.Phone, "Dongle/d0/5": flow.Trunk, "${X}": flow.Other, "": flow.Other, "DAHDI/": flow.Phone,
	} {
		if got := a.conf.classify(device); got != want {
			t.Errorf("%s: %v, want %v", device, got, want)
		}
	}
}
