package e2e

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// fates is a dialplan in which a call can come to any end.
const fates = `
exten => 110,1,Ringing()
 same => n,Wait(30)
exten => _2XX,1,Dial(SIP/one/${EXTEN},20)
`

// fate is one way a call goes: what its caller does, nil if it went as it should.
type fate struct {
	name, exten string
	caller      func(l *leg) error
}

const (
	pcmu  = "0 101"
	limit = 15 * time.Second
)

// expect waits for a response to the INVITE and acknowledges a final one. As long as
// nothing came, which a socket of a busy machine may have dropped, it sends the INVITE
// again (RFC 3261 17.1.1.2).
func (l *leg) expect(status string) error {
	begun := time.Now()
	for wait := time.Second; ; wait *= 2 {
		left := limit - time.Since(begun)
		if _, ok := l.await("SIP/2.0 "+status, "1 INVITE", min(wait, left)); ok {
			break
		}
		switch {
		case wait >= left:
			return fmt.Errorf("no %s within %v; what came: %q", status, limit, l.others)
		case len(l.others) == 0 && strings.HasPrefix(l.sent, "INVITE "):
			l.a.send(l.sent)
		}
	}
	switch {
	case status[0] == '2':
		l.request("ACK2", 1, "")
	case status[0] != '1':
		l.request("ACK", 1, "")
	}
	return nil
}

func refused(status, formats string) func(*leg) error {
	return func(l *leg) error {
		l.request("INVITE", 1, l.sdp(40000, formats))
		return l.expect(status)
	}
}

func (l *leg) bye() error {
	l.request("BYE", 2, "")
	if _, ok := l.await("SIP/2.0 200", "2 BYE", limit); !ok {
		return fmt.Errorf("no answer to BYE")
	}
	return nil
}

func answered(l *leg) error {
	l.request("INVITE", 1, l.sdp(40000, pcmu))
	if err := l.expect("200"); err != nil {
		return err
	}
	return l.bye()
}

func cancelled(l *leg) error {
	l.request("INVITE", 1, l.sdp(40000, pcmu))
	if _, ok := l.await("SIP/2.0 1", "1 INVITE", limit); !ok {
		return fmt.Errorf("no provisional response")
	}
	to := l.to
	l.to = "<" + l.uri + ">"
	l.request("CANCEL", 1, "")
	l.to = to
	return l.expect("487")
}

// goodbye waits for a BYE of the exchange and answers it.
func (l *leg) goodbye() error {
	m, ok := l.await("BYE ", "BYE", limit)
	if !ok {
		return fmt.Errorf("no BYE")
	}
	l.reply(m, "200 OK", "")
	return nil
}

var allFates = []fate{
	{"answered", "100", answered},
	{"busy", "500", refused("486", pcmu)},
	{"unknown", "999", refused("404", pcmu)},
	{"no codec", "100", refused("488", "18")},
	{"cancelled", "110", cancelled},
	{"no ACK", "100", func(l *leg) error {
		l.request("INVITE", 1, l.sdp(40000, pcmu))
		return l.goodbye()
	}},
	{"no ACK, no answer to BYE", "100", func(l *leg) error {
		l.request("INVITE", 1, l.sdp(40000, pcmu))
		if _, ok := l.await("BYE ", "BYE", limit); !ok {
			return fmt.Errorf("no BYE")
		}
		return nil
	}},
	{"no ACK of a refusal", "500", func(l *leg) error {
		l.request("INVITE", 1, l.sdp(40000, pcmu))
		if _, ok := l.await("SIP/2.0 486", "1 INVITE", limit); !ok {
			return fmt.Errorf("no 486")
		}
		return nil
	}},
	{"late offer, no answer", "100", func(l *leg) error {
		l.request("INVITE", 1, "")
		if err := l.expect("200"); err != nil {
			return err
		}
		return l.goodbye()
	}},
	{"the exchange hangs up", "101", func(l *leg) error {
		l.request("INVITE", 1, l.sdp(40000, pcmu))
		if err := l.expect("200"); err != nil {
			return err
		}
		return l.goodbye()
	}},
	{"dialled, answered", "200", answered},
	{"dialled, busy", "201", refused("486", pcmu)},
	{"dialled, cancelled", "202", cancelled},
	{"dialled, the callee hangs up", "203", func(l *leg) error {
		l.request("INVITE", 1, l.sdp(40000, pcmu))
		if err := l.expect("200"); err != nil {
			return err
		}
		return l.goodbye()
	}},
	{"dialled, a silent callee", "204", cancelled},
	{"dialled, not found", "205", refused("503", pcmu)},
}

