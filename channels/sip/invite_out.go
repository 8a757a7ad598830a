package sip

import (
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
	"pbx/event"
)

// call sends the INVITE.
func (p *pvt) call() {
	if p.phase != phaseNew {
		return
	}
	if n := p.settings.MaxForwards; n > 0 && n <= 255 {
		p.hops = strconv.Itoa(n)
	}
	if v, ok := p.channel.Var("SIP_MAX_FORWARDS"); ok && v.S != "" {
		n, err := strconv.Atoi(v.S)
		if err == nil && n < 1 {
			p.channel.SetCause(channel.CauseNoRouteDestination, "")
			p.hangupChannel(channel.CauseNoRouteDestination)
			return
		}
		if err == nil && n <= 255 {
			p.hops = v.S
		}
	}
	p.suggest("SIP_CODEC_OUTBOUND", "SIP_CODEC")
	p.name()
	p.phase = phaseEarly
	p.d.calls.add(p)
	p.readPatience()
	p.awaitAnswer()
	p.setRinging(true) // the field's lamps blink from the INVITE on
	if p.d.bus.Wants(event.Note) {
		p.noteOffer()
	}
	p.invitePeer()
	if p.phase != phaseGone {
		p.inProgress()
	}
}

// invitePeer sends the INVITE, again if it was refused for a reason that we can
// mend.
func (p *pvt) invitePeer() {
	p.localSeq++
	p.out.seq = p.localSeq
	p.sendInvite()
}

// sendInvite sends the INVITE to the server whose turn it is.
func (p *pvt) sendInvite() {
	d := p.d
	p.branch = d.random.branch()
	p.out.early = nil // of an INVITE before it
	offer := p.offerSDP(false)
	p.proof.addr = p.route.Remote.Addr()
	b := p.dialog.begin(d, message.INVITE, p.branch, p.out.seq)
	b.Header(message.HeaderDate, d.date())
	p.offerTimer(b)
	b.Header(message.HeaderAllow, allowed)
	b.Header(message.HeaderSupported, p.supported())
	if p.settings.Reliable == ReliableRequired {
		b.Header(message.HeaderRequire, option100rel)
	}
	p.identify(b)
	p.divert(b, p.out.domain, p.target)
	p.addHeaders(b)
	b.Body(sdpType, offer)
	if c := d.txs.Send(d.finish(), message.INVITE, p.branch, p.route, p.timers(), (*inviteReceiver)(p)); c.State() != transaction.Terminated {
		p.client = c
		p.awaitReply()
	}
}

// addHeaders writes the header= lines of the peer and what SIPAddHeader queued.
func (p *pvt) addHeaders(b *message.Builder) {
	add := func(line string) {
		if rest, ok := strings.CutPrefix(line, `"`); ok { // quotes around the whole are not part of it
			line = strings.TrimSuffix(rest, `"`)
		}
		if name, value, ok := strings.Cut(line, ":"); ok {
			b.HeaderNamed(strings.TrimSpace(name), strings.TrimSpace(value))
		}
	}
	if p.peer != nil {
		for _, h := range p.peer.Headers {
			add(h)
		}
	}
	for _, v := range p.channel.Variables() {
		if strings.HasPrefix(v.Name, "SIPADDHEADER") {
			add(v.Value.S)
		}
	}
}

// proves reports whether a request of ours that was challenged is worth sending
// again.
func (p *pvt) proves(m *message.Message) bool {
	return (m.Status() == 401 || m.Status() == 407) && p.d.proves(p.proof, m, p.route.Remote.Addr())
}

// inviteReceiver is the call as the sender of an INVITE.
type inviteReceiver pvt

// Response implements transaction.Receiver.
func (r *inviteReceiver) Response(c *transaction.Client, m *message.Message) {
	p := (*pvt)(r)
	defer p.d.recovered(p)
	status := m.Status()
	p.stopReply()
	if status >= 300 && p.client == c || status >= 200 && status < 300 {
		p.received = p.d.from.addr
	}
	switch {
	case status < 200:
		if status > 100 {
			p.noteStatus("says ", status, string(m.Reason()))
		}
		p.early(m)
	case status < 300:
		p.answered(m)
	default:
		p.client = nil
		p.refused(m)
	}
}

// Failed implements transaction.Receiver: the far end is silent.
func (r *inviteReceiver) Failed(_ *transaction.Client, err error) {
	p := (*pvt)(r)
	defer p.d.recovered(p)
	p.client = nil
	p.stopReply()
	p.unreached(err)
}

