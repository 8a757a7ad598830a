package sip

import (
	"bytes"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
)

// answer is what is left of an INVITE of ours once it was answered: enough to
// acknowledge the 2xx response again when it is repeated, and to end the dialogs
// of other forks that answer too (RFC 3261 13.2.2.4). It outlives its call by the
// rest of the transaction.
type answer struct {
	d         *Driver
	client    *transaction.Client
	dialog    dialog            // that of the first answer
	ack       []byte            // nil while the next hop is looked for
	seq       uint32            // CSeq number of the INVITE
	seqs      map[string]uint32 // the last CSeq numbers of early dialogs, by their To tag
	symmetric bool
	losers    map[string][]byte // the ACKs of the others, by their To tag
}

// Response implements transaction.Receiver.
func (a *answer) Response(_ *transaction.Client, m *message.Message) {
	if m.Status() >= 200 && m.Status() < 300 {
		a.again(m)
	}
}

// Failed implements transaction.Receiver.
func (a *answer) Failed(*transaction.Client, error) {}

// acknowledge sends the ACK of the first answer.
func (a *answer) acknowledge() {
	d := a.d
	a.dialog.begin(d, message.ACK, d.random.branch(), a.seq)
	a.ack = bytes.Clone(d.finish())
	d.sent(d.send(a.ack, a.dialog.route))
}

// again handles a 2xx response after the first.
func (a *answer) again(m *message.Message) {
	d := a.d
	tag := string(m.ToTag())
	if tag == a.dialog.remoteTag {
		if a.ack != nil {
			d.sent(d.send(a.ack, a.dialog.route)) // our ACK was lost
		}
		return
	}
	g := a.dialog
	g.finding = nil
	g.remoteTag = tag
	g.learnRoutes(m, true)
	g.learnTarget(m)
	g.aim(d, d.from.route(), a.symmetric)
	if !g.later(func() { a.dismiss(&g) }) {
		a.dismiss(&g)
	}
}

// dismiss acknowledges the answer of another fork and ends it.
func (a *answer) dismiss(g *dialog) {
	d, tag := a.d, g.remoteTag
	if ack, ok := a.losers[tag]; ok {
		d.sent(d.send(ack, g.route))
		return
	}
	if len(a.losers) >= maxForks {
		return
	}
	g.begin(d, message.ACK, d.random.branch(), a.seq)
	ack := bytes.Clone(d.finish())
	d.sent(d.send(ack, g.route))
	if a.losers == nil {
		a.losers = make(map[string][]byte)
	}
	a.losers[tag] = ack
	branch := d.random.branch()
	b := g.begin(d, message.BYE, branch, max(a.seq, a.seqs[tag])+1)
	appendCause(b, channel.CauseNormalClearing)
	d.txs.Send(d.finish(), message.BYE, branch, g.route, transaction.Timers{}, nobody{})
}

// maxForks bounds the dialogs of one INVITE that are remembered.
const maxForks = 16

// nobody is the receiver of responses that change nothing.
type nobody struct{}

// Response implements transaction.Receiver.
func (nobody) Response(*transaction.Client, *message.Message) {}

// Failed implements transaction.Receiver.
func (nobody) Failed(*transaction.Client, error) {}

// sequences are the CSeq numbers that early dialogs came to beyond that of the
// INVITE, by their tags.
func (o *outbound) sequences() map[string]uint32 {
	var seqs map[string]uint32
	for tag, e := range o.early {
		if e.localSeq > o.seq {
			if seqs == nil {
				seqs = make(map[string]uint32)
			}
			seqs[tag] = e.localSeq
		}
	}
	return seqs
}
