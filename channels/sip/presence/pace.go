package presence

import "time"

// Gap is how long a subscription waits at least between two NOTIFYs that nobody
// asked for.
const Gap = 100 * time.Millisecond

// early is how much sooner one may go, since timers that are due at nearly the
// same time run together.
const early = time.Millisecond

// Pace says when a subscription may send: one NOTIFY at a time, and changes not
// faster than the gap. What changes meanwhile is told as one. The zero Pace is
// ready.
type Pace struct {
	// Least is a gap of the subscription's own, if it is longer (RFC 6446).
	Least time.Duration

	busy   bool // one is on its way
	wanted bool // there is something to tell
	asked  bool // … because of a SUBSCRIBE, which is answered at once
	last   time.Time
}

// Want notes that there is something to tell. asked says that it answers
// a SUBSCRIBE.
func (p *Pace) Want(asked bool) {
	p.wanted = true
	p.asked = p.asked || asked
}

// Ready reports whether to send now. Otherwise wait is how long to wait before
// asking again; 0 is until Answered.
func (p *Pace) Ready(now time.Time) (ready bool, wait time.Duration) {
	if !p.wanted || p.busy {
		return false, 0
	}
	if !p.asked && !p.last.IsZero() {
		if wait = p.last.Add(max(Gap, p.Least)).Sub(now); wait > early {
			return false, wait
		}
	}
	return true, 0
}

// Sent notes that a NOTIFY with all there is to tell was sent.
func (p *Pace) Sent(now time.Time) {
	p.wanted, p.asked, p.busy, p.last = false, false, true, now
}

// Answered notes that its answer came, or that there will be none.
func (p *Pace) Answered() { p.busy = false }

// Idle reports whether there is nothing to tell and nothing on its way.
func (p *Pace) Idle() bool { return !p.wanted && !p.busy }

// Most is how many NOTIFYs a subscription can have sent in a time, the answers to
// a SUBSCRIBE and to a challenge among them.
func Most(d time.Duration) uint32 { return uint32(d/(Gap-early)) + 3 }