// callee plays the other end: the last digit of the number says how.
func callee(l *leg, invite string) {
	to, _, _ := strings.Cut(strings.TrimPrefix(strings.Fields(invite)[1], "sip:"), "@")
	end := func() {
		for {
			m, ok := l.await("", "", 40*time.Second)
			switch {
			case !ok:
				return
			case strings.HasPrefix(m, "CANCEL "):
				l.reply(m, "200 OK", "")
				l.reply(invite, "487 Request Terminated", "")
			case strings.HasPrefix(m, "BYE "):
				l.reply(m, "200 OK", "")
				return
			}
		}
	}
	switch to {
	case "200":
		l.reply(invite, "180 Ringing", "")
		l.reply(invite, "200 OK", l.sdp(42000, pcmu))
		end()
	case "201":
		l.reply(invite, "486 Busy Here", "")
	case "202":
		l.reply(invite, "180 Ringing", "")
		end()
	case "203":
		l.reply(invite, "200 OK", l.sdp(42000, pcmu))
		if _, ok := l.await("ACK ", "ACK", limit); !ok {
			l.a.t.Error("the callee's 200 was not acknowledged")
		}
		l.uri, _, _ = strings.Cut(strings.TrimPrefix(header(invite, "Contact"), "<"), ">")
		l.from, l.to = header(invite, "To")+";tag=c"+l.id, header(invite, "From")
		l.request("BYE", 7, "")
		end()
	case "204":
	case "205":
		l.reply(invite, "404 Not Found", "")
	}
}

// usage is what an exchange holds.
type usage struct{ fds, goroutines, ports, rss int }

func (x *exchange) usage() (u usage) {
	x.t.Helper()
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", x.cmd.Process.Pid))
	if err != nil {
		x.t.Fatal(err)
	}
	u.fds = len(fds)
	u.rss = x.status("VmRSS")
	if m := regexp.MustCompile(`Goroutines: +(\d+)`).FindStringSubmatch(x.console("core show settings")); m != nil {
		u.goroutines, _ = strconv.Atoi(m[1])
	}
	ip := net.ParseIP(x.net.host(1)).To4()
	host := fmt.Sprintf(" %08X:", binary.LittleEndian.Uint32(ip))

	for _, table := range []string{"/proc/net/udp"} {
		b, _ := os.ReadFile(table)
		u.ports += bytes.Count(b, []byte(host))

	}
	return u
}

// status is a figure of /proc/PID/status, in KiB where it has a unit.
func (x *exchange) status(name string) int {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", x.cmd.Process.Pid))
	if err != nil {
		x.t.Fatal(err)
	}
	for _, line := range strings.Split(string(b), "\n") {
		if k, v, ok := strings.Cut(line, ":"); ok && k == name {
			n, _ := strconv.Atoi(strings.Fields(v)[0])
			return n
		}
	}
	x.t.Fatalf("no %s in /proc/PID/status", name)
	return 0
}

