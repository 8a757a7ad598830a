package media

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	mrand "math/rand/v2"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	pbxio "pbx/io"
)

// DTMFTimeout is how long a digit whose end was lost lasts, unless EngineOptions say
// otherwise.
const DTMFTimeout = 375 * time.Millisecond

// EngineOptions configure an Engine; the zero value of each field but Network's
// argument has a default.
type EngineOptions struct {
	// Loops is the number of media loops, by default a quarter of the processors
	// and at least one.
	Loops int
	// RTPStart and RTPEnd bound the ports, both included: 10000-20000.
	RTPStart, RTPEnd int
	// Bind is the local address, 0.0.0.0.
	Bind netip.Addr
	// LaxRTP accepts packets from anywhere (strictrtp=no).
	LaxRTP bool
	// Probation is how many packets in sequence a source that the SDP did not
	// name must send before it is believed: 4.
	Probation int
	// DTMFTimeout ends a digit whose end was lost.
	DTMFTimeout time.Duration
	// RTCPInterval is the mean time between reports: 5 s; negative for none.
	RTCPInterval time.Duration

	Log    *slog.Logger
	Now    func() time.Time
	Random io.Reader // seeds ports, SSRCs and sequence numbers; crypto/rand
}

// Engine owns the media loops and the port range. Its methods may be called
// from any goroutine.
type Engine struct {
	net   pbxio.Network
	opt   EngineOptions
	ports *ports
	loops []*loop
	debug atomic.Pointer[debugFilter] // of RTP
	pipes atomic.Pointer[debugFilter] // of what Opaque sessions relay
	plays atomic.Uint64
	live  atomic.Int64
	ended atomic.Pointer[func(Stats)]

	mu     sync.Mutex
	rand   *mrand.ChaCha8
	closed bool
	done   sync.WaitGroup
}

// NewEngine starts the loops.
func NewEngine(net pbxio.Network, o EngineOptions) (*Engine, error) {
	e, err := newEngine(net, o)
	if err != nil {
		return nil, err
	}
	for i := range e.opt.Loops {
		l, err := newLoop(e, i)
		if err != nil {
			e.Close()
			return nil, fmt.Errorf("media: loop %d: %w", i, err)
		}
		e.loops = append(e.loops, l)
		e.done.Go(l.run)
	}
	return e, nil
}

// newEngine makes an engine that has no loop yet.
func newEngine(net pbxio.Network, o EngineOptions) (*Engine, error) {
	o.defaults()
	if o.RTPStart < 1 || o.RTPEnd > 65535 || o.RTPEnd <= o.RTPStart {
		return nil, fmt.Errorf("media: RTP ports %d-%d: not a range", o.RTPStart, o.RTPEnd)
	}
	var seed [32]byte
	if _, err := io.ReadFull(o.Random, seed[:]); err != nil {
		return nil, fmt.Errorf("media: random seed: %w", err)
	}
	return &Engine{net: net, opt: o, rand: mrand.NewChaCha8(seed), ports: newPorts(o.RTPStart, o.RTPEnd)}, nil
}

func (o *EngineOptions) defaults() {
	if o.Loops <= 0 {
		o.Loops = max(1, runtime.GOMAXPROCS(0)/4)
	}
	if o.RTPStart == 0 && o.RTPEnd == 0 {
		o.RTPStart, o.RTPEnd = 10000, 20000
	}
	if !o.Bind.IsValid() {
		o.Bind = netip.IPv4Unspecified()
	}
	if o.Probation <= 0 {
		o.Probation = 4
	}
	if o.DTMFTimeout <= 0 {
		o.DTMFTimeout = DTMFTimeout
	}
	if o.RTCPInterval == 0 {
		o.RTCPInterval = 5 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
}

// Close ends every session and the loops, and returns when they are gone. Not to
// be called on a media loop.
func (e *Engine) Close() {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return
	}
	e.closed = true
	e.mu.Unlock()
	for _, l := range e.loops {
		l.ctx.Post(l.close)
	}
	e.done.Wait()
}

// Sessions is how many sessions are open.
func (e *Engine) Sessions() int { return int(e.live.Load()) }

// OnEnd has f told what each session saw that ends from now on, on its media loop: f
// must be quick.
func (e *Engine) OnEnd(f func(Stats)) { e.ended.Store(&f) }

// Loops is how many media loops there are.
func (e *Engine) Loops() int { return len(e.loops) }

// Load tells how many functions that others posted a media loop has taken, how many wait
// for it, and how many did at most; loops count from 0.
func (e *Engine) Load(loop int) (taken uint64, waiting, deepest int) { return e.loops[loop].ctx.Load() }

// NewSession binds an RTP port and the RTCP port above it. The error is
// ErrNoPorts when the range is exhausted, or wraps what the network said.
func (e *Engine) NewSession(o SessionOptions) (*Session, error) {
	if !o.Bind.IsValid() {
		o.Bind = e.opt.Bind
	}
	rtp, rtcp, err := e.listen(o.Bind, o.Marks)
	if err != nil {
		return nil, err
	}
	s := newSession(e, o, rtp, rtcp)
	if !e.whileOpen(func() { s.post(s.attach) }) {
		s.end()
		return nil, ErrClosed
	}
	return s, nil
}

// listen binds a free pair, at a random place of the range so that the ports of
// a call cannot be guessed.
func (e *Engine) listen(bind netip.Addr, marks pbxio.Marks) (rtp, rtcp pbxio.Socket, err error) {
	opt := pbxio.SocketOptions{Marks: marks}
	for range e.ports.size() {
		port, ok := e.ports.take(e.uint64())
		if !ok {
			return nil, nil, ErrNoPorts
		}
		rtp, err = e.net.ListenUDP(netip.AddrPortFrom(bind, port), opt)
		if err == nil {
			if rtcp, err = e.net.ListenUDP(netip.AddrPortFrom(bind, port+1), opt); err == nil {
				return rtp, rtcp, nil
			}
			_ = rtp.Close()
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			e.ports.put(port)
			return nil, nil, fmt.Errorf("RTP on %s: %w", netip.AddrPortFrom(bind, port), err)
		}
		// Another program has it: it stays taken until the next round of the
		// range, so that the search ends.
		defer e.ports.put(port)
	}
	return nil, nil, ErrNoPorts
}

func (e *Engine) uint64() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.rand.Uint64()
}

// whileOpen runs f, which posts to a loop, unless the engine was closed: what it
// posts runs before the loop's end then.
func (e *Engine) whileOpen(f func()) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		f()
	}
	return !e.closed
}

// leastLoaded is the loop with the fewest sessions.
func (e *Engine) leastLoaded() *loop {
	best := e.loops[0]
	for _, l := range e.loops[1:] {
		if l.sessions.Load() < best.sessions.Load() {
			best = l
		}
	}
	return best
}

type debugFilter struct{ addr netip.Addr }

// SetDebug has every packet logged, those of one far address alone when addr is
// valid.
func (e *Engine) SetDebug(on bool, addr netip.Addr) {
	e.debug.Store(newFilter(on, addr))
}

// SetPipeDebug is SetDebug for the datagrams of Opaque sessions.
func (e *Engine) SetPipeDebug(on bool, addr netip.Addr) { e.pipes.Store(newFilter(on, addr)) }

func newFilter(on bool, addr netip.Addr) *debugFilter {
	if !on {
		return nil
	}
	return &debugFilter{addr}
}

// wants reports whether packets from or to a far end are logged.
func (d *debugFilter) wants(far netip.AddrPort) bool {
	return d != nil && (!d.addr.IsValid() || d.addr == far.Addr())
}
