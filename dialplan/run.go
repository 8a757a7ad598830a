package dialplan

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"pbx/channel"
	"pbx/event"
)

// run takes the channel through the plan, then through the extension h, and
// hangs it up.
func (t *Thread) run() {
	defer func() {
		t.SetAbsolute(0)
		t.engine.locks.release(t.ch)
		t.ch.Hangup()
	}()
	if t.only != nil {
		over := true
		if !t.guard(func() { over = t.doOnly() }) || over {
			return
		}
	}
	if t.guard(t.main) {
		t.ch.SoftHangup(channel.CauseNone)
		t.ch.Publish(event.Event{Kind: event.SoftHangup})
		t.dead = true
		t.guard(t.hangupExtension)
	}
}

// guard runs f. A panic of an application ends this call only.
func (t *Thread) guard(f func()) (ok bool) {
	defer func() {
		if r := recover(); r != nil {
			t.Log().Error(fmt.Sprintf("%s: panic at %s: %v\n%s", t.ch.Name(), format(t.place), r, debug.Stack()))
			t.ch.SetCause(channel.CauseFailure, "")
		}
	}()
	f()
	return true
}

func format(l channel.Location) string {
	return fmt.Sprintf("%s,%s,%d", l.Context, l.Exten, l.Priority)
}

// main runs priorities until the call is over.
func (t *Thread) main() {
	if t.place.Exten == "" {
		t.place.Exten = "s"
	}
	if t.place.Priority < 1 {
		t.place.Priority = 1
	}
	if err := t.errand(); err != nil && !t.interrupted(err) {
		return
	}
	for {
		found, err := t.priorities()
		var digits string
		invalid := false
		if err != nil {
			switch digit := channel.Digit(0); {
			case errors.As(err, &digit):
				digits = string(rune(digit))
			case errors.Is(err, channel.ErrIncomplete):
				if !t.Match(t.place.Context, t.place.Exten, 1).Partial() {
					invalid = true
				} else {
					digits = t.place.Exten
				}
			default:
				if !t.interrupted(err) {
					return
				}
				continue
			}
		}
		if !t.goOn(found, digits, errors.Is(err, channel.ErrIncomplete), invalid) {
			return
		}
	}
}

// priorities runs one after the other until there is none, which found tells, or
// an application ends it.
func (t *Thread) priorities() (found bool, err error) {
	for {
		if found, err = t.step(); err != nil || !found {
			return found, err
		}
		if l, ok := t.ch.TakeRedirect(); ok {
			t.place = l
			if err := t.errand(); err != nil {
				return true, err
			}
			continue
		}
		if t.ch.HungUp() {
			return true, channel.ErrHangup
		}
	}
}

// errand runs what somebody left for the thread to do.
func (t *Thread) errand() error {
	f := t.ch.TakeErrand()
	if f == nil {
		return nil
	}
	t.steps = 0
	if err := f(t); err != nil {
		return err
	}
	if t.ch.HungUp() {
		return channel.ErrHangup
	}
	return nil
}

// step runs the priority at place and moves to the next one.
func (t *Thread) step() (found bool, err error) {
	p := t.lookup()
	if p == nil {
		return false, nil
	}
	if t.steps++; t.steps > t.engine.opts.MaxSteps {
		t.Log().Error(fmt.Sprintf("%s ran %d priorities without a pause and is ended: an endless loop at %s (%s)",
			t.ch.Name(), t.steps-1, format(t.place), p.Pos))
		return true, channel.ErrHangup
	}
	if most := t.engine.opts.MaxRests; most > 0 && t.rests > most {
		t.rests = 0
		t.Log().Warn(fmt.Sprintf("%s has waited %d times and is ended: it goes on like this at %s (%s)", t.ch.Name(), most, format(t.place), p.Pos))
		return true, channel.ErrHangup
	}
	t.engine.steps.Add(1)
	if p.app == nil {
		t.Log().Warn(fmt.Sprintf("No application '%s' for extension (%s, %s, %d)", p.App, t.place.Context, t.place.Exten, t.place.Priority))
		return true, channel.ErrHangup
	}
	args := t.expander.expand(p.template)
	t.ch.SetLocation(t.place, p.app.Name, args.S)
	if t.Log().Enabled(context.Background(), event.LevelVerbose(3)) {
		t.verbose(3, "Executing [%s@%s:%d] %s(\"%s\", \"%s\") in new stack", t.place.Exten, t.place.Context, t.place.Priority, p.app.Name, t.ch.Name(), args.S)
	}
	t.jumped = false
	if err = t.call(p.app, args); err != nil {
		return true, err
	}
	if t.jumped {
		t.place, t.jumped = t.next, false
	} else {
		t.place.Priority++
	}
	return true, nil
}

