package sip

import (
	"fmt"
	"time"

	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
	"pbx/sched"
)

// Qualify: a peer with qualify= is asked OPTIONS now and then; whether and how
// fast it answers decides if it can be called.

type qualifyStatus uint8

const (
	qualifyUnknown     qualifyStatus = iota // not asked, or no answer yet
	qualifyReachable                        // answered in time
	qualifyLagged                           // answered late
	qualifyUnreachable                      // did not answer
)

// qualifyState is what is known of one place where a device may be: a contact, or
// the address of a section with host=.
type qualifyState struct {
	contact *Contact // nil for the address of the section
	state   qualifyStatus
	rtt     time.Duration // of the last answer
	asking  uint64        // number of the open question, 0 for none
	next    sched.ID      // the timer of the next question, 0 for none
	refers  bool          // the Allow of an answer names REFER
}

// callable reports whether calls may go to the peer. One that answers late is not
// called, as in the ancestor.
func (q *qualifyState) callable() bool {
	return q.state == qualifyUnknown || q.state == qualifyReachable
}

const (
	// qualifyDown is how often a peer that does not answer is asked.
	qualifyDown = 10 * time.Second
	// qualifyWait is how long an answer may take at least.
	qualifyWait = 1 * time.Second
)

// reach is what is known of the place where the peer is called first.
func (p *Peer) reach() *qualifyState {
	if c := p.best(); c != nil {
		return &c.qualify
	}
	return &p.qualify
}

// startQualify spreads the first questions over time: qualifypeers of them every
// qualifygap.
func (d *Driver) startQualify() {
	g := &d.cfg.General
	n := 0
	begin := func(p *Peer, q *qualifyState) {
		if q.next == 0 && q.asking == 0 {
			d.qualifyIn(p, q, time.Duration(n/max(g.QualifyPeers, 1))*g.QualifyGap)
			n++
		}
	}
	for _, p := range d.peers.list {
		switch {
		case p.Qualify == 0 || !p.Type.IsPeer():
			d.unqualify(p)
		case p.Dynamic:
			for _, c := range p.contacts {
				begin(p, &c.qualify)
			}
		default:
			begin(p, &p.qualify)
		}
	}
}

// qualifySoon asks a peer whose address is new, wherever it is.
func (d *Driver) qualifySoon(p *Peer) {
	if p.Qualify == 0 || !p.Type.IsPeer() {
		return
	}
	if !p.Dynamic {
		d.qualifyIn(p, &p.qualify, 0)
	}
	for _, c := range p.contacts {
		d.qualifyIn(p, &c.qualify, 0)
	}
}

// qualifyNew asks the contacts of which nothing is known.
func (d *Driver) qualifyNew(p *Peer) {
	if p.Qualify == 0 || !p.Type.IsPeer() {
		return
	}
	for _, c := range p.contacts {
		if q := &c.qualify; q.state == qualifyUnknown && q.asking == 0 && q.next == 0 {
			d.qualifyIn(p, q, 0)
		}
	}
}

// unqualify forgets what is known of a peer that is gone.
func (d *Driver) unqualify(p *Peer) {
	d.forget(&p.qualify)
	for _, c := range p.contacts {
		d.forget(&c.qualify)
	}
	p.reached = qualifyUnknown
}

// forget ends the questions about one place.
func (d *Driver) forget(q *qualifyState) {
	if q.next != 0 {
		d.sched.Delete(q.next)
	}
	*q = qualifyState{contact: q.contact}
}

func (d *Driver) qualifyIn(p *Peer, q *qualifyState, after time.Duration) {
	if q.next != 0 {
		d.sched.Delete(q.next)
	}
	q.next = d.sched.Add(after, func() time.Duration {
		q.next = 0
		d.ask(p, q)
		return 0
	})
}

// ask sends OPTIONS to a place that has an address. The question is answered by
// any response, or by the end of the wait.
func (d *Driver) ask(p *Peer, q *qualifyState) {
	at, ok := d.hopTo(p, q.contact)
	if !ok {
		if q.contact == nil {
			d.qualifyIn(p, q, qualifyDown)
		}
		return
	}
	d.asked++
	number := d.asked
	q.asking = number
	d.reach(at, func(s *servers, err error) {
		switch {
		case q.asking != number:
		case err != nil: // nobody was asked
			q.asking = 0
			d.qualifyIn(p, q, qualifyDown)
		default:
			d.askAt(p, q, s)
		}
	})
}

