package media

import (
	"fmt"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	pbxio "pbx/io"
	"pbx/media/rtp"
	"pbx/media/tone"
	"pbx/sched"
)

// Session is one RTP session: an even RTP port and the RTCP port above it. Its
// methods may be called from any goroutine; they take effect on the session's
// media loop, in the order of the calls.
type Session struct {
	e         *Engine
	opt       SessionOptions
	local     netip.AddrPort
	rtp, rtcp pbxio.Socket
	drainFunc func()

	mu     sync.Mutex // guards this group
	owner  *loop
	target *loop // whose turn will drain ops
	posted bool
	ops    []func()
	remote Remote
	closed bool

	tapped atomic.Int32 // listeners, counted from when they are asked for

	stats counters

	// The rest belongs to the loop.
	l                *loop // nil before attach and after end
	place            int   // among the loop's members
	rtpID, rtcpID    pbxio.ID
	far              far // what the far end's SDP said
	dest, rtcpDest   netip.AddrPort
	source           lock // who may send us RTP
	recv             receiver
	send             stream
	digitIn          digitReceiver
	muteIn, muteOut  bool           // what the far end says, or hears, is silence
	inband           *tone.Detector // nil when digits come as events
	digitOut         digitSender
	peer             *Session // where packets go; the session itself for an echo
	want             *Session // the peer of a Join that is under way
	noDigits         bool     // telephone-events are not passed on to peer
	voice            *voice   // its part in a Mix, instead of peer
	play             *playback
	lastSamples      int // in the last packet that we made
	taps             []Tap
	heard, sentAt    time.Time // last RTP or RTCP in, last RTP out
	reportID         sched.ID
	watchID          sched.ID
	report           reporter
	paced            bool
	dead             bool
	onReport, onWait sched.Callback
	onDigitTimeout   sched.Callback
}

func newSession(e *Engine, o SessionOptions, r, c pbxio.Socket) *Session {
	s := &Session{e: e, opt: o, rtp: r, rtcp: c, local: r.Local()}
	if o.Near != nil {
		o.Near.mu.Lock()
		s.owner = o.Near.owner
		o.Near.mu.Unlock()
		s.opt.Near = nil
	} else {
		s.owner = e.leastLoaded()
	}
	s.owner.sessions.Add(1)
	e.live.Add(1)
	s.drainFunc = s.drain
	s.onReport, s.onWait, s.onDigitTimeout = s.reportDue, s.watch, s.digitTimedOut
	seed := e.uint64()
	s.send.ssrc, s.send.seq = uint32(seed), uint16(seed>>32)&0x7fff
	s.send.ts = uint32(e.uint64())
	return s
}

// Local is the address of the RTP port, with the session's local address even
// where that is unspecified.
func (s *Session) Local() netip.AddrPort { return s.local }

// SSRC is the source identifier of what we send.
func (s *Session) SSRC() uint32 { return s.send.ssrc }

// Remote is what Configure was last called with.
func (s *Session) Remote() Remote {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.remote
}

// Format is the codec that the session sends, "" before Configure.
func (s *Session) Format() string { return s.Remote().Send.Codec }

// Configure says who the far end is and what it speaks. A change of r.RTP makes
// the session learn its source anew; an unchanged one keeps it.
func (s *Session) Configure(r Remote) {
	r.RTP, r.RTCP = unmap(r.RTP), unmap(r.RTCP)
	if len(r.Recv) == 0 && r.Send.Codec != "" {
		r.Recv = []Payload{r.Send}
	}
	s.mu.Lock()
	s.remote = r
	s.mu.Unlock()
	s.post(func() { s.configure(r) })
}

func unmap(a netip.AddrPort) netip.AddrPort {
	if a.Addr().Is4In6() {
		return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
	}
	return a
}

// Close ends the session, sends the goodbye of RTCP and gives the ports back.
// More than once is harmless.
func (s *Session) Close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	s.mu.Unlock()
	s.post(s.end)
}

// SetTap adds a listener, and RemoveTap takes it away; while a session has one,
// it hears what is received and sent.
func (s *Session) SetTap(t Tap) {
	s.tapped.Add(1)
	s.post(func() { s.taps = append(s.taps, t) })
}

// RemoveTap ends a SetTap; t must be comparable.
func (s *Session) RemoveTap(t Tap) {
	s.post(func() {
		for i := range s.taps {
			if s.taps[i] == t {
				s.taps = append(s.taps[:i:i], s.taps[i+1:]...)
				s.tapped.Add(-1)
				return
			}
		}
	})
}

// Tapped reports whether somebody listens.
func (s *Session) Tapped() bool { return s.tapped.Load() > 0 }

// Mute has silence in the place of what the far end says, and of what it hears, or lets
// them through again. Audio in codecs that silence cannot be written in is dropped. A
// session that is muted counts as one that somebody listens to.
func (s *Session) Mute(in, out bool) {
	s.post(func() {
		if was, is := s.muteIn || s.muteOut, in || out; was != is {
			s.tapped.Add(map[bool]int32{true: 1, false: -1}[is])
		}
		s.muteIn, s.muteOut = in, out
	})
}

// hush turns a payload into silence; it reports false where that cannot be.
func hush(codec int8, payload []byte) bool {
	if codec != fmtUlaw && codec != fmtAlaw {
		return false
	}
	silence(name(codec), payload)
	return true
}

