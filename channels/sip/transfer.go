package sip

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/channels/sip/refer"
	"pbx/channels/sip/transaction"
	"pbx/event"
)

// byeAfterTransfer is how long the phone that transferred a call may take to hang
// up its end, as it should (RFC 5589 section 6.1); then we do. It is 64*T1.
const byeAfterTransfer = 32 * time.Second

// referred handles REFER within the call (RFC 3515): the far end sends the party
// that it talks to elsewhere. As phones of the field expect, the result is told
// in one NOTIFY at once: that the transfer was begun, or why not.
func (p *pvt) referred(tx *transaction.Server, m *message.Message) {
	d := p.d
	decline := func(status int, reason string) { p.reply(tx, m, status, reason, nil, nil) }
	switch {
	case !p.settings.AllowTransfer:
		decline(603, "Declined (policy)")
		return
	case p.peer == nil && !d.cfg.General.Compat: // a guest does not send our parties anywhere
		decline(603, "Declined")
		return
	case p.phase != phaseUp || p.channel == nil || p.released:
		decline(603, "Declined")
		return
	}
	to, err := refer.ParseTarget(m)
	switch {
	case errors.Is(err, refer.ErrMissing):
		d.log.Warn("Refer-To Header missing. Skipping transfer.")
		decline(400, "Bad Request (Refer-to missing)")
		return
	case errors.Is(err, refer.ErrScheme):
		d.log.Warn("Can't transfer to non-sip: URI.", "Refer-To", quotable(m.Header(message.HeaderReferTo)))
		decline(603, "Declined (Non sip: uri)")
		return
	case err != nil:
		decline(400, "Bad Request (Refer-to)")
		return
	}
	seq, _ := m.CSeq()
	quiet := refersQuietly(m)
	status, reason := p.transferTo(m, &to)
	p.reply(tx, m, 202, "Accepted", nil, func(b *message.Builder) {
		if quiet {
			b.HeaderNamed("Refer-Sub", "false") // RFC 4488 section 4
		}
	})
	if !quiet {
		p.notifyRefer(seq, status, reason)
	}
}

// refersQuietly reports whether the sender of a REFER wants no NOTIFY (RFC 4488).
func refersQuietly(m *message.Message) bool {
	for v := range m.Named("Refer-Sub") {
		word, _, _ := strings.Cut(string(v), ";")
		return strings.EqualFold(strings.TrimSpace(word), "false")
	}
	return false
}

// transferTo does what a REFER asks. It returns what the NOTIFY says.
func (p *pvt) transferTo(m *message.Message, to *refer.Target) (status int, reason string) {
	if to.Replaces != nil {
		return p.attended(m, to.Replaces)
	}
	return p.blind(m, to)
}

// blind sends the party to another extension. The host of Refer-To is not looked
// at: whatever phone asks, the call stays in the office.
func (p *pvt) blind(m *message.Message, to *refer.Target) (status int, reason string) {
	party := p.channel.Bridged()
	if party == nil || party.HungUp() {
		return 503, "Service Unavailable"
	}
	place := channel.Location{Context: p.transferContext(), Exten: to.User, Priority: 1}
	if place.Exten == "" {
		place.Exten = "s"
	}
	if !p.d.plan.Match(place.Context, place.Exten, 1, party.Identity().Caller.Number).Exists() {
		return 404, "Not found"
	}
	p.tellReferrer(party, m, place.Context)
	party.SetVar("SIPTRANSFER", channel.Clean("yes"))
	party.SetVar("BLINDTRANSFER", channel.Clean(p.channel.Name()))
	p.channel.SetVar("BLINDTRANSFER", channel.Clean(party.Name()))
	p.carryHeaders(party, m)
	p.channel.PublishWith(event.Event{
		Kind: event.Transfer, Name: "blind", Context: place.Context, Exten: place.Exten, Priority: 1, Bridge: p.channel.Snapshot().BridgeID,
		Detail: &event.TransferDetail{Transferer: p.channel.Party()},
	}, party)
	p.transferred = true
	party.AsyncGoto(place)
	p.channel.SoftHangup(channel.CauseNormalClearing)
	return 200, "OK"
}

// sendAlong does what the Also of a BYE asks: phones from before REFER transfer so.
func (p *pvt) sendAlong(bye *message.Message) {
	also := bye.HeaderNamed("Also")
	if len(also) == 0 || p.phase != phaseUp || p.channel == nil || p.released || !p.settings.AllowTransfer || p.peer == nil && !p.d.cfg.General.Compat {
		return
	}
	a, err := message.ParseAddress(also)
	if err != nil || !a.URI.IsSIP() {
		p.d.log.Warn("Invalid transfer information", "Also", quotable(also))
		return
	}
	p.blind(bye, &refer.Target{User: message.UnescapeString(a.URI.User)})
}

// transferContext is where the numbers are looked up that this phone transfers to.
func (p *pvt) transferContext() string {
	if v, ok := p.channel.Var("TRANSFER_CONTEXT"); ok && v.S != "" {
		return v.S
	}
	if p.context != "" {
		return p.context
	}
	return p.settings.Context
}

// tellReferrer sets the variables by which a dialplan knows a transferred call.
func (p *pvt) tellReferrer(party *channel.Channel, m *message.Message, context string) {
	by := channel.Tainted(string(m.Header(message.HeaderReferredBy)))
	party.SetVar("SIPREFERRINGCONTEXT", channel.Clean(context))
	party.SetVar("__SIPREFERREDBYHDR", by)
	party.SetVar("SIPTRANSFER_REFERER", by)
}

