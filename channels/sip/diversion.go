package sip

import (
	"bytes"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/channels/sip/message"
)

// diversion is who sent a call elsewhere, and why: by the Diversion header (RFC
// 5806), or by History-Info (RFC 7044) where that is all there is.
type diversion struct {
	number, domain string
	reason         string // a word of RFC 5806, "unknown" when nothing is said
}

// diversionOf reads who diverted the call last; ok is false when nobody did.
func diversionOf(m *message.Message) (v diversion, ok bool) {
	if a, ok := m.Address(message.HeaderDiversion); ok && len(a.URI.User) > 0 {
		reason, _ := a.Params.Get("reason")
		return newDiversion(&a.URI, string(bytes.Trim(reason, `"`))), true
	}
	// Each entry is a place that the call was sent to. The one that it did not stay
	// at says why, by a Reason within it (RFC 7044 5.4), or the next one does, by its
	// cause parameter (RFC 4458 2).
	var before *message.URI
	for a := range m.Addresses(message.HeaderHistoryInfo) {
		if cause, has := a.URI.Params.Get("cause"); has && before != nil && len(before.User) > 0 {
			v, ok = newDiversion(before, causeReason(string(cause))), true
		}
		if cause, has := reasonWithin(a.URI.Headers); has && len(a.URI.User) > 0 {
			v, ok = newDiversion(&a.URI, causeReason(cause)), true
		}
		uri := a.URI
		before = &uri
	}
	return v, ok
}

func newDiversion(u *message.URI, reason string) diversion {
	if reason == "" || strings.ContainsAny(reason, "\r\n\"\\") {
		reason = "unknown"
	}
	return diversion{message.UnescapeString(u.User), string(u.Host), reason}
}

// reasonWithin finds the cause of a SIP Reason among the headers of a URI.
func reasonWithin(headers []byte) (cause string, ok bool) {
	for h := range bytes.SplitSeq(headers, []byte("&")) {
		name, value, _ := bytes.Cut(h, []byte("="))
		if !bytes.EqualFold(name, []byte("Reason")) {
			continue
		}
		p := message.Params(";" + message.UnescapeString(value))
		if c, has := p.Get("cause"); has && p.Has("SIP") {
			return string(c), true
		}
	}
	return "", false
}

// diversionCauses are the causes of RFC 4458 and RFC 7544 with the words of RFC 5806.
var diversionCauses = []struct{ cause, reason string }{
	{"302", "unconditional"}, {"486", "user-busy"}, {"408", "no-answer"}, {"480", "deflection"}, {"503", "unavailable"}, {"404", "unknown"},
}

func causeReason(cause string) string {
	for _, c := range diversionCauses {
		if c.cause == cause {
			return c.reason
		}
	}
	return "unknown"
}

func reasonCauseOf(reason string) string {
	for _, c := range diversionCauses {
		if c.reason == reason {
			return c.cause
		}
	}
	return "404"
}

// variables tell the dialplan of it, in the ancestor's names.
func (v *diversion) variables() []channel.Variable {
	return []channel.Variable{
		{Name: "SIPRDNISDOMAIN", Value: channel.Tainted(v.domain)},
		{Name: "PRIREDIRECTREASON", Value: channel.Tainted(v.reason), Inherit: channel.Descendants},
		{Name: "SIPREDIRECTREASON", Value: channel.Tainted(v.reason), Inherit: channel.Descendants},
	}
}

// divert writes who sent the call here (send_diversion, send_history_info) into an
// INVITE of ours, or into the 181 that tells the caller.
func (p *pvt) divert(b *message.Builder, domain, target string) {
	id, g := p.channel.Identity(), &p.d.cfg.General
	if id.RDNIS == "" {
		return
	}
	reason := id.RedirectReason
	if reason == "" {
		reason = "unknown"
	}
	uri := "sip:" + string(message.AppendEscaped(nil, id.RDNIS)) + "@" + domain
	if g.SendDiversion {
		word := reason
		if !message.IsToken(reason) {
			word = strconv.Quote(reason)
		}
		b.Address(message.HeaderDiversion, "", uri, ";reason="+word)
	}
	if g.SendHistoryInfo && target != "" {
		b.Header(message.HeaderHistoryInfo, "<"+uri+"?Reason=SIP%3Bcause%3D"+reasonCauseOf(reason)+">;index=1, <"+target+">;index=1.1;mp=1")
	}
}
