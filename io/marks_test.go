package io

import (
	"context"
	"net"
	"net/netip"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// sockopts are the marks that the kernel has for a connection.
func sockopts(t *testing.T, c net.Conn) Marks {
	t.Helper()
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	level, name := unix.IPPROTO_IP, unix.IP_TOS
	if a := c.LocalAddr().(*net.TCPAddr).AddrPort().Addr(); !a.Unmap().Is4() {
		level, name = unix.IPPROTO_IPV6, unix.IPV6_TCLASS
	}
	var m Marks
	err = raw.Control(func(fd uintptr) {
		m.TOS, _ = unix.GetsockoptInt(int(fd), level, name)
		m.Priority, _ = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PRIORITY)
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// What is accepted and what is dialled has the marks that were asked for, also when
// those of the listener change.
func TestMarksOfStreams(t *testing.T) {
	steps := []struct{ marks, want Marks }{
		{Marks{TOS: 0x60, Priority: 4}, Marks{TOS: 0x60, Priority: 4}},
		{Marks{TOS: 0x60}, Marks{TOS: 0x60}},
		{Marks{TOS: 0xb8}, Marks{TOS: 0xb8, Priority: 4}}, // Linux has bits of the old TOS in mind
		{Marks{Priority: 3}, Marks{Priority: 3}},
		{Marks{}, Marks{}},
	}
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0", "[::]:0"} {
		l, err := System().ListenTCP(netip.MustParseAddrPort(addr), SocketOptions{Marks: steps[0].marks})
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range steps {
			if i > 0 {
				if err := l.Mark(s.marks); err != nil {
					t.Errorf("%s: %+v: %v", addr, s.marks, err)
				}
			}
			ours, err := System().DialTCP(context.Background(), netip.Addr{}, l.Addr().(*net.TCPAddr).AddrPort(), SocketOptions{Marks: s.marks})
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			if a, b := sockopts(t, theirs), sockopts(t, ours); a != s.want || b != s.want {
				t.Errorf("%s: with %+v a connection that was accepted has %+v, one that was dialled %+v; want %+v", addr, s.marks, a, b, s.want)
			}
			_, _ = ours.Close(), theirs.Close()
		}
		_ = l.Close()
	}
}

// A socket whose priority is left to its TOS has none of before.
func TestMarksChange(t *testing.T) {
	s, err := System().ListenUDP(netip.MustParseAddrPort("127.0.0.1:0"), SocketOptions{Marks: Marks{TOS: 0x60, Priority: 5}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Mark(Marks{TOS: 0x60}); err != nil {
		t.Fatal(err)
	}
	if v, err := unix.GetsockoptInt(s.FD(), unix.SOL_SOCKET, unix.SO_PRIORITY); v != 0 || err != nil {
		t.Errorf("priority %d, %v", v, err)
	}
}
