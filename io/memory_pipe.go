package io

import (
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// memoryWindow is how much one end of a connection may write ahead of the other.
const memoryWindow = 64 << 10

// memoryConn is one end of a connection.
type memoryConn struct {
	local, remote       netip.AddrPort
	in, out             *memoryFlow
	readUntil, writeTil alarm
}

// memoryFlow carries what one end writes to the other.
type memoryFlow struct {
	mu     sync.Mutex
	buf    []byte
	ended  bool // nobody writes any more
	gone   bool // nobody reads any more
	change chan struct{}
}

func newMemoryFlow() *memoryFlow { return &memoryFlow{change: make(chan struct{})} }

// changed wakes whoever waits; mu is held.
func (f *memoryFlow) changed() {
	close(f.change)
	f.change = make(chan struct{})
}

// memoryPipe makes the two ends of a connection.
func memoryPipe(from, to netip.AddrPort) (near, far *memoryConn) {
	a, b := newMemoryFlow(), newMemoryFlow()
	return &memoryConn{local: from, remote: to, in: a, out: b}, &memoryConn{local: to, remote: from, in: b, out: a}
}

func (c *memoryConn) Read(p []byte) (int, error) {
	f := c.in
	for {
		f.mu.Lock()
		switch {
		case f.gone:
			f.mu.Unlock()
			return 0, net.ErrClosed
		case len(f.buf) > 0:
			n := copy(p, f.buf)
			f.buf = f.buf[n:]
			f.changed()
			f.mu.Unlock()
			return n, nil
		case f.ended:
			f.mu.Unlock()
			return 0, io.EOF
		}
		change := f.change
		f.mu.Unlock()
		select {
		case <-change:
		case <-c.readUntil.rung():
			return 0, os.ErrDeadlineExceeded
		}
	}
}

func (c *memoryConn) Write(p []byte) (n int, err error) {
	f := c.out
	for {
		f.mu.Lock()
		switch {
		case f.ended:
			f.mu.Unlock()
			return n, net.ErrClosed
		case f.gone:
			f.mu.Unlock()
			return n, io.ErrClosedPipe
		}
		if room := memoryWindow - len(f.buf); room > 0 && len(p) > 0 {
			k := min(room, len(p))
			f.buf = append(f.buf, p[:k]...)
			n, p = n+k, p[k:]
			f.changed()
		}
		change := f.change
		f.mu.Unlock()
		if len(p) == 0 {
			return n, nil
		}
		select {
		case <-change:
		case <-c.writeTil.rung():
			return n, os.ErrDeadlineExceeded
		}
	}
}

// Close ends both directions; what was written is still read.
func (c *memoryConn) Close() error {
	c.out.mu.Lock()
	c.out.ended = true
	c.out.changed()
	c.out.mu.Unlock()
	c.in.mu.Lock()
	c.in.gone = true
	c.in.changed()
	c.in.mu.Unlock()
	return nil
}

func (c *memoryConn) LocalAddr() net.Addr  { return net.TCPAddrFromAddrPort(c.local) }
func (c *memoryConn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.remote) }

func (c *memoryConn) SetDeadline(t time.Time) error {
	c.readUntil.set(t)
	c.writeTil.set(t)
	return nil
}

func (c *memoryConn) SetReadDeadline(t time.Time) error {
	c.readUntil.set(t)
	return nil
}

func (c *memoryConn) SetWriteDeadline(t time.Time) error {
	c.writeTil.set(t)
	return nil
}

// alarm is a deadline that can be moved.
type alarm struct {
	mu    sync.Mutex
	ring  chan struct{} // closed when the time has come
	timer *time.Timer
}

// rung is closed when the time has come.
func (a *alarm) rung() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ring == nil {
		a.ring = make(chan struct{})
	}
	return a.ring
}

func (a *alarm) set(t time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.timer != nil {
		a.timer.Stop()
		a.timer = nil
	}
	if a.ring == nil {
		a.ring = make(chan struct{})
	}
	select {
	case <-a.ring:
		a.ring = make(chan struct{})
	default:
	}
	if t.IsZero() {
		return
	}
	ring := a.ring
	if wait := time.Until(t); wait > 0 {
		a.timer = time.AfterFunc(wait, func() {
			a.mu.Lock()
			defer a.mu.Unlock()
			if a.ring == ring {
				select {
				case <-ring:
				default:
					close(ring)
				}
			}
		})
		return
	}
	close(ring)
}
