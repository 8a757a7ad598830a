package dial

import (
	"strings"

	"pbx/channel"
	"pbx/event"
)

// forward follows a phone that sends its calls elsewhere (RFC 3261 section
// 8.1.3.4): dest is Technology/resource, or "" when the far end only tells that
// it forwards. The new leg takes the place of the old one.
func (c *call) forward(l *leg, dest string) {
	if number := l.ch.Identity().Caller.Number; number != "" && dest != "" && !c.ignoreForward {
		c.caller.UpdateIdentity(func(id *channel.Identity) { id.RDNIS = number })
	}
	if c.single && !c.entertained() {
		c.indicate(channel.ControlForward)
	}
	if dest == "" {
		return
	}
	if c.ignoreForward {
		c.verbose(3, "Forwarding %s to '%s' prevented.", l.ch.Name(), dest)
		c.notForwarded(l, channel.CauseUserBusy)
		return
	}
	if l.forwards >= maxForwards {
		c.log.Warn("Dial: too many forwards", "channel", l.ch.Name(), "to", dest)
		c.notForwarded(l, channel.CauseUserBusy)
		return
	}
	c.verbose(3, "Now forwarding %s to '%s' (thanks to %s)", c.caller.Name(), dest, l.ch.Name())
	_, resource, _ := strings.Cut(dest, "/")
	next, cause, err := c.request(dest, resource, nil)
	if err != nil {
		c.notice("Forwarding failed to create channel to dial '%s' (cause = %d): %v", dest, int(cause), err)
		c.notForwarded(l, cause)
		return
	}
	next.forwards = l.forwards + 1
	c.identify(next)
	c.identifyForward(l, next)
	c.set("FORWARDERNAME", l.ch.Name())
	next.ch.SetVar("FORWARDERNAME", channel.Clean(l.ch.Name()))
	if !c.send(next) {
		c.notice("Forwarding failed to dial '%s'", dest)
		c.notForwarded(l, channel.CauseNone)
		return
	}
	if c.noLimitForwarded {
		c.timeout, c.early = -1, -1
	}
	c.legs = append(c.legs, next)
	c.drop(l, "CANCEL")
}

// notForwarded ends a leg whose forwarding did not come about.
func (c *call) notForwarded(l *leg, cause channel.Cause) {
	c.failed.count(cause)
	c.caller.SetCause(cause, "")
	c.publish(event.DialState, l, "FORWARD")
	c.drop(l, "CANCEL")
}

// identifyForward says on the new leg who forwarded, and whom option f shows as
// the caller.
func (c *call) identifyForward(from, to *leg) {
	to.ch.UpdateIdentity(func(id *channel.Identity) {
		id.RDNIS = from.number
		if number := from.ch.Identity().Caller.Number; number != "" {
			id.RDNIS = number
		}
		if !c.forceID {
			return
		}
		id.Connected = party(c.forcedID)
		if c.forcedID == "" {
			id.Connected = channel.Party{Number: c.number, HasNumber: c.number != ""}
		}
		id.Connected.Presentation = c.forcedPresentation
	})
}