// askAt sends the OPTIONS of the open question.
func (d *Driver) askAt(p *Peer, q *qualifyState, s *servers) {
	number := q.asking
	d.sendOptions(p, q.contact, s, func(m *message.Message, rtt time.Duration) {
		if q.asking == number {
			if m != nil && m.Has(message.HeaderAllow) {
				q.refers = m.HasToken(message.HeaderAllow, "REFER")
			}
			d.answered(p, q, m != nil, rtt)
		}
	})
}

// sendOptions asks a device, at a contact or at the address of its section, and tells
// then what came: nil for nothing.
func (d *Driver) sendOptions(p *Peer, c *Contact, s *servers, then func(m *message.Message, rtt time.Duration)) {
	target := d.requestURI(p, nil, p.DefaultUser)
	if c != nil {
		target = c.URI
	}
	local, _ := d.localAddress(s.route())
	timers := transaction.Timers{T1: p.T1, B: max(2*p.Qualify, qualifyWait)}
	d.requestOut(message.OPTIONS, target, s, d.ownName(p, local), "<"+target+">", timers, nil, then)
}

// poke asks a device now because somebody wants it, whether it has qualify= or not:
// without it the question keeps a way through a NAT open, and the answer says nothing.
func (d *Driver) poke(p *Peer) {
	if p.Qualify > 0 {
		d.qualifySoon(p)
		return
	}
	ask := func(c *Contact) {
		if at, ok := d.hopTo(p, c); ok {
			d.reach(at, func(s *servers, err error) {
				if err == nil {
					d.sendOptions(p, c, s, func(*message.Message, time.Duration) {})
				}
			})
		}
	}
	if !p.Dynamic {
		ask(nil)
	}
	for _, c := range p.contacts {
		ask(c)
	}
}

// answered notes how a question ended.
func (d *Driver) answered(p *Peer, q *qualifyState, ok bool, rtt time.Duration) {
	q.asking = 0
	was := q.state
	switch {
	case !ok:
		q.state = qualifyUnreachable
	case rtt > p.Qualify:
		q.state, q.rtt = qualifyLagged, rtt
	default:
		q.state, q.rtt = qualifyReachable, rtt
	}
	if q.state != was && q.contact != nil && len(p.contacts) > 1 {
		d.notice(fmt.Sprintf("Contact '%s' of peer '%s' is now %s", q.contact.URI, p.Name, q.text()))
	}
	d.qualifyChanged(p)
	if q.state == qualifyUnreachable {
		d.qualifyIn(p, q, qualifyDown)
	} else {
		d.qualifyIn(p, q, p.QualifyFreq)
	}
}

// qualifyChanged logs a new state of the peer as a whole in the field's words and
// tells who cares.
func (d *Driver) qualifyChanged(p *Peer) {
	q := p.reach()
	if q.state == p.reached {
		return
	}
	if p.reached == qualifyUnreachable && q.callable() {
		d.registerAgain(p)
	}
	p.reached = q.state
	ms, limit := q.rtt.Milliseconds(), p.Qualify.Milliseconds()
	var text, status string
	switch q.state {
	case qualifyUnknown:
		return
	case qualifyUnreachable:
		text, status = fmt.Sprintf("Peer '%s' is now UNREACHABLE!  Last qualify: %d", p.Name, ms), "Unreachable"
	case qualifyLagged:
		text, status = fmt.Sprintf("Peer '%s' is now Lagged. (%dms / %dms)", p.Name, ms, limit), "Lagged"
	default:
		text, status = fmt.Sprintf("Peer '%s' is now Reachable. (%dms / %dms)", p.Name, ms, limit), "Reachable"
	}
	d.notice(text)
	d.publishPeer(p.Name, status, p.primary())
	d.deviceChanged(p)
}

// statusText is the Status column of `sip show peers`.
func (p *Peer) statusText() string {
	if p.Qualify == 0 {
		return "Unmonitored"
	}
	return p.reach().text()
}

// text is a state as the field's lists show it.
func (q *qualifyState) text() string {
	switch q.state {
	case qualifyUnreachable:
		return "UNREACHABLE"
	case qualifyLagged:
		return fmt.Sprintf("LAGGED (%d ms)", q.rtt.Milliseconds())
	case qualifyReachable:
		return fmt.Sprintf("OK (%d ms)", q.rtt.Milliseconds())
	}
	return "UNKNOWN"
}
