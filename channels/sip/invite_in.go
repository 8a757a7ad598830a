package sip

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
	"pbx/event"
	"pbx/media"
)

// sdpType is the media type of session descriptions.
const sdpType = "application/sdp"

// invited handles an INVITE outside of a dialog: a new call.
func (d *Driver) invited(tx *transaction.Server, m *message.Message) {
	switch {
	case m.MaxForwards() == 0:
		d.respond(tx, m, 483, "Too many hops", nil)
		return
	case d.registry.Refusing() || d.overloaded():
		d.respond(tx, m, 503, "", func(b *message.Builder) { b.Header(message.HeaderRetryAfter, "10") })
		return
	}
	peer, result := d.admit(tx, m, d.from)
	if result != authOK {
		return
	}
	tx.Route.Remote = d.replyAddress(m, d.from, peer)
	if peer != nil {
		tx.Keep() // a guest who is refused leaves nothing behind
	}
	p := &pvt{d: d, peer: peer, settings: d.settings(peer), received: d.from.addr, began: d.now(), phase: phaseEarly}
	replaces, status, reason := d.replacing(m, peer)
	if p.replaces = replaces; replaces != nil && replaces.join { // for the whole of the call
		own := *p.settings
		own.Codecs = slices.DeleteFunc(slices.Clone(own.Codecs), func(c Codec) bool { return !media.Linear(c.Name) })
		p.settings = &own
	}
	if status == 0 {
		status, reason = p.admit(m)
	}
	if status != 0 {
		d.respond(tx, m, status, reason, p.refusal(status))
		if d.bus.Wants(event.Note) {
			d.noteRefused(m, status, reason, p.whyNot(m, status))
		}
		p.closeMedia()
		p.uncount()
		return
	}
	defer d.recovered(p)
	tx.Keep()
	p.server, tx.Owner = tx, p
	d.calls.add(p)
	p.setChannel(d.registry.New(p.channelOptions(nil)))
	p.channel.SetState(channel.Ring)
	p.inProgress()
	if d.bus.Wants(event.Note) {
		p.introduce(m)
	}
	if p.media.valid {
		p.accept(p.media.agreed)
	}
	p.provisional(100, "", false)
	if r := p.replaces; r != nil {
		p.replaces = nil
		switch {
		case r.join:
			p.comeIn(r)
		case r.call == nil && r.ringing == nil:
			d.notice(fmt.Sprintf("Nothing to pick up for %s", p.peerName()))
			p.hears(r.sound)
		default:
			p.takeOver(r)
		}
		return
	}
	d.plan.Start(p.channel)
}

// maxTransactions bounds what new calls may cost: 32 s of 4,000 calls a second.
const maxTransactions = 1 << 19

// overloaded reports whether no new call is taken for now.
func (d *Driver) overloaded() bool {
	servers, clients := d.txs.Len()
	return servers+clients >= maxTransactions
}

// refusal writes what some refusals must name.
func (p *pvt) refusal(status int) func(*message.Builder) {
	switch status {
	case 415:
		return func(b *message.Builder) { b.Header(message.HeaderAccept, sdpType) } // 21.4.13
	case 420:
		return func(b *message.Builder) { b.Header(message.HeaderUnsupported, option100rel) }
	case 421:
		return func(b *message.Builder) { b.Header(message.HeaderRequire, option100rel) }
	case 422:
		return func(b *message.Builder) { b.HeaderInt(message.HeaderMinSE, int64(p.settings.SessionMinSE.Seconds())) }
	case 503:
		return func(b *message.Builder) { b.Header(message.HeaderRetryAfter, "5") }
	}
	return nil
}

// admit looks at an INVITE that may call: what it carries, whether the number
// exists, whether there is room. It returns the status that refuses it, 0 to go
// on.
func (p *pvt) admit(m *message.Message) (status int, reason string) {
	d := p.d
	offer, status := sessionBody(m)
	if status != 0 {
		return status, ""
	}
	if status := p.considerReliable(m); status != 0 {
		return status, pick(status == 420, "Bad extension (unsupported)", "")
	}
	timer, status := p.weighTimer(m)
	if status != 0 {
		return status, "Session Interval Too Small"
	}
	p.setTimer(timer)
	if status, reason := p.destination(m); status != 0 {
		return status, reason
	}
	p.media.offered = p.ourFormats(nil)
	if offer != nil {
		a, status := p.negotiate(offer, false)
		if status != 0 {
			return status, offerReason(status)
		}
		p.media.agreed, p.media.valid = a, true
	}
	if err := p.count(); err != nil {
		return p.uncountable(m, err)
	}
	if err := p.openMedia(nil); err != nil {
		d.log.Warn("SIP: no RTP for a call", "from", p.received, "err", err)
		return 503, ""
	}
	p.begin(m)
	return 0, ""
}

// sessionBody finds the session description in a request: nil without a body,
// 415 where there is a body and no description in it (RFC 3261 8.2.3).
func sessionBody(m *message.Message) (body []byte, status int) {
	if m.ContentLength() == 0 {
		return nil, 0
	}
	if e := m.Header(message.HeaderContentEncoding); len(e) > 0 && !strings.EqualFold(string(e), "identity") {
		return nil, 415
	}
	body, ok := m.Content(sdpType)
	if !ok && !optional(m) {
		return nil, 415
	}
	return body, 0
}

