package sip

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pbx/channels/sip/message"
	"pbx/event"
)

// Notes are what `core explain` tells of a call that only the driver knows. They
// are made when somebody listens.

// note tells one thing about the call's channel.
func (p *pvt) note(format string, args ...any) {
	if p.noted() {
		p.publish(fmt.Sprintf(format, args...))
	}
}

// noted reports whether anybody hears notes.
func (p *pvt) noted() bool { return p.channel != nil && p.d.bus.Wants(event.Note) }

func (p *pvt) publish(note string) {
	p.channel.Publish(event.Event{Kind: event.Note, Name: "SIP", Value: note, AppData: p.callID})
}

// noteStatus is a note of a response.
func (p *pvt) noteStatus(who string, status int, reason string) {
	if p.noted() {
		p.publish(who + strconv.Itoa(status) + " " + reason)
	}
}

// introduce tells who calls, how that is known, and what it had to prove.
func (p *pvt) introduce(m *message.Message) {
	if !p.noted() {
		return
	}
	d := p.d
	at := d.from.addr.String() + " by " + d.from.protocol.String()
	if p.peer == nil {
		p.publish("calls from " + at + ": no section of sip.conf fits, a guest (allowguest)")
		return
	}
	by := ""
	switch _, how := d.identify(m, d.from); how {
	case byName:
		by = "by the name in From"
		if d.cfg.General.MatchAuthUsername {
			by = "by the user name of its credentials, or in From (match_auth_username)"
		}
	case byCalledNumber:
		by = "by its address and the number called, " + p.exten + ", under which we are registered there"
	case byConnection:
		by = "by its connection"
	case byAddress:
		by = "by its address and port"
		if !slices.Contains(p.peer.located, unmapPort(d.from.addr)) {
			by = "by its address (insecure=port)"
		}
	}
	p.publish("calls from " + at + ": section [" + p.peer.Name + "] of sip.conf (" + p.peer.Pos.String() + "), " + by)
	switch {
	case !p.peer.hasSecret():
		p.publish("was not asked for a password: the section has none")
	case p.peer.InsecureInvite:
		p.publish("was not asked for a password: insecure=invite")
	default:
		_, alg, _ := credentialFor(m, d.realm(m), p.peer.Digest)
		p.note("knew the password (digest %v)", alg)
	}
}

// noteOffer tells where an outbound call goes and what it offers.
func (p *pvt) noteOffer() {
	if !p.noted() {
		return
	}
	names := make([]string, len(p.media.offered))
	for i, f := range p.media.offered {
		names[i] = f.Name
	}
	p.publish("gets INVITE at " + p.route.Remote.String() + " by " + p.route.Protocol.String() + ", with " + strings.Join(names, ", ") + " offered")
}

// noteCodec tells which codec is sent, and why that one.
func (p *pvt) noteCodec() {
	a := &p.media.agreed
	if !p.noted() || len(a.codecs) == 0 {
		return
	}
	send := p.sendCodec().Name
	if send == p.media.noted {
		return
	}
	p.media.noted = send
	both := strings.Join(a.formats(), ", ")
	why := "first in its list of what both have"
	switch {
	case len(a.codecs) == 1 && p.settings.PreferredCodecOnly:
		why = "the first that both have (preferred_codec_only)"
	case len(a.codecs) == 1:
		why = "the only one that both have"
	case send == p.media.prefer:
		why = "that of the other leg, or as SIP_CODEC says"
	case send != a.codecs[0].Name:
		why = "the first that prompts can be turned into"
	case p.peer != nil && p.peer.IgnorePref && !p.outgoing:
		why = "first in our list of what both have (ignore_requested_pref)"
	}
	p.publish("is sent " + send + ": " + why + " (" + both + ")")
}

// reasonText is what a Reason header says (RFC 3326), for a note.
func reasonText(m *message.Message) string {
	if v := m.Header(message.HeaderReason); len(v) > 0 {
		return ", Reason " + string(v)
	}
	return ""
}

// noteRefused tells of an INVITE that was refused before it had a channel; status is
// 0 where authentication chose it.
func (d *Driver) noteRefused(m *message.Message, status int, reason, why string) {
	from, uri := m.From(), m.RequestURI()
	if status != 0 {
		why = strings.TrimSpace(fmt.Sprintf("%d %s: %s", status, reason, why))
	}
	d.bus.Publish(event.Event{
		Kind: event.Note, Name: event.RefusedCall, Time: d.now(), CallerNum: message.UnescapeString(from.URI.User),
		Exten: message.UnescapeString(uri.User), AppData: string(m.CallID()), Address: d.from.addr.String(), Value: why,
	})
}

// whyNot is why a call was refused, as far as the status does not say it.
func (p *pvt) whyNot(m *message.Message, status int) string {
	switch status {
	case 404:
		return fmt.Sprintf("context %s has no extension %s", p.settings.Context, p.exten)
	case 484:
		return fmt.Sprintf("context %s has longer numbers than %s", p.settings.Context, p.exten)
	case 488, 415, 400:
		return "no audio that both have; allow= is " + codecText(p.settings.Codecs)
	case 403:
		return "the domain is not ours (allowexternaldomains)"
	case 480, 486:
		return "its call-limit is reached"
	}
	if uri := m.RequestURI(); len(uri.User) > 0 {
		return "to " + p.exten
	}
	return "see the log"
}