// carryHeaders queues the X- headers of a REFER for the call that it leads to
// (refer_addheaders).
func (p *pvt) carryHeaders(party *channel.Channel, m *message.Message) {
	if !p.d.cfg.General.ReferAddHeaders {
		return
	}
	for name, value := range m.Headers() {
		line := string(name) + ": " + string(value)
		if len(name) > 2 && strings.EqualFold(string(name[:2]), "X-") && cleanHeader(line) {
			queueHeader(party, channel.Tainted(line))
		}
	}
}

// attended joins the party of this call with that of another one of the same
// phone (RFC 3891, RFC 5589 section 7): one phone takes the place of the other in
// whatever that does, and both calls of that phone end.
func (p *pvt) attended(m *message.Message, id *refer.DialogID) (status int, reason string) {
	other := p.d.calls.dialog([]byte(id.CallID), []byte(id.ToTag), []byte(id.FromTag))
	if other == nil || other == p || other.channel == nil || other.released || !p.mayReplace(other) {
		return 481, "Call leg/transaction does not exist"
	}
	if id.EarlyOnly && other.phase != phaseEarly {
		return 486, "Busy Here"
	}
	first, second := p.channel, other.channel
	party, target := first.Bridged(), second.Bridged()
	if party == second || target == first { // it talks to itself
		return 481, "Call leg/transaction does not exist"
	}
	// stays keeps its thread or bridge and gets the phone of comes.
	var stays, comes *channel.Channel
	switch {
	case party == nil && target == nil:
		return 503, "Service Unavailable"
	case target == nil: // rings, or is in an application
		stays, comes = second, party
	case party == nil:
		stays, comes = first, target
	case party.Owner() == nil && target.Owner() != nil: // who has a thread keeps it
		stays, comes = second, party
	default:
		stays, comes = first, target
	}
	names := [2]string{first.Name(), second.Name()}
	told := event.Event{Kind: event.Transfer, Name: "attended", Dest: names[0], Value: names[1], Bridge: first.Snapshot().BridgeID}
	if p.d.bus.Wants(event.Transfer) {
		told.Detail = transferDetail(first, second, stays)
	}
	if err := channel.MasqueradeHeld(stays, comes); err != nil {
		return 481, "Call leg/transaction does not exist"
	}
	p.transferred = true
	partner := stays.Bridged()
	for _, ch := range [...]*channel.Channel{stays, partner} {
		if ch != nil {
			p.tellReferrer(ch, m, p.transferContextOf(first))
			ch.SetVar("SIPTRANSFER_REPLACES", channel.Tainted(id.String()))
		}
	}
	if partner == nil { // else the bridge that they are in has cleared it again
		stays.SetVar("ATTENDEDTRANSFER", channel.Clean(names[0]))
	}
	stays.Publish(told)
	for _, ch := range [...]*channel.Channel{first, second, party, target} {
		if ch != nil && ch != stays && ch != partner {
			ch.SoftHangup(channel.CauseNormalClearing)
		}
	}
	return 200, "OK"
}

// transferDetail is what is told of an attended transfer by a phone with two calls: the
// call goes on where stays is.
func transferDetail(first, second, stays *channel.Channel) *event.TransferDetail {
	d := &event.TransferDetail{Transferer: first.Party(), Second: second.Party()}
	if ch := first.Bridged(); ch != nil {
		d.Transferee = ch.Party()
	}
	if ch := second.Bridged(); ch != nil {
		d.Target = ch.Party()
		d.SecondBridge, d.SecondMembers = second.Snapshot().BridgeID, 2
	}
	place := stays.Snapshot()
	d.DestBridge, d.DestApp = place.BridgeID, place.App
	return d
}

// transferContextOf is transferContext while another phone may have the channel.
func (p *pvt) transferContextOf(ch *channel.Channel) string {
	if v, ok := ch.Var("TRANSFER_CONTEXT"); ok && v.S != "" {
		return v.S
	}
	return p.transferContext()
}

// mayReplace reports whether the far end of p may put somebody in the place of
// the far end of other: its own calls, those of another account of the same phone,
// or those that it may pick up.
func (p *pvt) mayReplace(other *pvt) bool {
	return p.d.mayReplace(p.peer, other) || p.received == other.received && other.settings.AllowTransfer
}

// notifyRefer tells how a REFER fared (RFC 3515 section 2.4.5).
func (p *pvt) notifyRefer(seq uint32, status int, reason string) {
	d := p.d
	if p.later(func() { p.notifyRefer(seq, status, reason) }) {
		return
	}
	p.localSeq++
	branch := d.random.branch()
	b := p.dialog.begin(d, message.NOTIFY, branch, p.localSeq)
	b.Header(message.HeaderEvent, "refer;id="+strconv.FormatUint(uint64(seq), 10))
	b.Header(message.HeaderSubscriptionState, "terminated;reason=noresource")
	b.Body(refer.FragmentType+";version=2.0", refer.AppendStatus(nil, status, reason))
	d.txs.Send(d.finish(), message.NOTIFY, branch, p.route, p.timers(), nobody{})
}

// awaitBye leaves the BYE of a call that was transferred away to the phone that
// did it.
func (p *pvt) awaitBye(cause channel.Cause) {
	p.transferred = false
	p.byeCause = cause
	p.byeTimer = p.d.sched.Add(byeAfterTransfer, func() time.Duration {
		p.byeTimer = 0
		defer p.d.recovered(p)
		if p.phase == phaseUp {
			p.phase = phaseEnding
			p.sayBye(p.byeCause)
		}
		return 0
	})
}

func (p *pvt) stopAwaitingBye() {
	if p.byeTimer != 0 {
		p.d.sched.Delete(p.byeTimer)
		p.byeTimer = 0
	}
}
