package sip

import (
	"net/netip"
	"time"

	"pbx/channels/sip/message"
)

// Addresses: which of ours a far end can reach, and where its requests are
// answered.

// routeTable remembers which source address the system takes towards a
// destination, so that not every message asks the kernel.
type routeTable struct {
	from map[netip.Addr]netip.Addr
	at   time.Time
}

const (
	routeLife  = time.Minute
	routeLimit = 4096
)

// sourceAddr is our address as the network sees it on the way to dest, before
// any translation.
func (d *Driver) sourceAddr(dest netip.Addr, listener int) netip.Addr {
	local := d.udp.Local(listener).Addr()
	if !local.IsUnspecified() {
		return local.Unmap()
	}
	t := &d.peers.routes
	now := d.now()
	if t.from == nil || len(t.from) >= routeLimit || now.Sub(t.at) > routeLife {
		t.from, t.at = make(map[netip.Addr]netip.Addr), now
	}
	if a, ok := t.from[dest]; ok {
		return a
	}
	a := d.network.LocalAddr(dest).Unmap()
	t.from[dest] = a
	return a
}

// localAddress gives the addresses that a far end at to should use for us: for
// signalling (Via, Contact, From) and for media (SDP). externaddr stands in for
// both where the far end is outside of every localnet.
func (d *Driver) localAddress(to netip.AddrPort, listener int) (signalling netip.AddrPort, media netip.Addr) {
	g := &d.cfg.General
	own := d.sourceAddr(to.Addr().Unmap(), listener)
	signalling = netip.AddrPortFrom(own, d.udp.Local(listener).Port())
	media = own
	if g.RTPBind.IsValid() && !g.RTPBind.IsUnspecified() {
		media = g.RTPBind
	}
	if ext := d.extern(); ext.IsValid() && ext.Is4() == own.Is4() && d.outside(to.Addr(), own) {
		port := g.ExternPort
		if port == 0 {
			port = signalling.Port()
		}
		signalling, media = netip.AddrPortFrom(ext, port), ext
	}
	if g.MediaAddress.IsValid() {
		media = g.MediaAddress
	}
	return signalling, media
}

// extern is our public address, invalid when there is none or its name is not
// resolved yet.
func (d *Driver) extern() netip.Addr {
	g := &d.cfg.General
	if g.ExternHost != "" {
		return d.hosts.addr(g.ExternHost)
	}
	return g.Extern.Addr()
}

// outside reports whether dest is beyond our NAT. Without localnet nothing is.
func (d *Driver) outside(dest, own netip.Addr) bool {
	g := &d.cfg.General
	if len(g.LocalNet) == 0 {
		return false
	}
	if g.MatchExternLocal && !d.local(own) {
		return false
	}
	return !d.local(dest)
}

func (d *Driver) local(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	for _, n := range d.cfg.General.LocalNet {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// behindNAT reports whether the sender of m seems to be behind a NAT: the top
// Via names another address than it came from (RFC 3261 18.2.1).
func behindNAT(m *message.Message, from netip.AddrPort) bool {
	via := m.Via()
	a, err := netip.ParseAddr(string(via.Host))
	if err != nil {
		return true
	}
	port := via.Port
	if port == 0 {
		port = defaultPort
	}
	return a.Unmap() != from.Addr().Unmap() || port != from.Port()
}

// forceRPort reports whether replies and requests go to where a request came
// from, whatever it says of itself (nat=force_rport, auto_force_rport).
func (s *PeerSettings) forceRPort(m *message.Message, from netip.AddrPort) bool {
	return s.NAT.ForceRPort || s.NAT.AutoForceRPort && behindNAT(m, from)
}

// comedia reports whether media goes to where media comes from (nat=comedia,
// auto_comedia).
func (s *PeerSettings) comedia(m *message.Message, from netip.AddrPort) bool {
	return s.NAT.Comedia || s.NAT.AutoComedia && behindNAT(m, from)
}

// replyAddress is where the responses to m go: to its source address, and to the
// source port where rport asks for it (RFC 3581 4) or nat= insists, to the port
// of the top Via otherwise (RFC 3261 18.2.2). It tells m, whose Via is completed
// accordingly in the responses.
func (d *Driver) replyAddress(m *message.Message, from source, p *Peer) netip.AddrPort {
	force := d.settings(p).forceRPort(m, from.addr)
	m.SetSource(from.addr, force)
	via := m.Via()
	if via.HasRPort || force {
		return from.addr
	}
	port := via.Port
	if port == 0 {
		port = defaultPort
	}
	return netip.AddrPortFrom(from.addr.Addr(), port)
}

// mediaBind is where RTP listens: rtpbindaddr, or the one address that SIP has,
// so that audio comes from where the session description says. The zero Addr
// leaves it to the engine.
func (g *Settings) mediaBind() netip.Addr {
	switch at := g.UDPBind.Addr(); {
	case g.RTPBind.IsValid():
		return g.RTPBind
	case at.IsValid() && !at.IsUnspecified():
		return at
	}
	return netip.Addr{}
}
