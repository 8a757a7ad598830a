package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"pbx/channels/sip/transaction"
	"pbx/sched"
)

// link carries messages over one kind of connection.
type link interface {
	// serve reads until the connection ends and hands each message to c.
	serve(c *conn) error
	// write sends the messages of b, of which each ends at one of ends.
	write(b []byte, ends []int) error
	// close says goodbye, which may take a second; abort does not.
	close()
	abort()
}

// state is how far a connection has come.
type state uint8

const (
	opening state = iota // nothing can be written yet
	open
	finishing // closed when what waits is written
	closed    //
)

// conn is one connection. Its goroutine makes it and reads it; while something
// waits to be written another one writes. What it reads lies still until the loop
// has handled it, so that a connection costs no more memory than its buffers,
// however fast it sends.
type conn struct {
	set     *Set
	inbound bool
	names   []string // that its certificate speaks for
	arrive  func()   // what is left to do when it comes to the loop

	// The loop's.
	route  transaction.Route
	listed bool // in the tables of the set
	proven bool
	used   time.Time
	timer  sched.ID

	mu      sync.Mutex
	quiet   sync.Cond // writing has ended
	state   state
	link    link
	writing bool
	queue   []byte // messages that wait, and where each ends
	ends    []int
	err     error // why it was closed from our side

	// What the reader hands to the loop, and takes back with handled.
	batch   [][]byte
	broken  error // of the last one: nobody can tell where it ends
	handled chan struct{}
	handle  func()
}

// maxQueue bounds what waits for a far end that does not read.
const maxQueue = 256 << 10

// maxBatch is how many messages of one connection the loop handles in a turn.
const maxBatch = 16

// Why a connection ends.
var (
	// ErrNoFlow is returned for a far end whose connection is gone and who cannot be
	// connected to.
	ErrNoFlow   = errors.New("its connection is gone")
	errSlow     = errors.New("it does not read what it is sent")
	errSilent   = errors.New("it was silent for too long")
	errNoProof  = errors.New("it did not prove who it is in time (tcpauthtimeout)")
	errUnwanted = errors.New("its address is banned")
	errClosing  = errors.New("the exchange closes its connections")
	errGone     = errors.New("connection closed")
)

func (s *Set) newConn(r transaction.Route, inbound bool) *conn {
	c := &conn{set: s, route: r, inbound: inbound, proven: !inbound, handled: make(chan struct{}, 1)}
	c.quiet.L = &c.mu
	c.handle = c.take
	return c
}

// run makes the connection and serves it to its end.
func (c *conn) run(ctx context.Context, make func(context.Context) (link, error)) {
	l, err := make(ctx)
	if err == nil && !c.opened(l) {
		err = errClosing
		l.abort()
	}
	if err == nil {
		if c.inbound {
			c.set.ctx.Post(c.list)
		}
		err = l.serve(c)
	}
	c.mu.Lock()
	for c.writing {
		c.quiet.Wait()
	}
	c.state = closed
	c.queue, c.ends = nil, nil
	if c.err != nil {
		err = c.err
	}
	c.mu.Unlock()
	if l != nil {
		l.close()
	}
	c.set.forget(c)
	c.set.ctx.Post(func() { c.set.gone(c, err) })
}

// opened lets what waits be written. It reports false when the connection is not
// wanted any more.
func (c *conn) opened(l link) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != opening {
		return false
	}
	c.state, c.link = open, l
	c.write()
	return true
}

// enqueue has a copy of b written. Any goroutine may call it.
func (c *conn) enqueue(b []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.state > open:
		return errGone
	case len(c.queue)+len(b) > maxQueue:
		c.abort(errSlow)
		return errSlow
	}
	c.queue = append(c.queue, b...)
	c.ends = append(c.ends, len(c.queue))
	c.write()
	return nil
}

// write begins to write unless it is under way; c.mu is held.
func (c *conn) write() {
	if c.state == opening || c.writing || len(c.queue) == 0 {
		return
	}
	c.writing = true
	go c.drain()
}

// drain writes what waits until nothing does.
func (c *conn) drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	var spare []byte
	var spareEnds []int
	for len(c.queue) > 0 && c.state != closed {
		b, ends := c.queue, c.ends
		c.queue, c.ends = spare[:0], spareEnds[:0]
		c.mu.Unlock()
		err := c.link.write(b, ends)
		c.mu.Lock()
		spare, spareEnds = b, ends
		if err != nil {
			c.abort(err)
		}
	}
	if cap(spare) <= 16<<10 && len(c.queue) == 0 { // for the next one
		c.queue, c.ends = spare[:0], spareEnds[:0]
	}
	if c.state == finishing {
		c.mu.Unlock()
		c.link.close()
		c.mu.Lock()
		c.state = closed
	}
	c.writing = false
	c.quiet.Broadcast()
}

// finish closes the connection when what waits is written.
func (c *conn) finish(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state >= finishing {
		return
	}
	if c.err == nil {
		c.err = why
	}
	if c.state == opening {
		c.abort(nil)
		return
	}
	c.state = finishing
	if !c.writing {
		c.writing = true
		go c.drain()
	}
}

// abort closes the connection at once; c.mu is held.
func (c *conn) abort(why error) {
	if c.err == nil {
		c.err = why
	}
	c.state = closed
	c.queue, c.ends = nil, nil
	if c.link != nil {
		c.link.abort()
	}
}

// deliver hands the messages read so far to the loop and waits until it has
// handled them. It reports false when the loop does not any more.
func (c *conn) deliver() bool {
	if len(c.batch) == 0 {
		return true
	}
	c.set.ctx.Post(c.handle)
	select {
	case <-c.handled:
	case <-c.set.done:
		return false
	}
	clear(c.batch)
	c.batch, c.broken = c.batch[:0], nil
	return true
}

// add takes one message. The loop gets it when there are some, or when the reader
// has no more.
func (c *conn) add(b []byte) bool {
	c.batch = append(c.batch, b)
	return len(c.batch) < maxBatch || c.deliver()
}

// unframed hands the loop what the connection ends with, and lets the answer out.
func (c *conn) unframed(b []byte, why error) error {
	if c.deliver() {
		c.batch, c.broken = append(c.batch, b), why
		c.deliver()
	}
	c.finish(why)
	return why
}

// take handles what was read, on the loop.
func (c *conn) take() {
	defer func() { c.handled <- struct{}{} }()
	for i, b := range c.batch {
		if !c.listed {
			return
		}
		c.used = c.set.sched.Now()
		if c.broken != nil && i == len(c.batch)-1 {
			c.set.user.Unframed(b, c.route, c.broken)
			return
		}
		c.set.user.Receive(b, c.route)
	}
}

// ended reports whether a connection ended as connections do.
func ended(err error) bool {
	return err == nil || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe)
}