// TestManyFates makes two thousand calls that end in every way a call can; then
// nothing of them may be left: no channel, descriptor, goroutine or RTP port.
func TestManyFates(t *testing.T) {
	t.Parallel()
	text := strings.Replace(office, "exten => 200,1,Dial(SIP/one,20)\n same => n,NoOp(${DIALSTATUS})\n", "", 1)
	text = strings.Replace(text, "exten => 201,1,Dial(SIP/one,2)\n same => n,Hangup()\n", fates[1:], 1)
	x := newExchange(t, text)
	a := newAgent(t, x.net.host(2)+":5061", x.addr(), nil)
	newAgent(t, x.net.host(3)+":5070", x.addr(), callee)

	total := 2000
	if testing.Short() {
		total = 200
	}
	var before usage
	var wg sync.WaitGroup
	pace := time.NewTicker(8 * time.Millisecond)
	defer pace.Stop()
	for i := range total {
		if i == total/4 { // by now the heap has its size
			wg.Wait()
			x.idle()
			before = x.settled()
		}
		<-pace.C
		f := allFates[i%len(allFates)]
		wg.Go(func() {
			l := a.call(fmt.Sprintf("fate%d", i), f.exten)
			if err := f.caller(l); err != nil {
				t.Errorf("call %d, %s: %v", i, f.name, err)
			}
		})
	}
	wg.Wait()
	x.idle()
	var after usage
	defer func() { t.Logf("before %+v, after %+v", before, after) }()
	// The console that is asked has a descriptor for a moment longer than its answer takes.
	eventually(t, 10*time.Second, "nothing of the calls is left", func() bool {
		after = x.usage()
		return after.fds <= before.fds && after.goroutines <= before.goroutines && after.ports <= before.ports
	})
	if after.rss > before.rss+48<<10 {
		t.Errorf("memory grew from %d to %d KiB", before.rss, after.rss)
	}
}

// settled waits until what the exchange holds stays the same and returns it. The database
// of the call records is opened beside all else, and on a busy machine late: what is
// counted before that grows by its files.
func (x *exchange) settled() (u usage) {
	x.t.Helper()
	eventually(x.t, 60*time.Second, "the database of the records is open", func() bool {
		_, err := os.Stat(filepath.Join(x.state, "pbx.sqlite3-shm"))
		return err == nil
	})
	eventually(x.t, 60*time.Second, "the exchange settles", func() bool {
		last := u
		u = x.usage()
		return u.goroutines == last.goroutines && u.fds == last.fds && u.ports == last.ports && u.ports <= 2
	})
	return u
}

// TestFlood: twenty thousand requests of a stranger, each a call of its own. It
// is challenged only so often, memory stays where it was, and a phone is served.
func TestFlood(t *testing.T) {
	t.Parallel()
	x := newExchange(t, office)
	stranger := newAgent(t, x.net.host(20)+":5062", x.addr(), nil)
	good := newProbe(t, x.net.host(21), x.addr())
	defer good.close()
	before := x.status("VmRSS")
	id := make([]byte, 8)
	start := time.Now()
	const total = 20000
	for i := range total {
		_, _ = rand.Read(id)
		l := &leg{a: stranger, id: fmt.Sprintf("%x", id), uri: "sip:100@" + x.addr(), from: fmt.Sprintf("<sip:%x@a>;tag=%x", id[:4], id), to: "<sip:100@b>"}
		if i%2 == 0 {
			l.request("INVITE", 1, l.sdp(40000, pcmu))
		} else {
			l.request("REGISTER", 1, "")
		}
		if i%500 == 0 {
			if _, err := good.options(2 * time.Second); err != nil {
				t.Fatalf("after %d requests the phone waited in vain: %v", i, err)
			}
		}
	}
	took := time.Since(start)
	if _, err := good.options(2 * time.Second); err != nil {
		t.Errorf("after the flood: %v", err)
	}
	// The limit is a thousand at once and fifty a second.
	if n, most := stranger.strays(), 1000+int(50*(took.Seconds()+2)); n > most || n == 0 {
		t.Errorf("%d of %d requests were answered within %v, want at most %d", n, total, took, most)
	}
	x.idle()
	if after := x.settled(); after.rss > before+32<<10 {
		t.Errorf("memory grew from %d to %d KiB", before, after.rss)
	}
}

