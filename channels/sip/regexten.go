package sip

import (
	"slices"
	"strings"

	"pbx/channel"
)

// regcontext and regexten: while a peer is registered its extension is in the
// dialplan, as a NoOp at priority 1; what a call to it does stands in the priorities
// after that, in the file. Elsewhere the extension is not there.

// extenAt is an extension of a context.
type extenAt struct{ context, exten string }

// RegContexts are the contexts of regcontext.
func (g *Settings) RegContexts() []string {
	return splitOn(g.RegContext, "&")
}

// splitOn divides a list without blanks and empty entries.
func splitOn(s, sep string) (list []string) {
	for _, w := range strings.Split(s, sep) {
		if w = strings.TrimSpace(w); w != "" {
			list = append(list, w)
		}
	}
	return list
}

// extensions are those of a peer while it is there: exten[@context]&…, its name
// without regexten.
func (d *Driver) extensions(p *Peer) (list []extenAt) {
	contexts := d.cfg.General.RegContexts()
	names := splitOn(p.RegExten, "&")
	if len(names) == 0 {
		names = []string{p.Name}
	}
	for _, name := range names {
		exten, context, one := strings.Cut(name, "@")
		if one {
			list = append(list, extenAt{context, exten})
			continue
		}
		for _, c := range contexts {
			list = append(list, extenAt{c, exten})
		}
	}
	return list
}

// isThere reports whether the extensions of a peer are in the dialplan: while it is
// registered and, with regextenonqualify, answers.
func (d *Driver) isThere(p *Peer) bool {
	asked := d.cfg.General.RegExtenOnQualify && p.Qualify > 0
	switch {
	case d.cfg.General.RegContext == "" || !p.Type.IsPeer():
		return false
	case asked && !p.reach().callable():
		return false
	case p.Dynamic:
		return p.registered() > 0
	}
	return asked && p.qualify.state == qualifyReachable
}

// placeExtensions has the dialplan know the extensions of a peer that is there, and
// no others of it.
func (d *Driver) placeExtensions(p *Peer) {
	if d.extens == nil || p.placed == nil && d.cfg.General.RegContext == "" {
		return
	}
	var want []extenAt
	if d.isThere(p) {
		want = d.extensions(p)
	}
	if slices.Equal(want, p.placed) {
		return
	}
	for _, e := range p.placed {
		if !slices.Contains(want, e) {
			d.extens.RemoveStep(e.context, e.exten)
		}
	}
	for _, e := range want {
		if !slices.Contains(p.placed, e) {
			d.extens.AddStep(e.context, e.exten, channel.OwnStep{Registrar: "SIP", App: "NoOp", Args: p.Name})
		}
	}
	p.placed = want
}

// displace takes the extensions of a peer away.
func (d *Driver) displace(p *Peer) {
	for _, e := range p.placed {
		d.extens.RemoveStep(e.context, e.exten)
	}
	p.placed = nil
}
