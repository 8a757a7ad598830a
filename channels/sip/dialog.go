package sip

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"

	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
)

// dialog is the state of RFC 3261 section 12 that requests within a dialog are
// built from.
type dialog struct {
	callID              string
	localTag, remoteTag string
	local, remote       string // From and To of our requests, without their tags
	localSeq, remoteSeq uint32
	hasRemoteSeq        bool
	target              string   // the remote target
	routes              []string // the route set as URIs, in order
	contact             string   // our Contact as a URI
	hops                string   // Max-Forwards of our requests, "" for 70
	route               transaction.Route
	proof               *proof // nil in a dialog that the far end began
	rerouted            bool   // route became that of another connection of the device
	pinned              bool   // route stays, whatever the route set says (outboundproxy=…,force)
	encrypted           bool   // route is one over TLS, wherever the route set leads
	finding             *finding
	servers             *servers      // of a next hop that is a name, nil for none; the first has its turn
	by                  *PeerSettings // whose transports may lead to a name, nil for those of [general]
}

// begin starts a request within the dialog in d.builder; d.finish ends it. seq is
// its CSeq number: the dialog's next one, but for ACK, which has its INVITE's.
func (g *dialog) begin(d *Driver, method message.Method, branch transaction.Branch, seq uint32) *message.Builder {
	b := &d.builder
	b.Reset(d.out[:0])
	uri, routes := g.target, g.routes
	last := ""
	if len(routes) > 0 && !looseRoute(routes[0]) {
		// A strict router wants itself in the Request-URI (RFC 3261 12.2.1.1).
		uri, routes, last = routes[0], routes[1:], g.target
	}
	b.Request(method, uri)
	d.appendVia(b, g.route, branch)
	for _, r := range routes {
		b.Address(message.HeaderRoute, "", r, "")
	}
	if last != "" {
		b.Address(message.HeaderRoute, "", last, "")
	}
	b.Header(message.HeaderMaxForwards, cmp.Or(g.hops, "70"))
	d.party(b, message.HeaderFrom, g.local, g.localTag)
	d.party(b, message.HeaderTo, g.remote, g.remoteTag)
	if method == message.INVITE || method == message.ACK || method == message.UPDATE || method == message.REFER ||
		method == message.SUBSCRIBE || method == message.NOTIFY {
		b.Address(message.HeaderContact, "", g.contact, "")
	}
	b.Header(message.HeaderCallID, g.callID)
	b.CSeq(seq, method)
	b.Header(message.HeaderUserAgent, d.server)
	g.proof.write(d, b, method, uri, g.route.Remote.Addr())
	return b
}

// finish ends the message in d.builder and returns it; it is good until the next
// one is built.
func (d *Driver) finish() []byte {
	b := d.builder.Bytes()
	if d.sealing != nil {
		d.sealing.Seal(b)
		d.sealing = nil
	}
	d.out = b
	return b
}

// party writes From or To.
func (d *Driver) party(b *message.Builder, id message.HeaderID, value, tag string) {
	if tag == "" {
		b.Header(id, value)
		return
	}
	d.scratch = append(append(append(d.scratch[:0], value...), ";tag="...), tag...)
	b.HeaderBytes(id, d.scratch)
}

// learnRoutes takes the route set out of the message that makes the dialog
// (RFC 3261 12.1). reverse is for a UAC, which has the Record-Route of a response
// the other way round.
func (g *dialog) learnRoutes(m *message.Message, reverse bool) {
	g.routes = nil
	for a := range m.Addresses(message.HeaderRecordRoute) {
		g.routes = append(g.routes, a.URI.String())
	}
	if reverse {
		slices.Reverse(g.routes)
	}
}

// learnTarget takes the remote target from Contact (12.2); it stays what it was
// when there is none.
func (g *dialog) learnTarget(m *message.Message) {
	a, ok := m.Contact()
	if !ok || a.Wildcard || !a.URI.IsSIP() {
		return
	}
	a.URI.Headers = nil // they are not ours to send (19.1.1)
	d := a.URI.AppendTo(nil)
	if g.target != string(d) {
		g.target = string(d)
	}
}

// literal is the address that a URI names without help of the DNS.
func literal(uri string) (netip.AddrPort, bool) {
	u, err := message.ParseURI([]byte(uri))
	if err != nil {
		return netip.AddrPort{}, false
	}
	host := string(u.Host)
	if maddr, ok := u.Params.Get("maddr"); ok {
		host = string(maddr)
	}
	return hostPort(host, int(u.Port))
}

// hostPort makes an address of a literal host and a port, 5060 when it is 0.
func hostPort(host string, port int) (netip.AddrPort, bool) {
	if n := len(host); n > 1 && host[0] == '[' && host[n-1] == ']' {
		host = host[1 : n-1]
	}
	a, err := netip.ParseAddr(host)
	if err != nil || port < 0 || port > 65535 {
		return netip.AddrPort{}, false
	}
	if port == 0 {
		port = 5060
	}
	return netip.AddrPortFrom(a.Unmap().WithZone(""), uint16(port)), true
}

// looseRoute reports whether a route has the lr parameter (RFC 3261 19.1.1).
func looseRoute(uri string) bool {
	u, err := message.ParseURI([]byte(uri))
	if err != nil {
		return true
	}
	return u.Params.Has("lr")
}

// appendVia adds our Via. rport is asked for where the far end may see another
// address than ours (RFC 3581).
func (d *Driver) appendVia(b *message.Builder, r transaction.Route, branch transaction.Branch) {
	local, _ := d.localAddress(r)
	v := append(append(append(d.scratch[:0], "SIP/2.0/"...), r.Protocol.String()...), ' ')
	v = appendHostPort(v, local)
	v = append(v, ";branch="...)
	v = branch.AppendTo(v)
	v = append(v, ";rport"...)
	b.HeaderBytes(message.HeaderVia, v)
	d.scratch = v
}

// appendHostPort appends host:port with IPv6 in brackets.
func appendHostPort(dst []byte, a netip.AddrPort) []byte {
	dst = appendHost(dst, a.Addr())
	dst = append(dst, ':')
	return strconv.AppendUint(dst, uint64(a.Port()), 10)
}

// appendHost appends an address. The zone of a link is not for others (RFC 4007 11.2).
func appendHost(dst []byte, a netip.Addr) []byte {
	if a = a.WithZone(""); a.Is6() {
		dst = append(dst, '[')
		dst = a.AppendTo(dst)
		return append(dst, ']')
	}
	return a.AppendTo(dst)
}
