package io

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sockaddr has room for an IPv4 or IPv6 address as the kernel writes it.
type sockaddr struct {
	unix.RawSockaddrInet6
}

// putPort and port read and write a port, which lies in network byte order.
func putPort(p *uint16, port uint16) {
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(p))[:], port)
}

func getPort(p *uint16) uint16 {
	return binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(p))[:])
}

// set stores a for a socket of the given family and returns the length of it. It
// returns 0 for an address that such a socket cannot reach.
func (s *sockaddr) set(a netip.AddrPort, family int) uintptr {
	ip := a.Addr()
	if family == unix.AF_INET {
		if ip = ip.Unmap(); !ip.Is4() {
			return 0
		}
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(s))
		*v4 = unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: ip.As4()}
		putPort(&v4.Port, a.Port())
		return unix.SizeofSockaddrInet4
	}
	if !ip.IsValid() {
		return 0
	}
	// As16 maps IPv4, as a socket bound to :: wants it.
	s.RawSockaddrInet6 = unix.RawSockaddrInet6{Family: unix.AF_INET6, Addr: ip.As16()}
	putPort(&s.Port, a.Port())
	if zone := ip.Zone(); zone != "" {
		s.Scope_id = zoneID(zone)
	}
	return unix.SizeofSockaddrInet6
}

// get returns the address that the kernel left.
func (s *sockaddr) get() netip.AddrPort {
	switch s.Family {
	case unix.AF_INET:
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(s))
		return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), getPort(&v4.Port))
	case unix.AF_INET6:
		ip := netip.AddrFrom16(s.Addr).Unmap()
		if s.Scope_id != 0 && ip.Is6() {
			ip = ip.WithZone(strconv.FormatUint(uint64(s.Scope_id), 10))
		}
		return netip.AddrPortFrom(ip, getPort(&s.Port))
	}
	return netip.AddrPort{}
}

// zoneID is the index of the interface that a zone names or numbers, 0 when
// there is none.
func zoneID(zone string) uint32 {
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n)
	}
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	defer func() { _ = unix.Close(fd) }()
	ifr, err := unix.NewIfreq(zone)
	if err != nil || unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, ifr) != nil {
		return 0
	}
	return ifr.Uint32()
}
