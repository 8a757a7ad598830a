package media

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	pbxio "pbx/io"
	"pbx/media/rtp"
)

func addPort(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr(), a.Port()+1) }

func TestPorts(t *testing.T) {
	bubble(t, EngineOptions{RTPStart: 10001, RTPEnd: 10020}, func(t *testing.T, o *office) {
		open := func() (all []*Session) {
			for {
				s, err := o.NewSession(SessionOptions{})
				if err != nil {
					if !errors.Is(err, ErrNoPorts) {
						t.Fatal(err)
					}
					return all
				}
				if p := s.Local().Port(); p&1 != 0 || p < 10002 || p > 10018 {
					t.Errorf("RTP on port %d", p)
				}
				all = append(all, s)
			}
		}
		first := open()
		if len(first) != 9 {
			t.Fatalf("%d pairs in 10001-10020, want 9", len(first))
		}
		ports := func(all []*Session) (p []uint16) {
			for _, s := range all {
				p = append(p, s.Local().Port())
			}
			return p
		}
		if slices.IsSorted(ports(first)) {
			t.Error("ports come in order")
		}
		for _, s := range first {
			s.Close()
			s.Close()
		}
		time.Sleep(time.Second)
		if n := o.ports.inUse(); n != 0 {
			t.Fatalf("%d pairs are still in use", n)
		}
		if again := open(); len(again) != 9 {
			t.Errorf("%d pairs the second time", len(again))
		}
	})
}

// TestPortsTaken: a port that another program has is passed over, and comes back.
func TestPortsTaken(t *testing.T) {
	bubble(t, EngineOptions{RTPStart: 10000, RTPEnd: 10007}, func(t *testing.T, o *office) {
		for _, port := range []string{"127.0.10.1:10002", "127.0.10.1:10005"} {
			if _, err := o.net.ListenUDP(netip.MustParseAddrPort(port), pbxio.SocketOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		for want := 2; want >= 0; want-- {
			_, err := o.NewSession(SessionOptions{})
			if (err == nil) != (want > 0) {
				t.Errorf("%d free: %v", want, err)
			}
		}
	})
}

// TestNoDescriptors: what fails to open gives its port back.
func TestNoDescriptors(t *testing.T) {
	e, err := NewEngine(brokenNet{pbxio.NewMemory()}, EngineOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for range 3 {
		if _, err := e.NewSession(SessionOptions{}); !errors.Is(err, syscall.EMFILE) {
			t.Fatal(err)
		}
	}
	if n := e.ports.inUse(); n != 0 {
		t.Errorf("%d pairs in use", n)
	}
}

type brokenNet struct{ *pbxio.Memory }

func (n brokenNet) ListenUDP(a netip.AddrPort, o pbxio.SocketOptions) (pbxio.Socket, error) {
	if a.Port()&1 != 0 {
		return nil, syscall.EMFILE
	}
	return n.Memory.ListenUDP(a, o)
}

func TestEngineRefusesARange(t *testing.T) {
	for _, o := range []EngineOptions{{RTPStart: 20000, RTPEnd: 10000}, {RTPStart: 10000, RTPEnd: 70000}, {RTPStart: -1, RTPEnd: 10}} {
		if e, err := NewEngine(pbxio.NewMemory(), o); err == nil {
			e.Close()
			t.Errorf("%d-%d was taken", o.RTPStart, o.RTPEnd)
		}
	}
}

// TestSystem opens, joins, moves and closes sessions on real sockets from several
// goroutines, and looks for descriptors that are left.
func TestSystem(t *testing.T) {
	before := descriptors(t)
	e, err := NewEngine(pbxio.System(), EngineOptions{Loops: 3, Bind: netip.MustParseAddr("127.0.0.1"), RTPStart: 30000, RTPEnd: 30999})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for i := range 50 {
				a, err := e.NewSession(SessionOptions{})
				if err != nil {
					t.Error(err)
					return
				}
				b, err := e.NewSession(SessionOptions{Near: a})
				if err != nil {
					t.Error(err)
					return
				}
				a.Configure(Remote{RTP: b.Local(), Send: Payload{0, "ulaw"}})
				b.Configure(Remote{RTP: a.Local(), Send: Payload{0, "ulaw"}})
				_ = Join(a, b)
				a.Move(g + i)
				a.Play(&text{codec: "ulaw", blocks: 3}, true)
				b.Move(g)
				Part(a, b)
				_ = a.Stats()
				a.Close()
				b.Close()
			}
		})
	}
	all.Wait()
	e.Close()
	if n := e.Sessions(); n != 0 {
		t.Errorf("%d sessions left", n)
	}
	if n := e.ports.inUse(); n != 0 {
		t.Errorf("%d pairs left", n)
	}
	if _, err := e.NewSession(SessionOptions{}); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed engine gave %v", err)
	}
	if n := e.ports.inUse(); n != 0 {
		t.Errorf("%d pairs left by a refused session", n)
	}
	if after := descriptors(t); after > before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// TestFlood: a port that is flooded costs the others nothing, and the loop keeps
