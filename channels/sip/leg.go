package sip

import (
	"strconv"
	"time"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
)

// post has the loop run f for the call; a panic in it ends this call.
func (p *pvt) post(f func()) {
	p.d.Post(func() {
		defer p.d.recovered(p)
		f()
	})
}

// Call implements channel.Leg.
func (p *pvt) Call() error {
	p.post(p.call)
	return nil
}

// Answer implements channel.Leg.
func (p *pvt) Answer() error {
	p.line.Load().SetState(channel.Up)
	p.post(p.answer)
	return nil
}

// Hangup implements channel.Leg.
func (p *pvt) Hangup(cause channel.Cause) {
	p.post(func() {
		p.released = true
		p.hangup(cause)
	})
}

// Indicate implements channel.Leg.
func (p *pvt) Indicate(c channel.Control) error {
	p.post(func() { p.indicate(c) })
	return nil
}

// RingsInband implements channel.InbandRinger.
func (p *pvt) RingsInband() bool { return !p.outgoing && p.settings.Progress == ProgressYes }

// HoldsEarly implements channel.EarlyHolder (prematuremedia=yes).
func (p *pvt) HoldsEarly() bool { return p.d.holdsEarly.Load() }

// indicate tells the far end of a condition. Before the answer that is a
// response; afterwards tones say it, and applications play those.
func (p *pvt) indicate(c channel.Control) {
	if c == channel.ControlConnectedLine {
		p.connectedLine()
		return
	}
	if p.outgoing || p.phase != phaseEarly || p.server == nil {
		return
	}
	switch c {
	case channel.ControlRinging:
		if !p.progress || p.settings.Progress == ProgressNever {
			p.provisional(180, "Ringing", false)
		}
	case channel.ControlProceeding:
		if !p.progress {
			p.provisional(100, "", false)
		}
	case channel.ControlProgress:
		if !p.progress {
			p.progress = true
			p.provisional(183, "Session Progress", true)
		}
	case channel.ControlForward:
		p.provisional(181, "Call is being forwarded", false)
	case channel.ControlBusy:
		p.indicated(486, "Busy Here")
	case channel.ControlCongestion:
		p.indicated(503, "Service Unavailable")
	case channel.ControlIncomplete:
		switch p.settings.Overlap {
		case OverlapYes:
			p.indicated(484, "Address Incomplete")
		case OverlapNo:
			p.indicated(404, "Not Found")
		}
	}
}

// indicated refuses the call while its channel still runs; the cause that the
// channel has goes along.
func (p *pvt) indicated(status int, reason string) {
	cause := p.channel.Cause()
	p.refuse(status, reason, func(b *message.Builder) {
		if p.settings.Q850Reason {
			q := cause
			if q == channel.CauseNone {
				q = causeOfStatus(status)
			}
			appendQ850(b, q)
		}
		if cause != channel.CauseNone {
			appendCause(b, cause)
		}
	})
	p.phase = phaseEnding
	if !p.released { // it was our doing: nobody hung up
		p.channel.SoftHangup(channel.CauseNone)
	}
}

// hangup ends the call, whatever has come of it.
func (p *pvt) hangup(cause channel.Cause) {
	switch p.phase {
	case phaseNew:
		p.destroy(cause)
	case phaseEarly:
		if p.outgoing {
			p.giveUp(cause)
			return
		}
		status, reason := statusOfCause(cause)
		p.refuse(status, reason, func(b *message.Builder) {
			if p.settings.Q850Reason {
				appendQ850(b, cause)
			}
		})
		p.destroy(cause)
	case phaseUp:
		p.closeMedia()
		p.stopSessionTimer()
		p.uncount()
		if p.transferred {
			p.awaitBye(cause)
			return
		}
		p.phase = phaseEnding
		p.sayBye(cause)
	case phaseEnding:
		p.byeCause = cause
		p.finish()
	}
}

// finish ends a call that both its channel and the far end are done with.
func (p *pvt) finish() {
	if p.phase == phaseEnding && p.released && p.bye == nil && p.client == nil && !p.wantsBye {
		p.destroy(p.byeCause)
	}
}

// sayBye sends BYE, or waits with it for the ACK of our 200 (RFC 3261 15).
func (p *pvt) sayBye(cause channel.Cause) {
	if p.server != nil && p.server.State() == transaction.Accepted {
		p.wantsBye, p.byeCause = true, cause
		return
	}
	if p.server != nil { // a re-INVITE that is not answered yet
		p.refuse(487, "Request Terminated", nil)
	}
	if p.client != nil { // one of ours
		p.client.Cancel("")
	}
	if p.later(p.owedBye) {
		p.wantsBye, p.byeCause = true, cause
		return
	}
	p.wantsBye = false
	p.byeCause = cause
	if p.proof != nil {
		p.proof.tries = 0
	}
	p.sendBye()
}

// owedBye sends the BYE that waited for the way to the far end.
func (p *pvt) owedBye() {
	if p.wantsBye && p.phase != phaseGone {
		p.sayBye(p.byeCause)
	}
}

