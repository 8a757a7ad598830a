package sip

import (
	"bytes"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
)

// request handles a request within the call (RFC 3261 12.2.2).
func (p *pvt) request(tx *transaction.Server, m *message.Message) {
	d := p.d
	tx.Route.Remote = d.replyAddress(m, d.from, p.peer)
	if !p.sameHost(d.from) && !p.moved(tx, m) {
		return
	}
	g := &p.dialog
	if p.outgoing && p.phase == phaseEarly {
		e := p.earlyOf(m)
		if e == nil {
			d.respond(tx, m, 481, "Call leg/transaction does not exist", nil)
			return
		}
		g = &e.dialog
	}
	seq, method := m.CSeq()
	if g.hasRemoteSeq && seq < g.remoteSeq {
		d.respond(tx, m, 500, "Server Internal Error", nil)
		return
	}
	g.remoteSeq, g.hasRemoteSeq = seq, true
	if method != message.BYE && !d.supported(tx, m) { // who hangs up is gone, whatever he insists on
		return
	}
	tx.Keep()
	p.keep(m)
	switch method {
	case message.INVITE:
		p.reinvited(tx, m)
	case message.BYE:
		p.farBye(tx, m)
	case message.UPDATE:
		p.updated(tx, m)
	case message.INFO:
		p.informed(tx, m)
	case message.OPTIONS:
		p.reply(tx, m, 200, "OK", nil, func(b *message.Builder) { b.Header(message.HeaderAccept, sdpType) })
	case message.MESSAGE:
		p.texted(tx, m)
	case message.NOTIFY:
		p.notified(tx, m)
	case message.REFER:
		p.referred(tx, m)
	case message.PRACK:
		p.pracked(tx, m)
	case message.SUBSCRIBE, message.PUBLISH:
		p.reply(tx, m, 489, "Bad Event", nil, nil)
	default:
		p.reply(tx, m, 501, "Method Not Implemented", nil, nil)
	}
}

// sameHost reports whether a request comes from where the call may come from: the
// address of the far end as it was or as its Contact and routes have it.
func (p *pvt) sameHost(from source) bool {
	a := from.addr.Addr().Unmap()
	if a == p.received.Addr().Unmap() || a == p.route.Remote.Addr().Unmap() {
		return true
	}
	if to, ok := literal(p.target); ok && to.Addr() == a {
		return true
	}
	for _, r := range p.routes {
		to, ok := literal(r)
		if !ok || to.Addr() == a {
			return true // a proxy by name may be anywhere
		}
	}
	if p.peer != nil && p.peer.Host != "" && !p.peer.Addr.IsValid() {
		return true // so may a peer
	}
	return p.d.local(a) && p.d.local(p.received.Addr()) && len(p.d.cfg.General.LocalNet) > 0
}

// moved handles a request whose tags are right and whose sender is at another
// address: a phone in another network, which can prove who it is, or a forger who
// saw one message.
func (p *pvt) moved(tx *transaction.Server, m *message.Message) bool {
	if p.peer != nil && p.peer.hasSecret() && !p.peer.InsecureInvite {
		return p.d.authenticate(tx, m, p.peer, p.d.from) == authOK
	}
	p.d.respond(tx, m, 481, "Call leg/transaction does not exist", nil)
	return false
}

// ack handles the ACK of a 2xx response.
func (p *pvt) ack(m *message.Message) {
	seq, _ := m.CSeq()
	if p.server == nil || p.server.State() != transaction.Accepted || seq != p.inviteSeq {
		return
	}
	p.server.Acked()
	p.server = nil
	p.reinviting = false
	if p.media.waiting && p.change == nil {
		p.lateAnswer(m)
	}
	if p.wantsBye {
		p.sayBye(p.byeCause)
		return
	}
	if p.referTo != "" {
		p.refer(p.referTo)
	}
	p.tryModify()
}

// lateAnswer takes the answer that the ACK of a late offer carries. Without one
// the call ends; after a re-INVITE the session is what it was.
func (p *pvt) lateAnswer(m *message.Message) {
	had := p.media.valid
	body, _ := m.Content(sdpType)
	if p.phase != phaseUp {
		p.media.waiting = false
		return
	}
	if !p.takeAnswer(body) && !had {
		p.hangupChannel(channel.CauseBearerNotAvailable)
	}
}

// NoAck implements transaction.Owner: our 2xx response stayed without ACK
// (RFC 3261 13.3.1.4).
func (p *pvt) NoAck(tx *transaction.Server) {
	defer p.d.recovered(p)
	if p.server != tx {
		return
	}
	p.server = nil
	if p.wantsBye || p.phase == phaseEnding {
		p.sayBye(p.byeCause)
		return
	}
	p.hangupChannel(channel.CauseNoUserResponse)
}