// its rest.
func TestFlood(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		a, pa := o.call(t, alice, "ulaw", SessionOptions{})
		b, pb := o.call(t, bob, "ulaw", SessionOptions{Near: a})
		c, _ := o.call(t, "127.0.10.4:4000", "ulaw", SessionOptions{})
		_ = Join(a, b)
		m := newPhone(t, o.net, mallory)
		m.to = c.Local()
		for range 40 { // until the loop is busy
			m.say("x")
			time.Sleep(time.Millisecond)
		}
		before := c.Stats().Strangers
		for range 4000 {
			m.say("x")
		}
		start := time.Now()
		for range 10 {
			pa.say("x")
			time.Sleep(2 * tick)
			if n := len(pb.heard()); n != 1 {
				t.Fatalf("bob heard %d packets during the flood", n)
			}
		}
		most := uint64(time.Since(start)/tick+2) * maxRounds
		if n := c.Stats().Strangers - before; n > most {
			t.Errorf("the flood got %d packets through in %s, want %d at most", n, time.Since(start), most)
		}
	})
}

// TestSystemRelay: the same relay over the kernel's sockets, at rest and under
// load.
func TestSystemRelay(t *testing.T) {
	e, err := NewEngine(pbxio.System(), EngineOptions{Bind: netip.MustParseAddr("127.0.0.1"), RTPStart: 31000, RTPEnd: 31999})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var socks [2]*net.UDPConn
	var legs [2]*Session
	for i := range legs {
		if socks[i], err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
			t.Fatal(err)
		}
		defer socks[i].Close()
		if legs[i], err = e.NewSession(SessionOptions{Near: legs[0]}); err != nil {
			t.Fatal(err)
		}
		legs[i].Configure(Remote{RTP: socks[i].LocalAddr().(*net.UDPAddr).AddrPort(), Send: Payload{0, "ulaw"}})
	}
	if err := Join(legs[0], legs[1]); err != nil {
		t.Fatal(err)
	}
	for joined := make(chan bool, 1); ; {
		legs[0].post(func() { joined <- legs[0].peer == legs[1] })
		if <-joined {
			break
		}
	}
	b := make([]byte, maxPacket)
	for i := range 2000 {
		from, to := i%2, 1-i%2
		rtp.Header{Sequence: uint16(i), Timestamp: uint32(80 * i), SSRC: uint32(from)}.Put(b)
		b[rtp.HeaderSize] = byte(i)
		if _, err := socks[from].WriteToUDPAddrPort(b[:rtp.HeaderSize+1], legs[from].Local()); err != nil {
			t.Fatal(err)
		}
		if err := socks[to].SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, err := socks[to].Read(b)
		if err != nil {
			t.Fatalf("packet %d: %v", i, err)
		}
		if h, ok := rtp.Parse(b[:n]); !ok || h.SSRC != legs[to].SSRC() || b[h.Start] != byte(i) {
			t.Fatalf("packet %d became % x", i, b[:n])
		}
	}
}

func descriptors(t *testing.T) (n int) {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if to, _ := os.Readlink(filepath.Join("/proc/self/fd", f.Name())); strings.HasPrefix(to, "socket:") {
			n++
		}
	}
	return n
}

// TestIdle: with nothing to do a loop does nothing.
func TestIdle(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		a, pa := o.call(t, alice, "ulaw", SessionOptions{})
		b, _ := o.call(t, bob, "ulaw", SessionOptions{Near: a})
		_ = Join(a, b)
		for range 200 {
			for range 50 {
				pa.say("x")
			}
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		l := o.loops[0]
		turns := l.turns.Load()
		time.Sleep(time.Hour)
		if n := l.turns.Load() - turns; n > 5 {
			t.Errorf("%d turns in an idle hour", n)
		}
	})
}

// TestUnderLoad: a loop that drains by ticks loses nothing and is late by a tick
// at most.
func TestUnderLoad(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		a, pa := o.call(t, alice, "ulaw", SessionOptions{})
		b, pb := o.call(t, bob, "ulaw", SessionOptions{Near: a})
		_ = Join(a, b)
		for range 300 {
			pa.say("x")
			time.Sleep(time.Millisecond)
		}
		synctest.Wait()
		if !o.loops[0].busy {
			t.Error("1,000 packets a second are no load")
		}
		pb.heard()
		for range 50 { // bursts
			for range 20 {
				pa.say("y")
			}
			time.Sleep(3 * tick)
			if n := len(pb.heard()); n != 20 {
				t.Fatalf("%d of 20 packets after three ticks", n)
			}
		}
	})
}
