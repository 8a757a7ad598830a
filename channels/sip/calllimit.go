package sip

import (
	"errors"
	"fmt"
	"time"

	"pbx/channels/sip/guard"
	"pbx/channels/sip/message"
	"pbx/event"
)

// Limits on calls: at once through a peer (call-limit), and new ones a minute
// through a peer and through the exchange. They bound what a stolen password
// costs.

// callRate counts the new calls of a peer, or of the exchange.
type callRate struct {
	guard.Rate
	alarmed time.Time
}

// take counts a new call against a limit, and warns when the calls of a minute get
// to percent of it.
func (c *callRate) take(d *Driver, who string, limit, percent int) bool {
	now := d.now()
	n, ok := c.Take(limit, now)
	if limit > 0 && percent > 0 && n*100 >= limit*percent && now.Sub(c.alarmed) >= time.Minute {
		c.alarmed = now
		d.log.Warn(fmt.Sprintf("SIP: %s has %d of the %d new calls a minute that it may have", who, n, limit))
	}
	return ok
}

// count takes the call into the counters; an error says which limit forbids it.
func (p *pvt) count() error {
	d := p.d
	g := &d.cfg.General
	fork := p.share()
	if fork != nil && fork.calls > 0 { // another contact of one call
		fork.calls++
		p.counted = true
		d.deviceChanged(p.peer)
		return nil
	}
	if p.peer != nil && p.peer.CallLimit > 0 && p.peer.inUse >= p.peer.CallLimit {
		return errCallLimit
	}
	if p.peer != nil && !p.peer.rate.take(d, "'"+p.peer.Name+"'", p.peer.MaxCallsPerMinute, g.CallAlarm) {
		return errCallRate
	}
	if !d.rate.take(d, "the exchange", g.TotalCallsPerMinute, g.CallAlarm) {
		return errTotalRate
	}
	if p.peer == nil {
		return nil
	}
	if fork != nil {
		fork.calls++
	}
	p.peer.inUse++
	p.counted = true
	if !p.outgoing { // a call to it shows when it rings
		d.deviceChanged(p.peer)
	}
	return nil
}

// uncountable is the answer to a call that a limit forbids.
func (p *pvt) uncountable(m *message.Message, err error) (status int, reason string) {
	if errors.Is(err, errTotalRate) {
		p.d.notice("Failed to place call: " + err.Error())
		return 503, ""
	}
	what := "too many calls"
	if errors.Is(err, errCallRate) {
		what = "too many calls a minute"
	}
	p.d.notice(fmt.Sprintf("Failed to place call for device '%s', %s", p.peer.Name, what))
	if p.d.bus.Wants(event.Security) {
		p.d.tellSecurity(p.d.from, "SessionLimit", severityError, string(m.CallID()), claimantProven(m))
	}
	return 480, "Temporarily Unavailable (Call limit)"
}
