package dial

import (
	"strings"

	"pbx/channel"
	"pbx/event"
)

// unconditional is why a phone that answers 302 forwards, as far as it says.
const unconditional = "unconditional"

// forward follows a phone that sends its calls elsewhere (RFC 3261 section
// 8.1.3.4): dest is Technology/resource, or several, best first, or "" when the far
// end only tells that it forwards. The new leg takes the place of the old one.
func (c *call) forward(l *leg, dest string) {
	if !c.ignoreLine {
		c.tellForward(l, dest)
	}
	if dest == "" {
		return
	}
	c.sentRinging = false // that another phone rings is news
	if c.ignoreForward {
		c.verbose(3, "Forwarding %s to '%s' prevented.", l.ch.Name(), dest)
		c.notForwarded(l, channel.CauseUserBusy, "BUSY")
		return
	}
	if l.forwards >= maxForwards {
		c.log.Warn("Dial: too many forwards", "channel", l.ch.Name(), "to", dest)
		c.notForwarded(l, channel.CauseUserBusy, "BUSY")
		return
	}
	if cause, ok := c.instead(l, l, dest); !ok {
		c.notForwarded(l, cause, "CONGESTION")
	}
}

// tellForward tells the caller that its call goes on elsewhere, and who sends it there.
func (c *call) tellForward(l *leg, dest string) {
	switch far := l.ch.Identity(); {
	case dest == "" && c.single && far.RDNIS != "": // behind a Local channel
		c.caller.UpdateIdentity(func(id *channel.Identity) { id.RDNIS, id.RedirectReason = far.RDNIS, far.RedirectReason })
	case dest != "" && !c.ignoreForward && far.Caller.Number != "":
		c.caller.UpdateIdentity(func(id *channel.Identity) { id.RDNIS, id.RedirectReason = far.Caller.Number, unconditional })
	}
	if !c.single {
		return
	}
	c.sentRinging = false
	if !c.entertained() {
		c.indicate(channel.ControlForward)
	}
}

// instead calls the first of the places that can be called, in the place of l, thanks
// to another leg. Without any it tells why the last one could not.
func (c *call) instead(l, thanks *leg, places string) (cause channel.Cause, ok bool) {
	for places != "" && !ok {
		var dest string
		dest, places, _ = strings.Cut(places, channel.ForwardNext)
		cause, ok = c.redirect(l, thanks, dest, places)
	}
	return cause, ok
}

func (c *call) redirect(l, thanks *leg, dest, others string) (channel.Cause, bool) {
	c.verbose(3, "Now forwarding %s to '%s' (thanks to %s)", c.caller.Name(), dest, thanks.ch.Name())
	_, resource, _ := strings.Cut(dest, "/")
	next, cause, err := c.request(dest, resource, nil)
	if err != nil {
		c.notice("Forwarding failed to create channel to dial '%s' (cause = %d): %v", dest, int(cause), err)
		return cause, false
	}
	next.forwards, next.forwarder, next.next = thanks.forwards+1, thanks, others
	c.identify(next)
	c.identifyForward(thanks, next)
	c.publish(event.Forward, thanks, next.number)
	next.ch.SetVar("FORWARDERNAME", channel.Clean(thanks.ch.Name()))
	if !c.send(next) {
		c.notice("Forwarding failed to dial '%s'", dest)
		return channel.CauseNone, false
	}
	if c.noLimitForwarded {
		c.timeout, c.early = -1, -1
	}
	c.legs = append(c.legs, next)
	c.drop(l, "CANCEL")
	return channel.CauseNone, true
}

// notForwarded ends a leg whose forwarding did not come about; status is the word of
// DialEnd.
func (c *call) notForwarded(l *leg, cause channel.Cause, status string) {
	c.failed.count(cause)
	c.caller.SetCause(cause, "")
	c.publish(event.DialState, l, "FORWARD")
	c.drop(l, status)
}

// identifyForward says on the new leg who forwarded, and whom option f shows as
// the caller.
func (c *call) identifyForward(from, to *leg) {
	var forced channel.Party
	if c.forceID {
		forced = c.forced()
	}
	to.ch.UpdateIdentity(func(id *channel.Identity) {
		id.RDNIS, id.RedirectReason = from.number, unconditional
		if number := from.ch.Identity().Caller.Number; number != "" {
			id.RDNIS = number
		}
		if c.forceID {
			id.Connected = forced
		}
	})
}