// interrupted deals with an application that ended otherwise than by going on.
// It reports whether the call goes on elsewhere.
func (t *Thread) interrupted(err error) bool {
	for {
		l, ok := t.ch.TakeRedirect()
		if !ok {
			break
		}
		t.place = l
		if err = t.errand(); err == nil {
			return true
		}
	}
	t.verbose(2, "Spawn extension (%s, %s, %d) exited non-zero on '%s'", t.place.Context, t.place.Exten, t.place.Priority, t.ch.Name())
	if !errors.Is(err, channel.ErrHangup) {
		t.Log().Warn(fmt.Sprintf("%s: %s: %v", t.ch.Name(), format(t.place), err))
	}
	if !t.expired.Swap(false) {
		return false
	}
	// The time of the call is over: T, or e, may say so.
	t.SetAbsolute(0)
	switch {
	case t.has("T"):
		t.place = channel.Location{Context: t.place.Context, Exten: "T", Priority: 1}
	case t.Raise("ABSOLUTETIMEOUT"):
		t.place, t.jumped = t.next, false
	default:
		return false
	}
	t.ch.ClearHangup()
	return true
}

// goOn decides what follows when the priorities ran out or digits came; incomplete
// is that the digits are the extension that ran, and asked for more. It reports
// whether the call goes on.
func (t *Thread) goOn(found bool, digits string, incomplete, invalid bool) bool {
	if invalid || digits == "" && !t.has(t.place.Exten) {
		return t.invalid(t.place.Exten)
	}
	wait := t.timeouts.Response
	switch {
	case digits != "":
		wait = t.timeouts.Digit
	case t.plan.Settings.AutoFallthrough:
		t.fallThrough()
		return false
	}
	asked := digits
	digits, ok := t.collect(digits, wait)
	switch {
	case !ok:
		return t.interrupted(channel.ErrHangup)
	case incomplete && digits == asked: // nothing came to complete it
	case digits != "" && t.Match(t.place.Context, digits, 1).Exists():
		t.place = channel.Location{Context: t.place.Context, Exten: digits, Priority: 1}
		return true
	case digits != "":
		return t.misdialled(digits)
	}
	return t.special("t", "RESPONSETIMEOUT", "Timeout on "+t.ch.Name(), fmt.Sprintf("Timeout, but no rule 't' or 'e' in context '%s'", t.place.Context))
}

// invalid goes on at i, or e, because there is no such extension.
func (t *Thread) invalid(exten string) bool {
	place := fmt.Sprintf("context,exten,priority=%s,%s,%d", t.place.Context, exten, t.place.Priority)
	return t.invalidExten(exten, fmt.Sprintf("Channel '%s' sent to invalid extension: %s", t.ch.Name(), place),
		fmt.Sprintf("Channel '%s' sent to invalid extension but no invalid handler: %s", t.ch.Name(), place))
}

// misdialled is invalid for digits of the caller.
func (t *Thread) misdialled(digits string) bool {
	return t.invalidExten(digits, fmt.Sprintf("Invalid extension '%s' in context '%s' on %s", digits, t.place.Context, t.ch.Name()),
		fmt.Sprintf("Invalid extension '%s', but no rule 'i' or 'e' in context '%s'", digits, t.place.Context))
}

