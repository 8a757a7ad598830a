package sip

import "pbx/channels/sip/message"

// claim reports whether a header says who somebody is or where a call has been, or
// is a private agreement (X-…): what only somebody we know is believed. Such headers
// of a guest are not there for the dialplan; compat=asterisk leaves them.
func claim(name []byte) bool {
	switch message.HeaderIDOf(name) {
	case message.HeaderPAssertedIdentity, message.HeaderRemotePartyID, message.HeaderDiversion, message.HeaderHistoryInfo,
		message.HeaderIdentity, message.HeaderIdentityInfo:
		return true
	}
	return hasPrefixFold(string(name), "X-")
}

// hides reports whether the dialplan is not shown a header of the call.
func (p *pvt) hides(name []byte) bool { return !p.trusted() && !p.d.cfg.General.Compat && claim(name) }
