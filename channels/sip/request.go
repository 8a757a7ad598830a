package sip

import (
	"fmt"
	"net/netip"
	"time"

	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
)

// requestOut sends a request outside of any dialog to the first of its servers that
// takes it (RFC 3263 4.3), from and to being header values without tags. done is
// called once on the loop, with the final response or with nil when none came.
func (d *Driver) requestOut(method message.Method, target string, to *servers, from, toHdr string,
	timers transaction.Timers, extra func(*message.Builder), done func(m *message.Message, rtt time.Duration),
) {
	local, _ := d.localAddress(to.route())
	q := &question{
		d: d, method: method, servers: to, timers: timers, extra: extra, done: done, dialog: dialog{
			callID: d.random.callID(local.String()), localTag: d.random.tag(), local: from, remote: toHdr, target: target, routes: to.path,
		},
	}
	q.send()
}

// question is the sender of a request outside of a dialog.
type question struct {
	d       *Driver
	method  message.Method
	servers *servers
	timers  transaction.Timers
	extra   func(*message.Builder)
	done    func(m *message.Message, rtt time.Duration)
	dialog  dialog
	sent    time.Time
}

// send sends the request to the server whose turn it is. To the next one goes the
// same in a new transaction.
func (q *question) send() {
	d, g := q.d, &q.dialog
	g.route = q.servers.route()
	g.contact = d.contactOn(g.route, defaultCaller, g.secure())
	branch := d.random.branch()
	b := g.begin(d, q.method, branch, firstSeq)
	b.Header(message.HeaderDate, d.date())
	b.Header(message.HeaderAllow, allowed)
	b.Header(message.HeaderSupported, supported)
	if q.extra != nil {
		q.extra(b)
	}
	q.sent = d.now()
	timers := q.timers
	if q.servers.more() && (timers.B == 0 || timers.B > replyPatience) {
		timers.B = replyPatience
	}
	d.txs.Send(d.finish(), q.method, branch, g.route, timers, q)
}

// ownName is From of a request of ours outside of calls, to a peer or, with nil, to
// anybody: fromuser and fromdomain, or the callerid of [general] at our address.
func (d *Driver) ownName(p *Peer, local netip.AddrPort) string {
	domain := string(appendHost(nil, local.Addr()))
	if p != nil && p.FromDomain != "" {
		domain = p.FromDomain
	}
	if p != nil && p.FromUser != "" {
		return fmt.Sprintf("<sip:%s@%s>", p.FromUser, domain)
	}
	// %q escapes as a quoted string does (RFC 3261 25.1).
	return fmt.Sprintf("%q <sip:%s@%s>", d.cfg.General.CallerID, d.cfg.General.CallerID, domain)
}

// Response implements transaction.Receiver.
func (q *question) Response(_ *transaction.Client, m *message.Message) {
	if m.Status() < 200 {
		return
	}
	if wait, ok := unavailable(m); ok && q.servers.next("503", wait) {
		q.send()
		return
	}
	q.done(m, q.d.now().Sub(q.sent))
}

// Failed implements transaction.Receiver.
func (q *question) Failed(_ *transaction.Client, err error) {
	if q.servers.next(reasonOf(err), 0) {
		q.send()
		return
	}
	q.done(nil, q.d.now().Sub(q.sent))
}

// date is the value of a Date header (RFC 3261 20.17), made once a second.
func (d *Driver) date() string {
	now := d.now()
	if unix := now.Unix(); unix != d.dateUnix || d.dateText == "" {
		d.dateUnix, d.dateText = unix, now.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	}
	return d.dateText
}
