package dial

import (
	"errors"
	"slices"
	"strings"
	"time"

	"pbx/apps/prompt"
	"pbx/channel"
	"pbx/event"
)

// entertain gives the caller the ringing of options r and R.
func (c *call) entertain() {
	if !c.options.ring {
		return
	}
	if c.ringTone != "" {
		if err := c.Player.StartTone(c.caller, c.ringTone, ""); err == nil {
			c.sentRinging = true
			return
		}
		c.log.Warn("Dial: no such tone", "tone", c.ringTone)
	}
	c.indicate(channel.ControlRinging)
}

// indicate tells the caller of a condition. That it cannot be told does not end
// the call.
func (c *call) indicate(control channel.Control) {
	if err := c.Player.Indicate(c.caller, control); err != nil {
		c.log.Debug("Dial: caller not told", "control", control.String(), "error", err)
	}
}

// ring waits until a leg answers, all are out, the time is over or the caller
// left. It returns the leg that answered, or the status and how the application
// ends.
func (c *call) ring() (answered *leg, status string, err error) {
	began := c.now()
	for {
		if err := c.advance(); err != nil {
			return nil, "CANCEL", err
		}
		if len(c.legs) == 0 {
			c.everyoneFailed()
			return nil, c.failed.status(c.lines), nil
		}
		wait, expired := c.left(began)
		if expired {
			c.verbose(3, "Nobody picked up in %d ms", c.now().Sub(began).Milliseconds())
			return nil, "NOANSWER", nil
		}
		c.chans = append(c.chans[:0], c.caller)
		for _, l := range c.legs {
			c.chans = append(c.chans, l.ch)
		}
		i, f, err := channel.WaitAny(wait, c.chans...)
		switch {
		case errors.Is(err, channel.ErrTimeout):
		case i == 0:
			if done, status, err := c.fromCaller(f, err); done {
				return nil, status, err
			}
		default:
			l := c.legs[i-1]
			if err != nil {
				c.gone(l)
			} else if c.fromLeg(l, f) {
				return l, "ANSWER", nil
			}
		}
	}
}

// left is how long may be waited, negative without limit.
func (c *call) left(began time.Time) (d time.Duration, expired bool) {
	d = -1
	passed := c.now().Sub(began)
	if c.timeout > 0 {
		if d = c.timeout - passed; d <= 0 {
			return 0, true
		}
	}
	if c.early > 0 && !c.rang && !c.progressed {
		e := c.early - passed
		if e <= 0 {
			return 0, true
		}
		if d < 0 || e < d {
			d = e
		}
	}
	if len(c.waiting) > 0 {
		if next := max(c.waiting[0].at.Sub(c.now()), 0); d < 0 || next < d {
			d = next
		}
	}
	return d, false
}

func (c *call) everyoneFailed() {
	f := &c.failed
	if f.busy+f.congestion+f.unavailable == c.lines {
		c.verbose(2, "Everyone is busy/congested at this time (%d:%d/%d/%d)", c.lines, f.busy, f.congestion, f.unavailable)
	} else {
		c.verbose(3, "No one is available to answer at this time (%d:%d/%d/%d)", c.lines, f.busy, f.congestion, f.unavailable)
	}
}

// fromCaller handles what the caller does while it rings; done ends the ringing.
func (c *call) fromCaller(f channel.Frame, err error) (done bool, status string, end error) {
	if err != nil {
		return true, "CANCEL", channel.ErrHangup
	}
	switch f.Kind {
	case channel.FrameControl:
		switch f.Control {
		case channel.ControlRedirect:
			return true, "CANCEL", channel.ErrRedirect
		case channel.ControlSourceUpdate:
			c.renewCaller()
		case channel.ControlHold, channel.ControlUnhold, channel.ControlFlash:
			if c.single {
				pass(f.Control, c.caller, c.legs[0].ch)
			}
		}
	case channel.FrameDTMFEnd:
		if c.exitDigit && c.exit(f.Digit) {
			return true, "CANCEL", nil
		}
		c.pressed += string(rune(f.Digit))
		if code := c.caller.Features().Disconnect; c.callerHangsUp && code != "" && strings.HasSuffix(c.pressed, code) {
			c.verbose(3, "User requested call disconnect.")
			return true, "CANCEL", nil // of this call: the plan goes on
		}
		if c.single && c.legs[0].early && !relaysDigits(c.caller, c.legs[0].ch) {
			_ = c.legs[0].ch.Leg().SendDigit(f.Digit, f.Duration) // an announcement that asks for a digit
		}
	}
	return false, "", nil
}

// renewCaller lets another phone that has taken the caller's place, by a
// transfer while it rings, hear what the first one heard.
func (c *call) renewCaller() {
	for _, l := range c.legs {
		if l.early {
			l.early = false
			c.join(l)
			return
		}
	}
	if c.sentRinging || c.rang {
		c.indicate(channel.ControlRinging)
	}
}

// exit sends the caller to the one-digit extension that it pressed, if there is
// one.
func (c *call) exit(digit byte) bool {
	if !exit(c.t, digit) {
		return false
	}
	c.verbose(3, "User hit %c to disconnect call.", digit)
	return true
}

