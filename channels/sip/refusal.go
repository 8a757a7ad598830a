package sip

import (
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/channels/sip/message"
)

// refused handles a final response that is no answer.
func (p *pvt) refused(m *message.Message) {
	status := m.Status()
	if p.phase != phaseEarly { // cancelled: this is its 487
		p.destroy(channel.CauseNormalClearing)
		return
	}
	switch status {
	case 401, 407:
		if p.proves(m) {
			p.invitePeer()
			return
		}
	case 422: // RFC 4028 7.4
		if n := m.Seconds(message.HeaderMinSE); n > p.out.minSE && n <= 86400 && p.settings.SessionTimers == TimersOriginate {
			p.out.minSE = n
			p.invitePeer()
			return
		}
	case 503: // RFC 3263 4.3
		if wait, _ := unavailable(m); p.elsewhere("503", wait) {
			return
		}
	case 301, 302, 305:
		p.redirected(m)
		return
	}
	cause := causeOfStatus(status)
	if p.settings.Q850Reason {
		if c := reasonCause(m); c != channel.CauseNone {
			cause = c
		}
	}
	p.turnedDown(status, cause, techCause(m))
	if status >= 600 && p.fork != nil { // whoever says so speaks for all (RFC 3261 16.7, 21.6)
		p.fork.refused = true
		p.d.calls.each(func(o *pvt) {
			if o != p && o.fork == p.fork && o.phase == phaseEarly && o.client != nil {
				o.client.Cancel("SIP;cause=" + strconv.Itoa(status))
				o.turnedDown(status, cause, techCause(m))
			}
		})
	}
}

// turnedDown tells the channel of a final response that is no answer.
func (p *pvt) turnedDown(status int, cause channel.Cause, tech string) {
	p.channel.SetCause(cause, tech)
	p.setRinging(false)
	p.phase = phaseEnding
	p.uncount()
	control := controlOfStatus(status)
	if control == channel.ControlHangup {
		p.hangupChannel(cause)
		return
	}
	if status == 480 { // the field tells the caller that the call went elsewhere
		p.channel.Queue(channel.Frame{Kind: channel.FrameControl, Control: channel.ControlForward})
	}
	p.channel.Queue(channel.Frame{Kind: channel.FrameControl, Control: control, Cause: cause})
}

// redirected hands the caller the place that a 3xx response names: a number in
// the peer's context, or with promiscredir whatever it is.
func (p *pvt) redirected(m *message.Message) {
	p.phase = phaseEnding
	p.uncount()
	p.channel.SetCause(channel.CauseNormalClearing, techCause(m))
	a, ok := m.Contact()
	if !ok || !a.URI.IsSIP() && !a.URI.IsTel() {
		p.hangupChannel(channel.CauseNormalClearing)
		return
	}
	user := message.UnescapeString(a.URI.User)
	context := p.settings.Context
	if v, ok := p.channel.Var("FORWARD_CONTEXT"); ok && v.S != "" {
		context = v.S
	}
	dest := "Local/" + user + "@" + context
	if p.settings.PromiscRedirect && len(a.URI.Host) > 0 {
		dest = "SIP/" + user + "@" + string(message.AppendHostPort(nil, a.URI.Host, a.URI.Port))
	} else if user == "" || strings.ContainsAny(user, "&/@,") {
		// What the network says cannot become more than one number.
		p.hangupChannel(channel.CauseNormalClearing)
		return
	}
	p.channel.Queue(channel.Frame{Kind: channel.FrameControl, Control: channel.ControlForward, Text: dest})
}
