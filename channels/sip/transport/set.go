// Package transport moves SIP messages: UDP sockets on the exchange's I/O context,
// TCP, TLS and WebSocket connections with a goroutine each. It is the only part of
// the SIP driver that touches the network.
//
// A Set belongs to the goroutine of the context it was added to, the monitor loop.
// The bytes handed to a User lie in buffers that are used again: they are valid
// until it returns, and whoever keeps them longer copies them. What is sent over a
// connection is copied and written beside the loop, which never waits for it.
package transport

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"pbx/channels/sip/transaction"
	pbxio "pbx/io"
	"pbx/sched"
)

// MaxDatagram is the longest datagram taken; longer ones arrive cut and fail to
// parse.
const MaxDatagram = 65535

// batch is how many datagrams one turn of the loop takes from a socket.
const batch = 16

// User is told what comes in, on the loop.
type User interface {
	// Receive is handed one message and the way it came by.
	Receive(b []byte, from transaction.Route)
	// Unframed is handed the rest of a stream when nobody can tell where the message
	// ends that it begins with; why is what is wrong with it. The connection is closed
	// when what Unframed sends is written.
	Unframed(b []byte, from transaction.Route, why error)
	// Lost says that a connection ended, or could not be made. dead is the address that
	// there is no other connection to: where none could be made, or the port that the far
	// end had for this one.
	Lost(f transaction.Flow, dead netip.AddrPort, why error)
	// InUse reports whether somebody may still be called, or answered, by a connection
	// that is silent.
	InUse(f transaction.Flow) bool
}

// Set is every way in and out: the listeners of all protocols, numbered in the
// order they were opened, and the connections.
type Set struct {
	ctx       *pbxio.Context
	sched     *sched.Scheduler
	network   pbxio.Network
	user      User
	log       *slog.Logger
	listeners []listener
	ring      []pbxio.Datagram

	undelivered func(b []byte, to netip.AddrPort, why error)
	quoted      []byte // the datagram of an error

	tls   atomic.Pointer[TLS]
	gate  gate
	said  map[string]time.Time // when the log last heard of what keeps happening
	flows map[transaction.Flow]*conn
	reach map[reachKey]*conn
	last  transaction.Flow

	// base ends when the set closes; group are the goroutines.
	base  context.Context
	stop  context.CancelFunc
	done  chan struct{}
	group sync.WaitGroup
	mu    sync.Mutex
	conns map[*conn]struct{} // nil when the set is closed
}

type listener struct {
	protocol transaction.Protocol
	local    netip.AddrPort
	asked    netip.AddrPort // what it was to be bound to
	closed   bool           // Unlisten
	options  pbxio.SocketOptions
	// Of UDP a socket on the loop, of streams a listener with a goroutine; a WebSocket
	// has neither, it comes from the HTTP server.
	socket pbxio.Socket
	id     pbxio.ID
	stream pbxio.StreamListener
}

// New makes a set without listeners, to be used on the loop of ctx and s.
func New(ctx *pbxio.Context, s *sched.Scheduler, network pbxio.Network, user User, log *slog.Logger) *Set {
	t := &Set{
		ctx: ctx, sched: s, network: network, user: user, log: log, ring: make([]pbxio.Datagram, batch),
		gate:  gate{limits: Limits{}.filled(), from: make(map[netip.Addr]tally)},
		said:  make(map[string]time.Time),
		flows: make(map[transaction.Flow]*conn), reach: make(map[reachKey]*conn),
		done: make(chan struct{}), conns: make(map[*conn]struct{}),
	}
	t.base, t.stop = context.WithCancel(context.Background())
	for i := range t.ring {
		t.ring[i].Buf = make([]byte, MaxDatagram)
	}
	return t
}

// SetLimits changes the limits for what comes from now on.
func (s *Set) SetLimits(l Limits) {
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	s.gate.limits = l.filled()
}

func (s *Set) limits() Limits {
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	return s.gate.limits
}

// SetTLS changes the certificates for the connections that are made from now on;
// nil keeps those there are.
func (s *Set) SetTLS(t *TLS) {
	if t != nil {
		s.tls.Store(t)
	}
}

// ListenUDP opens a socket at addr and returns the number of the listener.
func (s *Set) ListenUDP(addr netip.AddrPort, o pbxio.SocketOptions) (int, error) {
	o.Errors = true
	socket, err := s.network.ListenUDP(addr, o)
	if err != nil {
		return 0, err // which says where
	}
	n := s.slot(transaction.UDP, addr)
	id, err := s.ctx.Add(socket.FD(), pbxio.In, func(_ pbxio.ID, ev pbxio.Events) bool {
		if ev&pbxio.Err != 0 {
			s.errors(n)
		}
		s.receive(n)
		return true
	})
	if err != nil {
		return 0, errors.Join(fmt.Errorf("listen on udp %v: %w", addr, err), socket.Close())
	}
	s.put(n, listener{socket: socket, id: id, local: socket.Local(), asked: addr, options: o})
	return n, nil
}

// SetMarks changes the marks of what the listeners send from now on, and of the
// connections that are made from now on.
func (s *Set) SetMarks(m pbxio.Marks) {
	for i := range s.listeners {
		l := &s.listeners[i]
		if l.closed || l.options.Marks == m {
			continue
		}
		l.options.Marks = m
		var err error
		if l.socket != nil {
			err = l.socket.Mark(m)
		} else if l.stream != nil {
			err = l.stream.Mark(m)
		}
		if err != nil {
			s.log.Warn("SIP: packets are marked as before", "listener", l.local.String(), "transport", l.protocol.String(), "err", err)
		}
	}
}

