package sip

import (
	"cmp"
	"net/netip"
	"strings"
	"time"

	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
)

// Where the requests of a dialog go (RFC 3261 12.2.1.1, RFC 3263 4): to the first of
// its routes, or to its target.

// secureURI reports whether a URI may be reached by TLS alone (RFC 3261 26.2.2).
func secureURI(uri string) bool { return len(uri) >= 5 && strings.EqualFold(uri[:5], "sips:") }

// nextHop is where a URI leads without help of the DNS, and by which protocol
// (RFC 3263 4.1).
func nextHop(uri string) (p transaction.Protocol, to netip.AddrPort, ok bool) {
	u, err := message.ParseURI([]byte(uri))
	if err != nil {
		return p, to, false
	}
	if v, has := u.Params.Get("transport"); has {
		p, _ = transaction.ParseProtocol(string(v))
	}
	switch {
	case !secureURI(uri):
	case p.Web():
		p = transaction.WSS
	default:
		p = transaction.TLS
	}
	host, port := string(u.Host), u.Port
	if maddr, ok := u.Params.Get("maddr"); ok {
		host = string(maddr)
	}
	if port == 0 {
		port = p.DefaultPort()
	}
	to, ok = hostPort(host, int(port))
	return p, to, ok
}

// uriHop is where a request goes whose first Route, or Request-URI, is the URI
// (RFC 3261 8.1.2); to at when that is none. A sips URI leads over TLS.
func (d *Driver) uriHop(uri string, s *PeerSettings, at hop) hop {
	u, err := message.ParseURI([]byte(uri))
	if err != nil || !u.IsSIP() {
		return at
	}
	host := u.Host
	if maddr, ok := u.Params.Get("maddr"); ok {
		host = maddr
	}
	protocols, fixed := d.protocols(s), false
	if name, ok := u.Params.Get("transport"); ok {
		if p, known := transaction.ParseProtocol(string(name)); known && !p.Web() {
			protocols, fixed = []transaction.Protocol{p}, true
		}
	}
	if secureURI(uri) {
		protocols, fixed = []transaction.Protocol{transaction.TLS}, true
	}
	return hop{query: d.query(string(host), u.Port, protocols, fixed)}
}

// finding is the search for a next hop that is a name, and what waits for it.
type finding struct{ waiting []func() }

// later has f run when the next hop is known; it reports false when it is, and f is
// not run.
func (g *dialog) later(f func()) bool {
	if g.finding == nil {
		return false
	}
	g.finding.waiting = append(g.finding.waiting, f)
	return true
}

// aim sends what follows where the route set or the target says. A name is looked
// up; until that is done what is sent waits. A host that cannot be found leaves it to
// go back to where the dialog came from, and so does one at the other end of the
// connection that the dialog came by: what is behind a NAT, and a browser, is reached
// by nothing else (RFC 5626 4.3, RFC 7118 5.5).
func (g *dialog) aim(d *Driver, from transaction.Route, symmetric bool) {
	if g.pinned {
		return
	}
	g.servers = nil
	if g.toInstance(d) {
		return
	}
	next := g.target
	if len(g.routes) > 0 {
		next = g.routes[0]
	}
	symmetric = symmetric && len(g.routes) == 0
	from.Host = g.route.Host
	protocol, to, ok := nextHop(next)
	r := transaction.Route{}
	if ok {
		r, _ = d.routeTo(protocol, onLink(to, from.Remote.Addr()))
		r.Host = g.route.Host
	} else if !symmetric && !from.Protocol.Web() && !unfindable(next) {
		g.find(d, next, from)
		return
	}
	g.head(d, next, r, ok, from, symmetric)
}

// unfindable reports whether a URI names a host that there cannot be, or that is not
// the same one here as there (RFC 6761 6).
func unfindable(uri string) bool {
	host := strings.ToLower(hostOf(uri))
	for _, name := range [...]string{"invalid", "localhost", "localdomain"} {
		if host == name || strings.HasSuffix(host, "."+name) {
			return true
		}
	}
	return host == ""
}

// find looks the next hop up. A search that is not over by then gives way.
func (g *dialog) find(d *Driver, next string, from transaction.Route) {
	f := &finding{}
	if g.finding != nil {
		f.waiting = g.finding.waiting
	}
	g.finding = f
	g.head(d, next, transaction.Route{}, false, from, false)
	d.reach(d.uriHop(next, cmp.Or(g.by, &d.cfg.General.Defaults), hop{}), func(s *servers, err error) {
		if g.finding != f {
			return
		}
		g.finding = nil
		switch {
		case err != nil:
			d.debug(1, "SIP: the next hop of a dialog is not found", "uri", next, "call", g.callID, "err", err)
		case s.route().Remote.Addr().IsLoopback() && !from.Remote.Addr().IsLoopback(): // his own, not ours
		default:
			g.head(d, next, s.route(), true, from, false)
			if g.route.Remote == s.route().Remote {
				g.servers = s
			}
		}
		for _, then := range f.waiting {
			d.protected(then)
		}
	})
}

// failover turns the dialog to the next server of its next hop after a request failed
// on its way by failed, or was told to leave that one alone for wait (RFC 3263 4.3).
// So it does when its device is reached by another connection since then.
// It reports false when there is none; the dialog is over then (RFC 3261 12.2.1.2).
func (g *dialog) failover(failed transaction.Route, reason string, wait time.Duration) bool {
	moved := g.rerouted && failed.Flow != g.route.Flow
	g.rerouted = false
	switch {
	case moved: // the device has another connection by now
		return true
	case g.servers == nil:
		return false
	case g.servers.route().Remote != failed.Remote: // another request has found out before
	case !g.servers.next(reason, wait):
		return false
	}
	g.route = g.servers.route()
	if g.pinned && g.proof != nil {
		g.proof.addr = g.route.Remote.Addr() // another server of the same proxy
	}
	return true
}

// limit shortens the wait for a server while there is another one.
func (g *dialog) limit(t transaction.Timers) transaction.Timers {
	if g.servers != nil && g.servers.more() && (t.B == 0 || t.B > replyPatience) {
		t.B = replyPatience
	}
	return t
}

// head turns the dialog towards r, the way to the next hop where ok, or to where the
// dialog came from.
func (g *dialog) head(d *Driver, next string, r transaction.Route, ok bool, from transaction.Route, symmetric bool) {
	here := ok && r.Remote.Addr() == from.Remote.Addr()
	switch {
	case secureURI(next) && !from.Protocol.Secure():
		switch {
		case !ok || !r.Protocol.Secure() || r.Protocol.Web():
			r, _ = d.routeTo(transaction.TLS, netip.AddrPortFrom(from.Remote.Addr(), transaction.TLS.DefaultPort()))
		case symmetric:
			r, _ = d.routeTo(transaction.TLS, netip.AddrPortFrom(from.Remote.Addr(), r.Remote.Port()))
		}
		if g.route.Remote != r.Remote || g.route.Protocol != r.Protocol {
			g.route = r
		}
	case symmetric && !from.Protocol.Reliable():
		g.route = from
	case from.Protocol.Reliable() && (from.Protocol.Web() || symmetric || !ok || here):
		if here {
			from.Remote = r.Remote // where it listens, should the connection break
		}
		g.route = from
	case ok:
		if r.Protocol.Web() || g.encrypted && !r.Protocol.Secure() { // nobody can be called so, or must not be
			g.route = from
			return
		}
		if g.route.Remote != r.Remote || g.route.Protocol != r.Protocol {
			g.route = r
		}
	case from.Remote.IsValid():
		g.route = from
	}
}
