package transport

import (
	"net/netip"

	pbxio "pbx/io"
)

// OnUndelivered has f told, on the loop, of datagrams that met an ICMP error: as much
// of each as the error quotes, where it was sent, and why it did not arrive. b is
// valid until f returns.
func (s *Set) OnUndelivered(f func(b []byte, to netip.AddrPort, why error)) { s.undelivered = f }

// quote is as much of a datagram as an ICMP error has room for.
const quote = 1280

// errors takes the ICMP errors that came for the socket of listener n. What is left
// is reported again at the loop's next turn.
func (s *Set) errors(n int) {
	if s.quoted == nil {
		s.quoted = make([]byte, quote)
	}
	for range batch {
		if s.listeners[n].socket == nil {
			return // closed
		}
		d := pbxio.Datagram{Buf: s.quoted}
		why, ok := s.listeners[n].socket.RecvError(&d)
		if !ok {
			return
		}
		if s.undelivered != nil {
			s.undelivered(d.Buf[:d.N], d.Addr, why)
		}
	}
}
