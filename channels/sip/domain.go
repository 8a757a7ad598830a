package sip

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"

	"pbx/channels/sip/transaction"
)

// The domains that are ours: those of domain= lines, and with autodomain=yes our
// addresses and names.

// isDomain reports whether host is a domain of ours for a request that came by r; the
// zero route is none.
func (d *Driver) isDomain(host []byte, r transaction.Route) bool {
	g := &d.cfg.General
	if slices.ContainsFunc(g.Domains, func(dom Domain) bool { return strings.EqualFold(dom.Name, string(host)) }) {
		return true
	}
	if !g.AutoDomain {
		return false
	}
	a, err := netip.ParseAddr(string(bytes.Trim(host, "[]")))
	if err != nil {
		return slices.ContainsFunc(d.ownNames(), func(name string) bool { return strings.EqualFold(name, string(host)) })
	}
	if a.IsLoopback() || a == d.extern().Addr() || a == g.UDPBind.Addr() {
		return true
	}
	if !r.Remote.IsValid() {
		return false
	}
	told, _ := d.localAddress(r)
	return a == told.Addr() || a == d.sourceAddr(r.Remote.Addr().Unmap(), d.net.LocalOf(r).Addr()).WithZone("")
}

// ownNames are the names that autodomain knows us by.
func (d *Driver) ownNames() (list []string) {
	for _, name := range [...]string{d.cfg.General.ExternHost, d.cfg.General.hostName} {
		if name != "" {
			list = append(list, name)
		}
	}
	return list
}

// automatic lists what autodomain adds, as far as it is the same for all.
func (d *Driver) automatic() (list []string) {
	g := &d.cfg.General
	if !g.AutoDomain {
		return nil
	}
	for _, a := range [...]netip.Addr{g.UDPBind.Addr(), d.extern().Addr()} {
		if a.IsValid() && !a.IsUnspecified() {
			list = append(list, a.String())
		}
	}
	return append(list, d.ownNames()...)
}

// contextFor is where requests of p, nil for a guest, to a domain are looked up: in
// the context of its domain= line, unless the section of p has one of its own.
func (d *Driver) contextFor(p *Peer, s *PeerSettings, host []byte) string {
	if p == nil || !p.ownContext {
		for _, dom := range d.cfg.General.Domains {
			if dom.Context != "" && strings.EqualFold(dom.Name, string(host)) {
				return dom.Context
			}
		}
	}
	return s.Context
}