func (t *Thread) invalidExten(exten, told, complaint string) bool {
	if t.has("i") {
		t.ch.SetVar("INVALID_EXTEN", channel.Tainted(exten))
	}
	return t.special("i", "INVALID", told, complaint)
}

// special goes on at a special extension, which is told, or at e for a reason.
func (t *Thread) special(exten, reason, told, complaint string) bool {
	if t.has(exten) {
		t.verbose(3, "%s", told)
		t.place = channel.Location{Context: t.place.Context, Exten: exten, Priority: 1}
		return true
	}
	if t.Raise(reason) {
		t.place, t.jumped = t.next, false
		return true
	}
	t.Log().Warn(complaint)
	return false
}

// collect reads digits as long as more of them could lead to an extension; ok is
// false when the call ended meanwhile.
func (t *Thread) collect(digits string, wait time.Duration) (all string, ok bool) {
	const most = 255
	for len(digits) < most && t.Match(t.place.Context, digits, 1).Partial() {
		digit, err := t.waitDigit(wait)
		switch {
		case errors.Is(err, channel.ErrTimeout):
			return digits, true
		case err != nil:
			return digits, false
		}
		digits += string(rune(digit))
		wait = t.timeouts.Digit
	}
	return digits, true
}

func (t *Thread) waitDigit(wait time.Duration) (byte, error) {
	began := t.engine.Now()
	defer t.paused(began)
	for end := began.Add(wait); ; {
		f, err := t.ch.Wait(max(0, end.Sub(t.engine.Now())))
		switch {
		case err != nil:
			return 0, err
		case f.Kind == channel.FrameDTMFEnd:
			return f.Digit, nil
		case f.Kind == channel.FrameControl && f.Control == channel.ControlRedirect:
			return 0, channel.ErrRedirect
		}
	}
}

// fallThrough ends a call whose priorities ran out, as DIALSTATUS suggests
// (golden/dial-status.md, section 1).
func (t *Thread) fallThrough() {
	v, ok := t.ch.Var("DIALSTATUS")
	if !ok {
		v.S = "UNKNOWN"
	}
	t.verbose(3, "Auto fallthrough, channel '%s' status is '%s'", t.ch.Name(), v.S)
	app := ""
	switch strings.ToUpper(v.S) {
	case "BUSY":
		app = "Busy"
	case "CONGESTION", "CHANUNAVAIL":
		app = "Congestion"
	default:
		return
	}
	// They end the call, so there is no error worth telling.
	_ = t.Exec(app, channel.Value{S: "10"})
}

// hangupExtension runs the extension h of the context in which the call ended,
// on the channel that is over.
func (t *Thread) hangupExtension() {
	if !t.has("h") && !t.outward() {
		return
	}
	t.ch.Summarize()
	t.place = channel.Location{Context: t.place.Context, Exten: "h", Priority: 1}
	t.steps = 0
	for {
		found, err := t.step()
		if err != nil || !found {
			if err != nil {
				t.verbose(2, "Spawn extension (%s, %s, %d) exited non-zero on '%s'", t.place.Context, t.place.Exten, t.place.Priority, t.ch.Name())
			}
			return
		}
	}
}

// aelMacro is the extension that a macro of AEL runs.
const aelMacro = "~~s~~"

// outward leaves macros of AEL that have no extension h for the context that called
// them and has: they leave the end of a call to it. It reports whether there is one.
func (t *Thread) outward() bool {
	context := t.place.Context
	for n := len(t.frames) - 1; n >= 0 && t.plan.contexts[context] != nil && t.plan.contexts[context].literals[aelMacro] != nil; n-- {
		context = t.frames[n].back.Context
		if p, _ := t.plan.Find(context, "h", 1, t.caller(), t.engine.at(t.plan)); p == nil {
			continue
		}
		for len(t.frames) > n {
			t.pop()
		}
		t.place.Context = context
		return true
	}
	return false
}

// Farewell implements channel.Thread.
func (t *Thread) Farewell(ch *channel.Channel) {
	other := t.engine.thread(ch)
	other.plan, other.place, other.dead = t.plan, t.place, true
	other.hangupExtension()
}