// fail ends an unanswered call of ours; the channel's goroutine lets go of it
// then.
func (p *pvt) fail(cause channel.Cause) {
	if p.phase == phaseEnding || p.released {
		p.destroy(cause)
		return
	}
	p.phase = phaseEnding
	p.stopPatience()
	p.uncount()
	p.hangupChannel(cause)
}

// techCause is what HANGUPCAUSE(name,tech) shows.
func techCause(m *message.Message) string {
	return "SIP " + strconv.Itoa(m.Status()) + " " + string(m.Reason())
}

// settle takes an answer to our offer, and has the other leg use the same codec.
func (p *pvt) settle(a agreement) {
	if p.media.prefer == "" {
		for _, name := range p.out.wanted {
			if a.has(name) {
				p.media.prefer = name
				break
			}
		}
	}
	p.accept(a)
	p.tell(p.media.telling)
	if p.out.from != nil && p.out.from.phase != phaseGone {
		p.out.from.preferCodec(p.sendCodec().Name)
	}
}

// answered handles a 2xx response (RFC 3261 13.2.2.4).
func (p *pvt) answered(m *message.Message) {
	tag := m.ToTag()
	switch {
	case p.out.won != nil:
		p.out.won.again(m)
		return
	case p.client == nil:
		return
	}
	p.stopPatience()
	cancelled := p.phase != phaseEarly
	won := p.client
	p.client = nil
	early := p.out.early[string(tag)]
	seqs := p.out.sequences()
	p.out.early = nil
	p.localSeq = p.out.seq
	if early != nil {
		p.localSeq, p.remoteSeq, p.hasRemoteSeq = early.localSeq, early.remoteSeq, early.hasRemoteSeq
	}
	p.remoteTag = string(tag)
	p.learnRoutes(m, true)
	p.learnTarget(m)
	p.learnAllow(m)
	p.symmetric = p.settings.NAT.ForceRPort || p.settings.NAT.AutoForceRPort && p.movedTarget()
	p.comedia = p.settings.NAT.Comedia || p.settings.NAT.AutoComedia && p.movedTarget()
	p.aim(p.d, p.d.from.route(), p.symmetric)
	if p.pinned {
		p.servers = p.out.servers
	}
	p.useragent = string(m.Header(message.HeaderServer))
	if p.useragent == "" {
		p.useragent = string(m.Header(message.HeaderUserAgent))
	}
	p.proof.accepted(m)
	p.out.won = &answer{d: p.d, client: won, dialog: p.dialog, seq: p.out.seq, seqs: seqs, symmetric: p.symmetric}
	p.out.won.acknowledge(&p.dialog)
	p.setRinging(false)
	if cancelled { // our CANCEL crossed the answer
		p.sayBye(channel.CauseNormalClearing)
		return
	}
	p.phase = phaseUp
	p.startMeter()
	a, status := agreement{}, 488
	if body, ok := m.Content(sdpType); ok && len(body) > 0 && (early == nil || !early.firm) {
		a, status = p.negotiate(body, true)
	} else if early != nil && early.valid {
		a, status = early.agreed, 0
	}
	p.channel.SetCause(p.channel.Cause(), techCause(m))
	p.noteStatus("says ", m.Status(), string(m.Reason()))
	if status != 0 {
		p.channel.SetCause(channel.CauseBearerNotAvailable, "")
		p.hangupChannel(channel.CauseBearerNotAvailable)
		return
	}
	p.settle(a)
	p.acceptTimer(m)
	p.heard(m)
	p.channel.SetState(channel.Up)
	p.queue(channel.ControlAnswer)
	p.connectedLine()
}

// movedTarget reports whether the far end's Contact is not where it answers from.
func (p *pvt) movedTarget() bool {
	to, ok := literal(p.target)
	return ok && len(p.routes) == 0 && to != p.received
}

// giveUp cancels our INVITE.
func (p *pvt) giveUp(cause channel.Cause) {
	p.phase = phaseEnding
	p.closeMedia()
	p.uncount()
	if p.client == nil {
		p.destroy(cause)
		return
	}
	reason := ""
	if cause == channel.CauseAnsweredElsewhere {
		reason = completedElsewhere
	}
	if p.settings.Q850Reason && cause != channel.CauseNone {
		if reason != "" {
			reason += ", "
		}
		reason += q850(cause)
	}
	p.client.Cancel(reason)
}
