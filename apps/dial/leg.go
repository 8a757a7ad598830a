package dial

import (
	"errors"
	"slices"
	"strings"
	"time"

	"pbx/channel"
	"pbx/dialplan/program"
	"pbx/event"
)

// leg is one device that was called.
type leg struct {
	ch       *channel.Channel
	dest     string // Tech/resource
	number   string // resource
	forwards int
	made     time.Time
	// forwarder is the leg that sent the call here, nil for none; next are the other
	// places that it named, divided by channel.ForwardNext, for when this one comes to
	// nothing.
	forwarder *leg
	next      string
	// early says that the caller hears the leg.
	early bool
	// presetID says that the driver knew the callee's number.
	presetID bool
}

// maxForwards ends a chain of phones that forward to each other.
const maxForwards = 5

// place makes and calls a leg for each destination that can be reached. An error
// is the caller's end.
func (c *call) place(dests []destination) error {
	dialled, _ := c.caller.Var("DYNAMIC_FEATURES")
	c.alone = len(dests) == 1 && c.leavesAlone() && dialled.S == ""
	var legs []*leg
	for i, d := range dests {
		branches := c.fork(d)
		c.alone = c.alone && len(branches) == 1
		for _, b := range branches {
			if b.After > 0 {
				c.postpone(d, b)
			} else if l := c.try(d, b.Target, i == len(dests)-1); l != nil {
				legs = append(legs, l)
			}
		}
	}
	if err := c.launch(legs); err != nil {
		return err
	}
	if err := c.advance(); err != nil {
		return err
	}
	c.single = len(c.legs) == 1
	if c.single && c.legs[0].presetID && !c.ignoreLine {
		c.showCallee(c.legs[0])
	}
	return nil
}

// try makes the leg of one device, whose cause is the caller's if it is the last and
// cannot be called; nil without a leg.
func (c *call) try(d destination, target any, last bool) *leg {
	c.lines++
	dest := d.String()
	if d.refused != "" {
		c.log.Warn("Dial: device refused", "device", dest, "reason", d.refused)
		c.fail(channel.CauseCallRejected, last)
		return nil
	}
	l, cause, err := c.request(dest, d.resource, target)
	if err != nil {
		c.notice("Unable to create channel of type '%s' (cause %d - %s): %s: %v", d.tech, int(cause), cause, dest, err)
		c.caller.Publish(event.Event{Kind: event.DialFailed, Value: dest, Cause: int(cause)})
		c.fail(cause, last)
		return nil
	}
	// On the list from here on, it is hung up whatever happens.
	c.legs = append(c.legs, l)
	c.identify(l)
	return l
}

// launch calls new legs, once option b has run for each of them: a subroutine that
// takes its time keeps no phone ringing to which nobody listens. An error is the
// caller's end.
func (c *call) launch(legs []*leg) error {
	if c.preDial.given {
		for _, l := range legs {
			if err := c.t.Gosub(l.ch, c.preDial.place, c.preDial.args); err != nil && !errors.Is(err, channel.ErrHangup) {
				c.log.Warn("Dial: option b: " + err.Error())
			}
			switch {
			case c.caller.Redirected():
				return channel.ErrRedirect
			case c.caller.HungUp():
				return channel.ErrHangup
			}
		}
	}
	for _, l := range legs {
		if !c.send(l) {
			// Not counted as a failure: it is as if it had not been listed.
			c.legs = slices.DeleteFunc(c.legs, func(x *leg) bool { return x == l })
			c.lines--
		}
	}
	return nil
}

// fail counts a device that could not be called; the last one leaves its cause
// with the caller.
func (c *call) fail(cause channel.Cause, last bool) {
	c.failed.count(cause)
	if last {
		c.caller.SetCause(cause, "")
	}
}

func (c *call) request(dest, resource string, target any) (*leg, channel.Cause, error) {
	ch, err := c.caller.Registry().Request(dest, channel.Request{From: c.caller, Target: target, Alone: c.alone, Formats: c.caller.Settings().Formats})
	if err != nil {
		cause := channel.CauseFailure
		var r *channel.RequestError
		if errors.As(err, &r) {
			cause, err = r.Cause, r.Err
		}
		return nil, cause, err
	}
	return &leg{ch: ch, dest: dest, number: resource, made: c.now()}, channel.CauseNone, nil
}

// identify gives a new leg what it takes from the caller: variables, who calls,
// and the settings it has none of its own for.
func (c *call) identify(l *leg) {
	l.ch.Inherit(c.caller)
	l.ch.SetVar("DIALEDPEERNUMBER", channel.Clean(l.number))
	l.ch.SetLocation(c.at, "AppDial", "(Outgoing Line)")
	mine := c.caller.Settings()
	l.ch.SetSettings(func(s *channel.Settings) {
		if s.Account == "" {
			s.Account = mine.Account
		}
		s.Dials = mine.Dials + 1
		if s.MusicClass == "" {
			s.MusicClass = mine.MusicClass
		}
	})
	c.group(l)
	from, named := c.caller.Identity(), ""
	if !c.storeID && l.ch.Identity().Caller.Number == "" {
		named = c.hintName()
	}
	l.ch.UpdateIdentity(func(id *channel.Identity) {
		l.presetID = id.Caller.Number != ""
		switch {
		case c.storeID && c.storedID == "":
			id.Caller = from.Caller
			l.presetID = false
		case c.storeID:
			id.Caller = channel.ParseParty(c.storedID)
			l.presetID = false
		case !l.presetID:
			id.Caller.Number, id.Caller.HasNumber, id.Caller.Name = c.number, c.number != "", named
		}
		id.Connected = from.Caller
		if c.forceID && c.forcedID != "" {
			id.Connected = c.forced()
		}
		if id.ANI == "" {
			id.ANI = from.ANI
		}
		if id.RDNIS == "" {
			id.RDNIS, id.RedirectReason = from.RDNIS, from.RedirectReason
		}
	})
}

