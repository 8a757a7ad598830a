package sip

import (
	"strconv"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
)

// earlyDialog is one of the dialogs that the provisional responses to an INVITE of
// ours make, each with its own media (RFC 3261 12.1.2): a proxy that forks brings
// one a phone.
type earlyDialog struct {
	dialog
	agreed agreement
	valid  bool   // agreed holds something
	firm   bool   // it came reliably: what comes later is no answer (RFC 3261 13.2.1)
	rseq   uint32 // of the last reliable response, 0 for none
}

// early handles a provisional response. The last one that brings media is heard.
func (p *pvt) early(m *message.Message) {
	if p.phase != phaseEarly {
		return
	}
	status := m.Status()
	p.channel.SetCause(p.channel.Cause(), techCause(m))
	media := false
	p.learnAllow(m)
	p.heard(m)
	if status > 100 && len(m.ToTag()) > 0 {
		e := p.earlyOf(m)
		if e == nil || !p.inOrder(e, m) {
			return
		}
		media = p.earlyMedia(e, m)
	}
	switch {
	case status == 180, status == 182: // queued at a gateway is on its way to ring
		p.setRinging(true)
		p.channel.SetState(channel.Ringing)
		p.queue(channel.ControlRinging)
		if media {
			p.queue(channel.ControlProgress)
		}
	case status == 181:
		p.queue(channel.ControlForward)
	case media:
		p.queue(channel.ControlProgress)
	case status == 183: // of gateways that mean 180: who hears nothing is to hear that it rings
		p.queue(channel.ControlRinging)
	case status > 100:
		p.queue(channel.ControlProceeding)
	}
}

// earlyOf finds the dialog of a message of the far end by its tag, or begins it;
// nil when there are too many.
func (p *pvt) earlyOf(m *message.Message) *earlyDialog {
	tag := m.ToTag()
	if m.IsRequest() {
		tag = m.FromTag()
	}
	if e := p.out.early[string(tag)]; e != nil {
		return e
	}
	if len(p.out.early) >= maxForks {
		return nil
	}
	e := &earlyDialog{dialog: p.dialog}
	e.remoteTag, e.localSeq, e.hasRemoteSeq, e.finding = string(tag), p.out.seq, false, nil
	if m.IsResponse() {
		e.learnRoutes(m, true)
	}
	e.learnTarget(m)
	e.aim(p.d, p.d.from.route(), p.settings.NAT.ForceRPort)
	if p.out.early == nil {
		p.out.early = make(map[string]*earlyDialog)
	}
	p.out.early[e.remoteTag] = e
	return e
}

// inOrder acknowledges a reliable response (RFC 3262 4). One that comes again, or
// before the one ahead of it, says nothing.
func (p *pvt) inOrder(e *earlyDialog, m *message.Message) bool {
	if p.settings.Reliable == ReliableNo || !m.HasToken(message.HeaderRequire, option100rel) {
		return true
	}
	n := m.Seconds(message.HeaderRSeq)
	if n < 1 || n > 1<<32-1 || e.rseq != 0 && uint32(n) != e.rseq+1 {
		return false
	}
	e.rseq = uint32(n)
	e.learnTarget(m)
	(&prack{p: p, e: e, rseq: e.rseq}).send()
	return true
}

// prack is a PRACK of ours.
type prack struct {
	p    *pvt
	e    *earlyDialog
	rseq uint32
}

func (a *prack) send() {
	p, d := a.p, a.p.d
	if a.e.later(a.send) {
		return
	}
	a.e.localSeq++
	branch := d.random.branch()
	b := a.e.begin(d, message.PRACK, branch, a.e.localSeq)
	b.Header(message.HeaderRAck, strconv.FormatUint(uint64(a.rseq), 10)+" "+strconv.FormatUint(uint64(p.out.seq), 10)+" INVITE")
	d.txs.Send(d.finish(), message.PRACK, branch, a.e.route, a.e.limit(p.timers()), a)
}

// Response implements transaction.Receiver. A refused PRACK changes nothing: the
// far end gives the call up by itself.
func (a *prack) Response(c *transaction.Client, m *message.Message) {
	switch s := m.Status(); {
	case s >= 200 && s < 300:
		a.p.proof.accepted(m)
	case (s == 401 || s == 407) && a.p.phase == phaseEarly && a.p.d.proves(a.p.proof, m, a.e.route.Remote.Addr()):
		a.send()
	case s == 503 && a.p.phase == phaseEarly && a.e.failover(c.Route, "503", 0):
		a.send()
	}
}

// Failed implements transaction.Receiver.
func (a *prack) Failed(c *transaction.Client, err error) {
	if a.p.phase == phaseEarly && a.e.failover(c.Route, reasonOf(err), 0) {
		a.send()
	}
}

// earlyMedia takes the answer that a provisional response carries.
func (p *pvt) earlyMedia(e *earlyDialog, m *message.Message) bool {
	body, ok := m.Content(sdpType)
	if !ok || len(body) == 0 || e.firm {
		return false
	}
	a, status := p.negotiate(body, true)
	if status != 0 {
		return false
	}
	e.agreed, e.valid, e.firm = a, true, e.rseq != 0
	p.settle(a)
	return true
}
