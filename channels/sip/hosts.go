package sip

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"pbx/channels/sip/resolve"
	"pbx/channels/sip/transaction"
	"pbx/sched"
)

// hostTable knows where the host names of the configuration lead. They are looked
// up again when their TTL is over, as the ancestor's dnsmgr does by the clock, so
// that a call finds them in the cache and a provider's address is known before he
// calls.
type hostTable struct {
	names map[string]*hostName // by the text of the query
}

type hostName struct {
	query   resolve.Query
	every   time.Duration // how often at least, 0 leaves it to the TTL
	targets []resolve.Target
	timer   sched.ID // of the next lookup
}

const (
	// hostRetry is how soon a name is looked up again that was not found, and how
	// soon at most one whose TTL is shorter.
	hostRetry = 10 * time.Second
)

func queryKey(q resolve.Query) string { return fmt.Sprint(q) }

// targets are where a query of the configuration leads, nil while that is not
// known.
func (t *hostTable) targets(q resolve.Query) []resolve.Target {
	if h := t.names[queryKey(q)]; h != nil {
		return h.targets
	}
	return nil
}

// watchHosts begins to look up the names of the configuration and forgets those
// that went out of it.
func (d *Driver) watchHosts() {
	old := d.hosts.names
	d.hosts.names = make(map[string]*hostName)
	want := func(q resolve.Query, every time.Duration) {
		key := queryKey(q)
		if q.Host == "" || d.hosts.names[key] != nil {
			return
		}
		h := old[key]
		if h == nil {
			h = &hostName{query: q}
		}
		h.every = every
		d.hosts.names[key] = h
		if h != old[key] {
			d.refresh(h)
		}
	}
	g := &d.cfg.General
	want(d.externQuery(), g.ExternRefresh)
	want(d.proxyQuery(&g.Defaults), g.NameRefresh)
	if d.cfg.HEP.Enabled {
		want(d.captureQuery(), g.NameRefresh)
	}
	for _, p := range d.cfg.Peers {
		if !p.Dynamic && !p.Addr.IsValid() {
			want(d.hostQuery(p), g.NameRefresh)
		}
		want(d.proxyQuery(&p.PeerSettings), g.NameRefresh)
	}
}

// hostQuery is what host= of a peer asks for.
func (d *Driver) hostQuery(p *PeerConfig) resolve.Query {
	return d.queryFor(&p.PeerSettings, p.Host, p.Port)
}

// proxyQuery is what outboundproxy= asks for.
func (d *Driver) proxyQuery(s *PeerSettings) resolve.Query {
	proxy := &s.OutboundProxy
	if proxy.Fixed {
		return d.query(proxy.Host, proxy.Port, []transaction.Protocol{proxy.Protocol}, true)
	}
	return d.queryFor(s, proxy.Host, proxy.Port)
}

// proxyHop is the way to outboundproxy=. The ancestor writes no Route for it, and
// neither do we unless the flag route asks for one (RFC 3261 8.1.2).
func (d *Driver) proxyHop(s *PeerSettings) hop {
	h, proxy := hop{query: d.proxyQuery(s)}, &s.OutboundProxy
	if proxy.Route {
		uri := appendTarget(nil, "", bracketed(proxy.Host), proxy.Port, proxy.Protocol)
		h.path = []string{string(uri) + ";lr"}
	}
	return h
}

// externQuery is what externhost= asks for: an address, whatever is served there.
func (d *Driver) externQuery() resolve.Query {
	q := d.query(d.cfg.General.ExternHost, 0, d.protocols(&d.cfg.General.Defaults), false)
	q.NoSRV = true
	return q
}

// refresh looks up one name and arranges for the next time.
func (d *Driver) refresh(h *hostName) {
	key := queryKey(h.query)
	if d.hosts.names[key] != h || d.quit {
		return // no longer in the configuration
	}
	d.search(h.query, resolve.Fresh, func(list []resolve.Target, err error) {
		if d.hosts.names[key] != h || d.quit {
			return
		}
		again := hostRetry
		switch {
		case err != nil: // where it led to stays
			d.debug(1, "Host name not found", "host", h.query.Host, "err", err)
		case list[0].TTL == 0: // an address
			d.hostChanged(h, list)
			return
		default:
			ttl := list[0].TTL
			for _, t := range list {
				ttl = min(ttl, t.TTL)
			}
			if h.every > 0 {
				ttl = min(ttl, h.every)
			}
			again = max(ttl, hostRetry)
			d.hostChanged(h, list)
		}
		if h.timer != 0 {
			d.sched.Delete(h.timer)
		}
		h.timer = d.sched.Add(again, func() time.Duration {
			h.timer = 0
			d.refresh(h)
			return 0
		})
	})
}

