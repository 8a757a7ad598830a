package sip

import (
	"bytes"
	"time"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
	"pbx/sched"
)

// Reliable is 100rel=: whether provisional responses are acknowledged (RFC 3262).
type Reliable uint8

// The forms of 100rel=, by the names that the field knows.
const (
	ReliableYes       Reliable = iota // where the far end insists, and where an offer of ours needs it
	ReliableNo                        // refused with 420, and not offered
	ReliableSupported                 // wherever the far end knows it
	ReliableRequired                  // we insist
)

func (r Reliable) String() string { return [...]string{"yes", "no", "peer_supported", "required"}[r] }

// reliability orders the provisional responses to one INVITE: each waits for the
// PRACK of the one before it (RFC 3262 3). All its methods may be called on nil.
type reliability struct {
	always  bool           // every provisional response is sent so
	seq     uint32         // RSeq of the last one
	open    *provisional   // that one, while it lacks its PRACK
	queue   []*provisional // what waits
	settled bool           // offer and answer are exchanged: no other response has one
	answer  bool           // the 200 waits as well
}

// provisional is one response.
type provisional struct {
	status    int
	reason    string
	media     bool // it is to have a description
	described bool // it has one
	text      []byte
	interval  time.Duration
	left      time.Duration // until we give up
	timer     sched.ID
}

// considerReliable reads what an INVITE says of 100rel. It returns the status that
// refuses it, 0 to go on.
func (p *pvt) considerReliable(m *message.Message) int {
	insists := m.HasToken(message.HeaderRequire, option100rel)
	knows := insists || m.HasToken(message.HeaderSupported, option100rel)
	mode := p.settings.Reliable
	switch {
	case insists && mode == ReliableNo:
		return 420
	case !knows && mode == ReliableRequired:
		return 421
	case knows && mode != ReliableNo:
		// From 1 to 2**31-1, at random (RFC 3262 3).
		p.rel = &reliability{always: insists || mode != ReliableYes, seq: uint32(p.d.random.uint64()>>34) + 1}
	}
	return 0
}

// option100rel is the option tag of RFC 3262.
const option100rel = "100rel"

// wants reports whether a response is sent reliably; media says that it is to have
// a description, offer that the description would be an offer.
func (r *reliability) wants(media, offer bool) bool {
	return r != nil && (r.always || media && offer)
}

// done reports whether the descriptions are exchanged.
func (r *reliability) done() bool { return r != nil && r.settled }

// stop ends the retransmissions; a PRACK that still comes is answered.
func (r *reliability) stop(d *Driver) {
	if r == nil {
		return
	}
	r.queue = nil
	if o := r.open; o != nil && o.timer != 0 {
		d.sched.Delete(o.timer)
		o.timer = 0
	}
}

// maxProvisional bounds what waits for a caller who does not acknowledge.
const maxProvisional = 8

// reliably sends a provisional response as RFC 3262 has it, or queues it.
func (p *pvt) reliably(status int, reason string, media bool) {
	r := &provisional{status: status, reason: reason, media: media}
	if p.rel.open == nil {
		p.sendReliable(r)
	} else if len(p.rel.queue) < maxProvisional {
		p.rel.queue = append(p.rel.queue, r)
	}
}

func (p *pvt) sendReliable(r *provisional) {
	rel := p.rel
	rel.seq++
	rel.open = r
	var sdp []byte
	if r.media && !rel.settled {
		sdp, r.described = p.localSDP(), true
	}
	p.reply(p.server, p.open, r.status, r.reason, sdp, func(b *message.Builder) {
		b.Header(message.HeaderRequire, option100rel)
		b.HeaderInt(message.HeaderRSeq, int64(rel.seq))
	})
	r.text = bytes.Clone(p.d.out)
	t := p.timers()
	if t.T1 <= 0 {
		t.T1 = transaction.DefaultT1
	}
	r.interval, r.left = t.T1, 64*t.T1
	r.timer = p.d.sched.Add(r.interval, func() time.Duration {
		defer p.d.recovered(p)
		return p.repeatReliable(r)
	})
}

// repeatReliable sends it again, at intervals that double; after 64*T1 the call is
// given up (RFC 3262 3).
func (p *pvt) repeatReliable(r *provisional) time.Duration {
	r.left -= r.interval
	if r.left <= 0 {
		r.timer = 0
		p.refuse(504, "Server Time-out", nil)
		p.phase = phaseEnding
		p.hangupChannel(channel.CauseNoUserResponse)
		return 0
	}
	p.d.sent(p.server.Respond(r.status, r.text))
	r.interval = min(2*r.interval, r.left)
	return r.interval
}

// pracked handles PRACK.
func (p *pvt) pracked(tx *transaction.Server, m *message.Message) {
	rel := p.rel
	seq, cseq, method, ok := m.RAck()
	if !ok && m.Has(message.HeaderRAck) { // RFC 3262 7.2
		p.reply(tx, m, 400, "Malformed RAck header", nil, nil)
		return
	}
	if !ok || rel == nil || rel.open == nil || seq != rel.seq || cseq != p.inviteSeq || method != message.INVITE {
		p.reply(tx, m, 481, "Call leg/transaction does not exist", nil, nil)
		return
	}
	r := rel.open
	rel.open = nil
	if r.timer != 0 {
		p.d.sched.Delete(r.timer)
		r.timer = 0
	}
	body, status := sessionBody(m)
	switch {
	case status != 0:
		p.reply(tx, m, status, "", nil, p.refusal(status))
	case p.phase != phaseEarly || p.server == nil: // the final response was faster
		p.reply(tx, m, 200, "OK", nil, nil)
		return
	case r.described && p.media.waiting: // it has the answer to our offer
		p.reply(tx, m, 200, "OK", nil, nil)
		if !p.takeAnswer(body) {
			p.refuse(488, "Not Acceptable Here", nil)
			p.phase = phaseEnding
			p.hangupChannel(channel.CauseBearerNotAvailable)
			return
		}
	case body == nil:
		p.reply(tx, m, 200, "OK", nil, nil)
	case !r.described && !rel.settled: // the offer of the INVITE is not answered (RFC 3261 13.2.1)
		p.reply(tx, m, 500, "Server Internal Error", nil, p.retryAfter)
	default: // a second offer (RFC 3262 5)
		a, status := p.negotiate(body, false)
		if status != 0 {
			p.reply(tx, m, status, offerReason(status), nil, nil)
			break
		}
		p.accept(a)
		p.reply(tx, m, 200, "OK", p.answerSDP(body), nil)
	}
	rel.settled = rel.settled || r.described
	switch {
	case rel.answer:
		p.answer()
	case len(rel.queue) > 0:
		next := rel.queue[0]
		rel.queue = rel.queue[1:]
		p.sendReliable(next)
	}
}

// takeAnswer takes the answer to our offer.
func (p *pvt) takeAnswer(body []byte) bool {
	p.media.waiting = false
	if body == nil {
		return false
	}
	a, status := p.negotiate(body, true)
	if status != 0 {
		return false
	}
	p.accept(a)
	return true
}