// farBye handles BYE: the far end hung up.
func (p *pvt) farBye(tx *transaction.Server, m *message.Message) {
	if p.server != nil {
		if p.server.State() == transaction.Accepted { // BYE came before the ACK, or instead of it
			p.server.Acked()
			p.server = nil
		} else {
			p.refuse(487, "Request Terminated", nil) // 15.1.2
		}
	}
	p.reply(tx, m, 200, "OK", nil, nil)
	p.wantsBye = false
	if p.phase == phaseEnding { // ours crosses it, or had to wait
		p.finish()
		return
	}
	cause := channel.CauseNormalClearing
	if p.settings.Q850Reason {
		if c := reasonCause(m); c != channel.CauseNone {
			cause = c
		}
	}
	p.note("says BYE%s", reasonText(m))
	p.sendAlong(m)
	if p.client != nil { // the INVITE, or a re-INVITE of ours
		p.client.Cancel("")
	}
	p.phase = phaseEnding
	p.stopSessionTimer()
	p.stopAwaitingBye()
	p.uncount()
	if p.released {
		p.destroy(cause)
		return
	}
	p.hangupChannel(cause)
}

// reinvited handles an INVITE within the call: hold, resume, another codec or
// another address, or only a refresh of the session (RFC 3261 14.2).
func (p *pvt) reinvited(tx *transaction.Server, m *message.Message) {
	switch {
	case p.server != nil && (p.phase == phaseEarly || p.server.State() != transaction.Accepted):
		p.reply(tx, m, 500, "Server Internal Error", nil, p.retryAfter) // an earlier one is not answered
		return
	case p.server != nil || p.negotiating() || p.media.waiting: // ours is under way, or an earlier one lacks its ACK
		p.reply(tx, m, 491, "Request Pending", nil, nil)
		return
	case p.phase != phaseUp:
		p.reply(tx, m, 481, "Call leg/transaction does not exist", nil, nil)
		return
	}
	offer, status := sessionBody(m)
	if status != 0 {
		p.reply(tx, m, status, "", nil, p.refusal(status))
		return
	}
	timer, status := p.weighTimer(m)
	if status != 0 {
		p.reply(tx, m, status, "Session Interval Too Small", nil, p.refusal(status))
		return
	}
	a := agreement{}
	if offer != nil {
		if a, status = p.negotiate(offer, false); status == 488 {
			if f, ok := p.readFax(offer); ok {
				p.faxed(tx, m, f, timer)
				return
			}
			if rest, ok := p.stopped(offer); ok {
				a, status = rest, 0
			}
		}
		if status != 0 {
			p.reply(tx, m, status, offerReason(status), nil, nil)
			return
		}
	}
	p.took(tx, m, timer)
	if offer != nil {
		p.endFax()
		p.accept(a)
	}
	p.reply(tx, m, 200, "OK", p.localSDP(), nil)
	p.startSessionTimer()
	p.media.stuck = false
	p.reconsider()
}

// took takes over what a re-INVITE that can be answered brings beside its offer.
func (p *pvt) took(tx *transaction.Server, m *message.Message, timer *sessionTimer) {
	p.setTimer(timer)
	p.learnAllow(m)
	p.heard(m)
	p.server, p.reinviting, p.asked, p.rel = tx, true, true, nil
	tx.Owner = p
	p.open, p.inviteSeq = m.Clone(), p.remoteSeq
	p.refreshTarget(m)
}

// retryAfter writes the Retry-After of RFC 3261 14.2: up to 10 seconds, at random.
func (p *pvt) retryAfter(b *message.Builder) {
	b.HeaderInt(message.HeaderRetryAfter, int64(p.d.random.uint64()%11))
}

// refreshTarget follows the far end to a new Contact.
func (p *pvt) refreshTarget(m *message.Message) {
	p.received = p.d.from.addr
	was := p.target
	p.learnTarget(m)
	if p.target != was || p.symmetric {
		p.aim(p.d, p.d.from.route(), p.symmetric)
	}
}

// texted handles MESSAGE within the call.
func (p *pvt) texted(tx *transaction.Server, m *message.Message) {
	if t := m.ContentType(); !bytes.EqualFold(t.Type, []byte("text")) || p.channel == nil {
		p.reply(tx, m, 415, "", nil, func(b *message.Builder) { b.Header(message.HeaderAccept, "text/plain") })
		return
	}
	p.channel.Queue(channel.Frame{Kind: channel.FrameText, Text: string(m.Body())})
	p.reply(tx, m, 202, "Accepted", nil, nil)
}
