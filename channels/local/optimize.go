package local

import (
	"pbx/channel"
	"pbx/event"
)

// Joined implements channel.Joiner: a half was joined to somebody, or that
// somebody has changed. When both are, and answered, the pair leaves.
func (h *half) Joined(other channel.Leg, _ bool) {
	if other == nil {
		return
	}
	h.pair.tryLeave()
}

// OptimizeAway has the pair leave as soon as it can, option n or not.
func (h *half) OptimizeAway() {
	p := h.pair
	p.mu.Lock()
	p.keeps = false
	p.mu.Unlock()
	p.tryLeave()
}

// stays reports whether the pair stays in the call.
func (p *pair) stays() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keeps
}

// tryLeave takes the pair out of the call if it may and can go.
func (p *pair) tryLeave() {
	p.mu.Lock()
	if p.keeps {
		p.mu.Unlock()
		return
	}
	p.again = true
	if p.leaving {
		p.mu.Unlock() // whoever is at it looks once more
		return
	}
	p.leaving = true
	for p.again && p.gone == 0 {
		p.again = false
		p.mu.Unlock()
		done := p.leave()
		p.mu.Lock()
		if done {
			p.mu.Unlock() // leaving stays set
			return
		}
	}
	p.leaving = false
	p.mu.Unlock()
}

// leave takes the pair out of the call, if it can.
func (p *pair) leave() bool {
	a, b := p.halves[0].channel(), p.halves[1].channel()
	near, far := a.Bridged(), b.Bridged()
	if near == nil || far == nil || near == b || far == a || a.State() != channel.Up || b.State() != channel.Up {
		return false
	}
	// stays keeps its bridge, and the thread that runs it, and gets the phone of
	// comes, which ends with the half that is left over.
	stays, comes, rest := a, far, b
	if near.Owner() == nil && far.Owner() != nil {
		stays, comes, rest = b, near, a
	}
	d := &event.OptimizeDetail{Source: comes.Party(), DestUniqueid: stays.Uniqueid(), ID: p.d.optimized.Add(1) - 1}
	a.PublishWith(event.Event{Kind: event.LocalOptimize, Name: "begin", Detail: d}, b)
	if channel.Masquerade(stays, comes) != nil {
		return false
	}
	one, two := comes, rest // the half that stayed is where comes was
	if rest == a {
		one, two = rest, comes
	}
	one.PublishWith(event.Event{Kind: event.LocalOptimize, Name: "end", Detail: d}, two)
	comes.SoftHangup(channel.CauseNormalClearing)
	rest.SoftHangup(channel.CauseNormalClearing)
	return true
}
