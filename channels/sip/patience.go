package sip

import (
	"strconv"
	"time"

	"pbx/channel"
	"pbx/channels/sip/transaction"
	"pbx/sched"
)

// patience is how long a call of ours waits for what: each server in its turn may
// be silent for reply, and somebody has to answer within answer, 0 for ever. They
// are what proxies call fr_timer and fr_inv_timer.
type patience struct {
	reply, answer           time.Duration
	replyTimer, answerTimer sched.ID
}

// readPatience takes the limits of the peer, or those that the channel's variables
// set for this call.
func (p *pvt) readPatience() {
	w := &p.out.patience
	w.reply, w.answer = p.settings.ReplyTimeout, p.settings.AnswerTimeout
	for name, to := range map[string]*time.Duration{"SIP_REPLY_TIMEOUT": &w.reply, "SIP_ANSWER_TIMEOUT": &w.answer} {
		v, ok := p.channel.Var(name)
		if !ok || v.S == "" {
			continue
		}
		s, err := strconv.ParseFloat(v.S, 64)
		if err != nil || !(s >= 0) || s > maxPatience.Seconds() {
			p.d.notice("SIP: a time limit is a number of seconds", "channel", p.channel.Name(), "variable", name, "value", v.S)
			continue
		}
		*to = time.Duration(s * float64(time.Second))
	}
}

const maxPatience = 24 * time.Hour

// awaitReply begins to wait for the first response of a server. Without reply_timeout
// the last one has timer B.
func (p *pvt) awaitReply() {
	w := &p.out.patience
	p.stopReply()
	limit := w.reply
	if limit == 0 && p.out.servers.more() {
		limit = replyPatience
	}
	if limit == 0 || p.client == nil {
		return
	}
	w.replyTimer = p.d.sched.Add(limit, func() time.Duration {
		defer p.d.recovered(p)
		w.replyTimer = 0
		p.desert()
		p.unreached(transaction.ErrTimeout)
		return 0
	})
}

// awaitAnswer begins to wait for the answer of the call as a whole.
func (p *pvt) awaitAnswer() {
	w := &p.out.patience
	if w.answer == 0 {
		return
	}
	w.answerTimer = p.d.sched.Add(w.answer, func() time.Duration {
		defer p.d.recovered(p)
		w.answerTimer = 0
		if p.phase == phaseEarly {
			p.hangupChannel(channel.CauseNoAnswer) // whose thread hangs up: that cancels
		}
		return 0
	})
}

func (p *pvt) stopReply() { p.stopWaiting(&p.out.patience.replyTimer) }

// stopPatience ends both waits.
func (p *pvt) stopPatience() {
	p.stopReply()
	p.stopWaiting(&p.out.patience.answerTimer)
}

func (p *pvt) stopWaiting(id *sched.ID) {
	if *id != 0 {
		p.d.sched.Delete(*id)
		*id = 0
	}
}

// desert gives up an INVITE that had no response, without a trace at the far end: it
// is not sent again, and cancelled as soon as somebody turns out to have it, and an answer is ended.
func (p *pvt) desert() {
	c := p.client
	p.client = nil
	c.Abandon("")
	c.SetReceiver(&answer{d: p.d, client: c, dialog: p.dialog, seq: p.out.seq})
}

// unreached goes on to the next server when one could not be reached or was silent,
// and ends the call when there is none.
func (p *pvt) unreached(err error) {
	p.note("is not reached at %v: %v", p.route.Remote, err)
	if p.elsewhere(reasonOf(err), 0) {
		return
	}
	if p.d.debugs(1) {
		p.d.debug(1, "SIP: call failed", "to", p.route.Remote, "call", p.callID, "err", err)
	}
	p.fail(channel.CauseNoUserResponse)
}

// elsewhere sends the INVITE to the next server, if there is one: the same request in
// a new transaction (RFC 3263 4.3), so that a phone that both servers reach knows it
// again (RFC 3261 8.2.2.2).
func (p *pvt) elsewhere(reason string, wait time.Duration) bool {
	if p.phase != phaseEarly || p.released || !p.out.servers.next(reason, wait) {
		return false
	}
	p.setRinging(false)
	p.out.early = nil
	p.proof.tries = 0
	p.take(p.out.servers.route())
	p.contact = p.d.contactOn(p.route, p.out.contact, p.secure())
	p.sendInvite()
	return true
}