// exit goes to the extension of one digit, in EXITCONTEXT if that is set, if it is
// there.
func exit(t channel.Thread, digit byte) bool {
	to := channel.Location{Context: t.Get("EXITCONTEXT").S, Exten: string(rune(digit)), Priority: 1}
	where := []string{to.Context}
	if to.Context == "" {
		where = []string{t.Location().Context, t.Get("MACRO_CONTEXT").S} // of a macro, and of whom it serves
	}
	i := slices.IndexFunc(where, func(context string) bool { return t.Match(context, to.Exten, to.Priority).Exists() })
	if i < 0 {
		return false
	}
	to.Context = where[i]
	t.GotoLocation(to)
	return true
}

// gone takes out a leg that hung up.
func (c *call) gone(l *leg) {
	c.out(l, l.ch.Cause())
}

// out takes a failed leg out: its cause becomes the caller's and is counted as
// counted.
func (c *call) out(l *leg, counted channel.Cause) {
	if d, ok := l.ch.Leg().(channel.Decider); !ok || !d.Decided() {
		if _, ok := c.instead(l, l.forwarder, l.next); ok {
			return
		}
	}
	c.caller.SetCause(l.ch.Cause(), l.ch.TechCause())
	c.failed.count(counted)
	c.drop(l, legStatus(counted))
}

// fromLeg handles a leg's frame; true means that it answered.
func (c *call) fromLeg(l *leg, f channel.Frame) (answered bool) {
	if f.Kind != channel.FrameControl {
		return false
	}
	if f.Cause != channel.CauseNone && f.Control != channel.ControlHangup {
		l.ch.SetCause(f.Cause, "")
	}
	switch f.Control {
	case channel.ControlAnswer:
		c.verbose(3, "%s answered %s", l.ch.Name(), c.caller.Name())
		return true
	case channel.ControlBusy:
		c.verbose(3, "%s is busy", l.ch.Name())
		c.out(l, channel.CauseUserBusy)
	case channel.ControlCongestion:
		c.verbose(3, "%s is circuit-busy", l.ch.Name())
		c.out(l, channel.CauseCongestion)
	case channel.ControlIncomplete:
		c.verbose(3, "%s dialed Incomplete extension", l.ch.Name())
		if l.ch.Cause() == channel.CauseNone {
			l.ch.SetCause(channel.CauseInvalidNumberFormat, "")
		}
		c.gone(l)
	case channel.ControlRinging:
		c.ringing(l)
	case channel.ControlProgress:
		c.progress(l)
	case channel.ControlProceeding:
		c.verbose(3, "%s is proceeding passing it to %s", l.ch.Name(), c.caller.Name())
		if !c.entertained() {
			c.indicate(channel.ControlProceeding)
		}
		c.publish(event.DialState, l, "PROCEEDING")
	case channel.ControlForward:
		c.forward(l, f.Text)
	case channel.ControlHold, channel.ControlUnhold:
		if c.single {
			pass(f.Control, l.ch, c.caller)
		}
	case channel.ControlConnectedLine:
		if c.single && !c.ignoreLine {
			c.showCallee(l)
		}
	}
	return false
}

// pass passes a hold or a flash on, but for a hold that HOLD_INTERCEPT makes an event.
func pass(what channel.Control, from, to *channel.Channel) {
	if what != channel.ControlFlash && from.Settings().HoldIntercept {
		kind := event.Hold
		if what == channel.ControlUnhold {
			kind = event.Unhold
		}
		from.Publish(event.Event{Kind: kind})
		return
	}
	_ = to.Leg().Indicate(what) // a leg without it misses nothing before the answer
}

func (c *call) ringing(l *leg) {
	c.verbose(3, "%s is ringing", l.ch.Name())
	if !c.sentRinging {
		c.indicate(channel.ControlRinging)
		c.sentRinging = true
	}
	if !c.rang {
		c.rang = true
		c.setTime("RINGTIME", c.now().Sub(l.made))
	}
	c.publish(event.DialState, l, "RINGING")
}

func (c *call) progress(l *leg) {
	c.verbose(3, "%s is making progress passing it to %s", l.ch.Name(), c.caller.Name())
	if c.single && !c.entertained() && !l.early {
		c.Player.StopTone(c.caller)
		c.join(l)
	}
	if !c.entertained() && (c.single || !c.sentRinging) {
		c.indicate(channel.ControlProgress)
	}
	if !c.progressed {
		c.progressed = true
		c.setTime("PROGRESSTIME", c.now().Sub(l.made))
		if c.digitsProgress != "" {
			c.verbose(3, "Sending DTMF '%s' to the called party as result of receiving a PROGRESS message.", c.digitsProgress)
			// The end of a leg is seen by the next wait.
			_ = prompt.Digits{Text: c.digitsProgress, Gap: digitGap}.Send(l.ch, l.ch, c.caller)
		}
	}
	c.publish(event.DialState, l, "PROGRESS")
}

const digitGap = 250 * time.Millisecond
