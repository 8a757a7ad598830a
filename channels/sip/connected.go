package sip

import (
	"pbx/channel"
	"pbx/channels/sip/message"
)

// Who an end talks to changes within a call: a transfer, a pickup, a forwarded
// call. The far end is told where sendrpid= has it, and believed where trustrpid=
// does (RFC 3325, RFC 5876).

// party is who we say the far end talks to, or that we call for, and what that is
// in a Remote-Party-ID.
func (p *pvt) party() (c channel.Party, role, domain string) {
	id := p.channel.Identity()
	if p.outgoing {
		c = id.Connected
		if c.Number == "" && c.Name == "" {
			c = id.Caller
		}
		return c, "calling", p.out.domain
	}
	local, _ := p.d.localAddress(p.route)
	return id.Connected, "called", string(appendHost(nil, local.Addr()))
}

// identify writes the party into a message to the far end.
func (p *pvt) identify(b *message.Builder) {
	if p.settings.Identify == IdentifyNone || p.channel == nil {
		return
	}
	c, role, domain := p.party()
	p.told = c
	p.present(b, c, role, domain)
}

// connectedLine tells the far end that it talks to somebody else now: after the
// answer with UPDATE where rpid_update= has it and the far end takes it, or else with
// a re-INVITE; before it in the next response, or at once with rpid_immediate=.
func (p *pvt) connectedLine() {
	if p.settings.Identify == IdentifyNone {
		return
	}
	if c, _, _ := p.party(); c.Number == "" || c == p.told {
		return
	}
	switch {
	case p.phase == phaseUp:
		p.modify(changeLine)
	case p.phase != phaseEarly:
	case p.outgoing:
		p.updateEarly()
	case p.settings.RPIDImmediate && p.server != nil && p.progress:
		p.provisional(183, "Session Progress", true)
	case p.settings.RPIDImmediate && p.server != nil:
		p.provisional(180, "Ringing", false)
	}
}

// updateEarly tells the phones that ring who calls them now. The one that answers is
// told then where this cannot be.
func (p *pvt) updateEarly() {
	if !p.settings.RPIDUpdate || !p.allowsUpdate {
		return
	}
	d := p.d
	for _, e := range p.out.early {
		e.localSeq++
		branch := d.random.branch()
		b := e.begin(d, message.UPDATE, branch, e.localSeq)
		p.identify(b)
		d.txs.Send(d.finish(), message.UPDATE, branch, e.route, p.timers(), nobody{})
	}
}

// strange reports whether the far end was told of another party than it has now.
func (p *pvt) strange() bool {
	if p.settings.Identify == IdentifyNone {
		return false
	}
	c, _, _ := p.party()
	return c.Number != "" && c != p.told
}

// heard takes over who the far end says it is, and tells the other end of the call.
func (p *pvt) heard(m *message.Message) {
	if !p.settings.TrustRPID || p.channel == nil || p.phase == phaseEnding || p.phase == phaseGone {
		return
	}
	c := p.channel.Identity().Caller
	before := c
	if !p.asserted(m, &c) {
		return
	}
	c.HasNumber = c.Number != ""
	if c == before {
		return
	}
	p.channel.UpdateIdentity(func(id *channel.Identity) { id.Caller = c })
	p.channel.Queue(channel.Frame{Kind: channel.FrameControl, Control: channel.ControlConnectedLine, Data: c})
}