// hintName is the name that the hint of the dialled extension gives it.
func (c *call) hintName() string {
	if c.Dialplan == nil || c.Dialplan.Hint(c.at.Context, c.at.Exten) == "" {
		return ""
	}
	name := c.t.Get("HINT(" + c.at.Exten + "@" + c.at.Context + ",n)").S
	if strings.Contains(name, ":") { // a provider of presence states
		return ""
	}
	return name
}

// forced is whom option f shows as the caller.
func (c *call) forced() channel.Party {
	p := channel.ParseParty(c.forcedID)
	if c.forcedID == "" {
		p = channel.Party{Name: c.hintName(), Number: c.number, HasNumber: c.number != ""}
	}
	p.Presentation = c.forcedPresentation
	return p
}

// group puts a new leg into the group of OUTBOUND_GROUP_ONCE or OUTBOUND_GROUP, in
// which GROUP_COUNT() counts it.
func (c *call) group(l *leg) {
	if c.outboundGroup.S == "" || c.Execute == nil {
		return
	}
	if err := program.Check(c.outboundGroup); err != nil {
		c.log.Warn("Dial: OUTBOUND_GROUP: " + err.Error())
		return
	}
	if err := c.Execute(l.ch, "Set", "GROUP()="+c.outboundGroup.S); err != nil {
		c.log.Warn("Dial: OUTBOUND_GROUP: " + err.Error())
	}
}

// readGroup takes the group for this call from the caller.
func (c *call) readGroup() {
	const once = "OUTBOUND_GROUP_ONCE"
	var ok bool
	if c.outboundGroup, ok = c.caller.Var(once); ok {
		c.caller.UnsetVar(once)
		return
	}
	c.outboundGroup, _ = c.caller.Var("OUTBOUND_GROUP")
}

// send sends the call out.
func (c *call) send(l *leg) bool {
	if c.preDial.given { // it was elsewhere
		l.ch.SetLocation(c.at, "AppDial", "(Outgoing Line)")
	}
	err := channel.ErrHangup
	if !l.ch.HungUp() { // as by option b
		err = l.ch.Leg().Call()
	}
	if err != nil {
		c.verbose(3, "Couldn't call %s: %v", l.dest, err)
		c.caller.Publish(event.Event{Kind: event.DialFailed, Value: l.dest, Cause: int(l.ch.Cause())})
		if cause := l.ch.Cause(); cause != channel.CauseNone {
			c.caller.SetCause(cause, l.ch.TechCause())
		}
		l.ch.Hangup()
		return false
	}
	c.publish(event.DialBegin, l, l.number)
	c.verbose(3, "Called %s", l.dest)
	return true
}

func (c *call) publish(kind event.Kind, l *leg, value string) {
	at := c.t.Location()
	c.caller.PublishWith(event.Event{
		Kind: kind, Value: value, App: c.app, AppData: c.data, Context: at.Context, Exten: at.Exten, Priority: at.Priority,
	}, l.ch)
}

// showCallee tells the caller whom it talks to.
func (c *call) showCallee(l *leg) {
	callee := l.ch.Identity().Caller
	if callee == c.caller.Identity().Connected {
		return
	}
	c.caller.UpdateIdentity(func(id *channel.Identity) { id.Connected = callee })
	_ = c.caller.Leg().Indicate(channel.ControlConnectedLine) // a phone that does not show it loses nothing
}

// drop takes a leg out of the race and hangs it up.
func (c *call) drop(l *leg, status string) {
	c.part(l)
	for i := range c.legs {
		if c.legs[i] == l {
			c.legs = append(c.legs[:i], c.legs[i+1:]...)
			break
		}
	}
	c.noteCause(l.ch)
	c.publish(event.DialEnd, l, status)
	l.ch.Hangup()
}

// noteCause keeps for HANGUPCAUSE() how a leg ended, or the legs behind it did.
func (c *call) noteCause(ch *channel.Channel) {
	if r, ok := ch.Leg().(channel.Relay); ok {
		for _, far := range r.Causes() {
			c.caller.AddLegCause(far)
		}
		return
	}
	cause := ch.Cause()
	if cause == channel.CauseNone {
		cause = channel.CauseNormalClearing
	}
	c.caller.AddLegCause(channel.LegCause{Channel: ch.Name(), Cause: cause, Tech: ch.TechCause()})
}

// cancel drops every leg that still rings.
func (c *call) cancel(status string) {
	for len(c.legs) > 0 {
		l := c.legs[0]
		if c.options != nil && c.elsewhere || c.caller.Cause() == channel.CauseAnsweredElsewhere {
			l.ch.SetCause(channel.CauseAnsweredElsewhere, "")
		}
		c.drop(l, status)
	}
}

// lose drops every leg but the one that answered.
func (c *call) lose(winner *leg) {
	for i := 0; i < len(c.legs); {
		l := c.legs[i]
		if l == winner {
			i++
			continue
		}
		l.ch.SetCause(c.loserCause, "")
		c.drop(l, "CANCEL")
	}
}
