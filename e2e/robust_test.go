package e2e

import (
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
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

// TestTorture sends the RFC 4475 and RFC 5118 messages of the corpus from the
// address of a peer; after each the exchange still answers.
func TestTorture(t *testing.T) {
	t.Parallel()
	corpus := os.Getenv("PBX_CORPUS")
	if corpus == "" {
		t.Skip("PBX_CORPUS is not set: the torture messages are other people's and not in the tree")
	}
	files, err := filepath.Glob(filepath.Join(corpus, "torture", "*.sip"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no torture messages in %s: %v", corpus, err)
	}
	x := newExchange(t, strings.Replace(office, "[office]\n", "[office]\nexten => _.,1,Answer()\n same => n,Hangup()\n", 1))
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		p := newProbe(t, x.net.host(2), x.addr())
		p.send(string(raw))
		// What is answered goes to where the message's Via says, mostly not to us;
		// that the exchange goes on is what this test asks.
		alive := newProbe(t, x.net.host(23), x.addr())
		if _, err := alive.options(500 * time.Millisecond); err != nil {
			t.Errorf("no answer to OPTIONS after %s: %v", filepath.Base(f), err)
		}
		alive.close()
		p.close()
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
