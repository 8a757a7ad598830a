package feature

import (
	"errors"
	"time"

	"pbx/bridge"
	"pbx/channel"
	"pbx/event"
)

// attended is an attended transfer while who transfers is there: he talks to the target,
// or again to the party.
type attended struct {
	Deps
	talk     *bridge.Talk
	f        channel.Features
	by, who  party
	place    channel.Location
	target   *channel.Channel
	second   string // the bridge in which he asks
	answerBy time.Time
	answered bool
	refused  bool // the target has said that it will not answer
	rings    bool
	asks     bool // he is with the target
	gone     bool // the target was sent elsewhere
	end      bool // the first bridge is over
}

// state is what happens next, nil when nothing does.
type state func() state

// attended puts the party on hold, asks for a number and calls it.
func (d Deps) attended(t *bridge.Talk, f channel.Features, by, who Rights) (end bool) {
	a := &attended{Deps: d, talk: t, f: f, by: party{t.By(), by}, who: party{t.Party(), who}}
	verbose(a.by.Channel, "Channel %s: Started DTMF attended transfer.", a.by.Name())
	t.Hold()
	var err error
	if a.place, err = d.number(t, &f, a.by.Channel); err != nil {
		if errors.Is(err, errNoNumber) {
			verbose(a.by.Channel, "Channel %s: Unable to acquire target extension for attended transfer.", a.by.Name())
			t.Unhold(true)
		} else if !a.who.HungUp() {
			t.Unhold(false)
		}
		return false
	}
	if a.target, err = target(a.by.Channel, a.by.Name(), a.place); err != nil {
		a.by.Log().Warn("attended transfer", "channel", a.by.Name(), "exten", a.place.Exten, "context", a.place.Context, "error", err)
		t.Unhold(true)
		a.failed(a.by.Channel)
		return false
	}
	a.second = a.by.Uniqueid() + "-" + a.target.Uniqueid()
	a.answerBy = a.now().Add(f.Attended.NoAnswer)
	settled := false
	defer func() {
		if !settled { // a panic: nobody else knows the target
			a.target.Hangup()
		}
	}()
	for next := state(a.consulting); next != nil; {
		next = next()
	}
	settled = true
	return a.end
}

func (a *attended) now() time.Time { return a.by.Registry().Now() }

// options are those of a bridge in which he may dial the keys of an attended transfer.
func (a *attended) options(side bridge.Side) bridge.Options {
	o := bridge.Options{ID: a.second, DigitTimeout: a.f.DigitTimeout}
	for _, digits := range [...]string{a.f.Attended.Abort, a.f.Attended.Complete, a.f.Attended.Swap} {
		o.Features = append(o.Features, bridge.Code{Digits: digits, By: side})
	}
	if !a.answered {
		o.Await, o.Early = a.target, a.early
		o.AnswerIn = max(a.answerBy.Sub(a.now()), time.Nanosecond)
	}
	return o
}

// early is what the target says before it answers.
func (a *attended) early(c channel.Control) (giveUp bool) {
	tell(a.target, c)
	switch c {
	case channel.ControlRinging:
		if a.rings = true; a.asks {
			a.comfort()
		}
	case channel.ControlProgress:
		a.rings = false
		a.Player.StopTone(a.by.Channel)
	case channel.ControlAnswer:
		a.rings, a.answered = false, true
		a.Player.StopTone(a.by.Channel)
	}
	a.refused = refuses(c)
	return a.refused
}

// comfort lets him hear that it rings.
func (a *attended) comfort() {
	_ = a.Player.Indicate(a.by.Channel, channel.ControlRinging) // without a tone he waits in silence
}

// consulting: he talks to the target, or hears it ring, and the party is on hold.
func (a *attended) consulting() state {
	a.asks = true
	if a.rings {
		a.comfort()
	}
	r := a.talk.Consult(a.target, a.options(bridge.Caller))
	a.asks = false
	a.Player.StopTone(a.by.Channel)
	switch r.Reason {
	case bridge.Feature:
		if r.Digits == a.f.Attended.Swap {
			return a.checking
		}
		return a.key(r.Digits)
	case bridge.HungUp:
		if r.By == bridge.Caller {
			return a.leave
		}
		return a.rebridge(!a.answered)
	case bridge.Unanswered:
		return a.rebridge(true)
	case bridge.Watched:
		return a.alone
	case bridge.Redirected:
		if r.By == bridge.Caller {
			return a.over
		}
		a.gone = a.send(a.target)
		return a.rebridge(false)
	case bridge.TimeUp:
		a.by.SoftHangup(channel.CauseNormalClearing)
		a.who.SoftHangup(channel.CauseNormalClearing)
		return a.over
	default:
		a.by.Log().Warn("attended transfer: the parties cannot be joined", "channel", a.by.Name(), "target", a.target.Name(), "error", r.Err)
		return a.rebridge(true)
	}
}

