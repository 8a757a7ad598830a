package sip

import (
	"bytes"
	"time"

	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
)

// ack is the ACK of one 2xx response to an INVITE of ours. It is a request of its own
// that nobody answers (RFC 3261 13.2.2.4): that it did not arrive is known by an
// error on its way, or by the 2xx that keeps coming. Then the next server of its next
// hop has its turn (RFC 3263 4.3).
type ack struct {
	d      *Driver
	dialog *dialog // within which it is sent
	follow *dialog // another that goes the way of the first, nil for none
	seq    uint32  // CSeq number of the INVITE
	text   []byte  // nil before it was sent
	since  time.Time
}

// send sends it, as soon as it is known where to.
func (a *ack) send() {
	if !a.dialog.later(a.begin) {
		a.begin()
	}
}

// begin sends it by the dialog's route; where there may be another, a connection or a
// server, errors on the way are listened for.
func (a *ack) begin() {
	d, g := a.d, a.dialog
	branch := d.random.branch()
	g.begin(d, message.ACK, branch, a.seq)
	a.text, a.since = bytes.Clone(d.finish()), d.now()
	if g.route.Protocol.Reliable() || g.servers != nil && g.servers.more() {
		d.txs.Ack(a.text, branch, g.route, replyPatience, a)
		return
	}
	d.sent(d.send(a.text, g.route))
}

// again sends the same once more: the 2xx came again, so the first was lost. What is
// lost for as long as that does not arrive there at all.
func (a *ack) again() {
	switch {
	case a.text == nil: // not sent yet
	case a.d.now().Sub(a.since) >= replyPatience && a.turn(a.dialog.route, transaction.ErrTimeout):
	default:
		a.d.sent(a.d.send(a.text, a.dialog.route))
	}
}

// turn sends it to the next server after it did not arrive by failed; it reports false
// where there is none.
func (a *ack) turn(failed transaction.Route, why error) bool {
	if !a.dialog.failover(failed, reasonOf(why), 0) {
		return false
	}
	if a.follow != nil {
		a.follow.failover(failed, reasonOf(why), 0)
	}
	a.begin()
	return true
}

// Response implements transaction.Receiver. There is none.
func (a *ack) Response(*transaction.Client, *message.Message) {}

// Failed implements transaction.Receiver.
func (a *ack) Failed(c *transaction.Client, err error) {
	if !a.turn(c.Route, err) {
		a.d.sent(err)
	}
}
