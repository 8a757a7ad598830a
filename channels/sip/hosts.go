package sip

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"strconv"
	"time"

	"pbx/channels/sip/transaction"
)

// hostTable knows the addresses of the host names in the configuration. They are
// looked up on goroutines of their own, which post what they find; the loop
// never waits for the DNS.
type hostTable struct {
	names map[string]*hostName
}

type hostName struct {
	addr    netip.Addr
	every   time.Duration
	pending bool
}

const (
	// hostRefresh is how often a name that was found is looked up again,
	// hostRetry one that was not.
	hostRefresh = 5 * time.Minute
	hostRetry   = 10 * time.Second
	hostTimeout = 10 * time.Second
)

// addr is where a name points, invalid while that is not known. A literal address
// is itself.
func (t *hostTable) addr(name string) netip.Addr {
	if h, ok := t.names[name]; ok {
		return h.addr
	}
	a, err := netip.ParseAddr(name)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap()
}

// watchHosts begins to look up the names of the configuration and forgets those
// that went out of it.
func (d *Driver) watchHosts() {
	old := d.hosts.names
	d.hosts.names = make(map[string]*hostName)
	want := func(name string, every time.Duration) {
		if name == "" || d.hosts.names[name] != nil {
			return
		}
		if _, err := netip.ParseAddr(name); err == nil {
			return
		}
		h := old[name]
		if h == nil {
			h = &hostName{}
		}
		h.every = every
		d.hosts.names[name] = h
		if h != old[name] {
			d.lookUp(name, h)
		}
	}
	g := &d.cfg.General
	want(g.ExternHost, g.ExternRefresh)
	want(g.Defaults.OutboundProxy.Host, hostRefresh)
	for _, p := range d.cfg.Peers {
		want(p.Host, hostRefresh)
		want(p.OutboundProxy.Host, hostRefresh)
	}
}

// lookUp asks for one name and arranges for the next time.
func (d *Driver) lookUp(name string, h *hostName) {
	if d.hosts.names[name] != h || h.pending {
		return // no longer in the configuration
	}
	h.pending = true
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), hostTimeout)
		addr, err := d.lookup(ctx, name)
		cancel()
		d.Post(func() { d.lookedUp(name, h, addr, err) })
	}()
}

func (d *Driver) lookedUp(name string, h *hostName, addr netip.Addr, err error) {
	h.pending = false
	if d.hosts.names[name] != h || d.quit {
		return
	}
	again := h.every
	if err != nil {
		again = min(again, hostRetry)
		d.debug(1, "Host name not found", "host", name, "err", err)
	} else if h.addr != addr {
		h.addr = addr
		for _, p := range d.peers.list {
			if p.Host == name {
				d.place(p)
				d.qualifySoon(p)
				d.deviceChanged(p)
			}
		}
	}
	d.sched.Add(again, func() time.Duration {
		d.lookUp(name, h)
		return 0
	})
}

// staticAddr is where a peer with host= is, invalid while its name is not
// resolved.
func (d *Driver) staticAddr(p *Peer) netip.AddrPort {
	if p.Addr.IsValid() {
		return p.Addr
	}
	if a := d.hosts.addr(p.Host); a.IsValid() {
		return netip.AddrPortFrom(a, cmp.Or(p.Port, defaultPort))
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
// user where one is dialled, and the way. An outboundproxy takes the place of
// the address, not of the URI.
func (d *Driver) destination(p *Peer, exten string) (target string, to transaction.Route, err error) {
	return d.destinationAt(p, p.best(), exten)
}

// destinationAt is destination for the contact c of p, nil where it has none.
func (d *Driver) destinationAt(p *Peer, c *Contact, exten string) (target string, to transaction.Route, err error) {
	user := exten
	switch {
	case !p.Type.IsPeer():
		return "", to, errUnregistered
	case c != nil && !p.callable(c), c == nil && p.Qualify > 0 && !p.qualify.callable():
		return "", to, errUnreachable
	case c != nil && !c.Addr.IsValid():
		return "", to, errUnregistered // it is called through a trunk
	case c != nil:
		to = c.route()
		if exten == "" {
			target = c.URI
		}
	case p.Dynamic && p.DefaultIP.IsValid():
		to.Remote = p.DefaultIP
		user = cmp.Or(exten, p.DefaultUser, p.Name)
	case p.Dynamic:
		return "", to, errUnregistered
	default:
		if to.Remote = d.staticAddr(p); !to.Remote.IsValid() {
			return "", to, errUnresolved
		}
		user = cmp.Or(exten, p.DefaultUser)
	}
	if target == "" {
		target = string(appendTarget(nil, user, d.targetHost(p, to.Remote), to.Remote.Port()))
	}
	reach := func() error {
		var ok bool
		if to, ok = d.routeTo(to.Protocol, to.Remote); !ok {
			return errNoListener
		}
		return nil
	}
	proxy := p.OutboundProxy
	if proxy.Host == "" && c != nil {
		return target, to, nil
	}
	if proxy.Host == "" {
		return target, to, reach()
	}
	a := d.hosts.addr(proxy.Host)
	if !a.IsValid() {
		return "", to, errUnresolved
	}
	to.Remote = netip.AddrPortFrom(a, cmp.Or(proxy.Port, defaultPort))
	return target, to, reach()
}

// targetHost is the host of a Request-URI: the name of the configuration, or the
// address.
func (d *Driver) targetHost(p *Peer, to netip.AddrPort) string {
	if p.Host != "" && !p.Addr.IsValid() {
		return p.Host
	}
	return string(appendHost(nil, to.Addr()))
}

// appendTarget appends a SIP URI; the port is left out where it is the default.
func appendTarget(dst []byte, user, host string, port uint16) []byte {
	dst = append(dst, "sip:"...)
	if user != "" {
		dst = append(dst, user...)
		dst = append(dst, '@')
	}
	dst = append(dst, host...)
	if port != 0 && port != defaultPort {
		dst = append(dst, ':')
		dst = strconv.AppendUint(dst, uint64(port), 10)
	}
	return dst
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
	return d.routeTo(transaction.UDP, to)
}

// address is where p is now as far as that is known.
func (d *Driver) address(p *Peer) netip.AddrPort {
	if p.Dynamic {
		return p.primary()
	}
	return d.staticAddr(p)
}
