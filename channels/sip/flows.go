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
	d.txs.Lost(f, dead, why)
	for _, p := range slices.Clone(d.peers.flows[f]) {
		for _, c := range slices.Clone(p.contacts) {
			if c.endsWith(f) && !d.quit {
				d.expire(p, c)
			}
		}
	}
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

// rebind has the calls of a device whose connection broke go on by the one that it
// registered with now.
func (d *Driver) rebind(p *Peer, c *Contact) {
	if c.Flow == 0 {
		return
	}
	d.calls.each(func(o *pvt) {
		if o.peer == p && o.route.Flow != 0 && !d.net.Alive(o.route.Flow) && sameContact(o.target, c.URI) {
			o.route = c.route()
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
