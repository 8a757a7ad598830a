package io

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// ID names one registration of a descriptor with a Context. It is never 0, and
// does not come to name another registration when the descriptor's number is
// used again.
type ID int64

// Callback is told that the descriptor registered under id is ready. It should
// do a bounded amount of work, since the other descriptors wait: what is left is
// reported again at the next turn. Returning false removes the registration;
// closing the descriptor is its owner's business.
type Callback func(id ID, ev Events) (again bool)

// ErrNotFound is returned for an ID that was removed.
var ErrNotFound = errors.New("io: no such registration")

// ErrClosed is returned by a Context that was closed.
var ErrClosed = errors.New("io: context is closed")

// maxReady bounds the descriptors served in one turn; more are reported at the
// next one, those that waited first.
const maxReady = 256

// Context waits for descriptors and runs their callbacks.
type Context struct {
	poller  Poller
	entries []entry // by descriptor
	serial  uint32  // of the last registration
	turn    uint64  // counts the passes over ready
	ready   [maxReady]Ready

	running []func() // posted functions of this turn
	next    int      // the first of them that did not run yet

	// sleeping says that the loop blocks, or is about to and will look at pending
	// and woken once more.
	sleeping atomic.Bool
	pending  atomic.Bool // posted is not empty
	woken    atomic.Bool

	mu      sync.Mutex
	posted  []func()
	closed  bool
	taken   uint64 // functions that were posted and taken off posted
	deepest int    // the most that were posted at a time
}

// entry is the registration of the descriptor whose number is its index.
type entry struct {
	callback Callback // nil when there is none
	serial   uint32
	turn     uint64 // in which it was added
}

// NewContext returns a Context that waits with p and closes it in the end.
func NewContext(p Poller) *Context {
	return &Context{poller: p}
}

// Add registers a descriptor. A registration of the same number that is still
// there is replaced: its descriptor must have been closed.
func (c *Context) Add(fd int, ev Events, f Callback) (ID, error) {
	if fd < 0 || f == nil {
		return 0, fmt.Errorf("io: add descriptor %d: invalid argument", fd)
	}
	if fd < len(c.entries) && c.entries[fd].callback != nil {
		c.drop(fd)
	}
	if err := c.poller.Add(fd, ev); err != nil {
		return 0, fmt.Errorf("io: add descriptor %d: %w", fd, err)
	}
	for fd >= len(c.entries) {
		c.entries = append(c.entries, entry{})
	}
	c.serial = c.serial&(1<<31-1) + 1
	c.entries[fd] = entry{callback: f, serial: c.serial, turn: c.turn}
	return ID(int64(c.serial)<<32 | int64(fd)), nil
}

// Change watches for other events.
func (c *Context) Change(id ID, ev Events) error {
	fd, ok := c.lookup(id)
	if !ok {
		return ErrNotFound
	}
	if err := c.poller.Change(fd, ev); err != nil {
		return fmt.Errorf("io: change descriptor %d: %w", fd, err)
	}
	return nil
}

// Remove ends a registration. Its callback does not run again, not even for an
// event that this turn already brought. Remove before closing the descriptor.
func (c *Context) Remove(id ID) error {
	fd, ok := c.lookup(id)
	if !ok {
		return ErrNotFound
	}
	c.drop(fd)
	return nil
}

func (c *Context) lookup(id ID) (fd int, ok bool) {
	fd = int(uint32(id))
	serial := uint32(id >> 32)
	if id <= 0 || fd >= len(c.entries) || c.entries[fd].callback == nil || c.entries[fd].serial != serial {
		return 0, false
	}
	return fd, true
}

// drop forgets a descriptor. The poller may have forgotten it before, when it
// was closed.
func (c *Context) drop(fd int) {
	c.entries[fd] = entry{}
	_ = c.poller.Remove(fd)
}

// Wait runs one turn: it waits up to timeout, without limit when it is
// negative, until a descriptor is ready or a function is posted, runs the
// callbacks of what is ready and the functions posted so far, and returns how
// many it ran. Wake and signals may end it early with 0.
//
// A panic of a callback or posted function passes through Wait; the Context
// stays usable and the next turn continues with the rest.
func (c *Context) Wait(timeout time.Duration) (int, error) {
	n := c.runPosted()
	if n == 0 && timeout != 0 {
		// Goroutines that this loop handed work to run first: what they post
		// spares it the sleep.
		runtime.Gosched()
		n = c.runPosted()
	}
	var k int
	var err error
	if n > 0 || timeout == 0 {
		k, err = c.poller.Wait(0, c.ready[:])
	} else {
		k, err = c.sleep(timeout) // looks before it blocks
	}
	if err != nil {
		return n, fmt.Errorf("io: wait: %w", err)
	}
	n += c.dispatch(c.ready[:k])
	return n + c.runPosted(), nil
}

// sleep blocks unless there is something to do after all.
func (c *Context) sleep(timeout time.Duration) (int, error) {
	c.sleeping.Store(true)
	defer c.sleeping.Store(false)
	if c.pending.Load() || c.woken.Swap(false) {
		return 0, nil
	}
	k, err := c.poller.Wait(timeout, c.ready[:])
	c.woken.Store(false)
	return k, err
}

func (c *Context) dispatch(ready []Ready) (n int) {
	c.turn++
	for _, r := range ready {
		if r.FD >= len(c.entries) {
			continue
		}
		// What was removed, or was added in this turn under a number that the
		// event was not for, gets nothing.
		e := c.entries[r.FD]
		if e.callback == nil || e.turn == c.turn {
			continue
		}
		n++
		if !e.callback(ID(int64(e.serial)<<32|int64(r.FD)), r.Events) && c.entries[r.FD].serial == e.serial {
			c.drop(r.FD)
		}
	}
	return n
}

// Post has the loop run f at its next turn, and wakes it if it sleeps. Functions
// run in the order they were posted; what is posted while they run waits for the
// turn after. On a closed Context f is dropped.
func (c *Context) Post(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.posted = append(c.posted, f)
	c.deepest = max(c.deepest, len(c.posted))
	c.pending.Store(true)
	c.wake()
}

// Load tells how many posted functions the loop has taken so far, how many wait for it
// now, and how many waited at most. Any goroutine may call it.
func (c *Context) Load() (taken uint64, waiting, deepest int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.taken, len(c.posted), c.deepest
}

// Wake ends the Wait in progress, or the next one, before its time.
func (c *Context) Wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.woken.Store(true)
	c.wake()
}

// wake interrupts the poller if the loop said that it sleeps. c.mu is held, so
// that the poller is not closed meanwhile.
func (c *Context) wake() {
	if c.sleeping.CompareAndSwap(true, false) {
		c.poller.Wake()
	}
}

func (c *Context) runPosted() (n int) {
	if c.next == len(c.running) {
		if !c.pending.Load() {
			return 0
		}
		c.mu.Lock()
		c.taken += uint64(len(c.posted))
		c.running, c.posted = c.posted, c.running[:0]
		c.pending.Store(false)
		c.mu.Unlock()
		c.next = 0
	}
	for c.next < len(c.running) {
		f := c.running[c.next]
		c.running[c.next] = nil
		c.next++
		f()
		n++
	}
	return n
}

// Close closes the poller. Descriptors stay open, and functions that were posted
// and did not run are dropped.
func (c *Context) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return ErrClosed
	}
	c.closed = true
	c.posted = nil
	clear(c.entries)
	return c.poller.Close()
}