// hostChanged tells the peers at a name where they are now.
func (d *Driver) hostChanged(h *hostName, list []resolve.Target) {
	// The order within a priority is drawn anew each time: that is no change.
	same := len(list) == len(h.targets) && !slices.ContainsFunc(list, func(t resolve.Target) bool {
		return !slices.ContainsFunc(h.targets, func(o resolve.Target) bool { return o.Addr == t.Addr && o.Protocol == t.Protocol })
	})
	if same {
		return
	}
	known := h.targets != nil
	h.targets = list
	key := queryKey(h.query)
	if known && key == queryKey(d.externQuery()) {
		d.networkChanged("externhost " + h.query.Host + " is at " + list[0].Addr.Addr().String())
	}
	for _, p := range d.peers.list {
		if p.Dynamic {
			continue
		}
		switch {
		case !p.Addr.IsValid() && queryKey(d.hostQuery(p.PeerConfig)) == key:
			d.place(p)
			d.qualifySoon(p)
			d.deviceChanged(p)
		case queryKey(d.proxyQuery(&p.PeerSettings)) == key:
			d.place(p)
		}
	}
}

// staticAddr is where a peer with host= is first looked for, invalid while its
// name is not resolved.
func (d *Driver) staticAddr(p *Peer) netip.AddrPort {
	if p.Addr.IsValid() {
		return p.Addr
	}
	if len(p.found) > 0 {
		return p.found[0].Addr
	}
	return netip.AddrPort{}
}

// Why a peer cannot be called.
var (
	errUnregistered = errors.New("not registered")
	errUnreachable  = errors.New("unreachable")
	errUnresolved   = errors.New("host name not resolved")
	errNoListener   = errors.New("no listener of its address family")
)

// destination is where a request to p goes: its Request-URI, with exten as the
// user where one is dialled, and the next hop. c is the contact of p that is meant,
// nil where it has none.
func (d *Driver) destination(p *Peer, c *Contact, exten string) (target string, at hop, err error) {
	user := exten
	switch {
	case !p.Type.IsPeer():
		return "", at, errUnregistered
	case c != nil && !p.callable(c), c == nil && p.Qualify > 0 && !p.qualify.callable():
		return "", at, errUnreachable
	case c != nil && !c.Addr.IsValid():
		return "", at, errUnregistered // it is called through a trunk
	case c == nil && p.Dynamic && !p.DefaultIP.IsValid():
		return "", at, errUnregistered
	case c == nil && p.Dynamic:
		user = cmp.Or(exten, p.DefaultUser, p.Name)
	case c == nil:
		user = cmp.Or(exten, p.DefaultUser)
	case exten == "":
		target = c.URI
	}
	if target == "" {
		target = d.requestURI(p, c, user)
	}
	at, _ = d.hopTo(p, c)
	return target, at, nil
}

// requestURI is the URI of a user at p: at the name of the configuration, or at the
// address of c.
func (d *Driver) requestURI(p *Peer, c *Contact, user string) string {
	at, protocol := p.Addr, p.primaryTransport()
	switch {
	case c != nil:
		at, protocol = c.Addr, c.Protocol
	case p.Dynamic:
		at = p.DefaultIP
	}
	if c != nil && secureURI(c.URI) {
		return string(appendSecureTarget(nil, user, at))
	}
	if !at.IsValid() {
		return string(appendTarget(nil, user, p.Host, p.Port, protocol))
	}
	return string(appendTarget(nil, user, string(appendHost(nil, at.Addr())), at.Port(), protocol))
}

// hopTo is the next hop of requests to p, at the contact c where it has one; false
// while it is nowhere. An outboundproxy takes the place of the address.
func (d *Driver) hopTo(p *Peer, c *Contact) (at hop, ok bool) {
	switch {
	case p.OutboundProxy.Host != "":
		return d.proxyHop(&p.PeerSettings), true
	case c != nil:
		return hop{route: d.large(p, d.secured(c)), path: c.Path}, c.Addr.IsValid()
	case !p.Dynamic:
		return d.provided(p, hop{query: d.hostQuery(p.PeerConfig), large: p.allows(transaction.TCP)}), true
	case p.DefaultIP.IsValid():
		return hop{query: d.queryFor(&p.PeerSettings, p.DefaultIP.Addr().String(), p.DefaultIP.Port())}, true
	}
	return at, false
}

// appendSecureTarget appends a sips URI.
func appendSecureTarget(dst []byte, user string, at netip.AddrPort) []byte {
	dst = append(dst, "sips:"...)
	if user != "" {
		dst = append(append(dst, user...), '@')
	}
	return appendHostPort(dst, at)
}

// appendTarget appends a SIP URI; the port is left out where it is the default.
func appendTarget(dst []byte, user, host string, port uint16, p transaction.Protocol) []byte {
	dst = append(dst, "sip:"...)
	if user != "" {
		dst = append(dst, user...)
		dst = append(dst, '@')
	}
	dst = append(dst, host...)
	if port != 0 && port != p.DefaultPort() {
		dst = append(dst, ':')
		dst = strconv.AppendUint(dst, uint64(port), 10)
	}
	return appendTransport(dst, p)
}

// route is the way to p as far as that is known.
func (d *Driver) route(p *Peer) (r transaction.Route, ok bool) {
	if c := p.best(); c != nil {
		return c.route(), c.Addr.IsValid()
	}
	to := d.address(p)
	if !to.IsValid() {
		return r, false
	}
	return d.routeTo(p.primaryTransport(), to)
}

// address is where p is now as far as that is known.
func (d *Driver) address(p *Peer) netip.AddrPort {
	if p.Dynamic {
		return p.primary()
	}
	return d.staticAddr(p)
}
