package bridge

import (
	"errors"
	"time"

	"pbx/channel"
	"pbx/event"
)

func (c *call) run() Result {
	for {
		if d := c.Limit.Duration; d > 0 && c.now().Sub(c.start) >= d {
			return Result{Reason: TimeUp, Cause: channel.CauseNormalClearing}
		}
		c.due()
		if !c.late.IsZero() && !c.now().Before(c.late) {
			return Result{Reason: Unanswered, Cause: channel.CauseNoAnswer}
		}
		i, f, err := channel.WaitAny(c.wait(), c.all...)
		switch {
		case errors.Is(err, channel.ErrTimeout):
			continue
		case i == len(c.legs):
			if r, end := c.watched(f, err); end {
				return r
			}
			continue
		case err != nil:
			r := Result{By: c.legs[i].side, Reason: HungUp, Cause: f.Cause}
			if r.Cause == channel.CauseNone {
				r.Cause = channel.CauseNormalClearing
			}
			return r
		}
		if r, end := c.frame(c.legs[i], f); end {
			return r
		}
	}
}

// failed is the end of a bridge whose media cannot be joined.
func failed(by Side, err error) Result {
	return Result{By: by, Reason: Failed, Cause: channel.CauseBearerNotAvailable, Err: err}
}

// due gives warnings, and passes on digits that became no code.
func (c *call) due() {
	now := c.now()
	if !c.warn.IsZero() && !now.Before(c.warn) {
		left := c.Limit.Duration - now.Sub(c.start)
		if c.warn = c.warn.Add(c.Limit.WarnEvery); c.Limit.WarnEvery <= 0 {
			c.warn = time.Time{}
		}
		c.Warn(left)
	}
	for _, l := range c.legs {
		if len(l.digits) > 0 && !now.Before(l.flush) {
			c.release(l, len(l.digits))
		}
	}
}

// wait is the time until something is due, negative for never.
func (c *call) wait() time.Duration {
	now := c.now()
	next := time.Duration(-1)
	at := func(t time.Time) {
		if d := max(t.Sub(now), 0); next < 0 || d < next {
			next = d
		}
	}
	if c.Limit.Duration > 0 {
		at(c.start.Add(c.Limit.Duration))
	}
	if !c.warn.IsZero() {
		at(c.warn)
	}
	if !c.late.IsZero() {
		at(c.late)
	}
	for _, l := range c.legs {
		if len(l.digits) > 0 {
			at(l.flush)
		}
	}
	return next
}

// await prepares to wait for the two, and for who is watched and has to answer.
func (c *call) await() {
	c.all = append(c.all[:0], c.legs[0].Channel, c.legs[1].Channel)
	if c.Watch != nil {
		c.all = append(c.all, c.Watch)
	}
	c.late = time.Time{}
	if c.Await != nil && c.AnswerIn > 0 {
		c.late = c.now().Add(c.AnswerIn)
	}
}

// watched acts on what the channel says that is watched.
func (c *call) watched(f channel.Frame, err error) (r Result, end bool) {
	switch {
	case err != nil, f.Kind == channel.FrameControl && f.Control == channel.ControlRedirect:
		return Result{Reason: Watched, Cause: channel.CauseNormalClearing}, true
	case f.Kind == channel.FrameControl && c.Await == c.Watch:
		return c.early(f)
	}
	return r, false
}

// early is what somebody says who has not answered yet.
func (c *call) early(f channel.Frame) (r Result, end bool) {
	ch := c.Await
	if f.Control == channel.ControlAnswer {
		ch.SetState(channel.Up)
		c.Await, c.late = nil, time.Time{}
	}
	if c.Early != nil && c.Early(f.Control) {
		if f.Cause == channel.CauseNone {
			f.Cause = channel.CauseNormalClearing
		}
		return Result{Reason: Unanswered, Cause: f.Cause}, true
	}
	return r, false
}

// frame acts on what one leg said.
func (c *call) frame(l *leg, f channel.Frame) (r Result, end bool) {
	switch f.Kind {
	case channel.FrameDTMFEnd:
		return c.digit(l, digit{f.Digit, f.Duration})
	case channel.FrameText:
		l.say("text", l.other.Leg().SendText(f.Text))
		c.toGuests(said{frame: f})
	case channel.FrameBridge:
		if err := c.guestSays(f.Data); err != nil {
			return failed(l.side, err), true
		}
	case channel.FrameControl:
		return c.control(l, f)
	}
	return r, false
}

func (c *call) control(l *leg, f channel.Frame) (r Result, end bool) {
	switch f.Control {
	case channel.ControlRinging, channel.ControlProceeding, channel.ControlProgress, channel.ControlAnswer, channel.ControlBusy, channel.ControlCongestion, channel.ControlIncomplete:
		if c.Await != l.Channel {
			return r, false
		}
		r, end = c.early(f)
		if !end && (f.Control == channel.ControlProgress || f.Control == channel.ControlAnswer) {
			if err := c.join(); err != nil {
				return failed(l.side, err), true
			}
			c.tell()
		}
		return r, end
	case channel.ControlRedirect:
		return Result{By: l.side, Reason: Redirected, Cause: channel.CauseNormalClearing}, true
	case channel.ControlHold:
		l.Publish(event.Event{Kind: event.Hold, Bridge: c.ID})
		if l.Settings().HoldIntercept || c.mixer != nil { // with guests the others go on talking
			return r, false
		}
		l.holds = true
	case channel.ControlUnhold:
		l.Publish(event.Event{Kind: event.Unhold, Bridge: c.ID})
		if (l.Settings().HoldIntercept || c.mixer != nil) && !l.holds { // whom it held before is taken back
			return r, false
		}
		l.holds = false
	case channel.ControlSourceUpdate:
		if err := c.renew(l); err != nil {
			return failed(l.side, err), true
		}
	case channel.ControlConnectedLine:
		// Who l is now, as the other end should see it.
		if p, ok := f.Data.(channel.Party); ok {
			l.other.UpdateIdentity(func(id *channel.Identity) { id.Connected = p })
		}
	case channel.ControlFlash:
	default:
		return r, false // the conditions of a call that is not answered yet
	}
	l.say(f.Control.String(), l.other.Leg().Indicate(f.Control))
	return r, false
}

// say logs what the other end's driver would not take; the call goes on.
func (l *leg) say(what string, err error) {
	if err != nil {
		l.Log().Warn("not passed on", "what", what, "channel", l.Name(), "to", l.other.Name(), "error", err)
	}
}
