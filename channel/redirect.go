package channel

// AsyncGoto sends the channel to another place, from any goroutine: the thread
// leaves what it does and continues there.
func (c *Channel) AsyncGoto(l Location) {
	c.divert(l)
	c.summon()
}

// divert says where the channel goes on once it leaves what it does.
func (c *Channel) divert(l Location) {
	c.mu.Lock()
	c.errand = nil
	c.redirect.Store(&l)
	c.mu.Unlock()
}

// summon has the thread leave what it does, unless it has taken the redirect by itself:
// a frame that came after that would end what it does then.
func (c *Channel) summon() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.Redirected() {
		c.Queue(Frame{Kind: FrameControl, Control: ControlRedirect})
	}
}

// TakeRedirect returns the place that AsyncGoto left, once.
func (c *Channel) TakeRedirect() (Location, bool) {
	if !c.Redirected() { // it is asked after every priority
		return Location{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.redirect.Swap(nil)
	if l == nil {
		return Location{}, false
	}
	c.queue.drop(func(f *Frame) bool { return f.Kind == FrameControl && f.Control == ControlRedirect })
	return *l, true
}

// Redirected reports whether TakeRedirect would return a place.
func (c *Channel) Redirected() bool { return c.redirect.Load() != nil }

// Errand is something that somebody else has a channel's thread do, on the thread's
// goroutine. After it the thread goes on at the priority after the one it left; an
// error is as that of an application.
type Errand func(Thread) error

// AsyncRun has the thread of the channel leave what it does and run an errand. A
// channel that no thread runs gets one of its own, if it is in a bridge, and is hung
// up after the errand. Any goroutine may call it.
func (c *Channel) AsyncRun(f Errand) {
	c.mu.Lock()
	next := c.loc
	next.Priority++
	if c.owner == nil {
		run := f
		f = func(t Thread) error {
			if err := run(t); err != nil {
				return err
			}
			return ErrHangup
		}
	}
	c.errand = f
	c.redirect.Store(&next)
	c.mu.Unlock()
	c.summon()
}

// TakeErrand returns the errand that AsyncRun left, once; nil without one.
func (c *Channel) TakeErrand() Errand {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.errand
	c.errand = nil
	return f
}

// GotoBoth sends two channels elsewhere that may be in one bridge.
func GotoBoth(first *Channel, at Location, second *Channel, to Location) {
	// Whoever bridges them sees one of them go, and looks at the other: that one must
	// know by then.
	first.divert(at)
	second.divert(to)
	if first.Owner() == nil {
		first, second = second, first
	}
	second.summon()
	first.summon()
}

// SetAfterBridge says where the channel goes on when the next bridge that it joins is
// over and it is not; nil is where it would without.
func (c *Channel) SetAfterBridge(l *Location) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next = l
}

// AfterBridge is what SetAfterBridge said, nil for nothing.
func (c *Channel) AfterBridge() *Location {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.next
}

// LeaveBridge sends the channel where SetAfterBridge said, unless it is over or on its
// way elsewhere. The goroutine that bridged it calls it when the bridge is over.
func (c *Channel) LeaveBridge() {
	to := c.AfterBridge()
	if to == nil {
		return
	}
	c.SetAfterBridge(nil)
	if !c.HungUp() && !c.Redirected() {
		c.AsyncGoto(*to)
	}
}
