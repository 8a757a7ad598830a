package sip

import (
	"bytes"
	"errors"

	"pbx/channels/sip/message"
	"pbx/channels/sip/refer"
	"pbx/channels/sip/transaction"
)

// handleOptions answers OPTIONS outside of a dialog (RFC 3261 11.2): what we can
// do. With compat=asterisk, 404 when the extension it asks for is not there. It
// needs no proof unless auth_options_requests says so.
func (d *Driver) handleOptions(tx *transaction.Server, m *message.Message, from source) {
	var p *Peer
	if d.cfg.General.AuthOptions {
		var res authResult
		if p, res = d.admit(tx, m, from); res != authOK {
			return
		}
	}
	if d.registry.Closing() {
		d.respond(tx, m, 503, "", nil)
		return
	}
	uri := m.RequestURI()
	exten := uri.User
	context := d.contextFor(p, d.settings(p), uri.Host)
	text := "s"
	if len(exten) > 0 {
		text = message.UnescapeString(exten)
	}
	// Whoever asks learns that we are here, not which numbers there are.
	found := !d.cfg.General.Compat || d.plan.Match(context, text, 1, string(m.From().URI.User)).Exists()
	status := 404
	if found {
		status = 200
	}
	d.respond(tx, m, status, "", func(b *message.Builder) {
		if found {
			local, _ := d.localAddress(from.route())
			var buf [64]byte
			h := append(buf[:0], "<sip:"...)
			h = appendTransport(appendHostPort(h, local), from.protocol)
			h = append(h, '>')
			b.HeaderBytes(message.HeaderContact, h)
		}
		b.Header(message.HeaderAccept, "application/sdp")
	})
}

// handleOutOfDialog answers the other methods where no dialog is meant, as
// golden tests of the ancestor have it.
func (d *Driver) handleOutOfDialog(tx *transaction.Server, m *message.Message, from source) {
	peer, _ := d.identify(m, from)
	tx.Route.Remote = d.replyAddress(m, from, peer)
	switch m.Method() {
	case message.REFER:
		if d.open(tx, m, from) {
			if _, err := refer.ParseTarget(m); err != nil && !errors.Is(err, refer.ErrMissing) && !errors.Is(err, refer.ErrScheme) {
				d.respond(tx, m, 400, "Bad Request (Refer-to)", nil)
				return
			}
			d.respond(tx, m, 603, "Declined (No dialog)", nil)
		}
	case message.PUBLISH:
		d.handlePublish(tx, m, from)
	case message.NOTIFY:
		d.handleNotify(tx, m, from)
	case message.MESSAGE:
		d.handleMessage(tx, m, from)
	case message.SUBSCRIBE:
		d.handleSubscribe(tx, m, from)
	case message.INFO, message.UPDATE, message.PRACK, message.BYE:
		d.respond(tx, m, 481, "Call leg/transaction does not exist", nil)
	default:
		d.respond(tx, m, 501, "Method Not Implemented", nil)
	}
}

// open reports whether the sender may ask at all: requests that would act on
// behalf of somebody need the proof of an INVITE.
func (d *Driver) open(tx *transaction.Server, m *message.Message, from source) bool {
	_, res := d.admit(tx, m, from)
	return res == authOK
}

// isText reports whether the body is plain text.
func isText(m *message.Message) bool {
	t := m.Header(message.HeaderContentType)
	const plain = "text/plain"
	return len(m.Body()) > 0 && len(t) >= len(plain) && bytes.EqualFold(t[:len(plain)], []byte(plain))
}
