package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

// TestReloadDiff holds what a reload says, that a dry run changes nothing, and that
// calls in what changes are named.
func TestReloadDiff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newExchange(t)
		defer x.stop()
		a := x.phone("101")
		a.register()
		invite := a.call("600", "up")
		answer := a.expect("200")
		a.send(a.ack(invite, answer))
		synctest.Wait()

		said := func(line string) string { return strings.ReplaceAll(x.command(line), x.dir+"/", "") }
		if got := said("core reload --dry-run"); got != "Nothing would change.\n" {
			t.Errorf("nothing is different: %s", got)
		}
		x.edit("extensions.conf", "[office]", "[night]\nexten => s,1,Hangup()\n\n[office]\nexten => 700,1,Answer()\n same => n,Hangup()")
		x.edit("sip.conf", "[102]", "[107]\ntype=friend\nhost=dynamic\nsecret=fj3k29dkw02\n\n[102]")
		x.edit("sip.conf", "callerid=\"Phone 101\" <101>", "callerid=\"Phone 101\" <101>\ncall-limit=5\nsecret=changed7731x")
		before := x.command("dialplan show") + x.command("sip show peers")
		plan, general := x.s.engine.Plan(), x.s.configuration().sip
		dry := said("core reload --dry-run")
		golden(t, filepath.Join("testdata", "explain", "reload.txt"), dry)
		if x.s.engine.Plan() != plan || x.s.configuration().sip != general || x.command("dialplan show")+x.command("sip show peers") != before {
			t.Error("the dry run changed something")
		}
		if strings.Contains(dry, "changed7731x") {
			t.Error("a password is shown")
		}
		for line, part := range map[string]string{"dialplan reload --dry-run": "sip.conf: ", "sip reload --dry-run": "extensions.conf: "} {
			if got := said(line); strings.Contains(got, part) || !strings.Contains(got, "calls in what changed: 1;") {
				t.Errorf("%s: %s", line, got)
			}
		}
		if got := said("core reload"); got+"Nothing was changed: a dry run.\n" != dry {
			t.Errorf("core reload says\n%s\nthe dry run said\n%s", got, dry)
		}
		if got := said("core reload --dry-run"); got != "Nothing would change.\n" {
			t.Errorf("after the reload: %s", got)
		}

		// A broken file is named, and nothing is taken in.
		plan = x.s.engine.Plan()
		x.edit("extensions.conf", "[night]", "#include nowhere.conf\n[night]")
		x.edit("sip.conf", "call-limit=5", "call-limit=6")
		for _, line := range []string{"core reload --dry-run", "core reload"} {
			got := said(line)
			if !strings.Contains(got, "extensions.conf:") || !strings.Contains(got, "nowhere.conf") || !strings.Contains(got, "The old configuration goes on.") {
				t.Errorf("%s of a broken file: %s", line, got)
			}
		}
		if x.s.engine.Plan() != plan {
			t.Error("a broken file was taken in")
		}
		if got := said("core reload --dry"); !strings.Contains(got, "Usage: core reload [--dry-run]") {
			t.Errorf("an unknown word: %s", got)
		}

		// What is printed is bounded.
		if err := os.WriteFile(filepath.Join(x.dir, "extensions.conf"), []byte("[office]\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		var many strings.Builder
		many.WriteString("[many]\n")
		for i := range 500 {
			many.WriteString("[c" + strings.Repeat("x", i) + "]\nexten => 1,1,NoOp()\n")
		}
		if err := os.WriteFile(filepath.Join(x.dir, "extensions.conf"), []byte(many.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := said("core reload --dry-run"); strings.Count(got, "\n") > shownChanges+10 || !strings.Contains(got, " more\n") {
			t.Errorf("%d lines are printed", strings.Count(got, "\n"))
		}
		a.bye(invite, answer)
	})
}
