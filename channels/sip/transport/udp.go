// Package transport moves SIP datagrams: UDP sockets on the exchange's I/O
// context. It is the only part of the SIP driver that touches the network.
//
// A UDP belongs to the goroutine of the context it was added to, the monitor
// loop. The bytes handed to a Handler lie in buffers that the next batch
// overwrites: they are valid until the Handler returns, and whoever keeps them
// longer copies them.
package transport

import (
	"errors"
	"fmt"
	"net/netip"

	pbxio "pbx/io"
)

// MaxDatagram is the longest message taken; longer ones arrive cut and fail to
// parse.
const MaxDatagram = 65535

// batch is how many datagrams one turn of the loop takes from a socket.
const batch = 16

// Handler is handed one datagram: its bytes, where it came from and by which
// listener.
type Handler func(b []byte, from netip.AddrPort, listener int)

// UDP is a set of UDP listeners.
type UDP struct {
	ctx       *pbxio.Context
	network   pbxio.Network
	handler   Handler
	listeners []listener
	ring      []pbxio.Datagram
}

type listener struct {
	socket pbxio.Socket
	id     pbxio.ID
	local  netip.AddrPort
}

// NewUDP makes a set without listeners. handler is called on the loop of ctx.
func NewUDP(ctx *pbxio.Context, network pbxio.Network, handler Handler) *UDP {
	u := &UDP{ctx: ctx, network: network, handler: handler, ring: make([]pbxio.Datagram, batch)}
	for i := range u.ring {
		u.ring[i].Buf = make([]byte, MaxDatagram)
	}
	return u
}

// Listen opens a socket at addr and returns its index, by which it is named from
// then on.
func (u *UDP) Listen(addr netip.AddrPort, o pbxio.SocketOptions) (int, error) {
	s, err := u.network.ListenUDP(addr, o)
	if err != nil {
		return 0, fmt.Errorf("listen on udp %v: %w", addr, err)
	}
	n := len(u.listeners)
	id, err := u.ctx.Add(s.FD(), pbxio.In, func(pbxio.ID, pbxio.Events) bool {
		u.receive(n)
		return true
	})
	if err != nil {
		return 0, errors.Join(fmt.Errorf("listen on udp %v: %w", addr, err), s.Close())
	}
	u.listeners = append(u.listeners, listener{s, id, s.Local()})
	return n, nil
}

// Listeners returns how many there are.
func (u *UDP) Listeners() int { return len(u.listeners) }

// Local is the address that listener n is bound to.
func (u *UDP) Local(n int) netip.AddrPort { return u.listeners[n].local }

// For returns the listener that reaches to: the first of its address family.
func (u *UDP) For(to netip.Addr) (int, bool) {
	for i := range u.listeners {
		a := u.listeners[i].local.Addr()
		if a.Is4() == to.Is4() || a.Is6() && a.IsUnspecified() {
			return i, true
		}
	}
	return 0, false
}

// receive takes one batch. What is left is reported again at the loop's next
// turn, after the other descriptors.
func (u *UDP) receive(n int) {
	got, err := u.listeners[n].socket.RecvBatch(u.ring)
	if err != nil {
		return // nothing there, or an ICMP error of an earlier datagram: timers see to it
	}
	for i := range u.ring[:got] {
		d := &u.ring[i]
		u.handler(d.Buf[:d.N], d.Addr, n)
	}
}

// ErrUnsendable is returned for destinations that nothing is ever sent to.
var ErrUnsendable = errors.New("not an address to send to")

// Send sends one datagram by a listener.
func (u *UDP) Send(b []byte, n int, to netip.AddrPort) error {
	a := to.Addr()
	if n < 0 || n >= len(u.listeners) || !to.IsValid() || to.Port() == 0 ||
		a.IsMulticast() || a.IsUnspecified() || a == broadcast {
		return fmt.Errorf("%v: %w", to, ErrUnsendable)
	}
	if err := u.listeners[n].socket.Send(b, to); err != nil {
		return fmt.Errorf("send to %v: %w", to, err)
	}
	return nil
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// Close closes every listener.
func (u *UDP) Close() error {
	var err error
	for i := range u.listeners {
		_ = u.ctx.Remove(u.listeners[i].id) // the context may be closed already
		err = errors.Join(err, u.listeners[i].socket.Close())
	}
	u.listeners = nil
	return err
}
