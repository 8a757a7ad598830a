package dial

import (
	"errors"
	"slices"
	"strings"

	"pbx/apps/prompt"
	"pbx/bridge"
	"pbx/channel"
	"pbx/event"
)

// connect is everything after the answer of l: the losers are told, the
// announcements made, the parties joined.
func (c *call) connect(l *leg) error {
	answered := c.now()
	callee := l.ch
	callee.SetState(channel.Up)
	c.part(l)
	c.caller.SetCause(channel.CauseNormalClearing, "")
	callee.SetCause(channel.CauseNormalClearing, "")
	c.lose(l)
	c.set("DIALSTATUS", "ANSWER")
	c.set("DIALEDPEERNAME", callee.Name())
	number, _ := callee.Var("DIALEDPEERNUMBER") // option b may have set another
	c.caller.SetVar("DIALEDPEERNUMBER", number)
	c.publish(event.DialEnd, l, "ANSWER")
	defer c.noteCause(callee)
	if !c.ignoreLine && l.presetID {
		c.showCallee(l)
	}
	c.Player.StopTone(c.caller)
	if c.answerFirst {
		if err := c.caller.Answer(); err != nil {
			return err
		}
	}
	proceed, err := true, error(nil)
	if c.screening.on {
		proceed, err = c.screen(callee)
	}
	if err == nil && proceed {
		proceed, err = c.announceFirst(callee)
	}
	if err == nil && proceed && c.gotoBoth.given {
		return c.sendBoth(callee)
	}
	if err == nil && proceed {
		if proceed, err = c.prepare(callee); err != nil || !proceed {
			c.leave(callee)
		}
	}
	if err != nil || !proceed {
		return c.unjoined(err)
	}
	if err := c.caller.Answer(); err != nil {
		return err
	}
	if err := c.greet(callee); err != nil {
		return c.partyLeft(err)
	}
	result := c.talk(callee)
	end := c.now()
	c.setTime("ANSWEREDTIME", end.Sub(answered))
	c.setTime("DIALEDTIME", end.Sub(c.start))
	c.set("DIALSTATUS", "ANSWER")
	return c.after(callee, result)
}

// greet plays to who picked the call up what tells him that he has it.
func (c *call) greet(callee *channel.Channel) error {
	v, ok := callee.Var(channel.BridgeSound)
	if !ok || v.S == "" {
		return nil
	}
	callee.UnsetVar(channel.BridgeSound)
	if _, err := c.Player.Play(callee, v.S, prompt.Options{Watch: c.caller, Untrusted: len(v.Taint) > 0}); prompt.Ended(err) {
		return err
	} else if err != nil {
		c.log.Warn("Dial: " + err.Error())
	}
	return nil
}

// unjoined is the end of a call whose parties were not joined: err, or what M
// or U decided.
func (c *call) unjoined(err error) error {
	if err != nil && !prompt.Ended(err) {
		c.log.Warn("Dial: " + err.Error())
		return c.partyLeft(channel.ErrHangup)
	}
	return err
}

// announceFirst plays the announcements of option A. The called party may cut its own short by
// any key. What it returns is as of prepare.
func (c *call) announceFirst(callee *channel.Channel) (proceed bool, err error) {
	if c.announce != "" {
		if _, err := c.Player.Play(callee, c.announce, prompt.Options{Stops: prompt.AnyDigit, Watch: c.caller}); prompt.Ended(err) {
			return false, c.partyLeft(err)
		} else if err != nil {
			c.log.Warn("Dial: announcement", "error", err)
		}
	}
	if c.announceCaller != "" {
		if err := c.caller.Answer(); err != nil {
			return false, err
		}
		if _, err := c.Player.Play(c.caller, c.announceCaller, prompt.Options{Watch: callee}); prompt.Ended(err) {
			return false, c.partyLeft(err)
		} else if err != nil {
			c.log.Warn("Dial: announcement", "error", err)
		}
	}
	return true, nil
}

// prepare does what else comes between the answer and the conversation: M, U and D.
// proceed false means that M or U decided otherwise; err is nil then when the caller
// goes on in the dialplan.
func (c *call) prepare(callee *channel.Channel) (proceed bool, err error) {
	if c.macro.given {
		run := func() error { return c.t.Macro(callee, c.macro.place, c.macro.args) }
		if proceed, err := c.onAnswered(callee, "MACRO_RESULT", run); !proceed {
			return false, err
		}
	}
	if c.onCallee.given {
		if context, _, _ := strings.Cut(c.onCallee.place, ","); !c.t.Match(context, "s", 1).Exists() && c.t.Match(context, aelMacro, 1).Exists() {
			c.onCallee.place = context + "," + aelMacro + ",1"
		}
		run := func() error { return c.t.Gosub(callee, c.onCallee.place, c.onCallee.args) }
		if proceed, err := c.onAnswered(callee, "GOSUB_RESULT", run); !proceed {
			return false, err
		}
	}
	for _, d := range [...]struct {
		to     *channel.Channel
		digits string
	}{{callee, c.digits}, {c.caller, c.digitsCaller}} {
		if d.digits == "" {
			continue
		}
		if d.to == c.caller {
			if err := c.caller.Answer(); err != nil {
				return false, err
			}
		}
		if err := (prompt.Digits{Text: d.digits, Gap: digitGap}).Send(d.to, c.caller, callee); prompt.Ended(err) {
			return false, c.partyLeft(err)
		} else if err != nil {
			c.log.Warn("Dial: option D", "error", err)
		}
	}
	return true, nil
}