// sendBye sends BYE, again when it was challenged within a dialog that we began.
func (p *pvt) sendBye() {
	d, cause := p.d, p.byeCause
	p.localSeq++
	branch := d.random.branch()
	b := p.dialog.begin(d, message.BYE, branch, p.localSeq)
	if p.settings.Q850Reason {
		appendQ850(b, cause)
	}
	appendCause(b, cause)
	p.note("is told BYE")
	if c := d.txs.Send(d.finish(), message.BYE, branch, p.route, p.timers(), (*byeReceiver)(p)); c.State() != transaction.Terminated {
		p.bye = c
	}
}

// byeReceiver is the call as the sender of a BYE.
type byeReceiver pvt

// Response implements transaction.Receiver.
func (r *byeReceiver) Response(c *transaction.Client, m *message.Message) {
	p := (*pvt)(r)
	defer p.d.recovered(p)
	if m.Status() < 200 {
		return
	}
	if p.proves(m) || p.shunned(c, m) {
		p.sendBye()
		return
	}
	p.destroy(p.byeCause)
}

// Failed implements transaction.Receiver.
func (r *byeReceiver) Failed(c *transaction.Client, err error) {
	p := (*pvt)(r)
	defer p.d.recovered(p)
	if p.phase != phaseGone && p.failover(c.Route, reasonOf(err), 0) {
		p.sendBye()
		return
	}
	p.destroy(p.byeCause)
}

// timers are those of our requests to this peer.
func (p *pvt) timers() transaction.Timers {
	return p.limit(transaction.Timers{T1: p.settings.T1, B: p.settings.TimerB})
}

// shunned reports whether a server refuses what another one may take, which has its
// turn now.
func (p *pvt) shunned(c *transaction.Client, m *message.Message) bool {
	wait, ok := unavailable(m)
	return ok && p.failover(c.Route, "503", wait)
}

// SendDigit implements channel.Leg.
func (p *pvt) SendDigit(digit byte, t time.Duration) error {
	switch p.dtmf() {
	case DTMFInfo:
		p.post(func() {
			p.inform("application/dtmf-relay", "Signal="+string(rune(digit))+"\r\nDuration="+strconv.Itoa(int(t/time.Millisecond))+"\r\n")
		})
		return nil
	case DTMFShortInfo:
		p.post(func() { p.inform("application/dtmf", string(rune(digit))) })
		return nil
	}
	if s := p.line.Load().Media(); s != nil {
		return s.SendDigit(digit, t)
	}
	return nil
}

// SendText implements channel.Leg: a MESSAGE within the dialog (RFC 3428).
func (p *pvt) SendText(text string) error {
	p.post(func() { p.plainRequest(message.MESSAGE, "text/plain;charset=UTF-8", text, nil) })
	return nil
}

// inform sends an INFO with a body.
func (p *pvt) inform(contentType, body string) {
	p.plainRequest(message.INFO, contentType, body, nil)
}

// plainRequest sends a request within the answered call, whose response changes
// nothing.
func (p *pvt) plainRequest(method message.Method, contentType, body string, extra func(*message.Builder)) {
	if p.phase == phaseUp && !p.settings.disallows(method) {
		(&plainRequest{p: p, method: method, contentType: contentType, body: body, extra: extra}).send()
	}
}

// plainRequest is a request other than INVITE and BYE, and the receiver of what
// comes of it.
type plainRequest struct {
	p                 *pvt
	method            message.Method
	contentType, body string
	extra             func(*message.Builder)   // writes more headers, may be nil
	done              func(m *message.Message) // gets the final response, nil for none; may be nil
}

func (r *plainRequest) send() {
	p, d := r.p, r.p.d
	if p.later(r.send) {
		return
	}
	p.localSeq++
	branch := d.random.branch()
	b := p.dialog.begin(d, r.method, branch, p.localSeq)
	if r.extra != nil {
		r.extra(b)
	}
	if r.body != "" {
		b.Body(r.contentType, []byte(r.body))
	}
	d.txs.Send(d.finish(), r.method, branch, p.route, p.timers(), r)
}

// Response implements transaction.Receiver. 481 and 408 say that the far end has
// no such call any more (RFC 3261 12.2.1.2).
func (r *plainRequest) Response(c *transaction.Client, m *message.Message) {
	p := r.p
	switch status := m.Status(); {
	case status < 200:
	case status < 300:
		p.proof.accepted(m)
	case status == 481 || status == 408:
		p.hangupChannel(channel.CauseNormalClearing)
	case p.phase == phaseUp && (p.proves(m) || p.shunned(c, m)):
		r.send()
		return
	}
	if r.done != nil && m.Status() >= 200 {
		r.done(m)
	}
}

// Failed implements transaction.Receiver.
func (r *plainRequest) Failed(c *transaction.Client, err error) {
	if r.p.phase == phaseUp && r.p.failover(c.Route, reasonOf(err), 0) {
		r.send()
		return
	}
	r.p.hangupChannel(channel.CauseNoUserResponse)
	if r.done != nil {
		r.done(nil)
	}
}

// Item implements channel.Leg.
func (p *pvt) Item(name string) (value string, ok bool) {
	if p.d.Call(func() { value, ok = p.item(name) }) != nil {
		return "", false
	}
	return value, ok
}
