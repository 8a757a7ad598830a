package e2e

import (
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"pbx/channels/sip/message/messagetest"
)

// TestGarbage: any bytes on the SIP socket and the console socket; the exchange
// lives, keeps its memory, and answers no stranger at length.
func TestGarbage(t *testing.T) {
	t.Parallel()
	x := newExchange(t, office)
	p := newProbe(t, x.net.host(20), x.addr())
	defer p.close()
	invite := p.request("INVITE", "sip:100@"+x.addr(), "Content-Type: application/sdp\r\n", "v=0\r\n")
	noise := make([]byte, 1400)
	for i := range 2000 {
		_, _ = rand.Read(noise)
		switch i % 4 {
		case 0:
			p.send(string(noise))
		case 1: // a real request with bytes overwritten
			b := []byte(invite)
			for j := 0; j < 8; j++ {
				b[(int(noise[2*j])<<8|int(noise[2*j+1]))%len(b)] = noise[100+j]
			}
			p.send(string(b))
		case 2: // cut short
			p.send(invite[:int(noise[0])%len(invite)])
		case 3:
			p.send("\r\n\r\n")
		}
	}
	for _, path := range []string{"pbx.ctl", "asterisk.ctl", "console.sock"} {
		if conn, err := net.Dial("unix", filepath.Join(x.state, path)); err == nil {
			_, _ = conn.Write(noise)
			conn.Close()
		}
	}
	alive := newProbe(t, x.net.host(21), x.addr())
	defer alive.close()
	if _, err := alive.options(2 * time.Second); err != nil {
		t.Fatalf("no answer after the garbage: %v", err)
	}
	x.idle()
}

// TestAmplification: no reply to a stranger is larger than twice its request, a
// challenge excepted.
func TestAmplification(t *testing.T) {
	t.Parallel()
	x := newExchange(t, office)
	for _, method := range []string{"OPTIONS", "INFO", "BYE", "REFER", "SUBSCRIBE", "NOTIFY", "PUBLISH", "MESSAGE", "PRACK", "UPDATE", "FOO"} {
		p := newProbe(t, x.net.host(22), x.addr())
		request := p.request(method, "sip:100@"+x.addr(), "", "")
		p.send(request)
		reply, err := p.read(2 * time.Second)
		p.close()
		if err != nil {
			t.Errorf("%s: no answer: %v", method, err)
			continue
		}
		if len(reply) > 2*len(request) && !strings.Contains(reply, "401 Unauthorized") {
			t.Errorf("%s: %d bytes were answered with %d:\n%s", method, len(request), len(reply), reply)
		}
	}
}

// TestTorture sends the messages of RFC 4475 and RFC 5118, and others that break
// one rule each, from the address of a peer whose calls are all answered. What is
// answered to where it came from must be what the set expects; most go where the
// message's Via says, which the driver's own tests look at. After each the
// exchange still answers.
func TestTorture(t *testing.T) {
	t.Parallel()
	cases := messagetest.Variants()
	if os.Getenv("PBX_CORPUS") != "" {
		cases = append(cases, messagetest.Corpus(t)...)
	}
	text := strings.Replace(office, "[caller]\n", "[caller]\nnat=force_rport\n", 1)
	x := newExchange(t, strings.Replace(text, "[office]\n", "[office]\nexten => _.,1,Answer()\n same => n,Hangup()\n", 1))
	replies := 0
	for _, c := range cases {
		p := newProbe(t, x.net.host(2), x.addr())
		p.send(string(c.Message))
		alive := newProbe(t, x.net.host(23), x.addr())
		if _, err := alive.options(500 * time.Millisecond); err != nil {
			t.Errorf("no answer to OPTIONS within 500 ms after %s: %v", c.Name, err)
		}
		alive.close()
		status := 0 // of the last response; the OPTIONS was answered after it
		for {
			reply, err := p.read(20 * time.Millisecond)
			if err != nil {
				break
			}
			if n, err := strconv.Atoi(strings.TrimPrefix(reply[:min(len(reply), 11)], "SIP/2.0 ")); err == nil && n >= 200 {
				status = n
			}
		}
		if status != 0 {
			if replies++; !c.Accepts(status) {
				t.Errorf("%s was answered %d, want %s: %s", c.Name, status, c.Want, c.Rule)
			}
		}
		p.close()
	}
	t.Logf("%d of %d messages were answered to where they came from", replies, len(cases))
	if replies < len(cases)/2 {
		t.Errorf("only %d of %d messages were answered", replies, len(cases))
	}
}

// TestPortsRunOut: the call that finds no RTP port gets 503, and the ports come
// back.
func TestPortsRunOut(t *testing.T) {
	t.Parallel()
	x := newExchange(t, strings.Replace(office, "rtpend=20999", "rtpend=20007", 1))
	hold := scenario{invite(), optional(100), recv(200), ack(1), pause(2 * time.Second), bye(2), recv(200)}
	for round := range 2 {
		var held []*sipp
		for i := range 4 {
			p := startSIPp(t, fmt.Sprintf("held%d", i), hold, x.net.host(2), x.addr(), "-s", "100", "-p", fmt.Sprint(5100+i))
			held = append(held, p)
		}
		eventually(t, 5*time.Second, "four calls up", func() bool {
			return strings.Contains(x.console("core show channels"), "4 active channels")
		})
		startSIPp(t, "fifth", scenario{invite(), optional(100), recv(503), ackFailure(1)}, x.net.host(2), x.addr(), "-s", "100", "-p", "5110").ok()
		for _, p := range held {
			p.ok()
		}
		x.idle()
		if t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
}

// TestBrokenReload: a file that cannot be read leaves the old configuration
// running and names the place.
func TestBrokenReload(t *testing.T) {
	t.Parallel()
	x := newExchange(t, office)
	file := filepath.Join(x.conf, "extensions.conf")
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append([]byte("#include \"not-there.conf\"\n"), good...), 0o600); err != nil {
		t.Fatal(err)
	}
	if said := x.console("dialplan reload"); !strings.Contains(said, "extensions.conf:1") {
		t.Errorf("dialplan reload said:\n%s", said)
	}
	_ = x.cmd.Process.Signal(syscall.SIGHUP)
	x.out.waitFor(t, "extensions.conf:1", 5*time.Second)
	x.call("still", "500", scenario{invite(), optional(100), recv(486), ackFailure(1)}).ok()

	text := strings.Replace(string(good), "exten => 500,1,Busy()", "exten => 500,1,Congestion()", 1)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	x.console("dialplan reload")
	x.call("new", "500", scenario{invite(), optional(100), recv(503), ackFailure(1)}).ok()
}

// TestDrain: SIGTERM refuses new calls, gives those that are up the drain time,
// then ends them with a BYE and exits 0.
func TestDrain(t *testing.T) {
	t.Parallel()
	x := newExchange(t, office)
	p := x.call("held", "100", scenario{
		invite(), optional(100), recv(200), ack(1), within(8*time.Second, recvRequest("BYE")), answerInDialog("200 OK", empty),
	})
	eventually(t, 5*time.Second, "the call is up", func() bool {
		return strings.Contains(x.console("core show channels"), "1 active call")
	})
	_ = x.cmd.Process.Signal(syscall.SIGTERM)
	startSIPp(t, "late", scenario{invite(), optional(100), recv(503), ackFailure(1)}, x.net.host(2), x.addr(), "-s", "100", "-p", "5111").ok()
	p.ok()
	if code := x.wait(10 * time.Second); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