// checking: he talks to the party again, and the target is on hold.
func (a *attended) checking() state {
	hold := func(c channel.Control) { _ = a.target.Leg().Indicate(c) } // a Local channel takes all
	a.talk.Unhold(false)
	hold(channel.ControlHold)
	o := a.options(a.talk.Side())
	o.Watch = a.target
	r := a.talk.Again(o)
	hold(channel.ControlUnhold)
	switch {
	case r.Reason == bridge.Feature && r.Digits == a.f.Attended.Swap:
		a.talk.Hold()
		return a.consulting
	case r.Reason == bridge.Feature:
		return a.key(r.Digits)
	case r.Reason == bridge.HungUp && r.By == a.talk.Side():
		return a.leave
	case r.Reason == bridge.Watched:
		a.gone = a.send(a.target)
		return a.rebridge(false)
	case r.Reason == bridge.Unanswered:
		return a.rebridge(true)
	}
	return a.over
}

// key acts on one of the keys but that for changing.
func (a *attended) key(digits string) state {
	if digits == a.f.Attended.Complete {
		return a.leave
	}
	return a.rebridge(true)
}

// rebridge takes him back to the party: with the sound of failure where he has to know
// that it was for nothing.
func (a *attended) rebridge(fail bool) state {
	a.drop()
	if err := a.talk.Back(); err != nil {
		a.by.Log().Warn("attended transfer: the parties cannot be joined again", "channel", a.by.Name(), "error", err)
		return a.over
	}
	a.talk.Unhold(true)
	if fail {
		a.failed(a.by.Channel)
	}
	return nil
}

// failed plays the sound of failure.
func (d Deps) failed(to *channel.Channel) {
	d.start(to, to.Features().FailSound)
}

// start plays a sound and does not wait for its end.
func (d Deps) start(to *channel.Channel, sound string) {
	if sound == "" || to.HungUp() {
		return
	}
	if err := d.Player.Start(to, []string{sound}); err != nil {
		to.Log().Warn("transfer", "error", err)
	}
}

// drop hangs the target up, unless it has gone elsewhere.
func (a *attended) drop() {
	if a.gone {
		return
	}
	if !a.answered && !a.refused {
		tell(a.target, channel.ControlHangup)
	}
	a.target.Hangup()
}

// over ends everything.
func (a *attended) over() state {
	a.drop()
	a.end = true
	return nil
}

// leave is what he did all this for: party and target talk to each other, or will when
// it answers.
func (a *attended) leave() state {
	a.end = true
	by := a.by.Name()
	if a.target.Registry().Bus().Wants(event.Transfer) {
		from := a.by.Party()
		a.target.Publish(event.Event{Kind: event.Transfer, Name: "attended", Value: event.ByDigits, Dest: by, Bridge: a.talk.ID(), Detail: &event.TransferDetail{
			Transferer: from, Second: from, Transferee: a.who.Party(), Target: a.target.Party(),
			SecondBridge: a.second, DestBridge: a.who.Uniqueid() + "-" + a.target.Uniqueid(),
		}})
	}
	a.who.SetVar("ATTENDEDTRANSFER", channel.Clean(by))
	a.by.SetVar("ATTENDEDTRANSFER", channel.Clean(a.who.Name()))
	a.talk.Unhold(false)
	r := &rest{Deps: a.Deps, f: a.f, stays: a.who, target: a.target, answered: a.answered, ends: a.talk.Ends(), answerBy: a.answerBy, place: a.place, by: by, sound: true}
	if !a.answered && !a.f.Attended.Drop {
		r.device, r.recalled = a.by.Tech().Name()+"/"+a.by.Peer(), a.by.Rights
	}
	a.by.SoftHangup(channel.CauseNormalClearing)
	r.begin()
	return nil
}

// alone: the party has gone. Who has an answer goes on with the target.
func (a *attended) alone() state {
	if !a.answered {
		return a.over
	}
	a.end = true
	a.failed(a.by.Channel)
	r := &rest{Deps: a.Deps, f: a.f, stays: a.by, target: a.target, answered: true, ends: a.talk.Ends(), place: a.place}
	r.begin()
	return nil
}
