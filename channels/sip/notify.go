package sip

import (
	"slices"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/channels/sip/presence"
	"pbx/channels/sip/transaction"
)

// notify sends the subscription's NOTIFY (RFC 6665 4.2.2) with all there is to
// tell.
func (s *subscription) notify() {
	d := s.d
	if s.hint != nil && !s.hint.known {
		return // the first state is on its way, and tells again
	}
	if s.finding != nil {
		s.later(s.enqueue)
		return
	}
	s.pace.Sent(d.now())
	branch := d.random.branch()
	s.localSeq++
	if s.format == presence.Summary {
		s.speakAsMailbox()
	}
	b := s.dialog.begin(d, message.NOTIFY, branch, s.localSeq)
	body := s.document(d.body[:0])
	d.body = body
	if s.format == presence.Summary { // in the order that phones know
		d.event(b, s)
		b.Header(message.HeaderContentType, d.summaryType())
		s.state(b)
		b.Body("", body)
	} else {
		s.state(b)
		d.event(b, s)
		b.Body(s.format.MIME(), body)
	}
	s.version++
	var r transaction.Receiver = s
	out := d.finish()
	if s.reason != "" {
		r = nobody{}
		s.drop()
	}
	d.txs.Send(out, message.NOTIFY, branch, s.route, s.limit(transaction.Timers{T1: s.settings().T1}), r)
}

// state writes Subscription-State. Phones of the field know it without expires.
func (s *subscription) state(b *message.Builder) {
	if s.reason == "" {
		b.Header(message.HeaderSubscriptionState, "active")
		return
	}
	b.Header(message.HeaderSubscriptionState, "terminated;reason="+s.reason)
}

// event writes Event with the id that the phone gave it (RFC 6665 8.2.1).
func (d *Driver) event(b *message.Builder, s *subscription) {
	if s.eventID == "" {
		b.Header(message.HeaderEvent, s.format.Event())
		return
	}
	b.Header(message.HeaderEvent, s.format.Event()+";id="+s.eventID)
}

// document appends what the subscription tells.
func (s *subscription) document(b []byte) []byte {
	switch s.format {
	case presence.Summary:
		return s.d.appendSummary(b, s.peer, s.route)
	case presence.RegInfo:
		return s.appendRegInfo(b)
	}
	v := s.view()
	return v.Append(b, s.format)
}

// view is what the watcher of a hint is told.
func (s *subscription) view() presence.View {
	d, g := s.d, &s.d.cfg.General
	status := &s.hint.status
	v := presence.View{
		State: g.Ringing.Shown(status.State), Unregistered: status.Unregistered, Published: s.hint.published,
		Exten: s.exten, Entity: s.entity, Watcher: s.watcher, Version: s.version,
	}
	if g.NotifyCID != CIDNo && v.State&channel.ExtensionRinging != 0 {
		v.Identify = true
		v.CallID, v.LocalTag, v.RemoteTag = s.callID, s.remoteTag, s.localTag
		v.Caller, v.Callee = d.ringingParties(s)
	}
	return v
}

// ringingParties are who calls and who is called where a device of the hint
// rings; zero for what is not known or not to be told.
func (d *Driver) ringingParties(s *subscription) (caller, callee presence.Party) {
	for _, device := range s.hint.status.Devices {
		p := d.peerOfDevice(device)
		if p == nil {
			continue
		}
		for _, call := range slices.Backward(p.ringing) {
			if call.channel == nil || d.cfg.General.NotifyCID == CIDYes && !s.dialled(call) {
				continue
			}
			id := call.channel.Identity()
			return d.watchedParty(s, id.Connected), presence.Party{}
		}
	}
	return presence.Party{}, presence.Party{}
}

// dialled reports whether a ringing call is one to the extension that is watched,
// in the watcher's own context (notifycid=yes); otherwise the watcher would hear
// of calls that are none of its business.
func (s *subscription) dialled(call *pvt) bool {
	if call.out == nil || call.out.caller == nil {
		return false
	}
	at := call.out.caller.Location()
	return at.Context == s.context && at.Exten == s.exten
}

// watchedParty is a party as a watcher sees it: nothing of one that hides.
func (d *Driver) watchedParty(s *subscription, p channel.Party) presence.Party {
	if p.Number == "" || p.Restricted() {
		return presence.Party{}
	}
	return presence.Party{Name: p.Name, URI: "sip:" + string(message.AppendEscaped(nil, p.Number)) + "@" + s.host}
}
