package io

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxBatch is the number of datagrams that one system call moves.
const maxBatch = 64

// udpSocket is a UDP socket of the system. All its system calls return at once
// and are made without telling the scheduler.
type udpSocket struct {
	fd     int
	family int
	local  netip.AddrPort
	errors bool // SocketOptions.Errors
	closed atomic.Bool
	batch  *batch
	once   sync.Once
}

// batch is the storage that recvmmsg and sendmmsg need.
type batch struct {
	headers [maxBatch]mmsghdr
	vectors [maxBatch]unix.Iovec
	addrs   [maxBatch]sockaddr
}

// mmsghdr is struct mmsghdr of recvmmsg(2).
type mmsghdr struct {
	unix.Msghdr
	n uint32
}

func listenUDP(addr netip.AddrPort, o SocketOptions) (*udpSocket, error) {
	s := &udpSocket{family: unix.AF_INET6}
	if addr.Addr().Unmap().Is4() {
		s.family = unix.AF_INET
	}
	fd, err := unix.Socket(s.family, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("io: UDP socket: %w", err)
	}
	s.fd = fd
	if err := s.bind(addr, o); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("io: listen on UDP %s: %w", addr, err)
	}
	return s, nil
}

func (s *udpSocket) bind(addr netip.AddrPort, o SocketOptions) error {
	if s.family == unix.AF_INET6 {
		only := o.V6Only || !addr.Addr().IsUnspecified()
		if err := setOption(s.fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, boolInt(only)); err != nil {
			return err
		}
	}
	if o.ReuseAddr {
		if err := setOption(s.fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
			return err
		}
	}
	s.setBuffer(unix.SO_RCVBUF, unix.SO_RCVBUFFORCE, o.RecvBuffer)
	s.setBuffer(unix.SO_SNDBUF, unix.SO_SNDBUFFORCE, o.SendBuffer)
	if err := o.Marks.begin(s.fd, s.family); err != nil {
		return err
	}
	if o.Errors {
		if err := s.watchErrors(); err != nil {
			return err
		}
	}
	var sa sockaddr
	n := sa.set(addr, s.family)
	if n == 0 {
		return unix.EAFNOSUPPORT
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_BIND, uintptr(s.fd), uintptr(unsafe.Pointer(&sa)), n); errno != 0 {
		return errno
	}
	if addr.Port() != 0 {
		s.local = sa.get() // what was asked for
		return nil
	}
	var err error
	s.local, err = localName(s.fd)
	return err
}

// setBuffer asks for a buffer size, beyond the system's limit where permitted;
// the kernel gives what it can.
func (s *udpSocket) setBuffer(option, force, size int) {
	if size > 0 && setOption(s.fd, unix.SOL_SOCKET, force, size) != nil {
		_ = setOption(s.fd, unix.SOL_SOCKET, option, size)
	}
}

// setOption sets a number without telling the scheduler: it takes a moment only, and
// to be told wakes a thread that watches for calls which take longer.
func setOption(fd, level, option, value int) error {
	v := int32(value)
	_, _, errno := unix.RawSyscall6(unix.SYS_SETSOCKOPT, uintptr(fd), uintptr(level), uintptr(option), uintptr(unsafe.Pointer(&v)), unsafe.Sizeof(v), 0)
	if errno != 0 {
		return errno
	}
	return nil
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// localName is getsockname(2).
func localName(fd int) (netip.AddrPort, error) {
	var sa sockaddr
	n := uint32(unsafe.Sizeof(sa))
	_, _, errno := unix.RawSyscall(unix.SYS_GETSOCKNAME, uintptr(fd),
		uintptr(unsafe.Pointer(&sa)), uintptr(unsafe.Pointer(&n)))
	if errno != 0 {
		return netip.AddrPort{}, errno
	}
	return sa.get(), nil
}

// localAddr is the source address that the route to dest has. Connecting a UDP
// socket sends nothing.
func localAddr(dest netip.Addr) netip.Addr {
	family := unix.AF_INET6
	if dest.Unmap().Is4() {
		family = unix.AF_INET
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return netip.Addr{}
	}
	defer func() { _ = closeDatagram(fd) }()
	var sa sockaddr
	n := sa.set(netip.AddrPortFrom(dest, 9), family)
	if n == 0 {
		return netip.Addr{}
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&sa)), n); errno != 0 {
		return netip.Addr{}
	}
	a, err := localName(fd)
	if err != nil {
		return netip.Addr{}
	}
	return a.Addr()
}

