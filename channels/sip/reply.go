package sip

import (
	"errors"
	"fmt"
	"strings"

	"pbx/channel"
	"pbx/channels/sip/message"
)

// Reply is a response to a call that came in and was not answered yet, which a
// program gives in the place of the dialplan.
type Reply struct {
	// Transaction is the branch of the INVITE: SIP_TID of the programs that a call runs.
	Transaction string
	// Status is 101 to 199, or 300 to 699.
	Status int
	// Reason is its phrase, "" for the usual one.
	Reason string
	// Headers are "Name: value".
	Headers []string
	Body    string
}

// ErrNoTransaction says that a Reply is for no call that waits.
var ErrNoTransaction = errors.New("no call waits for an answer in that transaction")

// Answer sends a Reply. A final one ends the call. Any goroutine but the loop's may
// call it.
func (d *Driver) Answer(r Reply) error {
	if r.Status < 101 || r.Status > 699 || r.Status/100 == 2 {
		return fmt.Errorf("%d is no response that a program gives: 101 to 199, 300 to 699", r.Status)
	}
	if r.Reason == "" {
		r.Reason = message.StatusText(r.Status)
	}
	contentType := ""
	var headers [][2]string
	for _, h := range r.Headers {
		name, value, _ := strings.Cut(h, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		id := message.HeaderIDOf([]byte(name))
		switch {
		case !cleanHeader(h):
			return fmt.Errorf("%q is not a header", h)
		case id == message.HeaderContentType:
			contentType = value
		case id == message.HeaderVia || id == message.HeaderFrom || id == message.HeaderTo || id == message.HeaderCallID || id == message.HeaderCSeq || id == message.HeaderContentLength:
			return fmt.Errorf("the exchange writes %v itself", id)
		default:
			headers = append(headers, [2]string{name, value})
		}
	}
	extra := func(b *message.Builder) {
		for _, h := range headers {
			b.HeaderNamed(h[0], h[1])
		}
		if r.Body != "" {
			if contentType == "" {
				contentType = "text/plain;charset=UTF-8"
			}
			b.Body(contentType, []byte(r.Body))
		}
	}
	found := false
	err := d.Call(func() {
		d.calls.each(func(p *pvt) {
			if found || p.outgoing || p.phase != phaseEarly || p.server == nil || p.invite == nil || string(p.invite.Via().Branch) != r.Transaction {
				return
			}
			found = true
			if r.Status < 200 {
				p.reply(p.server, p.open, r.Status, r.Reason, nil, extra)
				return
			}
			cause := causeOfStatus(r.Status)
			if p.channel != nil && p.channel.Cause() == channel.CauseNone {
				p.channel.SetCause(cause, "")
			}
			p.refuse(r.Status, r.Reason, extra)
			p.phase = phaseEnding
			p.hangupChannel(cause)
		})
	})
	if err == nil && !found {
		err = ErrNoTransaction
	}
	return err
}