// TestGarbageInACall throws bytes at the RTP and RTCP ports of a call, from the
// phone itself and from a stranger: the echo goes on, and the stranger gets none
// of it.
func TestGarbageInACall(t *testing.T) {
	t.Parallel()
	x := newExchange(t, office)
	a := newAgent(t, x.net.host(2)+":5061", x.addr(), nil)
	rtp, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(x.net.host(2))})
	if err != nil {
		t.Fatal(err)
	}
	defer rtp.Close()
	stranger, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(x.net.host(30))})
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	l := a.call("garbage", "600")
	l.request("INVITE", 1, l.sdp(rtp.LocalAddr().(*net.UDPAddr).Port, pcmu))
	ok, found := l.await("SIP/2.0 200", "1 INVITE", limit)
	if !found {
		t.Fatal("no 200")
	}
	l.request("ACK2", 1, "")
	m := regexp.MustCompile(`m=audio (\d+)`).FindStringSubmatch(ok)
	if m == nil {
		t.Fatalf("no port in\n%s", ok)
	}
	port, _ := strconv.Atoi(m[1])
	media := &net.UDPAddr{IP: net.ParseIP(x.net.host(1)), Port: port}
	control := &net.UDPAddr{IP: media.IP, Port: port + 1}

	noise := make([]byte, 1500)
	echoed, buf := 0, make([]byte, 2048)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	const packets = 200
	for i := range packets {
		<-tick.C
		packet := make([]byte, 172)
		packet[0] = 0x80
		binary.BigEndian.PutUint16(packet[2:], uint16(i))
		binary.BigEndian.PutUint32(packet[4:], uint32(160*i))
		binary.BigEndian.PutUint32(packet[8:], 0xC0FFEE)
		for j := range packet[12:] {
			packet[12+j] = byte(i)
		}
		_, _ = rtp.WriteToUDP(packet, media)
		for range 5 {
			_, _ = rand.Read(noise)
			n := int(noise[0])*256 + int(noise[1])
			if noise[2]&1 == 0 {
				noise[0] = 0x80 // looks like RTP
			}
			_, _ = rtp.WriteToUDP(noise[:n%1500], control)
			_, _ = stranger.WriteToUDP(noise[:n%1500], media)
			_, _ = stranger.WriteToUDP(noise[:n%1500], control)
			if i > 20 { // what the phone itself sends may be anything but a new stream
				noise[0] = 0x00
				_, _ = rtp.WriteToUDP(noise[:n%1500], media)
			}
		}
		for {
			_ = rtp.SetReadDeadline(time.Now().Add(time.Millisecond))
			n, err := rtp.Read(buf)
			if err != nil {
				break
			}
			if n == 172 && buf[1]&0x7F == 0 && bytes.Count(buf[12:172], buf[12:13]) == 160 {
				echoed++
			}
		}
	}
	if echoed < packets*8/10 {
		t.Errorf("%d of %d packets came back", echoed, packets)
	}
	_ = stranger.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	if n, err := stranger.Read(buf); err == nil {
		t.Errorf("the stranger got %d bytes", n)
	}
	if err := l.bye(); err != nil {
		t.Error(err)
	}
	x.idle()
}

// TestConsoleGarbage: bytes on the console's socket, and a console that does not
// read, trouble nobody else.
func TestConsoleGarbage(t *testing.T) {
	t.Parallel()
	x := newExchange(t, office)
	path := filepath.Join(x.state, "pbx.ctl")
	before := x.settled()
	noise := make([]byte, 65536)
	var deaf []net.Conn
	for i := range 20 {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = rand.Read(noise)
		_ = conn.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		_, _ = conn.Write(noise[:len(noise)>>(i%12)])
		if i%2 == 0 {
			conn.Close()
			continue
		}
		deaf = append(deaf, conn)
	}
	a := newAgent(t, x.net.host(2)+":5061", x.addr(), nil)
	x.console("sip set debug on")
	for i := range 300 {
		if err := refused("486", pcmu)(a.call(fmt.Sprintf("deaf%d", i), "500")); err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
	}
	x.console("sip set debug off")
	for _, conn := range deaf {
		conn.Close()
	}
	x.idle()
	eventually(t, 10*time.Second, "the consoles are gone", func() bool {
		u := x.usage()
		return u.fds <= before.fds && u.goroutines <= before.goroutines
	})
}
