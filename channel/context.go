package channel

import "context"

// Context is for work of the channel's goroutine that waits for something other
// than frames, such as a database: it ends when the channel is asked to end or to
// go elsewhere, and by cancel, which must be called. There is one at a time. In
// the extension h and in hang-up handlers, where the end of the call is known, only
// cancel ends it.
func (c *Channel) Context() (ctx context.Context, cancel context.CancelFunc) {
	ctx, stop := context.WithCancel(context.Background())
	q := &c.queue
	q.mu.Lock()
	q.leave = stop
	q.mu.Unlock()
	c.mu.Lock()
	// Asked to since its goroutine looked last; the handlers of Hangup work on.
	leaving := !c.hungup && (c.softHangup.Load() || c.Redirected())
	c.mu.Unlock()
	if leaving {
		stop()
	}
	return ctx, func() {
		q.mu.Lock()
		q.leave = nil
		q.mu.Unlock()
		stop()
	}
}