// optional reports whether the body may be left alone (RFC 3261 20.11).
func optional(m *message.Message) bool {
	_, params, _ := bytes.Cut(m.Header(message.HeaderContentDisposition), []byte(";"))
	h, _ := message.Params(append([]byte(";"), params...)).Get("handling")
	return bytes.EqualFold(h, []byte("optional"))
}

// destination finds what was dialled and whether the dialplan has it.
func (p *pvt) destination(m *message.Message) (status int, reason string) {
	d := p.d
	uri := m.RequestURI()
	p.exten = p.dialled(m)
	if status, reason := p.forInstance(&uri); status != 0 {
		return status, reason
	}
	if g := &d.cfg.General; len(g.Domains) > 0 && !g.AllowExternal && !d.isDomain(uri.Host, p.route) {
		return 403, "Forbidden"
	}
	context := d.contextFor(p.peer, p.settings, uri.Host)
	caller := p.callerNumber(m)
	match := d.plan.Match(context, p.exten, 1, caller)
	switch {
	case p.replaces != nil: // who takes a call over need not say where to
	case match.Exists():
	case p.exten == d.registry.Features().PickupExten:
		if p.replaces = d.groupPickup(p.peer); p.replaces == nil {
			d.notice(fmt.Sprintf("Nothing to pick up for %s", p.peerName()))
			return 503, "Unavailable"
		}
	case match.Partial() && p.settings.Overlap == OverlapYes:
		return 484, "Address Incomplete"
	case match.Partial() && p.settings.Overlap == OverlapDTMF && d.plan.Match(context, "s", 1, caller).Exists():
		p.exten = "s" // which collects the rest of the number as digits
	default:
		d.notice(fmt.Sprintf("Call from '%s' (%s) to extension '%s' rejected because extension not found in context '%s'.",
			p.peerName(), p.received, p.exten, context))
		return 404, "Not Found"
	}
	p.context = context
	return 0, ""
}

// dialled is the number that an INVITE asks for.
func (p *pvt) dialled(m *message.Message) string {
	uri := m.RequestURI()
	number := message.UnescapeString(uri.User)
	if p.d.cfg.General.LegacyUserOptions {
		number, _, _ = strings.Cut(number, ";")
	}
	return cmp.Or(number, "s")
}

// peerName is the section's name, "" for a guest.
func (p *pvt) peerName() string {
	if p.peer == nil {
		return ""
	}
	return p.peer.Name
}

// begin takes the dialog's state out of the INVITE (RFC 3261 12.1.1).
func (p *pvt) begin(m *message.Message) {
	d := p.d
	p.invite = m.Clone()
	p.open = p.invite
	p.callID = string(m.CallID())
	p.localTag = d.random.tag()
	p.remoteTag = string(m.FromTag())
	p.remoteSeq, _ = m.CSeq()
	p.hasRemoteSeq = true
	p.inviteSeq = p.remoteSeq
	p.localSeq = firstSeq - 1
	p.local = string(m.Header(message.HeaderTo))
	p.remote = withoutTag(m.From(), m.Header(message.HeaderFrom))
	p.route = d.from.route()
	p.by = p.settings
	p.useragent = string(m.Header(message.HeaderUserAgent))
	p.learnRoutes(m, false)
	p.learnTarget(m)
	p.learnAllow(m)
	if p.target == "" { // an INVITE without Contact: the best guess
		from := m.From()
		p.target = from.URI.String()
	}
	p.symmetric = p.settings.forceRPort(m, d.from)
	p.comedia = p.settings.comedia(m, d.from)
	p.aim(d, d.from.route(), p.symmetric)
	_, addr := d.localAddress(p.route)
	p.contact = d.contactOn(p.route, p.exten, p.beganSecure(m))
	p.media.addr = addr
	p.media.id = d.random.uint64() >> 33
	p.media.version = p.media.id
}

// firstSeq is the CSeq number that our dialogs begin with, as the field has it.
const firstSeq = 102

// withoutTag is a From or To header value without its tag.
func withoutTag(a *message.Address, raw []byte) string {
	if a.Tag() == nil {
		return string(raw)
	}
	b := message.AppendAddress(nil, a.Name(), a.URI.String())
	for name, value := range a.Params.All() {
		if strings.EqualFold(string(name), "tag") {
			continue
		}
		b = append(append(b, ';'), name...)
		if value != nil {
			b = append(append(b, '='), value...)
		}
	}
	return string(b)
}

// openMedia binds the call's RTP ports, on the media loop of the other leg.
func (p *pvt) openMedia(from *channel.Channel) error {
	o := p.sessionOptions(&p.d.cfg.General, nil)
	if from != nil {
		o.Near = from.Media()
	}
	s, err := p.d.media.NewSession(o)
	if err != nil {
		return err
	}
	p.media.session = s
	return nil
}

