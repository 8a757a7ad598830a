package sip

import (
	"net/netip"
	"time"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
	"pbx/sched"
)

// change says why the far end is to be told of the session anew. Several reasons
// may wait for one request.
type change uint8

const (
	changeTimer   change = 1 << iota // the session interval wants a refresh (RFC 4028 10)
	changeMedia                      // our description is not the one that the far end has
	changeAddress                    // our address is another one
	changeLine                       // it talks to somebody else (RFC 5876)
)

// modify asks for a re-INVITE (RFC 3261 14.1) or UPDATE (RFC 3311). It is sent at
// once, or when what is under way has ended: one dialog negotiates one thing at a
// time.
func (p *pvt) modify(why change) {
	p.wanted |= why
	p.tryModify()
}

// tryModify sends what waits, if it may go now. Whatever ends a transaction that
// stood in the way calls it.
func (p *pvt) tryModify() {
	if p.wanted == 0 || p.phase != phaseUp || p.again != 0 || p.negotiating() || p.server != nil {
		return
	}
	if p.later(p.tryModify) {
		return
	}
	why := p.wanted
	p.wanted = 0
	if why&changeMedia != 0 && !p.stale() {
		why &^= changeMedia // it came out even while it waited
	}
	if why&changeLine != 0 && !p.strange() {
		why &^= changeLine
	}
	if why == 0 {
		return
	}
	c := &modification{p: p, why: why, method: message.INVITE}
	if p.allowsUpdate && (c.why == changeTimer || c.why&(changeMedia|changeAddress) == 0 && p.settings.RPIDUpdate || p.settings.DirectMedia&DirectUpdate != 0) {
		c.method = message.UPDATE
	}
	c.send()
}

// negotiating reports whether an INVITE or UPDATE of ours waits for its final
// response.
func (p *pvt) negotiating() bool { return p.client != nil || p.change != nil }

// modification is a re-INVITE or UPDATE of ours.
type modification struct {
	p      *pvt
	why    change
	method message.Method
	seq    uint32
	offers bool // it has a description
	fax    bool // of T.38
	direct netip.AddrPort
	limit  sched.ID // the far end has begun to think about it
	over   bool     // the final response is here
	ack    *ack
}

func (c *modification) send() {
	p, d := c.p, c.p.d
	p.localSeq++
	c.seq = p.localSeq
	branch := d.random.branch()
	c.offers = c.method == message.INVITE || c.why&(changeMedia|changeAddress) != 0
	var offer []byte
	if c.offers {
		if c.fax = p.wantsFax(); c.fax {
			c.method, p.media.waiting = message.INVITE, true
			if offer = p.faxOffer(); offer == nil {
				p.media.waiting = false
				p.faxRefused()
				return
			}
		} else {
			offer = p.offerSDP(false)
			c.direct = p.media.telling
		}
	}
	p.change = c
	b := p.dialog.begin(d, c.method, branch, c.seq)
	p.offerTimer(b)
	b.Header(message.HeaderAllow, allowed)
	b.Header(message.HeaderSupported, p.supported())
	p.identify(b)
	if offer != nil {
		b.Body(sdpType, offer)
	}
	client := d.txs.Send(d.finish(), c.method, branch, p.route, p.timers(), c)
	if client.State() == transaction.Terminated {
		return
	}
	if c.method == message.INVITE {
		p.client = client
	}
}

// Response implements transaction.Receiver.
func (c *modification) Response(client *transaction.Client, m *message.Message) {
	p := c.p
	defer p.d.recovered(p)
	status := m.Status()
	good := status >= 200 && status < 300
	switch {
	case status < 200:
		c.hurry()
		return
	case c.over:
		if good && c.ack != nil {
			c.ack.again()
		}
		return
	}
	c.end()
	if good {
		p.proof.accepted(m)
		p.refreshTarget(m)
		if c.method == message.INVITE {
			c.ack = &ack{d: p.d, dialog: &p.dialog, seq: c.seq}
			c.ack.send()
		}
	}
	switch {
	case p.phase != phaseUp: // BYE crossed it
		p.finish()
	case good:
		c.accepted(m)
	case p.shunned(client, m):
		c.resend()
	default:
		c.refused(m)
	}
}

// Failed implements transaction.Receiver: a far end that is silent is gone
// (RFC 3261 12.2.1.2).
func (c *modification) Failed(client *transaction.Client, err error) {
	p := c.p
	defer p.d.recovered(p)
	if c.over {
		return
	}
	c.end()
	if p.phase == phaseUp && p.failover(client.Route, reasonOf(err), 0) {
		c.resend()
		return
	}
	p.hangupChannel(channel.CauseNoUserResponse)
	p.finish()
}

// resend sends the same again, with proof or to another server.
func (c *modification) resend() { (&modification{p: c.p, why: c.why, method: c.method}).send() }

