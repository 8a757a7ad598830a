package sip

import (
	"net/netip"
	"slices"
	"strings"

	"pbx/channels/sip/transaction"
)

// Connections and who is behind them: a phone that registered over TCP, TLS or a
// WebSocket is called by the connection that it keeps open (RFC 5626), and a call
// goes on by the next one when that breaks.

// connect tells by which connections p is reached now, instead of those before.
func (t *peerTable) connect(p *Peer, flows []transaction.Flow) {
	if slices.Equal(p.flows, flows) {
		return
	}
	for _, f := range p.flows {
		if t.flows[f] = without(t.flows[f], p); len(t.flows[f]) == 0 {
			delete(t.flows, f)
		}
	}
	p.flows = flows
	for _, f := range flows {
		t.flows[f] = inOrder(t.flows[f], p)
	}
}

// byStream finds the peer behind a connection: the one that registered by it, of
// several the one that the request names; else one whose name the certificate
// carries; else, as ports say nothing there, one at that address that may use the
// protocol, the first in the configuration.
func (d *Driver) byStream(from source, name []byte) *Peer {
	t := &d.peers
	if list := t.flows[from.flow]; len(list) > 0 {
		for _, p := range list {
			if strings.EqualFold(string(name), p.Name) {
				return p
			}
		}
		return list[0]
	}
	for _, n := range d.net.Names(from.flow) {
		for _, p := range t.list {
			if p.Type.IsPeer() && !p.Dynamic && strings.EqualFold(p.Host, n) && p.allows(from.protocol) {
				return p
			}
		}
	}
	return t.atHost(from.addr.Addr(), from.protocol)
}

// atHost is the first peer that is located at an address and may use a protocol.
func (t *peerTable) atHost(a netip.Addr, protocol transaction.Protocol) *Peer {
	for _, p := range t.streams[a.Unmap().WithZone("")] {
		if p.allows(protocol) {
			return p
		}
	}
	return nil
}

// prove lets a connection stay whose far end has shown who it is.
func (d *Driver) prove(from source) {
	if from.flow != 0 {
		d.net.Prove(from.flow)
	}
}

// expected lets the connections of the trunks stay, who may have nothing to prove:
// those from an address of the configuration that say something that makes sense.
func (d *Driver) expected(from source) {
	if from.flow == 0 || d.net.Proven(from.flow) {
		return
	}
	if p := d.peers.atHost(from.addr.Addr(), from.protocol); p != nil && !p.Dynamic {
		d.net.Prove(from.flow)
	}
}

// flowLost handles the end of a connection. A registration that is a flow is over
// with it (RFC 5626 6), and so is that of a browser, which cannot be connected to.
func (d *Driver) flowLost(f transaction.Flow, dead netip.AddrPort, why error) {
	peers := slices.Clone(d.peers.flows[f])
	d.eachDialog(func(p *Peer, g *dialog) {
		if g.route.Flow == f {
			if c := d.standIn(p, f); c != nil {
				g.reroute(c)
			}
		}
	})
	d.txs.Lost(f, dead, why)
	for _, r := range d.registrants {
		if !d.quit {
			r.lost(f)
		}
	}
	for _, p := range peers {
		for _, c := range slices.Clone(p.contacts) {
			if c.endsWith(f) && !d.quit {
				p.broke(c)
				d.expire(p, c)
			}
		}
	}
}

// standIn is a contact by which a device is reached whose connection broke: by its
// other flow (RFC 5626 6), or by that which it registered with since.
func (d *Driver) standIn(p *Peer, broken transaction.Flow) *Contact {
	i := slices.IndexFunc(p.contacts, func(c *Contact) bool { return c.Flow == broken })
	for _, c := range p.contacts {
		if c.Flow != broken && d.net.Alive(c.Flow) && (i < 0 && p.MaxContacts == 1 || i >= 0 && p.sameDevice(c, p.contacts[i])) {
			return c
		}
	}
	return nil
}

// eachDialog calls f for the calls and the subscriptions of peers.
func (d *Driver) eachDialog(f func(*Peer, *dialog)) {
	d.calls.each(func(o *pvt) {
		if o.peer != nil {
			f(o.peer, &o.dialog)
		}
	})
	d.subs.each(func(s *subscription) {
		if s.peer == nil {
			return
		}
		f(s.peer, &s.dialog)
		if s.stranded && s.rerouted {
			s.stranded = false
			s.enqueue()
		}
	})
}

// reroute has a dialog go on by the connection of a contact; one that is secure stays
// so.
func (g *dialog) reroute(c *Contact) {
	if c.Protocol.Secure() || !g.encrypted && !secureURI(g.target) {
		g.route, g.rerouted = c.route(), true
	}
}

// maxBroken is how many contacts a peer keeps in mind that ended with their
// connection.
const maxBroken = 8

// broke keeps in mind a contact that ended with its connection: its device is about to
// come back.
func (p *Peer) broke(c *Contact) {
	if len(p.broken) == maxBroken {
		p.broken = slices.Delete(p.broken, 0, 1)
	}
	p.broken = append(p.broken, c)
}

// sameDevice reports whether two contacts of a peer are those of one device: by its
// instance, or as the peer has no other.
func (p *Peer) sameDevice(a, b *Contact) bool {
	if a.Instance != "" || b.Instance != "" {
		return a.Instance == b.Instance
	}
	return p.MaxContacts == 1 || sameContact(a.URI, b.URI)
}

// places are the URIs that a device which registers c was to be reached at before.
func (p *Peer) places(c *Contact) (uris []string) {
	for _, list := range [...][]*Contact{p.contacts, p.broken} {
		for _, o := range list {
			if p.sameDevice(o, c) && !o.Static {
				uris = append(uris, o.URI)
			}
		}
	}
	return uris
}

// flowInUse reports whether somebody is registered, or talks, by a connection, or we
// are registered by it: calls of the provider come that way.
func (d *Driver) flowInUse(f transaction.Flow) (used bool) {
	if len(d.peers.flows[f]) > 0 {
		return true
	}
	for _, r := range d.registrants {
		if d.net.Leads(f, r.route) {
			return true
		}
	}
	d.calls.each(func(p *pvt) { used = used || p.route.Flow == f })
	return used
}

// rebind has the calls and subscriptions of a device go on by the connection that it
// registered with now: those to its Contact, or to one that it had before, whose
// connection broke or is the one that this takes the place of.
func (d *Driver) rebind(p *Peer, c *Contact, before []string, instead transaction.Flow) {
	p.broken = slices.DeleteFunc(p.broken, func(o *Contact) bool { return p.sameDevice(o, c) })
	d.eachDialog(func(o *Peer, g *dialog) {
		if o != p || !g.route.Protocol.Reliable() || d.net.Alive(g.route.Flow) && g.route.Flow != instead {
			return
		}
		if sameContact(g.target, c.URI) || slices.ContainsFunc(before, func(uri string) bool { return sameContact(g.target, uri) }) {
			g.reroute(c)
		}
	})
}

// secured is the way to a contact, which of a sips URI must be TLS.
func (d *Driver) secured(c *Contact) transaction.Route {
	r := c.route()
	if secureURI(c.URI) && !r.Protocol.Secure() {
		r, _ = d.routeTo(transaction.TLS, netip.AddrPortFrom(c.Addr.Addr(), transaction.TLS.DefaultPort()))
	}
	return r
}
