package sip

import (
	"fmt"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

// headerVariable is the prefix of the channel variables that hold the headers
// which SIPAddHeader queued; the outgoing INVITE reads them from its channel.
const headerVariable = "SIPADDHEADER"

// headerLimit bounds the headers of one call.
const headerLimit = 50

// Applications declares the driver's own dialplan applications.
func (d *Driver) Applications() []channel.Application {
	return []channel.Application{
		{
			Name: "SIPAddHeader", Synopsis: "Add a SIP header to the outbound call",
			Help: "The header is sent with the INVITE of the next Dial, and those after it. Give it as Name: value.",
			Args: []decl.Arg{{Name: "Header: Content"}}, Raw: true, Run: addHeader,
		},
		{
			Name: "SIPRemoveHeader", Synopsis: "Remove SIP headers previously added with SIPAddHeader",
			Help: "Without an argument all of them are taken away, with one those that begin with it.",
			Args: []decl.Arg{{Name: "Header", Optional: true}}, Raw: true, Run: removeHeader,
		},
		{
			Name: "SIPDtmfMode", Synopsis: "Change the DTMF mode for a SIP call",
			Help: "The mode holds until the end of the call.",
			Args: []decl.Arg{{Name: "mode", Help: "rfc2833, info, shortinfo, inband or auto"}}, Run: d.changeDTMF,
		},
	}
}

func addHeader(t channel.Thread, args *decl.Args) error {
	line := strings.TrimSpace(args.Raw)
	if line == "" {
		t.Log().Warn("This application requires the argument: Header")
		return nil
	}
	if !cleanHeader(line) {
		t.Log().Warn("SIPAddHeader: expected Name: value on one line", "given", line)
		return nil
	}
	if !queueHeader(t.Channel(), channel.Value{S: line, Taint: args.Taint}) {
		t.Log().Warn("SIPAddHeader: too many headers", "limit", headerLimit)
	}
	return nil
}

// queueHeader has the calls that ch dials carry a header.
func queueHeader(ch *channel.Channel, line channel.Value) bool {
	for n := 1; n <= headerLimit; n++ {
		name := fmt.Sprintf("%s%02d", headerVariable, n)
		if _, taken := ch.Var(name); taken {
			continue
		}
		// Two underscores: the channel that is dialled inherits it.
		ch.SetVar("__"+name, line)
		return true
	}
	return false
}

func removeHeader(t channel.Thread, args *decl.Args) error {
	prefix := strings.TrimSpace(args.Raw)
	ch := t.Channel()
	for _, v := range ch.Variables() {
		if strings.HasPrefix(v.Name, headerVariable) && hasPrefixFold(v.Value.S, prefix) {
			ch.UnsetVar(v.Name)
		}
	}
	return nil
}

func (d *Driver) changeDTMF(t channel.Thread, args *decl.Args) error {
	p := d.call(t)
	if p == nil {
		t.Log().Warn("Call this application only on SIP incoming calls")
		return nil
	}
	mode := strings.ToLower(args.Arg(0))
	for m := DTMFRFC2833; m <= DTMFAuto; m++ {
		if m.String() == mode {
			p.setDTMF(m)
			return nil
		}
	}
	t.Log().Warn("I don't know about this dtmf mode", "mode", args.Arg(0))
	return nil
}

// setDTMF changes how the digits of this call travel.
func (p *pvt) setDTMF(m DTMFMode) { p.dtmfMode.Store(uint32(m) + 1) }

// dtmf is how they travel. Any goroutine may ask.
func (p *pvt) dtmf() DTMFMode {
	if m := p.dtmfMode.Load(); m > 0 {
		return DTMFMode(m - 1)
	}
	return p.settings.DTMFMode
}