// slot is the number of a new listener: that of one which was closed at the same
// place, so that what knows it by number finds it again.
func (s *Set) slot(p transaction.Protocol, addr netip.AddrPort) int {
	for i := range s.listeners {
		if l := &s.listeners[i]; l.closed && l.protocol == p && l.asked == addr {
			return i
		}
	}
	return len(s.listeners)
}

func (s *Set) put(n int, l listener) {
	if n == len(s.listeners) {
		s.listeners = append(s.listeners, l)
	} else {
		s.listeners[n] = l
	}
}

// Unlisten closes listener n. Connections that came by it stay.
func (s *Set) Unlisten(n int) error {
	l := &s.listeners[n]
	var err error
	switch {
	case l.socket != nil:
		err = errors.Join(s.ctx.Remove(l.id), l.socket.Close())
	case l.stream != nil:
		err = l.stream.Close()
	}
	l.socket, l.stream, l.closed = nil, nil, true
	return err
}

// Listening are the numbers of the listeners of a protocol that are open.
func (s *Set) Listening(p transaction.Protocol) (list []int) {
	for i := range s.listeners {
		if l := &s.listeners[i]; l.protocol == p && !l.closed {
			list = append(list, i)
		}
	}
	return list
}

// Asked is the address that listener n was to be bound to.
func (s *Set) Asked(n int) netip.AddrPort { return s.listeners[n].asked }

// live is the number of the listener that stands in for n, which may be closed, on
// the way to a far end.
func (s *Set) live(r transaction.Route) int {
	if r.Listener >= 0 && r.Listener < len(s.listeners) && s.listeners[r.Listener].closed {
		if n, ok := s.For(r.Protocol, r.Remote.Addr()); ok {
			return n
		}
	}
	return r.Listener
}

// Local is the address that listener n is bound to.
func (s *Set) Local(n int) netip.AddrPort { return s.listeners[n].local }

// LocalOf is the address that what goes by a route comes from.
func (s *Set) LocalOf(r transaction.Route) netip.AddrPort { return s.listeners[s.live(r)].local }

// Protocol is the protocol of listener n.
func (s *Set) Protocol(n int) transaction.Protocol { return s.listeners[n].protocol }

// For returns the listener that a far end at to can reach us by: the first of the
// protocol and the address family. A protocol without one is told by that of
// another, whose address is ours as well.
func (s *Set) For(p transaction.Protocol, to netip.Addr) (n int, ok bool) {
	other := -1
	for i := range s.listeners {
		l := &s.listeners[i]
		a := l.local.Addr()
		switch {
		case l.closed:
		case a.Is4() != to.Is4() && (!a.Is6() || !a.IsUnspecified()):
		case l.protocol == p:
			return i, true
		case other < 0:
			other = i
		}
	}
	return max(other, 0), other >= 0 && p != transaction.UDP
}

// receive takes one batch. What is left is reported again at the loop's next
// turn, after the other descriptors.
func (s *Set) receive(n int) {
	socket := s.listeners[n].socket
	if socket == nil {
		return // closed
	}
	got, err := socket.RecvBatch(s.ring)
	if err != nil {
		return // nothing there, or no memory
	}
	for i := range s.ring[:got] {
		d := &s.ring[i]
		s.user.Receive(d.Buf[:d.N], transaction.Route{Listener: n, Remote: d.Addr})
	}
}

// ErrUnsendable is returned for destinations that nothing is ever sent to.
var ErrUnsendable = errors.New("not an address to send to")

// Send sends one message. It returns the connection it takes.
func (s *Set) Send(b []byte, r transaction.Route) (transaction.Flow, error) {
	to := r.Remote
	a := to.Addr()
	r.Listener = s.live(r)
	if r.Listener < 0 || r.Listener >= len(s.listeners) || !to.IsValid() || to.Port() == 0 ||
		a.IsMulticast() || a.IsUnspecified() || a == broadcast {
		return 0, fmt.Errorf("%v: %w", to, ErrUnsendable)
	}
	if r.Protocol != transaction.UDP {
		return s.sendStream(b, r)
	}
	if s.listeners[r.Listener].socket == nil {
		return 0, fmt.Errorf("%v: %w", to, ErrUnsendable)
	}
	if err := s.listeners[r.Listener].socket.Send(b, to); err != nil {
		return 0, fmt.Errorf("send to %v: %w", to, err)
	}
	return 0, nil
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// closeWait is how long Close waits for what is still to be written.
const closeWait = 2 * time.Second

// Close closes every listener and, when what waits is written, every connection.
// The loop does not run any more.
func (s *Set) Close() error {
	var err error
	for i := range s.listeners {
		l := &s.listeners[i]
		switch {
		case l.socket != nil:
			_ = s.ctx.Remove(l.id) // the context may be closed already
			err = errors.Join(err, l.socket.Close())
		case l.stream != nil:
			err = errors.Join(err, l.stream.Close())
		}
	}
	s.listeners = nil
	s.mu.Lock()
	if s.conns == nil { // closed before
		s.mu.Unlock()
		return err
	}
	left := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		left = append(left, c)
	}
	s.conns = nil
	s.mu.Unlock()
	close(s.done)
	for _, c := range left {
		c.finish(errClosing)
	}
	late := time.AfterFunc(closeWait, func() {
		for _, c := range left {
			c.mu.Lock()
			c.abort(errClosing)
			c.mu.Unlock()
		}
	})
	s.stop()
	s.group.Wait()
	late.Stop()
	return err
}
