package media

import (
	"errors"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	pbxio "pbx/io"
	"pbx/media/rtp"
)

// phone is a far end on a memory network.
type phone struct {
	t         *testing.T
	rtp, rtcp pbxio.Socket
	to        netip.AddrPort
	seq       uint16
	ts        uint32
	ssrc      uint32
	pt        uint8
}

// packet is one that a phone got.
type packet struct {
	rtp.Header
	payload string
	from    netip.AddrPort
}

func newPhone(t *testing.T, net pbxio.Network, addr string) *phone {
	t.Helper()
	at := netip.MustParseAddrPort(addr)
	p := &phone{t: t, seq: 100, ts: 5000, ssrc: uint32(at.Port()) << 8}
	var err error
	if p.rtp, err = net.ListenUDP(at, pbxio.SocketOptions{}); err != nil {
		t.Fatal(err)
	}
	if p.rtcp, err = net.ListenUDP(netip.AddrPortFrom(at.Addr(), at.Port()+1), pbxio.SocketOptions{}); err != nil {
		t.Fatal(err)
	}
	return p
}

// say sends one packet of 20 ms.
func (p *phone) say(payload string) {
	p.t.Helper()
	p.emit(p.pt, false, p.ts, []byte(payload))
	p.ts += 160
}

func (p *phone) emit(pt uint8, marker bool, ts uint32, payload []byte) {
	p.t.Helper()
	b := make([]byte, rtp.HeaderSize+len(payload))
	rtp.Header{Type: pt, Marker: marker, Sequence: p.seq, Timestamp: ts, SSRC: p.ssrc}.Put(b)
	copy(b[rtp.HeaderSize:], payload)
	p.seq++
	if err := p.rtp.Send(b, p.to); err != nil {
		p.t.Fatal(err)
	}
}

func (p *phone) event(pt uint8, e rtp.Event, marker bool) {
	p.t.Helper()
	b := make([]byte, rtp.EventSize)
	e.Put(b)
	p.emit(pt, marker, p.ts, b)
}

// heard returns what came since the last call, once everything came to rest.
func (p *phone) heard() (got []packet) {
	p.t.Helper()
	synctest.Wait()
	buf := make([]byte, maxPacket)
	for {
		n, from, err := p.rtp.Recv(buf)
		if errors.Is(err, pbxio.ErrAgain) {
			return got
		}
		if err != nil {
			p.t.Fatal(err)
		}
		h, ok := rtp.Parse(buf[:n])
		if !ok {
			p.t.Fatalf("% x is no RTP", buf[:n])
		}
		got = append(got, packet{h, string(buf[h.Start:h.End]), from})
	}
}

// texts are the payloads of packets.
func texts(got []packet) (out []string) {
	for _, p := range got {
		out = append(out, p.payload)
	}
	return out
}

// remote is how a phone's SDP would describe it.
func (p *phone) remote(codec string) Remote {
	f, _ := FormatNamed(codec)
	p.pt = f.Offer
	return Remote{RTP: p.rtp.Local(), Send: Payload{f.Offer, codec}, DTMFSend: 101, DTMFRecv: 101}
}

// events records what a session tells.
type events struct {
	mu  sync.Mutex
	got []string
	at  []time.Time
}

func (e *events) note(s string) {
	e.mu.Lock()
	e.got, e.at = append(e.got, s), append(e.at, time.Now())
	e.mu.Unlock()
}

func (e *events) DigitBegin(d byte) { e.note("begin " + string(rune(d))) }
func (e *events) DigitEnd(d byte, dur time.Duration) {
	e.note("end " + string(rune(d)) + " " + dur.String())
}
func (e *events) Silent(d time.Duration) { e.note("silent " + d.String()) }
func (e *events) Played(_ PlayID, err error) {
	if err != nil {
		e.note("played: " + err.Error())
		return
	}
	e.note("played")
}

func (e *events) take() []string {
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	got := e.got
	e.got, e.at = nil, nil
	return got
}

// office is an engine on a memory network.
type office struct {
	*Engine
	net *pbxio.Memory
}

func newOffice(t *testing.T, o EngineOptions) *office {
	t.Helper()
	net := pbxio.NewMemory()
	if o.RTPStart == 0 {
		o.RTPStart, o.RTPEnd = 10000, 10999
	}
	if !o.Bind.IsValid() {
		o.Bind = netip.MustParseAddr("127.0.10.1")
	}
	e, err := NewEngine(net, o)
	if err != nil {
		t.Fatal(err)
	}
	return &office{e, net}
}

// call opens a session for a phone and configures it.
func (o *office) call(t *testing.T, addr, codec string, opt SessionOptions) (*Session, *phone) {
	t.Helper()
	p := newPhone(t, o.net, addr)
	s, err := o.NewSession(opt)
	if err != nil {
		t.Fatal(err)
	}
	p.to = s.Local()
	s.Configure(p.remote(codec))
	synctest.Wait()
	return s, p
}

// bubble runs f in virtual time; the engine must be gone when it ends, so that a
// goroutine left over fails the test.
func bubble(t *testing.T, o EngineOptions, f func(t *testing.T, o *office)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, o)
		f(t, o)
		o.Close()
		if n := o.Sessions(); n != 0 {
			t.Errorf("%d sessions outlive the engine", n)
		}
		if n := o.ports.inUse(); n != 0 {
			t.Errorf("%d port pairs were not given back", n)
		}
	})
}
