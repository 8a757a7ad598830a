package sip

import (
	"bytes"

	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
)

// Outbound (RFC 5626): a device registers the connection that it keeps open, or
// several, each with a number of its own (reg-id). What is sent to the device goes
// by one of them.

// The option tags of a registrar (RFC 5626 11.5, RFC 5627 9.3).
const (
	optionOutbound = "outbound"
	optionGRUU     = "gruu"
)

// supports reports whether a request names an option tag in Supported or Require.
func supports(m *message.Message, tag string) bool {
	for _, id := range [...]message.HeaderID{message.HeaderSupported, message.HeaderRequire} {
		for v := range m.Values(id) {
			if bytes.EqualFold(v, []byte(tag)) {
				return true
			}
		}
	}
	return false
}

// outbound settles whether the contacts of a REGISTER are flows (RFC 5626 6). It
// returns the status that refuses it.
func (r *registration) outbound() (status int, reason string) {
	flows := 0
	for _, c := range r.wanted {
		if c.RegID != 0 {
			flows++
		}
	}
	switch {
	case flows == 0:
		return 0, ""
	case !supports(r.m, optionOutbound):
		for _, c := range r.wanted {
			c.RegID = 0
		}
		return 0, ""
	case len(r.wanted) > 1:
		return 400, "Bad Request: one Contact with reg-id"
	case viaProxy(r.m) && !pathOutbound(r.m):
		return 439, "First Hop Lacks Outbound Support"
	}
	r.flow = true
	return 0, ""
}

// viaProxy reports whether a request came through a proxy.
func viaProxy(m *message.Message) bool {
	n := 0
	for range m.Values(message.HeaderVia) {
		n++
	}
	return n > 1
}

// pathOutbound reports whether the proxy next to the device keeps flows: the one
// that stands last in Path has the parameter ob (RFC 5626 5.1).
func pathOutbound(m *message.Message) (ob bool) {
	for a := range m.Addresses(message.HeaderPath) {
		ob = a.URI.Params.Has("ob")
	}
	return ob
}

// flowTimer is how often a device shows that its connection lives, in seconds
// (RFC 5626 4.4). Over UDP that takes STUN (RFC 5389), which is not answered here, so
// only connections are asked for it.
const flowTimer = 120

// endsWith reports whether a contact is over when a connection is: its device said
// that it is reached by that and nothing else, or cannot be called at all.
func (c *Contact) endsWith(f transaction.Flow) bool {
	return c.Flow == f && (c.RegID != 0 || c.Protocol.Web())
}
