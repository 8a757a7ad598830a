package sip

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"pbx/channels/sip/digest"
	"pbx/channels/sip/message"
	"pbx/event"
)

// securityEvent logs a refused request at the level SECURITY, in the form that the
// field's programs read; it is there where logger.conf names that level.
func (d *Driver) securityEvent(m *message.Message, from source, reason string) {
	ctx := context.Background()
	name := securityNames[reason]
	if name == "" || !d.log.Enabled(ctx, event.LevelSecurity) {
		return
	}
	d.say(event.LevelSecurity, fmt.Sprintf(
		`SecurityEvent="%s",EventTV="%s",Severity="Error",Service="SIP",EventVersion="1",AccountID="%s",SessionID="%s",LocalAddress="%s",RemoteAddress="%s"`,
		name, d.now().Format(eventTV), fieldText([]byte(claimant(m))), fieldText(m.CallID()),
		securityAddr(from, from.local), securityAddr(from, from.addr)), nil)
}

// eventTV is the form of the time in security events.
const eventTV = "2006-01-02T15:04:05.000-0700"

// The severities of security events.
const (
	severityError         = "Error"
	severityInformational = "Informational"
)

// claimant is the name that the sender of a request goes by.
func claimant(m *message.Message) string {
	if m.Method() == message.REGISTER {
		return string(m.To().URI.User)
	}
	return string(m.From().URI.User)
}

// claimantChallenged and claimantProven are the same as the ancestor's events have
// it: the URI of who is challenged, and the extension that somebody may call.
func claimantChallenged(m *message.Message) string {
	if m.Method() == message.REGISTER {
		return claimant(m)
	}
	u := m.From().URI
	return plainURI(&u)
}

func claimantProven(m *message.Message) string {
	if m.Method() == message.REGISTER {
		return claimant(m)
	}
	u := m.RequestURI()
	return string(u.User)
}

const failedACL = "FailedACL"

// noTransport is the reason for a device that came by another transport than its own.
const noTransport = "Device not configured to use this transport type"

// ruleNames are the names that FailedACL has for what was broken.
var ruleNames = map[string]string{
	"Peer is not supposed to register":   "peer_not_dynamic",
	"Not a local domain":                 "domain_must_match",
	"Device does not match ACL":          "device_must_match_acl",
	"Contact is not allowed to be there": "contact_must_match_acl",
	"Address belongs to a static peer":   "contact_must_match_acl",
}

// disproof is what an event tells of what was wrong besides. What the answer to a
// challenge should have been is told to nobody: passwords can be tried on it.
func (d *Driver) disproof(m *message.Message, from source, name, reason string) []string {
	switch name {
	case failedACL:
		return []string{"ACLName", ruleNames[reason]}
	case "InvalidTransport":
		return []string{"AttemptedTransport", from.protocol.String()}
	case "InvalidPassword", "ChallengeResponseFailed":
	default:
		return nil
	}
	given, _, ok := credentialFor(m, d.realm(m), allAlgorithms)
	if !ok {
		return nil
	}
	if name == "InvalidPassword" {
		return []string{"ReceivedChallenge", string(given.Nonce), "ReceivedHash", string(given.Response)}
	}
	return []string{"Challenge", string(given.Nonce), "Response", string(given.Response)}
}

// allAlgorithms are those of digests that there are.
var allAlgorithms = []digest.Algorithm{digest.MD5, digest.SHA256, digest.SHA512256}

// tellSecurity tells the bus of what was asked and proven, as programs see it: more
// are headers and their values. The caller has asked whether anybody wants it.
func (d *Driver) tellSecurity(from source, name, severity, session, account string, more ...string) {
	now := d.now()
	var b strings.Builder
	line := func(header, value string) {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(header)
		b.WriteString(": ")
		b.WriteString(quotable([]byte(value)))
	}
	line("EventTV", now.Format(eventTV))
	line("Severity", severity)
	line("Service", "SIP")
	line("EventVersion", "1")
	line("AccountID", account)
	line("SessionID", session)
	line("LocalAddress", securityAddr(from, from.local))
	line("RemoteAddress", securityAddr(from, from.addr))
	for i := 0; i+1 < len(more); i += 2 {
		line(more[i], more[i+1])
	}
	d.bus.Publish(event.Event{Kind: event.Security, Time: now, Name: name, Value: account, Address: from.addr.String(), AppData: b.String()})
}

// fieldText is what came from the network as it may stand between double quotes.
func fieldText(b []byte) string {
	return strings.ReplaceAll(quotable(b), `"`, "?")
}

// securityAddr is an address as FAMILY/PROTOCOL/ADDRESS/PORT.
func securityAddr(from source, a netip.AddrPort) string {
	family := "IPV4"
	if a.Addr().Unmap().Is6() {
		family = "IPV6"
	}
	return fmt.Sprintf("%s/%v/%s/%d", family, from.protocol, a.Addr().Unmap(), a.Port())
}