// provisional sends a 1xx response to the unanswered INVITE; media says that it
// is to have our description. An offer of ours has to arrive: a caller who cannot
// acknowledge the response gets none with it (RFC 3261 13.2.1).
func (p *pvt) provisional(status int, reason string, media bool) {
	if p.outgoing || p.phase != phaseEarly || p.server == nil {
		return
	}
	offer, _ := sessionBody(p.open)
	switch {
	case status > 100 && p.rel.wants(media, offer == nil):
		p.reliably(status, reason, media)
	case media && offer != nil && !p.rel.done():
		p.reply(p.server, p.open, status, reason, p.localSDP(), nil)
	default:
		p.reply(p.server, p.open, status, reason, nil, nil)
	}
	if status == 100 {
		return
	}
	p.stopReminder()
	p.reminder = p.d.sched.Add(remindAfter, func() time.Duration {
		p.reminder = 0
		defer p.d.recovered(p)
		p.provisional(status, reason, media)
		return 0
	})
}

// remindAfter is how often a ringing call says that it still does: proxies give
// it up after three minutes otherwise (RFC 3261 13.3.1.1).
const remindAfter = time.Minute

func (p *pvt) stopReminder() {
	if p.reminder != 0 {
		p.d.sched.Delete(p.reminder)
		p.reminder = 0
	}
}

// reply sends a response within the call.
func (p *pvt) reply(tx *transaction.Server, m *message.Message, status int, reason string, sdp []byte, extra func(*message.Builder)) {
	d := p.d
	b := &d.builder
	b.Reset(d.out[:0])
	b.Response(m, status, reason, p.localTag)
	b.Header(message.HeaderServer, d.server)
	b.Header(message.HeaderAllow, allowed)
	b.Header(message.HeaderSupported, p.supported())
	if m.Method() == message.INVITE && status < 300 {
		if status >= 200 {
			p.writeTimer(b, m)
		}
		b.Address(message.HeaderContact, "", p.contact, "")
		if status > 100 && !p.outgoing {
			p.identify(b)
		}
		if status == 181 {
			local, _ := d.localAddress(p.route)
			p.divert(b, string(appendHost(nil, local.Addr())), "")
		}
	}
	if extra != nil {
		extra(b)
	}
	if sdp != nil {
		b.Body(sdpType, sdp)
	}
	d.sent(tx.Respond(status, d.finish()))
}

// answer accepts the call.
func (p *pvt) answer() {
	if p.outgoing || p.phase != phaseEarly || p.server == nil {
		return
	}
	rel := p.rel
	if rel != nil && rel.open != nil && rel.open.described {
		rel.answer = true // a description waits for its PRACK (RFC 3262 3)
		return
	}
	rel.stop(p.d)
	p.phase = phaseUp
	p.stopReminder()
	var sdp []byte
	if !rel.done() {
		sdp = p.localSDP()
	}
	p.reply(p.server, p.open, 200, "OK", sdp, nil)
	p.note("is told 200 OK")
	p.startSessionTimer()
}

// localSDP is our description for the INVITE in hand: the answer to its offer, or
// an offer where it had none (RFC 3261 13.2.1).
func (p *pvt) localSDP() []byte {
	if offer, _ := sessionBody(p.open); offer != nil {
		return p.answerSDP(offer)
	}
	return p.offerSDP(true)
}

// refuse ends the unanswered call with a final response.
func (p *pvt) refuse(status int, reason string, extra func(*message.Builder)) {
	if p.server == nil {
		return
	}
	p.stopReminder()
	p.rel.stop(p.d)
	p.reply(p.server, p.open, status, reason, nil, extra)
	if !p.reinviting {
		p.noteStatus("is told ", status, reason)
	}
	p.server = nil
}

// cancelled handles CANCEL (RFC 3261 9.2).
func (d *Driver) cancelled(tx *transaction.Server, m *message.Message) {
	invite := tx.Cancels
	if invite == nil || invite.Route.Remote.Addr() != tx.Route.Remote.Addr() {
		// A stranger who guessed the branch does not end calls.
		d.respond(tx, m, 481, "Call leg/transaction does not exist", nil)
		return
	}
	tx.Keep()
	p, _ := invite.Owner.(*pvt)
	if p == nil || p.phase == phaseGone {
		d.respond(tx, m, 200, "OK", nil)
		return
	}
	defer d.recovered(p)
	p.keep(m)
	// First the answer to the CANCEL itself: callers expect it before the 487.
	p.reply(tx, m, 200, "OK", nil, nil)
	if p.server == invite && p.phase == phaseEarly {
		p.note("says CANCEL%s", reasonText(m))
		p.refuse(487, "Request Terminated", nil)
		p.phase = phaseEnding
		cause := channel.CauseNone
		if answeredElsewhere(m) {
			cause = channel.CauseAnsweredElsewhere
		} else if p.settings.Q850Reason {
			cause = reasonCause(m)
		}
		p.hangupChannel(cause)
	} else if p.server == invite && p.reinviting && invite.State() == transaction.Proceeding {
		p.refuse(487, "Request Terminated", nil)
		p.closeFax() // a fax that the other end did not answer yet
		p.reconsider()
		p.tryModify()
	}
}
