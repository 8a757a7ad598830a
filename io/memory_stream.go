package io

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// memoryBacklog is how many connections wait to be accepted.
const memoryBacklog = 128

// memoryListener is a listener of a Memory.
type memoryListener struct {
	net    *Memory
	local  netip.AddrPort
	queue  chan net.Conn
	closed chan struct{}
	marks  Marks
	once   sync.Once
}

// ListenTCP opens a listener. The options have no effect; MarksOf tells the marks.
func (m *Memory) ListenTCP(addr netip.AddrPort, o SocketOptions) (StreamListener, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ip := addr.Addr().Unmap()
	if !ip.IsValid() {
		return nil, fmt.Errorf("io: listen on TCP %s: %w", addr, unix.EINVAL)
	}
	addr = netip.AddrPortFrom(ip, addr.Port())
	for range 1 << 16 {
		if addr.Port() != 0 {
			break
		}
		if a := netip.AddrPortFrom(ip, m.freePort()); m.streams[a] == nil {
			addr = a
		}
	}
	if addr.Port() == 0 || m.streams[addr] != nil {
		return nil, fmt.Errorf("io: listen on TCP %s: %w", addr, unix.EADDRINUSE)
	}
	l := &memoryListener{net: m, local: addr, queue: make(chan net.Conn, memoryBacklog), closed: make(chan struct{}), marks: o.Marks}
	m.streams[addr] = l
	return l, nil
}

// freePort is the next port of those that are picked.
func (m *Memory) freePort() uint16 {
	m.port = max(m.port+1, firstMemoryPort)
	return m.port
}

// DialTCP connects to a listener of this network.
func (m *Memory) DialTCP(ctx context.Context, local netip.Addr, to netip.AddrPort, _ SocketOptions) (net.Conn, error) {
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	if !local.IsValid() || local.IsUnspecified() {
		local = m.LocalAddr(to.Addr())
	}
	m.mu.Lock()
	from := netip.AddrPortFrom(local.Unmap(), m.freePort())
	route, l := m.route, m.stream(to)
	m.mu.Unlock()
	fail := func(err error) (net.Conn, error) { return nil, fmt.Errorf("io: dial TCP %s: %w", to, err) }
	if route != nil {
		delays := route(from, to, nil)
		if len(delays) == 0 {
			<-ctx.Done()
			return fail(ctx.Err())
		}
		t := time.NewTimer(delays[0])
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return fail(ctx.Err())
		}
	}
	if l == nil {
		return fail(unix.ECONNREFUSED)
	}
	near, far := memoryPipe(from, to)
	select {
	case l.queue <- far:
		return near, nil
	case <-l.closed:
		return fail(unix.ECONNREFUSED)
	case <-ctx.Done():
		return fail(ctx.Err())
	}
}

// stream is the listener that a connection to an address reaches, nil for none.
func (m *Memory) stream(to netip.AddrPort) *memoryListener {
	if l := m.streams[to]; l != nil {
		return l
	}
	if to.Addr().Is4() {
		if l := m.streams[netip.AddrPortFrom(netip.IPv4Unspecified(), to.Port())]; l != nil {
			return l
		}
	}
	return m.streams[netip.AddrPortFrom(netip.IPv6Unspecified(), to.Port())]
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.queue:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Mark implements StreamListener.
func (l *memoryListener) Mark(m Marks) error {
	l.net.mu.Lock()
	defer l.net.mu.Unlock()
	l.marks = m
	return nil
}

func (l *memoryListener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.local) }

// Close closes the listener and the connections that nobody accepted.
func (l *memoryListener) Close() error {
	l.once.Do(func() {
		l.net.mu.Lock()
		delete(l.net.streams, l.local)
		l.net.mu.Unlock()
		close(l.closed)
		for {
			select {
			case c := <-l.queue:
				_ = c.Close()
			default:
				return
			}
		}
	})
	return nil
}