// aelMacro is the extension that a macro of AEL runs.
const aelMacro = "~~s~~"

// partyLeft is the end of the application when one of the parties left during
// the preparations: with option g the caller goes on when it was the callee.
func (c *call) partyLeft(err error) error {
	if errors.Is(err, channel.ErrHangup) && !c.caller.HungUp() && c.goOn {
		return nil
	}
	return err
}

// onAnswered runs M or U on the callee and does what the variable result, which
// they leave there, asks.
func (c *call) onAnswered(callee *channel.Channel, result string, run func() error) (proceed bool, err error) {
	err = run()
	switch {
	case c.caller.Redirected():
		return false, channel.ErrRedirect
	case c.caller.HungUp():
		return false, channel.ErrHangup
	case err != nil && !prompt.Ended(err):
		return false, err
	case err != nil: // the callee hung up, or was hung up there
		return false, c.partyLeft(channel.ErrHangup)
	}
	v, decided := callee.Var(result)
	if value, ok := callee.Var("GOSUB_RETVAL"); ok && decided && result == "GOSUB_RESULT" {
		c.caller.SetVar("GOSUB_RETVAL", value)
	}
	const elsewhere = "GOTO:"
	if len(v.S) >= len(elsewhere) && strings.EqualFold(v.S[:len(elsewhere)], elsewhere) {
		if err := c.t.Goto(strings.ReplaceAll(v.S[len(elsewhere):], "^", ",")); err != nil {
			c.log.Warn("Dial: "+result, "error", err)
			return false, c.partyLeft(channel.ErrHangup)
		}
		return false, nil
	}
	switch strings.ToUpper(v.S) {
	case "ABORT":
		return false, c.partyLeft(channel.ErrHangup)
	case "CONGESTION", "CHANUNAVAIL", "BUSY":
		c.set("DIALSTATUS", v.S)
		return false, nil
	case "CONTINUE":
		return false, nil
	}
	return true, nil
}

// sendBoth is option G: the caller goes on at a place and the callee, on a thread
// of its own, at the priority after it.
func (c *call) sendBoth(callee *channel.Channel) error {
	if err := c.caller.Answer(); err != nil {
		return err
	}
	to, err := c.t.Resolve(c.gotoBoth.place)
	if err != nil {
		c.log.Warn("Dial: option G", "error", err)
		return channel.ErrHangup
	}
	c.t.GotoLocation(to)
	to.Priority++
	c.release(callee, to)
	return nil
}

// after decides who goes where when the conversation is over.
func (c *call) after(callee *channel.Channel, r bridge.Result) error {
	if r.Reason == bridge.Failed {
		c.log.Warn("Dial: the parties cannot be joined", "caller", c.caller.Name(), "callee", callee.Name(), "error", r.Err)
	}
	// Who was sent elsewhere goes there, whatever else ended the conversation: a
	// transfer redirects one party and hangs the other up.
	released := false
	if to, ok := callee.TakeRedirect(); ok {
		c.release(callee, to)
		released = true
	}
	if r.Reason == bridge.Redirected && r.By == bridge.Caller || c.caller.Redirected() {
		return channel.ErrRedirect
	}
	if left := c.caller.HungUp() || r.Reason == bridge.Feature; !released && (left || c.calleeFarewell) {
		c.leave(callee)
	}
	if c.goOn && !c.caller.HungUp() {
		return nil
	}
	return channel.ErrHangup
}

// leave is the way of the called party when the call is over: option e runs the
// extension h for it, or else F sends it on, unless it has hung up.
func (c *call) leave(callee *channel.Channel) {
	switch {
	case !c.owns(callee):
	case c.calleeFarewell:
		c.t.Farewell(callee)
	case c.afterward.given && !callee.HungUp():
		c.sendAfter(callee)
	}
}

// owns reports whether the channel is still a leg of ours.
func (c *call) owns(ch *channel.Channel) bool {
	return slices.ContainsFunc(c.legs, func(l *leg) bool { return l.ch == ch })
}

// sendAfter is option F: the callee goes on, by itself at the next priority only where
// there is one.
func (c *call) sendAfter(callee *channel.Channel) {
	at := c.t.Location()
	at.Priority++
	if c.afterward.place != "" {
		to, err := c.t.Resolve(c.afterward.place)
		if err != nil {
			c.log.Warn("Dial: option F: " + err.Error())
			return
		}
		at = to
	} else if !c.t.Match(at.Context, at.Exten, at.Priority).Exists() {
		return
	}
	c.release(callee, at)
}

// release hands a leg to a thread of its own, which hangs it up in the end.
func (c *call) release(ch *channel.Channel, to channel.Location) {
	for i, l := range c.legs {
		if l.ch == ch {
			c.legs = append(c.legs[:i], c.legs[i+1:]...)
			break
		}
	}
	ch.SetLocation(to, "AppDial", "(Outgoing Line)")
	c.Dialplan.Start(ch)
}