func (c *modification) leave() {
	if c.limit != 0 {
		c.p.d.sched.Delete(c.limit)
		c.limit = 0
	}
}

// maxModification is how long a far end may think about a re-INVITE: nobody has to
// be asked to pick up.
const maxModification = 3 * time.Minute

// hurry gives up on a re-INVITE that got a provisional response and no other.
func (c *modification) hurry() {
	p := c.p
	if c.limit != 0 || c.over || c.method != message.INVITE {
		return
	}
	c.limit = p.d.sched.Add(maxModification, func() time.Duration {
		c.limit = 0
		defer p.d.recovered(p)
		if p.change == c && p.client != nil {
			p.client.Cancel("")
		}
		return 0
	})
}

// end says that the final response is here, or will never be.
func (c *modification) end() {
	p := c.p
	c.over = true
	c.leave()
	p.change = nil
	if c.method == message.INVITE {
		p.client = nil
	}
	if c.offers {
		p.media.waiting = false
	}
}

// accepted takes in a 2xx response.
func (c *modification) accepted(m *message.Message) {
	p := c.p
	p.learnAllow(m)
	p.retries = 0
	body, _ := m.Content(sdpType)
	switch {
	case c.fax:
		p.faxAnswered(body)
	case c.offers:
		// An answer that cannot be used changes nothing (RFC 3261 14.1).
		a, status := p.negotiate(body, true)
		if status != 0 {
			p.media.stuck = true
			break
		}
		p.closeFax()
		p.accept(a)
		p.tell(c.direct)
		if c.direct.IsValid() && !p.direct().IsValid() && !a.held {
			p.media.refusedDirect = true // what it made of the offer does not fit
		}
	}
	p.acceptTimer(m)
	if p.timer != nil && p.timer.id == 0 {
		p.startSessionTimer()
	}
	p.reconsider()
	p.tryModify()
}

// maxRetries bounds how often in a row a far end may put a modification off.
const maxRetries = 8

// refused handles a final response that is no 2xx: the session stays as it was,
// unless the far end knows of none (RFC 3261 14.1).
func (c *modification) refused(m *message.Message) {
	p := c.p
	if c.why&changeLine != 0 {
		p.told = channel.Party{} // it did not take it in
	}
	switch status := m.Status(); status {
	case 481, 408:
		p.hangupChannel(channel.CauseNormalClearing)
		return
	case 401, 407:
		if p.proves(m) {
			c.resend()
			return
		}
	case 405, 501:
		if c.method == message.UPDATE { // Allow promised more than there is
			p.allowsUpdate = false
			p.modify(c.why)
			return
		}
	case 422: // RFC 4028 7.4
		if n := m.Seconds(message.HeaderMinSE); p.timer != nil && n > int64(p.timer.least/time.Second) && n <= 86400 {
			p.timer.least = time.Duration(n) * time.Second
			p.timer.interval = max(p.timer.interval, p.timer.least)
			p.modify(c.why)
			return
		}
	case 491:
		if p.retries < maxRetries {
			p.putOff(c.why, p.glareWait())
			return
		}
	case 500, 503:
		if n := m.Seconds(message.HeaderRetryAfter); n >= 0 && n <= 60 && p.retries < maxRetries {
			p.putOff(c.why, max(time.Duration(n)*time.Second, p.timers().T1))
			return
		}
	}
	p.retries = 0
	if p.timer != nil && p.timer.id == 0 {
		p.startSessionTimer()
	}
	switch {
	case c.fax:
		p.faxRefused()
	case c.direct.IsValid():
		p.media.refusedDirect = true
	case c.why&changeMedia != 0:
		p.media.stuck = true // it keeps what it has
	}
	p.reconsider()
	p.tryModify()
}

// glareWait is how long to wait after both ends made an offer at once: the one
// who made the Call-ID waits longer (RFC 3261 14.1).
func (p *pvt) glareWait() time.Duration {
	const unit = 10 * time.Millisecond
	if p.outgoing {
		return 2100*time.Millisecond + time.Duration(p.d.random.uint64()%191)*unit
	}
	return time.Duration(p.d.random.uint64()%201) * unit
}

// putOff tries again after a while.
func (p *pvt) putOff(why change, wait time.Duration) {
	p.wanted |= why
	p.retries++
	p.stopRetry()
	p.again = p.d.sched.Add(max(wait, 1), func() time.Duration {
		p.again = 0
		defer p.d.recovered(p)
		p.tryModify()
		return 0
	})
}

func (p *pvt) stopRetry() {
	if p.again != 0 {
		p.d.sched.Delete(p.again)
		p.again = 0
	}
}

// learnAllow notes whether the far end takes UPDATE.
func (p *pvt) learnAllow(m *message.Message) {
	if m.Has(message.HeaderAllow) {
		p.allowsUpdate = m.HasToken(message.HeaderAllow, "UPDATE") && !p.settings.disallows(message.UPDATE)
	}
}
