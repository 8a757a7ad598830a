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
func Environ(t channel.Thread) []string { return For(t, "").Env }

// For is a command of a call: its environment, and the request on its standard
// input where PROGRAM_STDIN asks for it.
func For(t channel.Thread, line string) Command {
	c, ch := Command{Line: line}, t.Channel()
	leg, ok := ch.Leg().(channel.Requested)
	if !ok {
		return c
	}
	var text []byte
	text, c.Env = leg.Request(t.Location().Exten)
	if v, _ := ch.Var(StdinVariable.Name); strings.EqualFold(v.S, "request") {
		c.Stdin = bytes.NewReader(text)
	}
	return c
}
