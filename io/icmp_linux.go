package io

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

// watchErrors has the kernel keep the ICMP errors that datagrams of ours meet
// (IP_RECVERR).
func (s *udpSocket) watchErrors() error {
	s.errors = true
	if s.family == unix.AF_INET {
		return setOption(s.fd, unix.IPPROTO_IP, unix.IP_RECVERR, 1)
	}
	// A socket bound to :: may send IPv4 too.
	_ = setOption(s.fd, unix.IPPROTO_IP, unix.IP_RECVERR, 1)
	return setOption(s.fd, unix.IPPROTO_IPV6, unix.IPV6_RECVERR, 1)
}

// delayed reports whether errno may be the error of an earlier datagram, which a
// socket with SocketOptions.Errors reports at the next call whatever that is.
func (s *udpSocket) delayed(errno unix.Errno) bool {
	switch errno {
	case unix.ECONNREFUSED, unix.EHOSTUNREACH, unix.ENETUNREACH, unix.EHOSTDOWN, unix.EPROTO, unix.ENOPROTOOPT, unix.EACCES, unix.ENONET:
		return s.errors
	}
	return false
}

// sockExtendedErr is the beginning of struct sock_extended_err of ip(7).
const sockExtendedErr = 16

// RecvError implements Socket.
func (s *udpSocket) RecvError(d *Datagram) (reason error, ok bool) {
	if !s.errors {
		return nil, false
	}
	var (
		name    sockaddr
		control [128]byte
	)
	for range maxBatch {
		vector := unix.Iovec{Base: unsafe.SliceData(d.Buf)}
		vector.SetLen(len(d.Buf))
		h := unix.Msghdr{Name: (*byte)(unsafe.Pointer(&name)), Namelen: uint32(unsafe.Sizeof(name)), Iov: &vector, Control: &control[0]}
		h.SetIovlen(1)
		h.SetControllen(len(control))
		n, _, errno := unix.RawSyscall(unix.SYS_RECVMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&h)), unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
		if errno != 0 {
			return nil, false
		}
		if cause := icmpError(control[:h.Controllen]); cause != 0 {
			d.N, d.Addr = min(int(n), len(d.Buf)), name.get()
			return cause, true
		}
	}
	return nil, false
}

// icmpError finds the error of an ICMP message among control messages, 0 when there
// is none: the machine's own errors, such as EMSGSIZE, were told by Send.
func icmpError(control []byte) unix.Errno {
	for len(control) >= unix.SizeofCmsghdr {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&control[0]))
		size := int(h.Len)
		if size < unix.SizeofCmsghdr || size > len(control) {
			return 0
		}
		data := control[unix.CmsgLen(0):size]
		v4 := h.Level == unix.IPPROTO_IP && h.Type == unix.IP_RECVERR
		v6 := h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_RECVERR
		if (v4 || v6) && len(data) >= sockExtendedErr {
			origin := data[4]
			if origin != unix.SO_EE_ORIGIN_ICMP && origin != unix.SO_EE_ORIGIN_ICMP6 {
				return 0
			}
			return unix.Errno(binary.NativeEndian.Uint32(data))
		}
		control = control[min(unix.CmsgSpace(size-unix.CmsgLen(0)), len(control)):]
	}
	return 0
}
