package sip

import (
	"fmt"
	"time"

	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
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

type qualifyState struct {
	state  qualifyStatus
	rtt    time.Duration // of the last answer
	asking uint64        // number of the open question, 0 for none
	next   func() bool   // cancels the next question
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

// startQualify spreads the first questions over time: qualifypeers of them every
// qualifygap.
func (d *Driver) startQualify() {
	g := &d.cfg.General
	n := 0
	for _, p := range d.peers.list {
		if p.Qualify == 0 || !p.Type.IsPeer() {
			d.unqualify(p)
			continue
		}
		if p.qualify.next == nil && p.qualify.asking == 0 {
			d.qualifyIn(p, time.Duration(n/max(g.QualifyPeers, 1))*g.QualifyGap)
			n++
		}
	}
}

// qualifySoon asks a peer whose address is new.
func (d *Driver) qualifySoon(p *Peer) {
	if p.Qualify > 0 && p.Type.IsPeer() {
		d.qualifyIn(p, 0)
	}
}

// unqualify forgets what is known of a peer that is gone.
func (d *Driver) unqualify(p *Peer) {
	if p.qualify.next != nil {
		p.qualify.next()
	}
	p.qualify = qualifyState{}
}

func (d *Driver) qualifyIn(p *Peer, after time.Duration) {
	q := &p.qualify
	if q.next != nil {
		q.next()
	}
	id := d.sched.Add(after, func() time.Duration {
		q.next = nil
		d.ask(p)
		return 0
	})
	q.next = func() bool { return d.sched.Delete(id) }
}

// ask sends OPTIONS to a peer that has an address. The question is answered by
// any response, or by the end of the wait.
func (d *Driver) ask(p *Peer) {
	q := &p.qualify
	to, ok := d.route(p)
	if !ok {
		if !p.Dynamic {
			d.qualifyIn(p, qualifyDown)
		}
		return
	}
	d.asked++
	number := d.asked
	q.asking = number
	target := string(appendTarget(nil, p.DefaultUser, d.targetHost(p, to.Remote), to.Remote.Port()))
	if c := p.best(); c != nil {
		target = c.URI
	}
	local, _ := d.localAddress(to)
	domain := string(appendHost(nil, local.Addr()))
	if p.FromDomain != "" {
		domain = p.FromDomain
	}
	// %q escapes as a quoted string does (RFC 3261 25.1).
	from := fmt.Sprintf("%q <sip:%s@%s>", d.cfg.General.CallerID, d.cfg.General.CallerID, domain)
	if p.FromUser != "" {
		from = fmt.Sprintf("<sip:%s@%s>", p.FromUser, domain)
	}
	timers := transaction.Timers{T1: p.T1, B: max(2*p.Qualify, qualifyWait)}
	d.requestOut(message.OPTIONS, target, to, from, "<"+target+">", timers, nil, func(m *message.Message, rtt time.Duration) {
		if q.asking == number {
			d.answered(p, m != nil, rtt)
		}
	})
}

// answered notes how a question ended.
func (d *Driver) answered(p *Peer, ok bool, rtt time.Duration) {
	q := &p.qualify
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
	if q.state != was {
		d.qualifyChanged(p)
	}
	if q.state == qualifyUnreachable {
		d.qualifyIn(p, qualifyDown)
	} else {
		d.qualifyIn(p, p.QualifyFreq)
	}
}

// qualifyChanged logs the new state in the field's words and tells who cares.
func (d *Driver) qualifyChanged(p *Peer) {
	q := &p.qualify
	ms, limit := q.rtt.Milliseconds(), p.Qualify.Milliseconds()
	var text, status string
	switch q.state {
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
	switch {
	case p.Qualify == 0:
		return "Unmonitored"
	case p.qualify.state == qualifyUnreachable:
		return "UNREACHABLE"
	case p.qualify.state == qualifyLagged:
		return fmt.Sprintf("LAGGED (%d ms)", p.qualify.rtt.Milliseconds())
	case p.qualify.state == qualifyReachable:
		return fmt.Sprintf("OK (%d ms)", p.qualify.rtt.Milliseconds())
	}
	return "UNKNOWN"
}
