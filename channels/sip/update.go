package sip

import (
	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
)

// updated handles UPDATE (RFC 3311): a refresh, or an offer, in the answered call
// or in an early dialog.
func (p *pvt) updated(tx *transaction.Server, m *message.Message) {
	if p.phase != phaseUp && p.phase != phaseEarly {
		p.reply(tx, m, 481, "Call leg/transaction does not exist", nil, nil)
		return
	}
	offer, status := sessionBody(m)
	if status != 0 {
		p.reply(tx, m, status, "", nil, p.refusal(status))
		return
	}
	var timer *sessionTimer
	if p.phase == phaseUp {
		if timer, status = p.weighTimer(m); status != 0 {
			p.reply(tx, m, status, "Session Interval Too Small", nil, p.refusal(status))
			return
		}
	}
	var e *earlyDialog
	if p.outgoing && p.phase == phaseEarly {
		e = p.earlyOf(m)
	}
	var sdp []byte
	if offer != nil {
		if !p.mayOffer(tx, m, e) {
			return
		}
		a, status := p.negotiate(offer, false)
		if rest, ok := p.stopped(offer); status == 488 && ok {
			a, status = rest, 0
		}
		if status != 0 {
			p.reply(tx, m, status, offerReason(status), nil, nil)
			return
		}
		if e != nil {
			e.agreed = a
			p.settle(a)
		} else {
			p.accept(a)
		}
		sdp = p.answerSDP(offer)
	}
	p.learnAllow(m)
	p.heard(m)
	if e != nil {
		e.learnTarget(m)
		e.aim(p.d, p.d.from.route(), p.settings.NAT.ForceRPort)
	} else {
		p.refreshTarget(m)
	}
	if p.phase == phaseUp {
		p.setTimer(timer)
		p.startSessionTimer()
	}
	defer p.reconsider()
	p.reply(tx, m, 200, "OK", sdp, func(b *message.Builder) {
		p.writeTimer(b, m)
		b.Address(message.HeaderContact, "", p.contact, "")
	})
}

// mayOffer reports whether the far end may make an offer now (RFC 3311 5.2): 491
// while ours is open, 500 while its own is.
func (p *pvt) mayOffer(tx *transaction.Server, m *message.Message, e *earlyDialog) bool {
	var ours, theirs bool
	switch {
	case e != nil:
		ours = !e.firm
	case p.phase == phaseEarly:
		ours, theirs = p.media.waiting, !p.media.waiting && !p.rel.done()
	default:
		ours = p.media.waiting || !p.media.valid
		theirs = p.reinviting && p.server != nil && p.server.State() == transaction.Proceeding
	}
	switch {
	case ours:
		p.reply(tx, m, 491, "Request Pending", nil, nil)
	case theirs:
		p.reply(tx, m, 500, "Server Internal Error", nil, p.retryAfter)
	default:
		return true
	}
	return false
}
