package sip

import (
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
	ack       ack               // of the first answer
	seq       uint32            // CSeq number of the INVITE
	seqs      map[string]uint32 // the last CSeq numbers of early dialogs, by their To tag
	symmetric bool
	losers    map[string]*ack // the ACKs of the others, by their To tag
}

// Response implements transaction.Receiver.
func (a *answer) Response(_ *transaction.Client, m *message.Message) {
	if m.Status() >= 200 && m.Status() < 300 {
		a.again(m)
	}
}

// Failed implements transaction.Receiver.
func (a *answer) Failed(*transaction.Client, error) {}

// acknowledge sends the ACK of the first answer by the way that the call goes.
func (a *answer) acknowledge(call *dialog) {
	a.dialog.finding = nil
	a.ack = ack{d: a.d, dialog: &a.dialog, follow: call, seq: a.seq}
	send := func() {
		a.dialog.route, a.dialog.servers = call.route, call.servers
		a.ack.begin()
	}
	if !call.later(send) {
		send()
	}
}

// again handles a 2xx response after the first.
func (a *answer) again(m *message.Message) {
	tag := string(m.ToTag())
	if tag == a.dialog.remoteTag {
		a.ack.again()
		return
	}
	if k := a.losers[tag]; k != nil {
		k.again()
		return
	}
	if len(a.losers) >= maxForks {
		return
	}
	g := a.dialog
	g.finding = nil
	g.remoteTag = tag
	g.learnRoutes(m, true)
	g.learnTarget(m)
	g.aim(a.d, a.d.from.route(), a.symmetric)
	k := &ack{d: a.d, dialog: &g, seq: a.seq}
	if a.losers == nil {
		a.losers = make(map[string]*ack)
	}
	a.losers[tag] = k
	g.localSeq = max(a.seq, a.seqs[tag])
	k.send()
	(&dismissal{a.d, &g}).send()
}

// maxForks bounds the dialogs of one INVITE that are remembered.
const maxForks = 16

// dismissal is the BYE that ends the dialog of a fork that answered too late.
type dismissal struct {
	d      *Driver
	dialog *dialog
}

func (y *dismissal) send() {
	d, g := y.d, y.dialog
	if g.later(y.send) {
		return
	}
	g.localSeq++
	branch := d.random.branch()
	b := g.begin(d, message.BYE, branch, g.localSeq)
	appendCause(b, channel.CauseNormalClearing)
	d.txs.Send(d.finish(), message.BYE, branch, g.route, g.limit(transaction.Timers{}), y)
}

// Response implements transaction.Receiver.
func (y *dismissal) Response(*transaction.Client, *message.Message) {}

// Failed implements transaction.Receiver.
func (y *dismissal) Failed(c *transaction.Client, err error) {
	if y.dialog.failover(c.Route, reasonOf(err), 0) {
		y.send()
	}
}

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
