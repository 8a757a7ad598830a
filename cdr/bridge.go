package cdr

import (
	"slices"
	"time"

	"pbx/event"
)

// join puts p into a bridge, and makes a pair of it and each that is there.
func (e *Engine) join(p *party, bridge string, at time.Time) {
	if p.bridge == bridge || p.replaced || e.settings.IgnoreBridges {
		return
	}
	if p.bridge != "" {
		e.leave(p, p.bridge, at)
	}
	p.bridge, p.talked = bridge, true
	if p.dialled {
		p.exten = "" // it has no place in the dialplan
	}
	alone := true // there is no record that can come along
	for _, r := range p.records {
		alone = alone && (r.state == final || r.state == bridged)
	}
	if alone {
		e.begin(p, at)
	}
	others := e.bridges[bridge]
	e.bridges[bridge] = append(others, p)
	for _, other := range others {
		a, b := first(p, other)
		if a == p {
			for _, r := range other.records { // it is told of here, so that its own record is over
				if r.state == bridged && r.b == nil {
					e.end(r, other.at, 0)
				}
			}
		}
		e.pair(a, b, at)
	}
	for _, r := range p.records {
		if r.state != final && r.state != bridged {
			r.join(bridge, nil, at)
		}
	}
}

// first says which of two channels is the first party: one that was dialled never is, CDR_PROP may
// ask for it, and of others it is the older one.
func first(a, b *party) (*party, *party) {
	switch {
	case a.dialled != b.dialled:
		if a.dialled {
			a, b = b, a
		}
	case a.prefersA != b.prefersA:
		if b.prefersA {
			a, b = b, a
		}
	case b.seq < a.seq:
		a, b = b, a
	}
	return a, b
}

// pair has a's record tell of b.
func (e *Engine) pair(a, b *party, at time.Time) {
	found := false
	for _, r := range a.records {
		switch {
		case (r.state == pending || r.state == dialing) && r.bUID == b.uniqueid:
			if r.renew {
				r.renew = false
				r.Start, r.Answer = at, at
			}
		case r.state == single || r.state == bridged && r.b == nil:
		default:
			continue
		}
		found = true
		r.join(a.bridge, b, at)
	}
	if !found {
		e.begin(a, at).join(a.bridge, b, at)
	}
}

// leave takes p out of a bridge. Its records end, and those that it is the second party of, which
// are closed when their first party leaves.
func (e *Engine) leave(p *party, bridge string, at time.Time) {
	if p.bridge != bridge || bridge == "" {
		return
	}
	for _, r := range p.records {
		if r.state == bridged {
			e.close(r, at, 0)
		}
	}
	for _, r := range p.second {
		if r.state == bridged && r.b == p && r.bridge == bridge {
			e.end(r, at, 0)
		}
	}
	p.bridge = ""
	for _, m := range e.bridges[bridge] {
		for _, r := range m.records { // its pair is over: with another one it begins anew
			if r.state == bridged && r.b == nil {
				e.close(r, at, 0)
			}
		}
	}
	members := slices.DeleteFunc(e.bridges[bridge], func(m *party) bool { return m == p })
	if len(members) == 0 {
		delete(e.bridges, bridge)
	} else {
		e.bridges[bridge] = members
	}
}

// masquerade follows a phone that has taken the place of another: p is now where the
// channel named ev.Value was. A place in a bridge is one of the phone, as after a transfer
// in the field; one in an application comes with its step of the dialplan.
func (e *Engine) masquerade(p *party, ev *event.Event) {
	if ev.Channel != ev.Dest {
		return // told for the other one too
	}
	was := e.names[ev.Value]
	if was == nil || was == p {
		return
	}
	bridge := was.bridge
	was.replaced = true
	e.leave(was, bridge, ev.Time)
	e.leave(p, p.bridge, ev.Time)
	if bridge != "" {
		e.join(p, bridge, ev.Time)
		return
	}
	if was.dialled && !was.talked { // a call was picked up while it rang
		for _, other := range e.channels {
			for _, r := range other.records {
				if r.state == dialing && r.b == was {
					r.with(p)
				}
			}
		}
		return
	}
	p.context, p.exten, p.app, p.data = ev.Context, ev.Exten, ev.App, ev.AppData
	p.dialled, p.dead = false, false
	e.closeSingles(p, ev.Time)
	for _, r := range was.records {
		if r.state != dialing {
			continue
		}
		n := e.begin(p, ev.Time)
		n.renew = true
		n.dial(r.b)
		e.close(r, ev.Time, 0)
	}
	if p.last().state == final {
		e.begin(p, ev.Time)
	}
	e.closeSingles(was, ev.Time)
}

func (e *Engine) closeSingles(p *party, at time.Time) {
	for _, r := range p.records {
		if r.state == single {
			e.close(r, at, 0)
		}
	}
}
