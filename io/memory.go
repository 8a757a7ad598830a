package io

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Memory is a Network without wires: datagrams and connections go between the
// sockets that were opened on it. Any address may be bound. Pollers wait on channels and timers,
// so that in a testing/synctest bubble time passes when everybody waits. It
// stays within the bubble it was used in.
type Memory struct {
	mu      sync.Mutex
	route   Route
	sockets map[netip.AddrPort]*memorySocket
	fds     []*memorySocket // by descriptor; nil is free
	streams map[netip.AddrPort]*memoryListener
	port    uint16
	refuses bool
}

// Route decides what becomes of a datagram: each delay it returns delivers one
// copy, so that none loses it and two double it. It may change b, which is a copy of
// what was sent, and must not use the network. A connection that is being made asks
// it once, with nothing for b: without a delay it stays unanswered.
type Route func(from, to netip.AddrPort, b []byte) []time.Duration

const (
	firstMemoryFD   = 3
	firstMemoryPort = 32768
	memoryQueue     = 4096
	maxUDPPayload   = 65507
	memoryQuote     = 548 // of a datagram in an ICMP error (RFC 1812 4.3.2.3)
)

// NewMemory returns a network that delivers everything at once.
func NewMemory() *Memory {
	return &Memory{sockets: make(map[netip.AddrPort]*memorySocket), streams: make(map[netip.AddrPort]*memoryListener), fds: make([]*memorySocket, firstMemoryFD)}
}

// SetRoute has f decide about every datagram sent from now on; nil delivers each
// at once.
func (m *Memory) SetRoute(f Route) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.route = f
}

// SetRefuses says whether a datagram that nobody listens for comes back as an ICMP
// error, as from a machine that is there, or is lost.
func (m *Memory) SetRefuses(on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refuses = on
}

// LocalAddr is 127.0.0.1 or ::1: the address that a socket bound to 0.0.0.0 or ::
// sends from.
func (m *Memory) LocalAddr(dest netip.Addr) netip.Addr {
	if dest.Unmap().Is4() {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return netip.IPv6Loopback()
}

// ListenUDP opens a socket. Of the options only Errors has an effect; MarksOf tells the
// marks.
func (m *Memory) ListenUDP(addr netip.AddrPort, o SocketOptions) (Socket, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ip := addr.Addr().Unmap()
	if !ip.IsValid() {
		return nil, fmt.Errorf("io: listen on UDP %s: %w", addr, unix.EINVAL)
	}
	addr = netip.AddrPortFrom(ip, addr.Port())
	for range 1 << 16 {
		if addr.Port() != 0 {
			break
		}
		if a := netip.AddrPortFrom(ip, m.freePort()); m.sockets[a] == nil {
			addr = a
		}
	}
	if addr.Port() == 0 || m.sockets[addr] != nil {
		return nil, fmt.Errorf("io: listen on UDP %s: %w", addr, unix.EADDRINUSE)
	}
	s := &memorySocket{net: m, local: addr, watches: o.Errors, marks: o.Marks}
	s.fd = slices.Index(m.fds[firstMemoryFD:], nil) + firstMemoryFD
	if s.fd < firstMemoryFD {
		s.fd = len(m.fds)
		m.fds = append(m.fds, nil)
	}
	m.fds[s.fd] = s
	m.sockets[addr] = s
	return s, nil
}

// MarksOf are the marks of the socket, and of the listener, at an address.
func (m *Memory) MarksOf(at netip.AddrPort) (socket, listener Marks) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.sockets[at]; s != nil {
		socket = s.marks
	}
	if l := m.streams[at]; l != nil {
		listener = l.marks
	}
	return socket, listener
}

// find is the socket that a datagram to an address reaches, nil for none.
func (m *Memory) find(to netip.AddrPort) *memorySocket {
	if s := m.sockets[to]; s != nil {
		return s
	}
	if to.Addr().Is4() {
		if s := m.sockets[netip.AddrPortFrom(netip.IPv4Unspecified(), to.Port())]; s != nil {
			return s
		}
	}
	return m.sockets[netip.AddrPortFrom(netip.IPv6Unspecified(), to.Port())]
}

