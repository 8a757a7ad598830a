package io

import (
	"context"
	"errors"
	"net"
	"net/netip"
)

// ErrAgain is returned when a call would have to wait: nothing to receive, or no
// room to send.
var ErrAgain = errors.New("io: would block")

// Network is where pollers and sockets come from.
type Network interface {
	// NewPoller returns a poller for this network's sockets.
	NewPoller() (Poller, error)
	// ListenUDP opens a socket at addr; port 0 picks one. A socket bound to ::
	// takes IPv4 as well unless the options say otherwise.
	ListenUDP(addr netip.AddrPort, o SocketOptions) (Socket, error)
	// ListenTCP opens a listener at addr; port 0 picks one. Its connections, and
	// those of DialTCP, are for goroutines of their own: they block.
	ListenTCP(addr netip.AddrPort, o SocketOptions) (StreamListener, error)
	// DialTCP connects to an address, from local unless that is the zero Addr.
	DialTCP(ctx context.Context, local netip.Addr, to netip.AddrPort, o SocketOptions) (net.Conn, error)
	// LocalAddr is the source address that a datagram to dest would have, the
	// zero Addr when there is no route.
	LocalAddr(dest netip.Addr) netip.Addr
}

// SocketOptions are what is set on a socket before it is bound. Of a stream the
// marks and V6Only count.
type SocketOptions struct {
	Marks
	// ReuseAddr sets SO_REUSEADDR.
	ReuseAddr bool
	// V6Only keeps IPv4 off a socket bound to ::.
	V6Only bool
	// Errors keeps the ICMP errors that datagrams of ours meet, for RecvError
	// (IP_RECVERR). The poller reports them as Err, which has to be answered by
	// taking them all.
	Errors bool
	// RecvBuffer and SendBuffer are the kernel's buffer sizes in bytes, 0 for the
	// system's. The limits of the system are passed over where permitted.
	RecvBuffer, SendBuffer int
}

// Marks are what networks tell packets apart by.
type Marks struct {
	// TOS is the type-of-service byte (IP_TOS, IPV6_TCLASS).
	TOS int
	// Priority is that of Ethernet frames (802.1p, SO_PRIORITY) from 1 to 7, 0 leaves
	// it to TOS. A VLAN device turns it into theirs by its egress map.
	Priority int
}

// StreamListener accepts connections, which get its marks.
type StreamListener interface {
	net.Listener
	// Mark changes the marks of the connections that are accepted from now on.
	Mark(m Marks) error
}

// Datagram is one message of a batch.
type Datagram struct {
	// Buf is the storage; N bytes of it are the message.
	Buf []byte
	N   int
	// Addr is where it came from, or goes to.
	Addr netip.AddrPort
	// Time is when RecvBatch found it, in nanoseconds since 1970.
	Time int64
}

// Socket is a UDP socket that never blocks. Recv and Send may be called from any
// goroutine; the batch calls belong to one. Addresses are plain IPv4 or IPv6,
// never IPv4 in IPv6.
type Socket interface {
	// FD is what a Context of the same network waits on.
	FD() int
	// Local is the address the socket is bound to, with the port it got.
	Local() netip.AddrPort
	// Recv receives one datagram; what does not fit into buf is lost. ErrAgain
	// says that there is none. An ICMP error that an earlier datagram met is
	// another error; the socket stays usable.
	Recv(buf []byte) (n int, from netip.AddrPort, err error)
	// RecvBatch fills up to len(d) datagrams and returns how many.
	RecvBatch(d []Datagram) (int, error)
	// RecvError takes one ICMP error of those that Errors keeps: d gets as much as
	// it quotes of the datagram that met it, and where that was sent. ok is false
	// when there are none.
	RecvError(d *Datagram) (reason error, ok bool)
	// Send sends one datagram.
	Send(b []byte, to netip.AddrPort) error
	// SendBatch sends Buf[:N] of each datagram in order and returns how many went;
	// the error is that of the first that did not.
	SendBatch(d []Datagram) (int, error)
	// Mark changes the marks of what is sent from now on.
	Mark(m Marks) error
	Close() error
}
