package media

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	pbxio "pbx/io"
	"pbx/media/rtp"
)

// still is a network whose sockets hold one packet for ever and count what they
// are asked to send: nothing but the engine's own work is left.
type still struct {
	packet []byte
	from   netip.AddrPort
	sent   int
}

func (n *still) NewPoller() (pbxio.Poller, error) { return pbxio.NewMemory().NewPoller() }
func (n *still) LocalAddr(netip.Addr) netip.Addr  { return netip.Addr{} }

func (n *still) ListenTCP(netip.AddrPort, pbxio.SocketOptions) (pbxio.StreamListener, error) {
	return nil, errors.ErrUnsupported
}

func (n *still) DialTCP(context.Context, netip.Addr, netip.AddrPort, pbxio.SocketOptions) (net.Conn, error) {
	return nil, errors.ErrUnsupported
}

func (s *stillSocket) FD() int                           { return 3 }
func (s *stillSocket) Local() netip.AddrPort             { return s.local }
func (s *stillSocket) Close() error                      { return nil }
func (s *stillSocket) Send([]byte, netip.AddrPort) error { s.net.sent++; return nil }

func (n *still) ListenUDP(a netip.AddrPort, _ pbxio.SocketOptions) (pbxio.Socket, error) {
	return &stillSocket{n, a, false}, nil
}

type stillSocket struct {
	net   *still
	local netip.AddrPort
	empty bool
}

func (s *stillSocket) Recv(b []byte) (int, netip.AddrPort, error) {
	if s.empty = !s.empty; !s.empty {
		return 0, netip.AddrPort{}, pbxio.ErrAgain
	}
	return copy(b, s.net.packet), s.net.from, nil
}

func (s *stillSocket) RecvBatch([]pbxio.Datagram) (int, error) { return 0, pbxio.ErrAgain }
func (s *stillSocket) SendBatch([]pbxio.Datagram) (int, error) { return 0, pbxio.ErrAgain }
func (s *stillSocket) Mark(pbxio.Marks) error                  { return nil }
func (s *stillSocket) RecvError(*pbxio.Datagram) (error, bool) { return nil, false }

// steady makes two joined sessions on a loop that the test steps itself.
func steady(t testing.TB, codec string) (n *still, a, b *Session) {
	t.Helper()
	n = &still{from: netip.MustParseAddrPort(alice), packet: make([]byte, rtp.HeaderSize+160)}
	e, err := newEngine(n, EngineOptions{RTPStart: 10000, RTPEnd: 10100})
	if err != nil {
		t.Fatal(err)
	}
	l, err := newLoop(e, 0)
	if err != nil {
		t.Fatal(err)
	}
	e.loops = []*loop{l}
	var all [2]*Session
	for i := range all {
		if all[i], err = e.NewSession(SessionOptions{}); err != nil {
			t.Fatal(err)
		}
		all[i].l, all[i].ops, all[i].posted = l, nil, false // it is not attached: there is nothing to poll
	}
	a, b = all[0], all[1]
	for _, s := range all {
		l.add(s)
		s.far.set(Remote{RTP: n.from, Send: Payload{0, "ulaw"}, Recv: []Payload{{0, "ulaw"}}, DTMFRecv: 101, DTMFSend: 101}, 0)
		s.source.reset(n.from)
		s.dest, s.rtcpDest = s.far.rtp, s.far.rtcp
	}
	b.far.codec, b.far.name = format(codec), codec
	a.peer, b.peer = b, a
	return n, a, b
}

// TestAllocations: a packet that is relayed, translated, played or is a digit
// allocates nothing, and neither does a report.
func TestAllocations(t *testing.T) {
	t.Run("relay", func(t *testing.T) {
		for _, codec := range []string{"ulaw", "alaw"} {
			n, a, _ := steady(t, codec)
			seq := uint16(0)
			runs := testing.AllocsPerRun(1000, func() {
				seq++
				rtp.Header{Sequence: seq, Timestamp: 160 * uint32(seq), SSRC: 7}.Put(n.packet)
				a.rtpReady(0, pbxio.In)
				a.l.sched.Run()
			})
			if runs != 0 || n.sent < 1000 {
				t.Errorf("ulaw to %s: %v allocations a packet, %d sent", codec, runs, n.sent)
			}
		}
	})
	t.Run("digit", func(t *testing.T) {
		n, a, _ := steady(t, "ulaw")
		seq := uint16(0)
		if runs := testing.AllocsPerRun(1000, func() {
			seq++
			rtp.Header{Type: 101, Sequence: seq, Timestamp: 800 * uint32(seq/5), SSRC: 7}.Put(n.packet)
			rtp.Event{Code: 5, Duration: 160 * (seq%5 + 1), End: seq%5 > 2}.Put(n.packet[rtp.HeaderSize:])
			a.rtpReady(0, pbxio.In)
		}); runs != 0 {
			t.Errorf("%v allocations a packet", runs)
		}
	})
	t.Run("play", func(t *testing.T) {
		n, a, _ := steady(t, "ulaw")
		a.startPlay(&playback{src: &text{codec: "ulaw", blocks: 1 << 20}, codec: "ulaw"})
		if runs := testing.AllocsPerRun(1000, func() { a.l.blockDue() }); runs != 0 || n.sent < 1000 {
			t.Errorf("%v allocations a packet, %d sent", runs, n.sent)
		}
	})
	t.Run("report", func(t *testing.T) {
		n, a, _ := steady(t, "ulaw")
		a.rtpReady(0, pbxio.In)
		a.reportDue()
		if runs := testing.AllocsPerRun(1000, func() {
			a.stats.TxPackets++
			a.reportDue()
		}); runs != 0 || n.sent < 1000 {
			t.Errorf("%v allocations a report, %d sent", runs, n.sent)
		}
	})
}

func BenchmarkPacket(b *testing.B) {
	for _, codec := range []string{"ulaw", "alaw"} {
		b.Run(codec, func(b *testing.B) {
			n, a, _ := steady(b, codec)
			seq := uint16(0)
			b.ReportAllocs()
			for b.Loop() {
				seq++
				rtp.Header{Sequence: seq, Timestamp: 160 * uint32(seq), SSRC: 7}.Put(n.packet)
				a.rtpReady(0, pbxio.In)
			}
		})
	}
}

// TestSessionSize: a held call keeps no buffers.
func TestSessionSize(t *testing.T) {
	const sessions = 200
	e, err := NewEngine(&still{}, EngineOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	all := make([]*Session, 0, sessions)
	if runs := testing.AllocsPerRun(1, func() {
		for range sessions / 2 {
			s, err := e.NewSession(SessionOptions{Timeout: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, s)
		}
	}); runs/(sessions/2) > 25 {
		t.Errorf("%v allocations a session", runs/(sessions/2))
	}
}
