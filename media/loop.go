package media

import (
	"log/slog"
	mrand "math/rand/v2"
	"runtime/debug"
	"sync/atomic"
	"time"

	pbxio "pbx/io"
	"pbx/sched"
)

const (
	// maxPacket is what one receive takes; longer datagrams are no RTP of ours.
	maxPacket = 2048
	// block is the time that playbacks are paced in.
	block = 20 * time.Millisecond
	// tick is how long a loop under load sleeps between two drains: a wake-up
	// costs more than a packet does. The runtime rounds up to whole milliseconds.
	tick = time.Millisecond
	// Above busyRate packets a second a loop drains by ticks, below calmRate it
	// wakes for each; the rate is taken every rateWindow.
	busyRate   = 600
	calmRate   = 300
	rateWindow = 20 * time.Millisecond
	// maxDrain bounds the packets taken from one socket before the others have
	// their turn.
	maxDrain = 8
	// maxRounds bounds the polls of one drain, and with it what a flooded port may
	// cost: the rest waits in that port's own socket, and is lost there.
	maxRounds = 16
)

// loop is one media loop. Everything but sessions belongs to its goroutine.
type loop struct {
	e     *Engine
	index int
	ctx   *pbxio.Context
	sched *sched.Scheduler
	log   *slog.Logger
	rand  *mrand.Rand

	now  time.Time // of this turn
	in   [maxPacket]byte
	out  [maxPacket]byte // what we make: played blocks, digits, reports
	made [maxBlock]byte  // what a Source read

	members []*Session
	paced   []*Session // that play or send digits
	pacing  bool       // the block timer runs

	packets     int // received since windowStart
	windowStart time.Time
	busy        bool
	rounds      int // of this drain

	closed   bool
	sessions atomic.Int32 // for the choice of a loop
	turns    atomic.Uint64
}

func newLoop(e *Engine, index int) (*loop, error) {
	p, err := e.net.NewPoller()
	if err != nil {
		return nil, err
	}
	l := &loop{e: e, index: index, ctx: pbxio.NewContext(p), log: e.opt.Log, now: e.opt.Now()}
	l.sched = sched.New(e.opt.Now)
	l.rand = mrand.New(mrand.NewPCG(e.uint64(), e.uint64()))
	l.windowStart = l.now
	return l, nil
}

func (l *loop) run() {
	defer func() { _ = l.ctx.Close() }()
	for !l.closed {
		l.turn()
	}
}

// turn does what is due and waits for more. A panic that no session answers for
// ends the turn only.
func (l *loop) turn() {
	defer func() {
		if r := recover(); r != nil {
			l.log.Error("panic in a media loop", "loop", l.index, "panic", r, "stack", string(debug.Stack()))
		}
	}()
	l.turns.Add(1)
	l.now = l.e.opt.Now()
	l.sched.Run()
	wait := l.sched.Wait()
	if l.busy {
		// Drain everything, then sleep: what comes meanwhile shares one wake-up.
		n, err := l.ctx.Wait(0)
		l.measure()
		if l.rounds++; n > 0 && err == nil && l.rounds < maxRounds {
			return
		}
		l.rounds = 0
		if wait < 0 || wait > tick {
			wait = tick
		}
		time.Sleep(wait)
		return
	}
	if _, err := l.ctx.Wait(wait); err != nil {
		l.log.Error("media loop cannot wait", "loop", l.index, "error", err)
		time.Sleep(tick)
	}
	l.measure()
}

// measure decides between waking for each packet and draining by ticks.
func (l *loop) measure() {
	if l.packets == 0 && !l.busy {
		return
	}
	now := l.e.opt.Now()
	d := now.Sub(l.windowStart)
	if d < rateWindow {
		return
	}
	rate := int(int64(l.packets) * int64(time.Second) / int64(d))
	l.busy = rate >= busyRate || l.busy && rate >= calmRate
	l.packets, l.windowStart = 0, now
}

// stamp takes the time anew where a wait may have lain in between. A drain under
// load needs it once.
func (l *loop) stamp() {
	if !l.busy {
		l.now = l.e.opt.Now()
	}
}

func (l *loop) add(s *Session) {
	s.place = len(l.members)
	l.members = append(l.members, s)
}

func (l *loop) remove(s *Session) {
	last := len(l.members) - 1
	moved := l.members[last]
	l.members[s.place], moved.place = moved, s.place
	l.members[last] = nil
	l.members = l.members[:last]
}

// close ends every session; the loop stops after this turn.
func (l *loop) close() {
	for len(l.members) > 0 {
		l.members[len(l.members)-1].end()
	}
	l.closed = true
}
