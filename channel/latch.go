package channel

import "time"

// Latch is opened once, and one goroutine waits for that in the time that the
// registry's channels live in. Whoever waits owns no channel meanwhile that could have
// something for it.
type Latch struct {
	virtual *Virtual // nil: real time
	open    chan struct{}
	wake    chan struct{} // of who waits in virtual time
}

// NewLatch makes one that is shut.
func (r *Registry) NewLatch() *Latch {
	return &Latch{virtual: r.virtual, open: make(chan struct{}), wake: make(chan struct{}, 1)}
}

// Open lets on who waits. It is called once, on any goroutine.
func (l *Latch) Open() {
	close(l.open)
	if l.virtual != nil {
		l.virtual.notify(l.wake)
	}
}

// Wait waits for that, no longer than d unless d is negative, and reports whether it
// happened.
func (l *Latch) Wait(d time.Duration) bool {
	if l.virtual != nil {
		return l.virtual.wait(d, l.wake, l.isOpen)
	}
	var expired <-chan time.Time
	if d >= 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		expired = t.C
	}
	select {
	case <-l.open:
		return true
	case <-expired:
		return l.isOpen()
	}
}

func (l *Latch) isOpen() bool {
	select {
	case <-l.open:
		return true
	default:
		return false
	}
}