// deliver puts a datagram into the queue of the socket at an address, if there
// is one with room.
func (m *Memory) deliver(sender *memorySocket, from, to netip.AddrPort, b []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.find(to)
	if s == nil && m.refuses && sender.watches && !sender.closed {
		sender.errors = append(sender.errors, memoryDatagram{to, b[:min(len(b), memoryQuote)]})
		if sender.poller != nil {
			sender.poller.Wake()
		}
	}
	if s == nil || len(s.queue) >= memoryQueue {
		return
	}
	s.queue = append(s.queue, memoryDatagram{from: from, b: b})
	if s.poller != nil {
		s.poller.Wake()
	}
}

type memoryDatagram struct {
	from netip.AddrPort
	b    []byte
}

// memorySocket is a Socket of a Memory; the network's lock guards it.
type memorySocket struct {
	net     *Memory
	fd      int
	local   netip.AddrPort
	queue   []memoryDatagram
	errors  []memoryDatagram // by where they were sent
	watches bool
	marks   Marks
	poller  *memoryPoller
	events  Events
	closed  bool
}

func (s *memorySocket) FD() int               { return s.fd }
func (s *memorySocket) Local() netip.AddrPort { return s.local }

func (s *memorySocket) Close() error {
	m := s.net
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.closed = true
	delete(m.sockets, s.local)
	m.fds[s.fd] = nil
	return nil
}

func (s *memorySocket) Recv(buf []byte) (int, netip.AddrPort, error) {
	s.net.mu.Lock()
	defer s.net.mu.Unlock()
	if s.closed {
		return 0, netip.AddrPort{}, unix.EBADF
	}
	if len(s.queue) == 0 {
		return 0, netip.AddrPort{}, ErrAgain
	}
	d := s.queue[0]
	s.queue = s.queue[1:]
	return copy(buf, d.b), d.from, nil
}

func (s *memorySocket) Mark(m Marks) error {
	s.net.mu.Lock()
	defer s.net.mu.Unlock()
	s.marks = m
	return nil
}

func (s *memorySocket) RecvError(d *Datagram) (error, bool) {
	s.net.mu.Lock()
	defer s.net.mu.Unlock()
	if s.closed || len(s.errors) == 0 {
		return nil, false
	}
	e := s.errors[0]
	s.errors = s.errors[1:]
	d.N, d.Addr = copy(d.Buf, e.b), e.from
	return unix.ECONNREFUSED, true
}

func (s *memorySocket) RecvBatch(d []Datagram) (int, error) {
	for i := range d {
		n, from, err := s.Recv(d[i].Buf)
		if err != nil && i > 0 {
			return i, nil
		}
		if err != nil {
			return 0, err
		}
		d[i].N, d[i].Addr, d[i].Time = n, from, time.Now().UnixNano()
	}
	return len(d), nil
}

func (s *memorySocket) Send(b []byte, to netip.AddrPort) error {
	m := s.net
	m.mu.Lock()
	route, closed := m.route, s.closed
	m.mu.Unlock()
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	switch {
	case closed:
		return unix.EBADF
	case len(b) > maxUDPPayload:
		return unix.EMSGSIZE
	case !to.IsValid() || to.Port() == 0:
		return unix.EINVAL
	case s.local.Addr().Is4() && !to.Addr().Is4():
		return unix.EAFNOSUPPORT
	}
	from := s.local
	if from.Addr().IsUnspecified() {
		from = netip.AddrPortFrom(m.LocalAddr(to.Addr()), from.Port())
	}
	b = slices.Clone(b)
	delays := []time.Duration{0}
	if route != nil {
		delays = route(from, to, b)
	}
	for _, d := range delays {
		if d <= 0 {
			m.deliver(s, from, to, b)
		} else {
			time.AfterFunc(d, func() { m.deliver(s, from, to, b) })
		}
	}
	return nil
}

func (s *memorySocket) SendBatch(d []Datagram) (int, error) {
	for i := range d {
		if err := s.Send(d[i].Buf[:d[i].N], d[i].Addr); err != nil {
			return i, err
		}
	}
	return len(d), nil
}
