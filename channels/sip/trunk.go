package sip

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"pbx/channels/sip/registry"
	"pbx/config"
)

// What the configuration says of providers: where this exchange registers itself.

// Registration is a register => line, or what callbackextension makes of a section.
type Registration struct {
	registry.Line
	Pos config.Pos
}

// setRegister reads a register => line.
func setRegister(r *reader, v config.Variable) error {
	l, err := registry.ParseLine(v.Value)
	if err == nil {
		r.g.Registrations = append(r.g.Registrations, Registration{l, v.Pos})
	}
	return err
}

// registrations completes those of the register => lines with those of the sections
// that have a callbackextension, and looks at them all.
func (c *configLoader) registrations() {
	g := &c.cfg.General
	for _, p := range c.cfg.Peers {
		if p.CallbackExten == "" || !p.Type.IsPeer() {
			continue
		}
		p.Called = append(p.Called, p.CallbackExten)
		pos := c.line(p, "callbackextension")
		if p.Dynamic || p.Host == "" {
			c.find(pos, config.Warning, "no-registrar", fmt.Sprintf("callbackextension of [%s] registers nowhere: the section has no host", p.Name), "host=the provider")
			continue
		}
		g.Registrations = append(g.Registrations, Registration{registry.Line{
			Peer: p.Name, User: cmp.Or(p.DefaultUser, p.Name), Secret: cmp.Or(p.RemoteSecret, p.Secret),
			Host: p.Host, Port: p.Port, Exten: p.CallbackExten,
		}, pos})
	}
	seen := make(map[registry.Line]config.Pos)
	list := g.Registrations[:0]
	for _, r := range g.Registrations {
		key := r.Binding()
		if first, twice := seen[key]; twice {
			c.find(r.Pos, config.Warning, "registered-twice", fmt.Sprintf("%s is registered at %s already; this one is left out", r.Line, first), "")
			continue
		}
		seen[key] = r.Pos
		list = append(list, r)
		for _, name := range [...]string{r.Peer, r.Host} {
			if p := c.names[strings.ToLower(name)]; p != nil && p.Type.IsPeer() && !slices.Contains(p.Called, r.Exten) && r.Exten != registry.DefaultExten {
				p.Called = append(p.Called, r.Exten)
				break
			}
		}
		c.checkRegistration(r)
	}
	g.Registrations = list
}

// checkRegistration looks at whether calls from the provider will find somebody.
func (c *configLoader) checkRegistration(r Registration) {
	if r.Peer != "" && c.names[strings.ToLower(r.Peer)] == nil {
		c.find(r.Pos, config.Warning, "unknown-device", fmt.Sprintf("the registration names [%s], and there is no such section", r.Peer), "")
	}
	if c.cfg.General.AllowGuest {
		return
	}
	for _, p := range c.cfg.Peers {
		if p.Type.IsPeer() && !p.Dynamic && (strings.EqualFold(p.Host, r.Host) || strings.EqualFold(p.Name, r.Host) || strings.EqualFold(p.Name, r.Peer)) {
			return
		}
	}
	c.find(r.Pos, config.Warning, "no-trunk", fmt.Sprintf("no section has host=%s: calls that come from there are those of a guest, and are refused", r.Host),
		fmt.Sprintf("add a section with type=peer, host=%s and insecure=invite", r.Host))
}
