package sip

import (
	"bytes"
	"errors"
	"strings"

	"pbx/channels/sip/message"
	"pbx/channels/sip/stun"
	"pbx/channels/sip/transaction"
)

// receive handles one message.
func (d *Driver) receive(b []byte, r transaction.Route) {
	if d.auth.guard.Blocked(r.Remote.Addr(), d.now()) {
		d.net.End(r.Flow)
		return
	}
	if stun.Is(b) {
		defer d.recovered(nil)
		d.bound(b, r)
		return
	}
	if len(bytes.Trim(b, "\r\n\x00 ")) == 0 {
		return // a keepalive (RFC 5626 4.4.1 and what phones send instead)
	}
	defer func() { d.size = 0 }()
	defer d.recovered(nil)
	d.arrived(b, r)
	err := d.parsed.Parse(b)
	d.heard(b, r, err == nil)
	d.parsed.SetSource(r.Remote, false)
	if err == nil {
		err = message.Validate(&d.parsed)
	}
	if err != nil {
		d.malformed(err, r)
		return
	}
	d.expected(d.from)
	d.txs.Receive(&d.parsed, r)
}

// arrived notes where the message comes from that is handled now. Who has made a
// connection is where he says, and may be answered at any length.
func (d *Driver) arrived(b []byte, r transaction.Route) {
	d.from = source{addr: r.Remote, local: d.net.Local(r.Listener), listener: r.Listener, protocol: r.Protocol, flow: r.Flow}
	if d.size = len(b); r.Protocol.Reliable() {
		d.size = 0
	}
}

// malformed answers a request that did not parse, where that can be done at all
// (RFC 3261 16.3 and 21.4.1); responses and ACKs are never answered.
func (d *Driver) malformed(err error, r transaction.Route) {
	d.tap.malformed++
	if d.debugs(1) {
		d.debug(1, "SIP: malformed message", "from", r.Remote, "err", err)
	}
	var e *message.ParseError
	if !errors.As(err, &e) || e.Status == 0 || !d.parsed.IsRequest() || d.parsed.Method() == message.ACK {
		return
	}
	d.reject(&d.parsed, r, e.Status, e.Reason)
}

// core is the driver as the user of its transactions.
type core Driver

// Stray implements transaction.User. A response that belongs to nothing is
// dropped (RFC 3261 18.1.2).
func (c *core) Stray(m *message.Message, from transaction.Route) {
	d := (*Driver)(c)
	if d.debugs(1) {
		d.debug(1, "SIP: stray response", "from", from.Remote, "status", m.Status())
	}
}

// Ack implements transaction.User.
func (c *core) Ack(m *message.Message, from transaction.Route) {
	d := (*Driver)(c)
	p := d.calls.dialog(m.CallID(), m.ToTag(), m.FromTag())
	if p == nil {
		return // an ACK is never answered
	}
	defer d.recovered(p)
	p.ack(m)
}

// Request implements transaction.User: the processing of RFC 3261 8.2.
func (c *core) Request(tx *transaction.Server, m *message.Message) {
	d := (*Driver)(c)
	tx.Route.Remote = d.replyAddress(m, d.from, nil)
	if tx.Merged { // 8.2.2.2
		d.respond(tx, m, 482, "Loop Detected", nil)
		return
	}
	if m.Method() == message.CANCEL {
		d.cancelled(tx, m)
		return
	}
	if len(m.ToTag()) > 0 {
		if p := d.calls.dialog(m.CallID(), m.ToTag(), m.FromTag()); p != nil {
			defer d.recovered(p)
			p.request(tx, m)
			return
		}
		if s := d.subs.dialog(m.CallID(), m.ToTag(), m.FromTag()); s != nil {
			s.request(tx, m)
			return
		}
		if m.Method() == message.NOTIFY && d.boxes.notified(d, tx, m) {
			return
		}
		switch m.Method() {
		case message.REGISTER, message.OPTIONS, message.SUBSCRIBE:
		default:
			d.respond(tx, m, 481, "Call leg/transaction does not exist", nil) // 12.2.2
			return
		}
	}
	switch u := m.RequestURI(); { // 8.2.2.1
	case !u.IsSIP() && !u.IsTel():
		d.respond(tx, m, 416, "", nil)
		return
	case len(u.Headers) > 0:
		d.respond(tx, m, 400, "Header in Request-URI", nil) // 19.1.1
		return
	}
	if !d.supported(tx, m) {
		return
	}
	switch m.Method() {
	case message.INVITE:
		d.invited(tx, m)
	case message.REGISTER:
		d.handleRegister(tx, m, d.from)
	case message.OPTIONS:
		d.handleOptions(tx, m, d.from)
	default:
		d.handleOutOfDialog(tx, m, d.from)
	}
}

// understood are the option tags that a request may insist on: session timers
// (RFC 4028), Replaces (3891), Join (3911), and REFER without subscription (4488).
var understood = [...]string{"timer", "replaces", "join", "norefersub"}

func understands(method message.Method, tag []byte) bool {
	if method == message.INVITE && strings.EqualFold(string(tag), option100rel) {
		return true
	}
	if method == message.REGISTER && (strings.EqualFold(string(tag), optionOutbound) || strings.EqualFold(string(tag), optionGRUU) || strings.EqualFold(string(tag), optionPath)) {
		return true
	}
	for _, t := range understood {
		if strings.EqualFold(string(tag), t) {
			return true
		}
	}
	return false
}

// supported checks Require (8.2.2.3): what is not known is refused by name.
func (d *Driver) supported(tx *transaction.Server, m *message.Message) bool {
	var unknown []byte
	for v := range m.Values(message.HeaderRequire) {
		if len(v) == 0 || understands(m.Method(), v) {
			continue
		}
		if len(unknown) > 0 {
			unknown = append(unknown, ", "...)
		}
		unknown = append(unknown, v...)
	}
	if unknown == nil {
		return true
	}
	d.respond(tx, m, 420, "Bad extension (unsupported)", func(b *message.Builder) {
		b.HeaderBytes(message.HeaderUnsupported, unknown)
	})
	return false
}
