package channel

import (
	"errors"
	"slices"
	"sync"
	"time"

	"pbx/event"
)

// queueLimit bounds the frames that wait for a channel's goroutine; a thread that
// is stuck loses DTMF and indications, never a hang-up.
const queueLimit = 128

type queue struct {
	mu      sync.Mutex
	frames  []Frame
	dropped int
	wake    chan struct{} // of the goroutine that waits, shared by the legs it waits on
	leave   func()        // ends what the goroutine waits for instead, see Channel.Context
}

// Queue delivers a frame to the channel's goroutine. It may be called from any
// goroutine and never blocks.
func (c *Channel) Queue(f Frame) {
	if f.Kind == FrameControl && f.Control == ControlHangup {
		if f.Cause != CauseNone {
			c.mu.Lock()
			if c.cause == CauseNone || !c.softHangup.Load() {
				c.cause = f.Cause
			}
			c.mu.Unlock()
		}
		c.softHangup.Store(true)
	}
	if f.Kind == FrameDTMFEnd {
		c.keep(f.Digit)
		if c.reg.bus.Wants(event.DTMFEnd) {
			c.Publish(event.Event{Kind: event.DTMFEnd, Value: string(rune(f.Digit)), Duration: f.Duration})
		}
	}
	q := &c.queue
	q.mu.Lock()
	if len(q.frames) < queueLimit || f.Control == ControlHangup {
		q.frames = append(q.frames, f)
	} else {
		q.dropped++
	}
	wake := q.wake
	if q.leave != nil && f.Kind == FrameControl && (f.Control == ControlHangup || f.Control == ControlRedirect) {
		q.leave()
	}
	q.mu.Unlock()
	if v := c.reg.virtual; v != nil {
		v.notify(wake)
		return
	}
	select {
	case wake <- struct{}{}:
	default: // it is nil, or already told
	}
}

// drop takes out the frames that gone is true of.
func (q *queue) drop(gone func(*Frame) bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.frames = slices.DeleteFunc(q.frames, func(f Frame) bool { return gone(&f) })
}

// Poll takes the next frame without waiting.
func (c *Channel) Poll() (Frame, bool) {
	q := &c.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.frames) == 0 {
		return Frame{}, false
	}
	f := q.frames[0]
	copy(q.frames, q.frames[1:])
	q.frames[len(q.frames)-1] = Frame{}
	q.frames = q.frames[:len(q.frames)-1]
	return f, true
}

// Wait returns the next frame, ErrHangup once the call is over, or ErrTimeout
// when nothing came within d (negative d: no limit). The goroutine that owns
// the channel calls it.
func (c *Channel) Wait(d time.Duration) (Frame, error) {
	_, f, err := WaitAny(d, c)
	return f, err
}

// Sleep waits for d, dropping what comes but the end of the call and a redirect,
// for which it returns ErrRedirect.
func (c *Channel) Sleep(d time.Duration) error {
	for end := c.reg.now().Add(d); ; {
		left := end.Sub(c.reg.now())
		if left <= 0 {
			return nil
		}
		f, err := c.Wait(left)
		switch {
		case errors.Is(err, ErrTimeout):
			return nil
		case err != nil:
			return err
		case f.Kind == FrameControl && f.Control == ControlRedirect:
			return ErrRedirect
		}
	}
}

// WaitAny waits on several channels of one goroutine. It returns the index of
// the channel that has a frame, with ErrHangup for one whose call is over and
// whose frames were all read. When the hang-up and another frame are both there
// the frames come first, but for the hang-up's own.
func WaitAny(d time.Duration, chans ...*Channel) (int, Frame, error) {
	if i, f, err, ok := pollAny(chans); ok {
		return i, f, err
	}
	if d == 0 {
		return -1, Frame{}, ErrTimeout
	}
	pool := &chans[0].reg.waiters
	w, _ := pool.Get().(*waiter)
	if w == nil {
		w = &waiter{wake: make(chan struct{}, 1)}
	}
	for _, c := range chans {
		c.queue.mu.Lock()
		c.queue.wake = w.wake
		c.queue.mu.Unlock()
	}
	defer func() {
		for _, c := range chans {
			c.queue.mu.Lock()
			c.queue.wake = nil
			c.queue.mu.Unlock()
		}
		select {
		case <-w.wake:
		default:
		}
		pool.Put(w)
	}()
	if v := chans[0].reg.virtual; v != nil {
		return v.waitAny(d, w, chans)
	}
	var expired chan struct{}
	if d > 0 {
		expired = make(chan struct{})
		defer chans[0].reg.alarm(d, func() { close(expired) })()
	}
	for {
		if i, f, err, ok := pollAny(chans); ok {
			return i, f, err
		}
		select {
		case <-w.wake:
		case <-expired:
			return -1, Frame{}, ErrTimeout
		}
	}
}

func pollAny(chans []*Channel) (int, Frame, error, bool) {
	for i, c := range chans {
		if f, ok := c.Poll(); ok {
			if f.Kind == FrameControl && f.Control == ControlHangup {
				return i, f, ErrHangup, true
			}
			return i, f, nil, true
		}
		if c.HungUp() {
			return i, Frame{Kind: FrameControl, Control: ControlHangup, Cause: c.Cause()}, ErrHangup, true
		}
	}
	return -1, Frame{}, nil, false
}

// waiter is what a goroutine waits on. It costs a channel: idle calls share what
// the busy ones leave in the registry.
type waiter struct{ wake chan struct{} }
