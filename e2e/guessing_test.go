package e2e

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// guessed is an office whose one phone has a password that a program guesses.
const guessed = `
-- sip.conf --
[general]
context=nowhere
udpbindaddr=@PBX@:5060
realm=e2e
[100]
type=friend
host=dynamic
secret=1090
context=office
[200]
type=friend
host=dynamic
secret=correct-horse-battery
context=office
-- extensions.conf --
[nowhere]
[office]
exten => 100,1,Dial(SIP/100)
exten => 200,1,Dial(SIP/200)
`

// sipvicious runs a program of it against the exchange and returns what it prints. It has
// an address and a port of its own: by itself, and svcrack in any case, it takes the next
// port after 5060 of all addresses, which is then missing to the phones of other tests.
func (x *exchange) sipvicious(program string, args ...string) string {
	t := x.t
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, append(args, "-b", x.net.host(9), "-P", "45060", x.net.host(1))...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "HOME="+cmd.Dir)
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		t.Fatalf("%s %v did not end: %v\n%s", program, args, err, out)
	}
	return string(out)
}

// TestSipvicious: svmap finds the exchange and svwar no extension, whatever it
// asks; svcrack does not find a password that it would in a hundred guesses, and is
// banned.
func TestSipvicious(t *testing.T) {
	t.Parallel()
	x := newExchange(t, guessed)
	if out := x.sipvicious("svmap"); !strings.Contains(out, x.net.host(1)+":5060") {
		t.Errorf("svmap does not find the exchange:\n%s", out)
	}
	for _, args := range [][]string{{"-m", "REGISTER"}, {"-m", "REGISTER", "--force"}, {"-m", "INVITE", "--force"}, {"-m", "OPTIONS", "--force"}} {
		args = append(args, "-e", "95-105,195-205", "--maximumtime", "2")
		if out := x.sipvicious("svwar", args...); !strings.Contains(out, "found nothing") {
			t.Errorf("svwar %v:\n%s", args, out)
		}
	}
	out := x.sipvicious("svcrack", "-u", "100", "-r", "1000-1099", "--maximumtime", "2")
	if !strings.Contains(out, "found nothing") || strings.Contains(out, "1090") {
		t.Errorf("svcrack:\n%s", out)
	}
	if bans := x.console("sip show bans"); !strings.Contains(bans, "banned") {
		t.Errorf("svcrack is not banned:\n%s", bans)
	}
	x.out.waitFor(t, "hacking attempt detected '127.", 10*time.Second)
	// Nobody else notices.
	phone := newProbe(t, x.net.host(60), x.addr())
	defer phone.close()
	if status := phone.register("200", "correct-horse-battery"); status != 200 {
		t.Errorf("another phone: %d", status)
	}
}

// TestEnumeration: who asks for names without proof, as svwar --force does where it
// is not put off by the first answer, is muted, and learns nothing of the names that
// there are.
func TestEnumeration(t *testing.T) {
	t.Parallel()
	x := newExchange(t, guessed)
	p := newProbe(t, x.net.host(61), x.addr())
	defer p.close()
	replies := make(map[string]int)
	for n := 80; n < 220; n++ {
		p.send(p.requestFrom("REGISTER", fmt.Sprint(n), ""))
		reply, _ := p.read(20 * time.Millisecond)
		status, _, _ := strings.Cut(reply, "\r\n")
		replies[status]++
	}
	if len(replies) != 2 || replies["SIP/2.0 401 Unauthorized"] > 40 || replies[""] < 100 {
		t.Errorf("%v", replies)
	}
	if bans := x.console("sip show bans"); !strings.Contains(bans, x.net.host(61)) || !strings.Contains(bans, "muted") {
		t.Errorf("not muted:\n%s", bans)
	}
}

// TestWrongPasswordOfPhone: a registered phone that sends a wrong password is slowed,
// not banned.
func TestWrongPasswordOfPhone(t *testing.T) {
	t.Parallel()
	x := newExchange(t, guessed)
	p := newProbe(t, x.net.host(62), x.addr())
	defer p.close()
	if status := p.register("200", "correct-horse-battery"); status != 200 {
		t.Fatalf("%d", status)
	}
	heard := 0
	for range 30 {
		if status := p.register("200", "wrong"); status == 403 {
			heard++
		} else if status != 0 {
			t.Errorf("a wrong password got %d", status)
		}
	}
	if heard < 10 || heard > 12 {
		t.Errorf("%d of 30 wrong passwords were answered", heard)
	}
	if bans := x.console("sip show bans"); !strings.Contains(bans, "0 addresses") {
		t.Errorf("banned:\n%s", bans)
	}
	if _, err := p.options(2 * time.Second); err != nil {
		t.Errorf("cut off: %v", err)
	}
	if peers := x.console("sip show peers"); !strings.Contains(peers, x.net.host(62)) {
		t.Errorf("the registration is gone:\n%s", peers)
	}
}

// requestFrom is a request of somebody to himself, as REGISTER is.
func (p *probe) requestFrom(method, user, extra string) string {
	p.seq++
	host := netip.MustParseAddrPort(p.conn.RemoteAddr().String()).Addr()
	return fmt.Sprintf("%s sip:%v SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK-f%d;rport\r\nMax-Forwards: 70\r\nFrom: <sip:%s@%v>;tag=f%d\r\n"+
		"To: <sip:%s@%v>\r\nCall-ID: from-%d-%s\r\nCSeq: %d %s\r\nContact: <sip:%s@%s>\r\n%sContent-Length: 0\r\n\r\n",
		method, host, p.local(), p.seq, user, host, p.seq, user, host, p.seq, p.local(), p.seq, method, user, p.local(), extra)
}

// register registers once, with a digest, and returns the final status, 0 for no
// answer.
func (p *probe) register(user, secret string) int {
	p.t.Helper()
	p.send(p.requestFrom("REGISTER", user, ""))
	reply, err := p.read(2 * time.Second)
	if err != nil || statusLine(reply) != 401 {
		return statusLine(reply)
	}
	_, rest, _ := strings.Cut(reply, `nonce="`)
	nonce, _, _ := strings.Cut(rest, `"`)
	hash := func(s string) string {
		sum := md5.Sum([]byte(s))
		return hex.EncodeToString(sum[:])
	}
	uri := "sip:" + netip.MustParseAddrPort(p.conn.RemoteAddr().String()).Addr().String()
	response := hash(strings.Join([]string{hash(user + ":e2e:" + secret), nonce, "00000001", "c", "auth", hash("REGISTER:" + uri)}, ":"))
	p.send(p.requestFrom("REGISTER", user, fmt.Sprintf("Authorization: Digest username=%q, realm=\"e2e\", nonce=%q, uri=%q, response=%q, algorithm=MD5, qop=auth, nc=00000001, cnonce=\"c\"\r\n",
		user, nonce, uri, response)))
	for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); {
		reply, _ = p.read(time.Until(end))
		if status := statusLine(reply); status != 0 { // and not a request to it
			return status
		}
	}
	return 0
}

// statusLine is the status of a response, 0 of anything else.
func statusLine(reply string) (status int) {
	_, _ = fmt.Sscanf(reply, "SIP/2.0 %d", &status)
	return status
}
