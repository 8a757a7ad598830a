package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// home is an office of two phones with passwords.
const home = `
-- sip.conf --
[general]
context=nowhere
udpbindaddr=@PBX@:5060
disallow=all
allow=ulaw,alaw

[phone](!)
type=friend
host=dynamic
context=home

[alice](phone)
secret=correct-horse-battery
[bob](phone)
secret=staple-paperclip-stamp
-- extensions.conf --
[nowhere]
[home]
exten => 101,1,Dial(SIP/alice,20)
exten => 102,1,Dial(SIP/bob,20)
exten => 600,1,Answer()
 same => n,Echo()
-- rtp.conf --
[general]
rtpstart=20000
rtpend=20999
`

// TestTwoPhonesTalk is the promise: two registered phones, a call through Dial,
// and each hears the other.
func TestTwoPhonesTalk(t *testing.T) {
	t.Parallel()
	x := newExchange(t, home)
	alice := startBaresip(t, x.net.host(11), x.net.host(1), "alice", "correct-horse-battery", 400, false)
	bob := startBaresip(t, x.net.host(12), x.net.host(1), "bob", "staple-paperclip-stamp", 800, true)
	alice.registered(x, "alice", x.net.host(11))
	bob.registered(x, "bob", x.net.host(12))
	alice.do("dial", fmt.Sprintf("sip:102@%s", x.net.host(1)))
	alice.await("CALL_ESTABLISHED")
	bob.await("CALL_ESTABLISHED")
	alice.hears(800)
	bob.hears(400)
	alice.do("hangup", "")
	bob.await("CALL_CLOSED")
	x.idle()
}

// TestLinphone: linphone registers with its password.
func TestLinphone(t *testing.T) {
	t.Parallel()
	x := newExchange(t, home)
	runLinphone(t, fmt.Sprintf(`[sip]
sip_port=5060
sip_tcp_port=0
sip_tls_port=0
bind_address=%[2]s
default_proxy=0
use_ipv6=0

[proxy_0]
reg_proxy=<sip:%[1]s;transport=udp>
reg_identity=sip:alice@%[1]s
reg_expires=600
reg_sendregister=1

[auth_info_0]
username=alice
userid=alice
passwd=correct-horse-battery
realm=asterisk
`, x.net.host(1), x.net.host(13)))
	eventually(t, 20*time.Second, "linphone registered", func() bool {
		return strings.Contains(x.console("sip show peer alice"), "linphone") || strings.Contains(strings.ToLower(x.console("sip show peer alice")), "useragent    : linphone")
	})
}

func TestSipsak(t *testing.T) {
	t.Parallel()
	path := tool(t, "sipsak")
	x := newExchange(t, office)
	out, err := exec.Command(path, "-vv", "-s", "sip:100@"+x.addr()).CombinedOutput()
	if err != nil && !strings.Contains(string(out), "SIP/2.0") {
		t.Fatalf("sipsak: %v\n%s", err, out)
	}
	if !regexp.MustCompile(`SIP/2\.0 (200|404)`).Match(out) || !strings.Contains(string(out), "Allow:") {
		t.Errorf("sipsak got:\n%s", out)
	}
}

// TestKillKeepsRegistrations: what was answered 200 is still there after kill -9.
func TestKillKeepsRegistrations(t *testing.T) {
	t.Parallel()
	x := newExchange(t, home)
	alice := startBaresip(t, x.net.host(11), x.net.host(1), "alice", "correct-horse-battery", 400, true)
	alice.registered(x, "alice", x.net.host(11))
	x.kill()
	x.start()
	if peers := x.console("sip show peers"); !strings.Contains(peers, x.net.host(11)) {
		t.Fatalf("the registration is gone:\n%s", peers)
	}
	// And it is good for a call.
	bob := startBaresip(t, x.net.host(12), x.net.host(1), "bob", "staple-paperclip-stamp", 800, false)
	bob.registered(x, "bob", x.net.host(12))
	bob.do("dial", fmt.Sprintf("sip:101@%s", x.net.host(1)))
	bob.await("CALL_ESTABLISHED")
	bob.do("hangup", "")
	x.idle()
}

// TestDefaultOffice follows the README: no configuration, a phone set up with
// what was printed, a call to the echo. The office listens on port 5060 of every
// address, so the test runs alone.
func TestDefaultOffice(t *testing.T) {
	x := &exchange{t: t, net: newNetwork(), state: t.TempDir()}
	x.out, x.done = newOutput(), make(chan struct{})
	x.cmd = exec.Command(program, "run", "--state", x.state)
	x.cmd.Stdout, x.cmd.Stderr = x.out, x.out
	if err := x.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = x.cmd.Wait(); close(x.done) }()
	t.Cleanup(func() {
		x.stop()
		if t.Failed() {
			t.Logf("the exchange printed:\n%s", x.out)
		}
	})
	x.awaitAnswer()
	x.out.waitFor(t, "The exchange runs on", 10*time.Second) // what was printed goes through a pipe
	secret := printedSecret(t, x.out.String(), "101")
	phone := startBaresip(t, x.net.host(11), "127.0.0.1", "101", secret, 600, false)
	phone.do("dial", "sip:600@127.0.0.1")
	phone.await("CALL_ESTABLISHED")
	phone.hears(600)
	phone.do("hangup", "")
	x.idle()

	// The secrets are on the terminal only, and the second start does not print them.
	log, _ := filepath.Glob(filepath.Join(x.state, "log", "*"))
	for _, f := range log {
		if b, err := os.ReadFile(f); err == nil && strings.Contains(string(b), secret) {
			t.Errorf("%s holds a secret", f)
		}
	}
}

// printedSecret finds a phone's password in what the first start printed.
func printedSecret(t *testing.T, text, phone string) string {
	t.Helper()
	for _, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		for i, f := range fields {
			if f == phone && i+1 < len(fields) && len(fields[len(fields)-1]) >= 20 {
				return fields[len(fields)-1]
			}
		}
	}
	t.Fatalf("no password for %s in:\n%s", phone, text)
	return ""
}
