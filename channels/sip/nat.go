package sip

import (
	"cmp"
	"net/netip"
	"time"

	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
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

// sourceAddr is our address as the network sees it on the way to dest from a
// listener at local, before any translation.
func (d *Driver) sourceAddr(dest, local netip.Addr) netip.Addr {
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

// localAddress gives the addresses that the far end of a route should use for us:
// for signalling (Via, Contact, From) and for media (SDP). externaddr stands in for
// both where the far end is outside of every localnet.
func (d *Driver) localAddress(r transaction.Route) (signalling netip.AddrPort, media netip.Addr) {
	g := &d.cfg.General
	to := r.Remote
	local := d.net.LocalOf(r)
	own := d.sourceAddr(to.Addr().Unmap(), local.Addr()).WithZone("")
	signalling = netip.AddrPortFrom(own, local.Port())
	media = own
	if g.RTPBind.IsValid() && !g.RTPBind.IsUnspecified() && g.RTPBind.Is4() == own.Is4() {
		media = g.RTPBind
	}
	if ext := d.extern(); ext.IsValid() && ext.Addr().Is4() == own.Is4() && d.outside(to.Addr(), own) {
		port := ext.Port()
		if r.Protocol.Reliable() {
			port = g.externPort(r.Protocol)
		}
		signalling, media = netip.AddrPortFrom(ext.Addr(), cmp.Or(port, signalling.Port())), ext.Addr()
	}
	if g.MediaAddress.IsValid() && g.MediaAddress.Is4() == own.Is4() {
		media = g.MediaAddress
	}
	return signalling, media
}

// externPort is our public port for a protocol of streams, 0 for the one that we
// listen at.
func (g *Settings) externPort(p transaction.Protocol) uint16 {
	switch p {
	case transaction.TCP:
		return cmp.Or(g.ExternTCPPort, g.ExternPort)
	case transaction.TLS:
		return g.ExternTLSPort
	}
	return 0
}

// extern is our public address, of externaddr, externhost or as a STUN server sees
// it; invalid when there is none or it is not known yet. Port 0 is that of the
// listener.
func (d *Driver) extern() netip.AddrPort {
	g := &d.cfg.General
	switch {
	case g.ExternHost != "":
		for _, t := range d.hosts.targets(d.externQuery()) {
			return netip.AddrPortFrom(t.Addr.Addr(), g.ExternPort)
		}
		return netip.AddrPort{}
	case g.Extern.Addr().IsValid():
		return netip.AddrPortFrom(g.Extern.Addr(), g.ExternPort)
	}
	return d.external.seen
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
// A Via of a stream says where its sender listens, not which port he sends from.
func behindNAT(m *message.Message, from source) bool {
	via := m.Via()
	a, err := netip.ParseAddr(string(via.Host))
	if err != nil || a.Unmap().WithZone("") != from.addr.Addr().Unmap().WithZone("") {
		return true
	}
	return !from.protocol.Reliable() && cmp.Or(via.Port, defaultPort) != from.addr.Port()
}

// onLink is an address that somebody gives whom we hear from another: one of a link is
// on the same link as that, whose zone it cannot know here (RFC 4007 11.2).
func onLink(a netip.AddrPort, from netip.Addr) netip.AddrPort {
	if ip := a.Addr(); ip.Is6() && ip.IsLinkLocalUnicast() && ip.Zone() == "" {
		return netip.AddrPortFrom(ip.WithZone(from.Zone()), a.Port())
	}
	return a
}

// forceRPort reports whether replies and requests go to where a request came
// from, whatever it says of itself (nat=force_rport, auto_force_rport).
func (s *PeerSettings) forceRPort(m *message.Message, from source) bool {
	return s.NAT.ForceRPort || s.NAT.AutoForceRPort && behindNAT(m, from)
}

// comedia reports whether media goes to where media comes from (nat=comedia,
// auto_comedia).
func (s *PeerSettings) comedia(m *message.Message, from source) bool {
	return s.NAT.Comedia || s.NAT.AutoComedia && behindNAT(m, from)
}

// routeTo is the way to an address. ok is false where no listener of ours has
// its family.
func (d *Driver) routeTo(p transaction.Protocol, to netip.AddrPort) (r transaction.Route, ok bool) {
	n, ok := d.net.For(p, to.Addr())
	return transaction.Route{Protocol: p, Listener: n, Remote: to}, ok
}

// replyAddress is where the responses to m go: to its source address, and to the
// source port where rport asks for it (RFC 3581 4) or nat= insists, to the port
// of the top Via otherwise (RFC 3261 18.2.2). Over a stream they go by the
// connection of the request, and only when that is gone to the port of the Via. It
// tells m, whose Via is completed accordingly in the responses.
func (d *Driver) replyAddress(m *message.Message, from source, p *Peer) netip.AddrPort {
	force := d.settings(p).forceRPort(m, from)
	m.SetSource(from.addr, force)
	via := m.Via()
	if !from.protocol.Reliable() && (via.HasRPort || force) {
		return from.addr
	}
	port := cmp.Or(via.Port, from.protocol.DefaultPort())
	return netip.AddrPortFrom(from.addr.Addr(), port)
}

// mediaBind is where RTP towards far listens: rtpbindaddr, or the one address that
// SIP has, so that audio comes from where the session description says. Neither
// helps a far end of the other address family. The zero Addr leaves it to the
// engine.
func (g *Settings) mediaBind(far netip.Addr) netip.Addr {
	bind := g.RTPBind
	if !bind.IsValid() && len(g.UDPBinds) == 1 && !g.UDPBinds[0].Addr().IsUnspecified() {
		bind = g.UDPBinds[0].Addr()
	}
	far = far.Unmap()
	switch {
	case far.Is6() && !bind.Is6():
		return netip.IPv6Unspecified()
	case far.Is4() && bind.Is6() && !bind.IsUnspecified():
		return netip.IPv4Unspecified()
	}
	return bind
}
