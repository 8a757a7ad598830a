package io

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// begin marks a new socket.
func (m Marks) begin(fd, family int) error {
	if m.TOS == 0 {
		m.prioritize(fd)
		return nil
	}
	return m.change(fd, family)
}

// change marks a socket that may have other marks. Linux takes the priority from the
// TOS where that changes: so that it does, where there is no other, one goes between.
func (m Marks) change(fd, family int) error {
	if m.Priority == 0 {
		_ = setOption(fd, unix.IPPROTO_IP, unix.IP_TOS, m.TOS^dscpBit)
	}
	err := setOption(fd, unix.IPPROTO_IP, unix.IP_TOS, m.TOS)
	if family == unix.AF_INET6 { // bound to :: it may send IPv4 too
		err = setOption(fd, unix.IPPROTO_IPV6, unix.IPV6_TCLASS, m.TOS)
	}
	m.prioritize(fd)
	return err
}

// dscpBit is one that a stream's socket takes: the two below are the kernel's (ECN).
const dscpBit = 4

// prioritize sets the priority, which IP_TOS has set as well: it comes last. 7 is for
// privileged processes, and a socket is no worse without it.
func (m Marks) prioritize(fd int) {
	if m.Priority != 0 {
		_ = setOption(fd, unix.SOL_SOCKET, unix.SO_PRIORITY, m.Priority)
	}
}

// Mark implements Socket.
func (s *udpSocket) Mark(m Marks) error { return m.change(s.fd, s.family) }

// streamListener marks what it accepts: a connection has the TOS of its listener, but
// not its priority (Linux sk_clone).
type streamListener struct {
	*net.TCPListener
	family int
	marks  atomic.Pointer[Marks]
}

// Accept implements net.Listener. A connection is no worse without marks.
func (l *streamListener) Accept() (net.Conn, error) {
	c, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	if m := *l.marks.Load(); m != (Marks{}) {
		if raw, err := c.SyscallConn(); err == nil {
			_ = raw.Control(func(fd uintptr) { _ = m.change(int(fd), l.family) })
		}
	}
	return c, nil
}

// Mark changes the marks of the connections that are accepted from now on, and of what
// answers who asks for one.
func (l *streamListener) Mark(m Marks) error {
	l.marks.Store(&m)
	raw, err := l.SyscallConn()
	if err == nil {
		var failed error
		err = errors.Join(raw.Control(func(fd uintptr) { failed = m.change(int(fd), l.family) }), failed)
	}
	if err != nil {
		return fmt.Errorf("io: mark %s: %w", l.Addr(), err)
	}
	return nil
}

// control marks a stream's socket before it is bound, or connects. A family that has no
// such mark is no reason to do without the socket.
func (m Marks) control(network, _ string, c syscall.RawConn) error {
	if m == (Marks{}) {
		return nil
	}
	return c.Control(func(fd uintptr) { _ = m.begin(int(fd), familyOf(network)) })
}

// familyOf is the family of the sockets of a network of package net, tcp4 or another.
func familyOf(network string) int {
	if strings.HasSuffix(network, "4") {
		return unix.AF_INET
	}
	return unix.AF_INET6
}
