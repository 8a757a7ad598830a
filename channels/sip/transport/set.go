// Package transport moves SIP messages: UDP sockets on the exchange's I/O context,
// and everything else of the SIP driver that touches the network.
//
// A Set belongs to the goroutine of the context it was added to, the monitor
// loop. The bytes handed to a Handler lie in buffers that the next batch
// overwrites: they are valid until the Handler returns, and whoever keeps them
// longer copies them.
package transport

import (
	"errors"
	"fmt"
	"net/netip"

	"pbx/channels/sip/transaction"
	pbxio "pbx/io"
)

// MaxDatagram is the longest message taken; longer ones arrive cut and fail to
// parse.
const MaxDatagram = 65535

// batch is how many datagrams one turn of the loop takes from a socket.
const batch = 16

// Handler is handed one message: its bytes and the way it came by.
type Handler func(b []byte, from transaction.Route)

// Set is every way in and out: the listeners of all protocols, numbered in the
// order they were opened.
type Set struct {
	ctx       *pbxio.Context
	network   pbxio.Network
	handler   Handler
	listeners []listener
	ring      []pbxio.Datagram

	undelivered func(b []byte, to netip.AddrPort, why error)
	quoted      []byte // the datagram of an error
}

type listener struct {
	protocol transaction.Protocol
	socket   pbxio.Socket // of UDP
	id       pbxio.ID
	local    netip.AddrPort
}

// New makes a set without listeners. handler is called on the loop of ctx.
func New(ctx *pbxio.Context, network pbxio.Network, handler Handler) *Set {
	s := &Set{ctx: ctx, network: network, handler: handler, ring: make([]pbxio.Datagram, batch)}
	for i := range s.ring {
		s.ring[i].Buf = make([]byte, MaxDatagram)
	}
	return s
}

// ListenUDP opens a socket at addr and returns the number of the listener.
func (s *Set) ListenUDP(addr netip.AddrPort, o pbxio.SocketOptions) (int, error) {
	o.Errors = true
	socket, err := s.network.ListenUDP(addr, o)
	if err != nil {
		return 0, fmt.Errorf("listen on udp %v: %w", addr, err)
	}
	n := len(s.listeners)
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
	s.listeners = append(s.listeners, listener{socket: socket, id: id, local: socket.Local()})
	return n, nil
}

// Listeners returns how many there are.
func (s *Set) Listeners() int { return len(s.listeners) }

// Local is the address that listener n is bound to.
func (s *Set) Local(n int) netip.AddrPort { return s.listeners[n].local }

// Protocol is the protocol of listener n.
func (s *Set) Protocol(n int) transaction.Protocol { return s.listeners[n].protocol }

// For returns the listener that a far end at to can reach us by: the first of the
// protocol and the address family. A protocol without one is told by that of
// another, whose address is ours as well.
func (s *Set) For(p transaction.Protocol, to netip.Addr) (n int, ok bool) {
	any := -1
	for i := range s.listeners {
		l := &s.listeners[i]
		a := l.local.Addr()
		switch {
		case a.Is4() != to.Is4() && (!a.Is6() || !a.IsUnspecified()):
		case l.protocol == p:
			return i, true
		case any < 0:
			any = i
		}
	}
	return max(any, 0), any >= 0 && p != transaction.UDP
}

// receive takes one batch. What is left is reported again at the loop's next
// turn, after the other descriptors.
func (s *Set) receive(n int) {
	got, err := s.listeners[n].socket.RecvBatch(s.ring)
	if err != nil {
		return // nothing there, or no memory
	}
	for i := range s.ring[:got] {
		d := &s.ring[i]
		s.handler(d.Buf[:d.N], transaction.Route{Listener: n, Remote: d.Addr})
	}
}

// ErrUnsendable is returned for destinations that nothing is ever sent to.
var ErrUnsendable = errors.New("not an address to send to")

// Send sends one message. It returns the connection it takes.
func (s *Set) Send(b []byte, r transaction.Route) (transaction.Flow, error) {
	to := r.Remote
	a := to.Addr()
	if r.Listener < 0 || r.Listener >= len(s.listeners) || !to.IsValid() || to.Port() == 0 ||
		a.IsMulticast() || a.IsUnspecified() || a == broadcast {
		return 0, fmt.Errorf("%v: %w", to, ErrUnsendable)
	}
	if r.Protocol != transaction.UDP || s.listeners[r.Listener].socket == nil {
		return 0, fmt.Errorf("%v over %v: %w", to, r.Protocol, ErrUnsendable)
	}
	if err := s.listeners[r.Listener].socket.Send(b, to); err != nil {
		return 0, fmt.Errorf("send to %v: %w", to, err)
	}
	return 0, nil
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// Close closes every listener.
func (s *Set) Close() error {
	var err error
	for i := range s.listeners {
		_ = s.ctx.Remove(s.listeners[i].id) // the context may be closed already
		err = errors.Join(err, s.listeners[i].socket.Close())
	}
	s.listeners = nil
	return err
}
