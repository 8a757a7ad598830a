package io

import "net/netip"

// System is the network of the machine.
func System() Network { return system{} }

type system struct{}

func (system) NewPoller() (Poller, error) {
	p, err := newEpoll()
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (system) ListenUDP(addr netip.AddrPort, o SocketOptions) (Socket, error) {
	s, err := listenUDP(addr, o)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (system) LocalAddr(dest netip.Addr) netip.Addr { return localAddr(dest) }
