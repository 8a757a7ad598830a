package program

import (
	"bytes"
	"strings"

	"pbx/channel"
)

// Environ is what a program is told in its environment of the message that brought
// the call: SIP_HF_NAME for every header, and SIP_TID, SIP_DID, SIP_SRCIP, SIP_RURI,
// SIP_ORURI, SIP_USER, SIP_OUSER. It is empty for a call that came without one.
// The values are the network's; a program quotes what it hands on.
func Environ(ch *channel.Channel) []string {
	leg, ok := ch.Leg().(channel.Requested)
	if !ok {
		return nil
	}
	_, facts := leg.Request()
	return facts
}

// Message is that message, whole.
func Message(ch *channel.Channel) []byte {
	leg, ok := ch.Leg().(channel.Requested)
	if !ok {
		return nil
	}
	text, _ := leg.Request()
	return text
}

// For is a command of a call: its environment, and the request on its standard
// input where PROGRAM_STDIN asks for it.
func For(ch *channel.Channel, line string) Command {
	c := Command{Line: line}
	leg, ok := ch.Leg().(channel.Requested)
	if !ok {
		return c
	}
	var text []byte
	text, c.Env = leg.Request()
	if v, _ := ch.Var(StdinVariable.Name); strings.EqualFold(v.S, "request") {
		c.Stdin = bytes.NewReader(text)
	}
	return c
}