func (s *udpSocket) FD() int               { return s.fd }
func (s *udpSocket) Local() netip.AddrPort { return s.local }

func (s *udpSocket) Close() error {
	if s.closed.Swap(true) {
		return ErrClosed
	}
	return closeDatagram(s.fd)
}

// closeDatagram closes a socket that has nothing to linger for. unix.Close would
// tell the scheduler, which wakes the runtime's monitor thread each time.
func closeDatagram(fd int) error {
	if _, _, errno := unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// failure turns an errno into the package's error.
func failure(errno unix.Errno) error {
	if errno == unix.EAGAIN || errno == unix.EINTR || errno == unix.ENOBUFS {
		return ErrAgain
	}
	return errno
}

func (s *udpSocket) Recv(buf []byte) (int, netip.AddrPort, error) {
	var sa sockaddr
	size := uint32(unsafe.Sizeof(sa))
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(s.fd), uintptr(unsafe.Pointer(unsafe.SliceData(buf))),
		uintptr(len(buf)), 0, uintptr(unsafe.Pointer(&sa)), uintptr(unsafe.Pointer(&size)))
	if errno != 0 {
		return 0, netip.AddrPort{}, failure(errno)
	}
	return int(n), sa.get(), nil
}

func (s *udpSocket) Send(b []byte, to netip.AddrPort) error {
	var sa sockaddr
	size := sa.set(to, s.family)
	if size == 0 {
		return unix.EAFNOSUPPORT
	}
	for tries := 0; ; tries++ {
		_, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(s.fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))),
			uintptr(len(b)), 0, uintptr(unsafe.Pointer(&sa)), size)
		switch {
		case errno == 0:
			return nil
		case tries == 0 && s.delayed(errno): // not of this datagram: it is told once
		default:
			return failure(errno)
		}
	}
}

// prepare points the headers of a batch at the datagrams' storage.
func (s *udpSocket) prepare() *batch {
	s.once.Do(func() {
		s.batch = new(batch)
		for i := range s.batch.headers {
			h := &s.batch.headers[i]
			h.Name = (*byte)(unsafe.Pointer(&s.batch.addrs[i]))
			h.Iov = &s.batch.vectors[i]
			h.SetIovlen(1)
		}
	})
	return s.batch
}

func (s *udpSocket) RecvBatch(d []Datagram) (int, error) {
	b := s.prepare()
	d = d[:min(len(d), maxBatch)]
	if len(d) == 0 {
		return 0, nil
	}
	for i := range d {
		b.vectors[i].Base = unsafe.SliceData(d[i].Buf)
		b.vectors[i].SetLen(len(d[i].Buf))
		b.headers[i].Namelen = uint32(unsafe.Sizeof(b.addrs[i]))
	}
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(s.fd),
		uintptr(unsafe.Pointer(&b.headers[0])), uintptr(len(d)), 0, 0, 0)
	if s.delayed(errno) {
		n, _, errno = unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(s.fd),
			uintptr(unsafe.Pointer(&b.headers[0])), uintptr(len(d)), 0, 0, 0)
	}
	if errno != 0 {
		return 0, failure(errno)
	}
	now := time.Now().UnixNano()
	for i := range d[:n] {
		d[i].N = int(b.headers[i].n)
		d[i].Addr = b.addrs[i].get()
		d[i].Time = now
	}
	return int(n), nil
}

func (s *udpSocket) SendBatch(d []Datagram) (sent int, err error) {
	b := s.prepare()
	for len(d) > 0 {
		part := d[:min(len(d), maxBatch)]
		for i := range part {
			size := b.addrs[i].set(part[i].Addr, s.family)
			if size == 0 {
				part, err = part[:i], unix.EAFNOSUPPORT
				break
			}
			b.vectors[i].Base = unsafe.SliceData(part[i].Buf)
			b.vectors[i].SetLen(part[i].N)
			b.headers[i].Namelen = uint32(size)
		}
		if len(part) == 0 {
			return sent, err
		}
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(s.fd),
			uintptr(unsafe.Pointer(&b.headers[0])), uintptr(len(part)), 0, 0, 0)
		if s.delayed(errno) {
			n, _, errno = unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(s.fd),
				uintptr(unsafe.Pointer(&b.headers[0])), uintptr(len(part)), 0, 0, 0)
		}
		if errno != 0 {
			return sent, failure(errno)
		}
		sent += int(n)
		if err != nil && int(n) == len(part) {
			return sent, err
		}
		d = d[n:]
		err = nil
	}
	return sent, nil
}
