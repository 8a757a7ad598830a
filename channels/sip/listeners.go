package sip

import (
	"fmt"
	"net/netip"
	"slices"

	"pbx/channels/sip/transaction"
	"pbx/config"
)

// bindOptions are the options that say where a protocol is served.
var bindOptions = map[transaction.Protocol][]string{
	transaction.UDP: {"udpbindaddr", "bindaddr", "bindport"},
	transaction.TCP: {"tcpbindaddr", "tcpenable", "bindaddr", "bindport"},
	transaction.TLS: {"tlsbindaddr", "sslbindaddr", "tlsenable", "sslenable", "bindaddr"},
}

// binds are the addresses that a protocol is served at.
func (g *Settings) binds(p transaction.Protocol) []netip.AddrPort {
	switch {
	case p == transaction.UDP:
		return g.UDPBinds
	case p == transaction.TCP && g.TCPEnable:
		return g.TCPBinds
	case p == transaction.TLS && g.TLSEnable:
		return g.TLSBinds
	}
	return nil
}

// bind opens one listener.
func (d *Driver) bind(g *Settings, p transaction.Protocol, at netip.AddrPort) error {
	o := g.socketOptions(at, g.binds(p))
	var err error
	if p == transaction.UDP {
		o.RecvBuffer, o.SendBuffer = 4<<20, 4<<20
		_, err = d.net.ListenUDP(at, o)
	} else {
		_, err = d.net.ListenStream(p, at, o)
	}
	return err
}

// listen opens the listeners. Without UDP there is no exchange; a stream that cannot
// be opened is named, and the others serve.
func (d *Driver) listen() error {
	g := &d.cfg.General
	for _, at := range g.UDPBinds {
		if err := d.bind(g, transaction.UDP, at); err != nil {
			return err
		}
	}
	for _, p := range [...]transaction.Protocol{transaction.TCP, transaction.TLS} {
		for _, at := range g.binds(p) {
			if err := d.bind(g, p, at); err != nil {
				d.unserved(d.cfg.bindPos[p], p, at, err)
			}
		}
	}
	return nil
}

// unserved names an address that could not be opened, and the line that asks for it.
func (d *Driver) unserved(pos config.Pos, p transaction.Protocol, at netip.AddrPort, err error) {
	d.log.Error("SIP: "+p.String()+" is not served", "address", at.String(), "line", pos.String(), "err", err)
}

// relisten makes the listeners those of a new configuration and reports whether any
// changed. Those at the same address stay as they are. Where one cannot be opened the
// old ones of the protocol stay, and cfg says so.
func (d *Driver) relisten(cfg *Config) (changed bool) {
	d.net.SetTLS(cfg.tls)
	for _, p := range [...]transaction.Protocol{transaction.UDP, transaction.TCP, transaction.TLS} {
		changed = d.relistenOn(cfg, p) || changed
	}
	return changed
}

func (d *Driver) relistenOn(cfg *Config, p transaction.Protocol) (changed bool) {
	g := &cfg.General
	wanted := g.binds(p)
	var have, old []netip.AddrPort
	for _, n := range d.net.Listening(p) {
		have = append(have, d.net.Asked(n))
		if !slices.Contains(wanted, d.net.Asked(n)) {
			old = append(old, d.net.Asked(n))
		}
	}
	failed := false
	for _, at := range wanted {
		if slices.Contains(have, at) {
			continue
		}
		err := d.bind(g, p, at)
		if err != nil { // an old one may be in the way: *:5060 and 192.0.2.1:5060
			if i := slices.IndexFunc(old, func(o netip.AddrPort) bool { return o.Port() == at.Port() }); i >= 0 {
				d.unlisten(p, old[i])
				if err = d.bind(g, p, at); err != nil {
					d.reopen(p, old[i])
				} else {
					old = slices.Delete(old, i, i+1)
				}
			}
		}
		if err != nil {
			failed = true
			d.unserved(cfg.bindPos[p], p, at, err)
			continue
		}
		changed = true
	}
	if failed && p == transaction.UDP { // whatever asks where we are is to hear where we are
		g.UDPBinds = nil
		for _, n := range d.net.Listening(p) {
			g.UDPBinds = append(g.UDPBinds, d.net.Asked(n))
		}
		g.UDPBind = g.UDPBinds[0]
	}
	if failed {
		return changed
	}
	for _, at := range old {
		d.unlisten(p, at)
		changed = true
	}
	return changed
}

func (d *Driver) unlisten(p transaction.Protocol, at netip.AddrPort) {
	for _, n := range d.net.Listening(p) {
		if d.net.Asked(n) == at {
			if err := d.net.Unlisten(n); err != nil {
				d.log.Warn("SIP: close", "listener", at.String(), "transport", p.String(), "err", err)
			}
		}
	}
}

// reopen opens a listener again that had made room in vain.
func (d *Driver) reopen(p transaction.Protocol, at netip.AddrPort) {
	if err := d.bind(&d.cfg.General, p, at); err != nil {
		d.unserved(d.cfg.bindPos[p], p, at, fmt.Errorf("opened again: %w", err))
	}
}

// movedListeners tells who has to know that we listen elsewhere now: registrars, and the far
// ends of calls.
func (d *Driver) movedListeners() {
	for _, r := range d.registrants {
		if r.client == nil {
			r.dueIn(0)
		}
	}
	d.calls.each(func(p *pvt) { p.readdress() })
}
