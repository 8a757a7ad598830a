package sip

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

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
	who := m.From()
	if m.Method() == message.REGISTER {
		who = m.To()
	}
	d.say(event.LevelSecurity, fmt.Sprintf(
		`SecurityEvent="%s",EventTV="%s",Severity="Error",Service="SIP",EventVersion="1",AccountID="%s",SessionID="%s",LocalAddress="%s",RemoteAddress="%s"`,
		name, d.now().Format("2006-01-02T15:04:05.000-0700"), fieldText(who.URI.User), fieldText(m.CallID()),
		securityAddr(from, from.local), securityAddr(from, from.addr)), nil)
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
