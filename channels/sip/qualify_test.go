package sip

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channels/sip/message"
	pbxio "pbx/io"
)

const monitored = listen + `[q]
type=peer
host=127.0.50.32
port=5070
qualify=yes
qualifyfreq=5
[d]
type=friend
host=dynamic
qualify=500
`

// reply answers the OPTIONS that came with 200 and says how many there were.
func (p *phone) reply() (n int) {
	p.r.t.Helper()
	for _, m := range p.receive() {
		if m.Method() != message.OPTIONS {
			p.r.t.Errorf("%s received %s", p.addr, m.Method())
			continue
		}
		n++
		if err := p.s.Send(newReply(m), netip.MustParseAddrPort(rigAddr)); err != nil {
			p.r.t.Fatal(err)
		}
	}
	synctest.Wait()
	return n
}

// newReply is a 200 to a request.
func newReply(m *message.Message) []byte {
	b := message.NewBuilder(nil)
	b.Response(m, 200, "OK", "t")
	return b.Bytes()
}

// drain throws away what came.
func (p *phone) drain() (n int) {
	synctest.Wait()
	buf := make([]byte, 4096)
	for {
		if _, _, err := p.s.Recv(buf); errors.Is(err, pbxio.ErrAgain) {
			return n
		}
		n++
	}
}

func TestQualify(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, monitored, nil)
		p := r.phone("127.0.50.32:5070", "q")
		status := func() string { return r.console("sip show peers like q") }
		time.Sleep(600 * time.Millisecond) // the phone takes its time
		if p.reply() == 0 {
			t.Fatal("no question at the start")
		}
		if !strings.Contains(status(), "OK (600 ms)") || r.logs.count("Peer 'q' is now Reachable. (600ms / 2000ms)") != 1 {
			t.Errorf("after the answer:\n%s", status())
		}
		time.Sleep(5 * time.Second)
		if p.reply() != 1 {
			t.Error("no question after qualifyfreq")
		}
		time.Sleep(5*time.Second + 2500*time.Millisecond)
		p.reply()
		if !strings.Contains(status(), "LAGGED (2500 ms)") || r.logs.count("Peer 'q' is now Lagged. (2500ms / 2000ms)") != 1 {
			t.Errorf("a late answer:\n%s", status())
		}
		time.Sleep(10 * time.Second) // the next question, and twice the limit
		if !strings.Contains(status(), "UNREACHABLE") || r.logs.count("Peer 'q' is now UNREACHABLE!") != 1 {
			t.Errorf("silence:\n%s", status())
		}
		if got := r.DeviceState("q").String(); got != "UNAVAILABLE" {
			t.Errorf("device state %s", got)
		}
		if err := r.Call(func() {
			if _, _, err := r.destination(r.Driver.peer("q"), r.Driver.peer("q").best(), "100"); !errors.Is(err, errUnreachable) {
				t.Errorf("destination: %v", err)
			}
		}); err != nil {
			t.Error(err)
		}
		p.drain()
		time.Sleep(10 * time.Second)
		if p.reply() == 0 {
			t.Error("not asked while down")
		}
		if got := r.DeviceState("q").String(); got != "NOT_INUSE" {
			t.Errorf("after it came back: %s", got)
		}
	})
}

// TestQualifyFollowsTheRegistration asks when a device registers and stops when it
// is gone.
func TestQualifyFollowsTheRegistration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, monitored, nil)
		p := r.phone("127.0.50.60:5070", "d")
		time.Sleep(time.Minute)
		if n := p.drain(); n != 0 {
			t.Fatalf("%d questions before it registered", n)
		}
		p.seq++
		p.send(fmt.Sprintf("REGISTER sip:127.0.50.1 SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bKr1;rport\nMax-Forwards: 70\nFrom: <sip:d@127.0.50.1>;tag=1\nTo: <sip:d@127.0.50.1>\nCall-ID: reg\nCSeq: 1 REGISTER\nContact: <sip:d@%s>\nExpires: 60\nContent-Length: 0\n\n", p.addr, p.addr))
		var methods []string
		for _, m := range p.receive() {
			methods = append(methods, fmt.Sprint(m.Method(), m.Status()))
		}
		if fmt.Sprint(methods) != "[200 OPTIONS0]" && fmt.Sprint(methods) != "[OPTIONS0 200]" {
			t.Errorf("received %v", methods)
		}
		time.Sleep(62 * time.Second)
		p.drain()
		time.Sleep(5 * time.Minute)
		if n := p.drain(); n != 0 {
			t.Errorf("%d questions after it was gone", n)
		}
	})
}

// TestQualifyIsSpread: the first questions of many peers do not go out at once.
func TestQualifyIsSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text := listen + "qualifygap=100\nqualifypeers=2\n"
		for i := range 20 {
			text += fmt.Sprintf("[p%d]\ntype=peer\nhost=127.0.60.1\nport=%d\nqualify=yes\n", i, 6000+i)
		}
		r := newRig(t, text, nil)
		var all []*phone
		for i := range 20 {
			all = append(all, r.phone(fmt.Sprintf("127.0.60.1:%d", 6000+i), "x"))
		}
		count := func() (n int) {
			for _, p := range all {
				n += p.drain()
			}
			return n
		}
		time.Sleep(50 * time.Millisecond)
		first := count()
		time.Sleep(300 * time.Millisecond)
		if second := count(); first > 2 || second != 6 {
			t.Errorf("%d at once, %d in the next 300 ms", first, second)
		}
	})
}

func TestKeepalive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const conf = listen + "[k]\ntype=peer\nhost=127.0.50.32\nport=5070\nkeepalive=20\n"
		r := newRig(t, conf, nil)
		p := r.phone("127.0.50.32:5070", "k")
		time.Sleep(61 * time.Second)
		if n := p.drain(); n != 3 {
			t.Errorf("%d in a minute", n)
		}
		cfg, _ := loadText(t, strings.Replace(conf, "keepalive=20", "keepalive=no", 1))
		r.Reload(cfg)
		synctest.Wait()
		time.Sleep(time.Minute)
		if n := p.drain(); n != 0 {
			t.Errorf("%d after it was turned off", n)
		}
	})
}
