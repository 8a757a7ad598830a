package io

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// keepAlive finds connections whose far end is gone without a word, in two
// minutes.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: 15 * time.Second, Count: 4}

func (system) ListenTCP(addr netip.AddrPort, o SocketOptions) (StreamListener, error) {
	lc := net.ListenConfig{Control: o.Marks.control, KeepAliveConfig: keepAlive}
	lc.SetMultipathTCP(false) // it has no traffic class of IPv6, and its address is more than one
	network := o.network(addr.Addr())
	l, err := lc.Listen(context.Background(), network, addr.String())
	if err != nil {
		if op := new(net.OpError); errors.As(err, &op) {
			err = op.Err // without the address once more
		}
		return nil, fmt.Errorf("io: listen on TCP %s: %w", addr, err)
	}
	t, ok := l.(*net.TCPListener)
	if !ok {
		return nil, errors.Join(fmt.Errorf("io: listen on TCP %s: not a listener of TCP", addr), l.Close())
	}
	s := &streamListener{TCPListener: t, family: familyOf(network)}
	s.marks.Store(&o.Marks)
	return s, nil
}

func (system) DialTCP(ctx context.Context, local netip.Addr, to netip.AddrPort, o SocketOptions) (net.Conn, error) {
	d := net.Dialer{Control: o.Marks.control, KeepAliveConfig: keepAlive}
	if local.IsValid() && !local.IsUnspecified() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(local, 0))
	}
	c, err := d.DialContext(ctx, "tcp", to.String())
	if err != nil {
		return nil, fmt.Errorf("io: %w", err)
	}
	return c, nil
}

// WriteNow writes as much of b as the connection's socket takes at once, which may be
// nothing, and does not tell the runtime's scheduler, for which a write that does not
// wait is dear. The rest is for the connection's Write. Linux send(2).
func WriteNow(c syscall.RawConn, b []byte) (n int, err error) {
	var errno unix.Errno
	err = c.Write(func(fd uintptr) bool {
		var sent uintptr
		sent, _, errno = unix.RawSyscall6(unix.SYS_SENDTO, fd, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)),
			unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
		if errno == 0 {
			n = int(sent)
		}
		return true
	})
	switch {
	case err != nil:
		return 0, fmt.Errorf("io: %w", err)
	case errno != 0 && errno != unix.EAGAIN && errno != unix.EINTR:
		return 0, fmt.Errorf("io: send: %w", errno)
	}
	return n, nil
}

// network is the family that a listener takes: a listener on :: takes both unless
// it must not.
func (o SocketOptions) network(a netip.Addr) string {
	switch {
	case a.Is4():
		return "tcp4"
	case o.V6Only:
		return "tcp6"
	}
	return "tcp"
}
