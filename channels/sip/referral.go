package sip

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/channels/sip/refer"
	"pbx/channels/sip/transaction"
)

// Refers implements channel.Referrer: every contact of the peer has said in Allow that
// it takes REFER, in a REGISTER or as an answer to qualify.
func (d *Driver) Refers(resource string) bool {
	name, _, ok := strings.Cut(resource, "/")
	refers := false
	_ = d.Call(func() {
		p := d.peer(name)
		if ok || p == nil || p.disallows(message.REFER) {
			return
		}
		refers = p.qualify.refers || len(p.contacts) > 0
		for _, c := range p.contacts {
			refers = refers && c.Dial == "" && (c.Refers || c.qualify.refers)
		}
	})
	return refers
}

// Transfer implements channel.Leg: 302 before the answer, REFER (RFC 3515) after
// it.
func (p *pvt) Transfer(dest string) error {
	p.post(func() { p.transfer(dest) })
	return nil
}

func (p *pvt) transfer(dest string) {
	uri := p.transferURI(dest)
	switch {
	case p.phase == phaseEarly && !p.outgoing && p.server != nil:
		p.refuse(302, "Moved Temporarily", func(b *message.Builder) { b.Address(message.HeaderContact, "Transfer", uri, "") })
		p.phase = phaseEnding
		p.referralDone(true)
		// The dialplan goes on, without a phone; not for ever.
		p.byeTimer = p.d.sched.Add(byeAfterTransfer, func() time.Duration {
			p.byeTimer = 0
			p.hangupChannel(channel.CauseNormalClearing)
			return 0
		})
	case p.phase == phaseUp && !p.referring && !p.settings.disallows(message.REFER):
		p.referring = true
		if p.server != nil && p.server.State() == transaction.Accepted {
			p.referTo = uri // until the ACK of our 200 the far end may refuse it
			return
		}
		p.refer(uri)
	default:
		p.referralDone(false)
	}
}

// refer asks the far end to call somebody else (RFC 3515).
func (p *pvt) refer(uri string) {
	p.referTo = ""
	(&plainRequest{
		p: p, method: message.REFER,
		extra: func(b *message.Builder) {
			b.Address(message.HeaderReferTo, "", uri, "")
			b.Address(message.HeaderReferredBy, "", p.contact, "")
		},
		done: p.referAnswered,
	}).send()
}

// transferURI is where Transfer() sends: a URI as it is, user@host, or a number
// here.
func (p *pvt) transferURI(dest string) string {
	if u, err := message.ParseURI([]byte(dest)); err == nil && (u.IsSIP() || u.IsTel()) {
		return dest
	}
	if user, host, ok := cutLast(dest, '@'); ok {
		return "sip:" + string(message.AppendEscaped(nil, user)) + "@" + host
	}
	local, _ := p.d.localAddress(p.route)
	return string(appendTarget(nil, string(message.AppendEscaped(nil, dest)), string(appendHost(nil, local.Addr())), local.Port(), p.route.Protocol))
}

// referAnswered handles the final response to our REFER, nil for none. Only 202
// begins the subscription that tells the rest, as the field has it.
func (p *pvt) referAnswered(m *message.Message) {
	switch {
	case !p.referring:
	case m == nil:
		p.referralDone(false)
	case m.Status() == 202:
	case m.Status() < 300:
		p.d.log.Warn(fmt.Sprintf("SIP transfer had unexpected 2xx response (%d), confusion is possible.", m.Status()), "call", p.callID)
		p.referralDone(false)
	default:
		if m.Status() == 603 {
			p.channel.SetCause(channel.CauseCallRejected, techCause(m))
		}
		p.d.notice(fmt.Sprintf("SIP transfer was refused with %d", m.Status()), "call", p.callID)
		p.referralDone(false)
	}
}

// notified handles NOTIFY within the call: how our REFER fares (RFC 3515 2.4.4).
func (p *pvt) notified(tx *transaction.Server, m *message.Message) {
	p.reply(tx, m, 200, "OK", nil, nil)
	event, _, _ := bytes.Cut(m.Header(message.HeaderEvent), []byte(";"))
	if !p.referring || !bytes.EqualFold(bytes.TrimSpace(event), []byte("refer")) {
		return
	}
	status, ok := refer.ParseStatus(m.Body())
	switch {
	case ok && status >= 200:
		if status >= 300 {
			p.d.notice(fmt.Sprintf("Transfer failed: the far end got %d", status), "call", p.callID)
		}
		p.referralDone(status < 300)
	case refer.Terminated(m): // and it did not say
		p.referralDone(false)
	}
}

// referralDone tells the channel's goroutine, which waits in Transfer().
func (p *pvt) referralDone(ok bool) {
	p.referring = false
	r := channel.TransferResult{OK: ok}
	if !ok {
		r.Protocol = 1
	}
	if p.channel != nil {
		p.channel.Queue(channel.Frame{Kind: channel.FrameControl, Control: channel.ControlTransfer, Data: r})
	}
}
