package sip

import (
	"time"

	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
)

// requestOut sends a request outside of any dialog, from and to being header
// values without tags. done is called once on the loop, with the final response
// or with nil when none came.
func (d *Driver) requestOut(method message.Method, target string, to transaction.Route, from, toHdr string,
	timers transaction.Timers, extra func(*message.Builder), done func(m *message.Message, rtt time.Duration),
) {
	local, _ := d.localAddress(to)
	g := dialog{
		callID: d.random.callID(local.String()), localTag: d.random.tag(), local: from, remote: toHdr, target: target,
		contact: contactURI(defaultCaller, local, to.Protocol), route: to,
	}
	branch := d.random.branch()
	b := g.begin(d, method, branch, firstSeq)
	b.Header(message.HeaderDate, d.date())
	b.Header(message.HeaderAllow, allowed)
	b.Header(message.HeaderSupported, supported)
	if extra != nil {
		extra(b)
	}
	d.txs.Send(d.finish(), method, branch, g.route, timers, &question{d, d.now(), done})
}

// question is the receiver of a request outside of a dialog.
type question struct {
	d    *Driver
	sent time.Time
	done func(m *message.Message, rtt time.Duration)
}

// Response implements transaction.Receiver.
func (q *question) Response(_ *transaction.Client, m *message.Message) {
	if m.Status() >= 200 {
		q.done(m, q.d.now().Sub(q.sent))
	}
}

// Failed implements transaction.Receiver.
func (q *question) Failed(*transaction.Client, error) { q.done(nil, q.d.now().Sub(q.sent)) }

// date is the value of a Date header (RFC 3261 20.17), made once a second.
func (d *Driver) date() string {
	now := d.now()
	if unix := now.Unix(); unix != d.dateUnix || d.dateText == "" {
		d.dateUnix, d.dateText = unix, now.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	}
	return d.dateText
}
