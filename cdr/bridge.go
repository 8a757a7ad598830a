package cdr

import (
	"slices"
	"time"

	"pbx/event"
)

// join puts p into a bridge and, when somebody is there, makes a pair of the two.
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
	others := e.bridges[bridge]
	e.bridges[bridge] = append(others, p)
	for _, other := range others {
		a, b := p, other
		// The older channel is the first party, unless CDR_PROP says otherwise.
		if a.prefersA == b.prefersA && b.seq < a.seq || b.prefersA && !a.prefersA {
			a, b = b, a
		}
		e.pair(a, b, at)
	}
}

// pair has a's record tell of b.
func (e *Engine) pair(a, b *party, at time.Time) {
	found := false
	for _, r := range a.records {
		switch {
		case (r.state == pending || r.state == dialing) && r.bUID == b.uniqueid:
			if r.renew {
				r.renew = false
				r.Start = at
				r.Answer = at
			}
		case r.state == single || r.state == bridged && r.b == nil:
			r.with(b)
		case r.state == bridged && r.bUID == b.uniqueid:
		default:
			continue
		}
		r.state, r.Disposition, found = bridged, "", true
		if r.Answer.IsZero() {
			r.Answer = at
		}
	}
	if !found {
		r := e.begin(a, at)
		r.state = bridged
		r.with(b)
	}
	for _, r := range b.records {
		if r.state == single {
			r.state = bridged
		}
	}
}

// leave takes p out of a bridge; the records of the pairs that it was in end.
func (e *Engine) leave(p *party, bridge string, at time.Time) {
	if p.bridge != bridge || bridge == "" {
		return
	}
	members := e.bridges[bridge]
	for _, m := range members {
		for _, r := range m.records {
			if r.state == bridged && (m == p || r.b == p || r.b == nil) {
				e.finish(m, r, at, 0)
			}
		}
	}
	p.bridge = ""
	members = slices.DeleteFunc(members, func(m *party) bool { return m == p })
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
	e.finishSingles(p, ev.Time)
	for _, r := range was.records {
		if r.state != dialing {
			continue
		}
		n := e.begin(p, ev.Time)
		n.state, n.renew = dialing, true
		n.with(r.b)
		e.finish(was, r, ev.Time, 0)
	}
	if p.last().state == final {
		e.begin(p, ev.Time)
	}
	e.finishSingles(was, ev.Time)
}

func (e *Engine) finishSingles(p *party, at time.Time) {
	for _, r := range p.records {
		if r.state == single {
			e.finish(p, r, at, 0)
		}
	}
}
