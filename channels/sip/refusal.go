package sip

import (
	"slices"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/channels/sip/message"
)

// refused handles a final response that is no answer.
func (p *pvt) refused(m *message.Message) {
	status := m.Status()
	p.note("says %d %s%s", status, m.Reason(), reasonText(m))
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
	case 300, 301, 302, 305:
		p.redirected(m)
		return
	}
	cause := causeOfStatus(status)
	if p.settings.Q850Reason {
		if c := reasonCause(m); c != channel.CauseNone {
			cause = c
		}
	}
	p.decided.Store(status >= 600)
	p.turnedDown(status, cause, techCause(m))
	if status >= 600 && p.fork != nil { // whoever says so speaks for all (RFC 3261 16.7, 21.6)
		p.fork.refused = true
		p.d.calls.each(func(o *pvt) {
			if o != p && o.fork == p.fork && o.phase == phaseEarly && o.client != nil {
				o.decided.Store(true)
				o.client.Cancel("SIP;cause=" + strconv.Itoa(status))
				o.turnedDown(status, cause, techCause(m))
			}
		})
	}
}

// Decided implements channel.Decider.
func (p *pvt) Decided() bool { return p.decided.Load() }

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

// redirected hands the caller the places that a 3xx response names (RFC 3261
// 8.1.3.4): with promiscredir whatever they are, the highest q first; a number in
// the peer's context otherwise.
func (p *pvt) redirected(m *message.Message) {
	p.phase = phaseEnding
	p.uncount()
	p.channel.SetCause(channel.CauseNormalClearing, techCause(m))
	places := p.places(m)
	if len(places) == 0 {
		p.hangupChannel(channel.CauseNormalClearing)
		return
	}
	p.channel.Queue(channel.Frame{Kind: channel.FrameControl, Control: channel.ControlForward, Text: strings.Join(places, channel.ForwardNext)})
}

// maxPlaces bounds the contacts of a 3xx response that are tried.
const maxPlaces = 8

func (p *pvt) places(m *message.Message) (list []string) {
	type place struct {
		dest string
		q    int
	}
	var found []place
	for a := range m.Contacts() {
		if dest := p.place(&a.URI); dest != "" && !a.Wildcard && len(found) < maxPlaces {
			q := 1000
			if v, ok := a.Params.Get("q"); ok {
				q = parseQ(v)
			}
			found = append(found, place{dest, q})
		}
	}
	slices.SortStableFunc(found, func(a, b place) int { return b.q - a.q })
	for _, f := range found {
		list = append(list, f.dest)
	}
	if !p.settings.PromiscRedirect && len(list) > 1 {
		return list[:1] // what comes to the dialplan is its own to go on with
	}
	return list
}

// place is what is dialled for a URI, "" for nothing. What the network says cannot
// become more than one number, name a device, or bring credentials along.
func (p *pvt) place(u *message.URI) string {
	if !u.IsSIP() && !u.IsTel() {
		return ""
	}
	user, host := message.UnescapeString(u.User), string(u.Host)
	if strings.ContainsAny(user, "&/@,:!|") {
		return ""
	}
	if p.settings.PromiscRedirect && host != "" {
		if section := p.d.peer(host); section != nil && section != p.peer && u.Port == 0 {
			return ""
		}
		if secureURI(u.String()) { // never by anything but TLS (RFC 3261 26.2.2)
			user += "::::tls"
		}
		return "SIP/" + user + "@" + string(message.AppendHostPort(nil, host, u.Port))
	}
	if user == "" {
		return ""
	}
	context := p.settings.Context
	if v, ok := p.channel.Var("FORWARD_CONTEXT"); ok && v.S != "" {
		context = v.S
	}
	return "Local/" + user + "@" + context
}