// post queues f for the session's loop. Every function posted runs, even on a
// session that has ended, unless its engine closed.
func (s *Session) post(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ops = append(s.ops, f)
	if !s.posted {
		s.posted, s.target = true, s.owner
		s.owner.ctx.Post(s.drainFunc)
	}
}

// drain runs what was posted, on the loop that owns the session: the order
// survives a move in between.
func (s *Session) drain() {
	for stamped := false; ; stamped = true {
		s.mu.Lock()
		if s.owner != s.target {
			s.target = s.owner
			s.owner.ctx.Post(s.drainFunc)
			s.mu.Unlock()
			return
		}
		if !stamped {
			s.owner.stamp()
		}
		if len(s.ops) == 0 {
			s.posted, s.ops = false, nil
			s.mu.Unlock()
			return
		}
		f := s.ops[0]
		s.ops[0] = nil
		s.ops = s.ops[1:]
		s.mu.Unlock()
		s.run(f)
	}
}

func (s *Session) run(f func()) {
	defer s.guard()
	f()
}

// guard keeps a panic from costing more than its session.
func (s *Session) guard() {
	if r := recover(); r != nil {
		s.e.opt.Log.Error("panic in an RTP session", "local", s.local, "panic", r, "stack", string(debug.Stack()))
		s.fail()
	}
}

// fail ends a broken session and says so.
func (s *Session) fail() {
	defer func() {
		if r := recover(); r != nil {
			s.e.opt.Log.Error("panic while an RTP session ended", "local", s.local, "panic", r)
		}
	}()
	if s.dead {
		return
	}
	s.end()
	if s.opt.Events != nil {
		s.opt.Events.Silent(0)
	}
}

// attach puts the session on its owner's loop.
func (s *Session) attach() {
	s.l = s.owner
	s.l.add(s)
	s.heard, s.sentAt = s.l.now, s.l.now
	if err := s.listen(); err != nil {
		s.e.opt.Log.Error("RTP session cannot listen", "local", s.local, "error", err)
		s.fail()
		return
	}
	s.startWatch()
}

// listen has the loop watch the sockets.
func (s *Session) listen() (err error) {
	if s.rtpID, err = s.l.ctx.Add(s.rtp.FD(), pbxio.In, s.rtpReady); err != nil {
		return fmt.Errorf("RTP port: %w", err)
	}
	if s.rtcpID, err = s.l.ctx.Add(s.rtcp.FD(), pbxio.In, s.rtcpReady); err != nil {
		return fmt.Errorf("RTCP port: %w", err)
	}
	return nil
}

// leave takes the session off its loop: sockets, timers and pace.
func (s *Session) leave() {
	l := s.l
	_ = l.ctx.Remove(s.rtpID)
	_ = l.ctx.Remove(s.rtcpID)
	s.rtpID, s.rtcpID = 0, 0
	for _, id := range [...]*sched.ID{&s.reportID, &s.watchID, &s.digitIn.timer} {
		if *id != 0 {
			l.sched.Delete(*id)
			*id = 0
		}
	}
	l.unpace(s)
	l.remove(s)
	l.sessions.Add(-1)
	s.l = nil
}

// end closes the session on its loop.
func (s *Session) end() {
	if s.dead {
		return
	}
	s.dead = true
	s.stopPlay(ErrStopped)
	s.part()
	if s.l != nil {
		s.goodbye()
		s.leave()
	}
	_ = s.rtp.Close()
	_ = s.rtcp.Close()
	s.e.ports.put(s.local.Port())
	s.e.live.Add(-1)
	s.taps = nil
	if f := s.e.ended.Load(); f != nil {
		(*f)(s.Stats())
	}
}

// configure takes over what the SDP said.
func (s *Session) configure(r Remote) {
	if s.dead {
		return
	}
	held, away := s.far.held(), s.far.away
	changed := s.far.rtp != r.RTP
	s.far.set(r, s.opt.Ptime)
	switch {
	case !r.Inband:
		s.inband = nil
	case s.inband == nil:
		s.inband = &tone.Detector{Relaxed: r.Relaxed}
	}
	if changed {
		s.source.reset(r.RTP)
	} else {
		s.source.reconfigured(s.l.now)
	}
	s.dest, s.rtcpDest = r.RTP, s.far.rtcp
	if s.source.learned {
		s.follow(s.source.from)
	}
	if s.far.held() != held || s.far.away != away {
		s.heard, s.sentAt = s.l.now, s.l.now
	}
	if !s.far.dir.Sends() {
		s.send.from = nil
	}
	s.startWatch()
}

// part ends the relay on both sides, or the session's part in a mix.
func (s *Session) part() {
	s.voice = nil
	p := s.peer
	if p == nil {
		return
	}
	s.peer, s.send.from = nil, nil
	if p.peer == s {
		p.peer, p.send.from = nil, nil
	}
}

// sendable reports whether a packet may go to the far end now.
func (s *Session) sendable() bool {
	return s.dest.IsValid() && s.dest.Port() != 0 && !s.dest.Addr().IsUnspecified() && s.far.dir.Sends()
}

// transmit sends a packet whose header and payload are in b.
func (s *Session) transmit(b []byte) {
	err := s.rtp.Send(b, s.dest)
	s.sentAt = s.l.now
	s.stats.sent(len(b)-rtp.HeaderSize, err)
	s.startReports()
}
