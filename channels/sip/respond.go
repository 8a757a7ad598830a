package sip

import (
	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
)

// What every response and request of ours says it can do. Programs compare these.
const (
	allowed   = "INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, PUBLISH, MESSAGE, UPDATE, PRACK"
	supported = "replaces, timer"
)

// supported are the extensions that a call of this peer may use. A re-INVITE of
// ours wants no provisional responses that have to be acknowledged.
func (p *pvt) supported() string {
	timer, rel := p.settings.SessionTimers != TimersRefuse, p.settings.Reliable != ReliableNo && p.change == nil
	switch {
	case timer && rel:
		return supported + ", " + option100rel
	case timer:
		return supported
	case rel:
		return "replaces, " + option100rel
	}
	return "replaces"
}

// respond answers a request without a body. reason "" is the standard phrase;
// extra writes the headers between Supported and Content-Length.
//
// Nobody who has not proven who he is gets more than twice what he sent, a
// challenge excepted: what the answer could do without is left out, and what is
// still too long is not sent.
func (d *Driver) respond(tx *transaction.Server, m *message.Message, status int, reason string, extra func(*message.Builder)) {
	out := d.buildResponse(m, status, reason, d.responseTag(m), true, extra)
	if !tx.Kept() && status != 401 && status != 407 && d.size > 0 && len(out) > 2*d.size {
		if out = d.buildResponse(m, status, reason, d.responseTag(m), false, extra); len(out) > 2*d.size {
			return
		}
	}
	d.sent(tx.Respond(status, out))
}

// reject answers a request that did not get as far as a transaction.
func (d *Driver) reject(m *message.Message, r transaction.Route, status int, reason string) {
	if !m.Has(message.HeaderVia) {
		return // no answer would find its way
	}
	r.Remote = d.replyAddress(m, d.from, nil)
	out := d.buildResponse(m, status, reason, d.responseTag(m), true, nil)
	if d.size > 0 && len(out) > 2*d.size {
		if out = d.buildResponse(m, status, reason, d.responseTag(m), false, nil); len(out) > 2*d.size {
			return
		}
	}
	d.sent(d.send(out, r))
}

// buildResponse builds it in d.out.
func (d *Driver) buildResponse(m *message.Message, status int, reason, tag string, full bool, extra func(*message.Builder)) []byte {
	b := &d.builder
	b.Reset(d.out[:0])
	b.Response(m, status, reason, tag)
	if full {
		b.Header(message.HeaderServer, d.server)
		b.Header(message.HeaderAllow, allowed)
		b.Header(message.HeaderSupported, supported)
	}
	if extra != nil {
		extra(b)
	}
	return d.finish()
}

// sent notes that a message could not be sent. Whoever waits for it has a timer.
func (d *Driver) sent(err error) {
	if err != nil && d.debugs(1) {
		d.debug(1, "SIP: not sent", "err", err)
	}
}

// responseTag is the To tag of a response outside a dialog: the same for every
// copy of the request, although nothing is kept (RFC 3261 8.2.7).
func (d *Driver) responseTag(m *message.Message) string {
	if len(m.ToTag()) > 0 {
		return ""
	}
	h := d.tagSeed
	for _, s := range [...][]byte{m.CallID(), m.FromTag()} {
		for _, c := range s {
			h = (h ^ uint64(c)) * 1099511628211 // FNV-1a
		}
		h = (h ^ 0xff) * 1099511628211
	}
	h ^= h >> 29
	var b [18]byte
	b[0], b[1] = 'a', 's'
	appendHex(b[2:2], h)
	return string(b[:])
}
