package e2e

import (
	"os/exec"
	"strings"
	"testing"
)

// run runs another command of the binary on the exchange's directories.
func (x *exchange) run(name string, args ...string) string {
	x.t.Helper()
	all := append([]string{name, "--config", x.conf, "--state", x.state}, args...)
	out, err := exec.Command(program, all...).CombinedOutput()
	if err != nil {
		x.t.Errorf("pbx %s: %v\n%s", strings.Join(all, " "), err, out)
	}
	return string(out)
}

// TestExplain: the story of a real call, a reload that is only tried, and help
// without an exchange.
func TestExplain(t *testing.T) {
	t.Parallel()
	x := newExchange(t, office)
	one := x.serve("one", 3, scenario{recvRequest("INVITE"), answer("486 Busy Here", empty), recvRequest("ACK")})
	x.call("caller", "200", scenario{invite(), optional(100), optional(180), recv(486), ackFailure(1)}).ok()
	one.ok()
	x.idle()
	story := x.run("explain")
	for _, want := range []string{
		"calls 200, ", "section [caller] of sip.conf", "by its address (insecure=port)", "was not asked for a password", "extensions.conf:",
		"SIP/one is called", "SIP/one gets INVITE at " + x.net.host(3) + ":5070 by UDP", "SIP/one says 486 Busy Here", "DIALSTATUS=BUSY",
		"is told 486 Busy Here", "cause 17 User busy\n",
	} {
		if !strings.Contains(story, want) {
			t.Errorf("the story lacks %q:\n%s", want, story)
		}
	}
	if got := x.run("explain", "--messages", "SIP/caller-00000000"); !strings.HasPrefix(got, story) || !strings.Contains(got, "486 Busy Here") || !strings.Contains(got, "PBX") {
		t.Errorf("with messages:\n%s", got)
	}
	if got := x.run("explain", "list"); !strings.Contains(got, "SIP/caller-00000000") || !strings.Contains(got, "1 call(s)\n") {
		t.Errorf("the list:\n%s", got)
	}

	x.write(strings.Replace(office, "[caller]", "[late]\ntype=friend\nhost=dynamic\nsecret=j2hd83ksl0a\n\n[caller]", 1))
	if got := x.run("reload", "--dry-run"); !strings.Contains(got, "+ [late]") || !strings.HasSuffix(got, "Nothing was changed: a dry run.\n") {
		t.Errorf("a dry run:\n%s", got)
	}
	if got := x.console("sip show peers"); strings.Contains(got, "late") {
		t.Errorf("the dry run made a peer:\n%s", got)
	}
	if got := x.run("reload"); !strings.Contains(got, "+ [late]") {
		t.Errorf("a reload:\n%s", got)
	}
	if got := x.console("sip show peers"); !strings.Contains(got, "late") {
		t.Errorf("the reload made no peer:\n%s", got)
	}
	out, err := exec.Command(program, "doc", "CUT").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "-= Info about Function 'CUT' =-") {
		t.Errorf("pbx doc CUT: %v\n%s", err, out)
	}
}
