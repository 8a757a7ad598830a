package sip

import (
	"bytes"
	"time"

	"pbx/channels/sip/history"
	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
)

// tap is what looks at messages as they pass: the trace that an operator asked
// for, the histories of calls, the copies for a capture server. Every message
// passes heard or told, once.
type tap struct {
	trace     tracer
	recording bool // recordhistory
	dump      bool // dumphistory
	history   *history.Book
	passing   history.Message // scratch
	capture   capture

	// Counters that the transactions do not have; reset with theirs.
	since             time.Time
	heardAll, toldAll uint64 // messages
	malformed         uint64
}

// heard looks at a message that arrived; parsed says that it is in d.parsed.
func (d *Driver) heard(b []byte, r transaction.Route, parsed bool) {
	t := &d.tap
	t.heardAll++
	if t.trace.on() && d.traces(r) {
		d.traceReceived(b, r)
	}
	if !t.recording && !t.capture.on() {
		return
	}
	t.passing.CallID = nil
	if parsed {
		d.describe(&d.parsed, b)
		if t.recording {
			t.passing.Time, t.passing.Far, t.passing.Out, t.passing.Protocol = d.now(), r.Remote, false, r.Protocol.String()
			t.history.Add(&t.passing)
		}
	}
	if t.capture.on() {
		d.export(b, r, false)
	}
}

// describe puts what a history shows of a message into the scratch.
func (d *Driver) describe(m *message.Message, b []byte) {
	p := &d.tap.passing
	p.CallID, p.Status = m.CallID(), m.Status()
	if p.Status == 0 {
		p.Text = b[:max(bytes.IndexByte(b, ' '), 0)]
	} else {
		p.Text = m.Reason()
	}
	p.Seq, _ = m.CSeq()
	v := m.Header(message.HeaderCSeq)
	p.Method = v[bytes.LastIndexAny(v, " \t")+1:]
	p.SDP = hasPrefixFoldBytes(m.Header(message.HeaderContentType), sdpType)
}

func hasPrefixFoldBytes(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && bytes.EqualFold(b[:len(prefix)], []byte(prefix))
}

// told looks at a message that is being sent.
func (d *Driver) told(b []byte, r transaction.Route) {
	t := &d.tap
	t.toldAll++
	if t.trace.on() && d.traces(r) {
		d.traceSent(b, r)
	}
	record := t.recording && t.history.Len() > 0 || t.recording && bytes.HasPrefix(b, []byte("INVITE "))
	if !record && !t.capture.on() || !history.Scan(b, &t.passing) {
		return
	}
	if record {
		t.passing.Time, t.passing.Far, t.passing.Out, t.passing.Protocol = d.now(), r.Remote, true, r.Protocol.String()
		t.history.Add(&t.passing)
	}
	if t.capture.on() {
		d.export(b, r, true)
	}
}

// applyTap takes over the options of a configuration.
func (d *Driver) applyTap() {
	g, t := &d.cfg.General, &d.tap
	if t.history == nil {
		t.history, t.since = history.NewBook(), d.now()
	}
	t.trace.always = g.Debug
	t.recording, t.dump = g.RecordHistory, g.DumpHistory
	t.capture.HEP = d.cfg.HEP
}

// inProgress tells the history that a call began; its channel is known by then.
func (p *pvt) inProgress() {
	if t := &p.d.tap; t.recording {
		t.history.Up(p.callID)
		p.recorded = true
		if p.channel != nil {
			t.history.Name(p.callID, p.channel.Name(), p.channel.Linkedid())
		}
	}
}

// inThePast tells the history that a call ended.
func (p *pvt) inThePast() {
	if !p.recorded {
		return
	}
	p.recorded = false
	t := &p.d.tap
	if p.channel != nil { // another call may have taken it in since
		t.history.Name(p.callID, p.channel.Name(), p.channel.Linkedid())
		if c := p.channel.Cause(); c != 0 {
			t.history.Remark(p.callID, p.d.now(), "hangup cause "+c.String())
		}
	}
	c := t.history.Over(p.callID, p.d.now())
	if c != nil && t.dump && p.d.debugs(1) {
		var out bytes.Buffer
		history.Ladder(&out, []*history.Call{c})
		p.d.debug(1, "SIP history\n"+out.String())
	}
}
