package bridge

import (
	"context"
	"time"

	"pbx/channel"
	"pbx/event"
)

// Talk is a bridge as one who dialled a feature's code has it: what the feature may do
// with the bridge, on its goroutine, until Code.Run returns.
type Talk struct {
	c  *call
	by *leg
}

// By is who dialled the code, Party the other one, and Side which side By is on.
func (t *Talk) By() *channel.Channel { return t.by.Channel }

// Party is the other one.
func (t *Talk) Party() *channel.Channel { return t.by.other.Channel }

// Side is where By is.
func (t *Talk) Side() Side { return t.by.side }

// ID names the bridge in events.
func (t *Talk) ID() string { return t.c.ID }

// Ends is when the limit of the call is reached, zero for never.
func (t *Talk) Ends() time.Time {
	if t.c.Limit.Duration <= 0 {
		return time.Time{}
	}
	return t.c.start.Add(t.c.Limit.Duration)
}

// Follow tells that ch, one of the two, has left the bridge as soon as it hangs up, until
// stop is called, which is done once: for a Code.Run that is busy with the other one. The
// call ends when that is done; what is told and written of the conversation does not wait
// so long.
func (t *Talk) Follow(ch *channel.Channel) (stop func()) {
	l := t.by
	if l.Channel != ch {
		l = l.other
	}
	ctx, cancel := ch.Context()
	told := make(chan struct{})
	stay := context.AfterFunc(ctx, func() {
		defer close(told)
		if ch.HungUp() {
			ch.LeftBridge(t.c.others(l)...)
		}
	})
	return func() {
		if !stay() {
			<-told // before anybody tells that the bridge is over
		}
		cancel()
	}
}

// Hold puts the party on hold, as By's phone would. They do not hear each other until
// Code.Run returns, or Again.
func (t *Talk) Hold() {
	t.Apart()
	t.by.Publish(event.Event{Kind: event.Hold, Bridge: t.c.ID})
	t.by.say(channel.ControlHold.String(), t.by.other.Leg().Indicate(channel.ControlHold))
}

// Apart has them not hear each other until Code.Run returns, or Again.
func (t *Talk) Apart() { t.c.part() }

// Unhold takes the party back, which is also done when By leaves it: only told says so.
func (t *Talk) Unhold(told bool) {
	if told {
		t.by.Publish(event.Event{Kind: event.Unhold, Bridge: t.c.ID})
	}
	if party := t.by.other; !party.HungUp() {
		t.by.say(channel.ControlUnhold.String(), party.Leg().Indicate(channel.ControlUnhold))
	}
}

// Consult takes By out of the bridge, where the party stays alone and is watched, and
// bridges it with somebody else until that bridge ends. By is then in none: Back takes
// it back here, and so does the return of Code.Run.
func (t *Talk) Consult(with *channel.Channel, o Options) Result {
	c := t.c
	if !t.by.away {
		c.part()
		t.by.away = true
		t.by.joined(nil)
		t.by.other.joined(nil)
		t.by.other.SetBridge(c.ID, nil)
		t.by.other.SetVar("BRIDGEPEER", channel.Value{})
		t.by.LeftBridge(c.others(t.by)...)
	}
	o.Watch = t.by.other.Channel
	o.Limit = t.left()
	return run(t.by.Channel, with, o)
}

// Again has the two talk on with the codes of o, and with the channel watched that o
// names, until that ends.
func (t *Talk) Again(o Options) Result {
	if err := t.resume(); err != nil {
		return failed(t.by.side, err)
	}
	c, kept := t.c, t.c.Options
	c.Features, c.Watch, c.Await, c.AnswerIn, c.Early = o.Features, o.Watch, o.Await, o.AnswerIn, o.Early
	c.asking = true
	c.rearm()
	r := c.run()
	c.Options, c.asking = kept, false
	c.rearm()
	return r
}

// resume has the two talk again, wherever By was and whoever was on hold.
func (t *Talk) resume() error {
	if err := t.Back(); err != nil {
		return err
	}
	return t.c.join()
}

// rearm begins with other options.
func (c *call) rearm() {
	c.arm()
	c.await()
	for _, l := range c.legs {
		l.digits = l.digits[:0]
		if l.media != nil {
			l.media.PassDigits(len(l.codes) == 0)
		}
	}
	c.tell()
}

// Back takes By back into the bridge, if it is out of it.
func (t *Talk) Back() error {
	if !t.by.away {
		return nil
	}
	c := t.c
	t.by.away = false
	t.by.name = t.by.Name()
	for _, l := range c.legs {
		l.SetBridge(c.ID, l.other.Channel)
	}
	t.by.JoinedBridge(len(c.legs))
	for _, l := range c.legs {
		l.SetVar("BRIDGEPEER", channel.Clean(l.other.Name()))
	}
	Introduce(t.by.Channel, t.by.other.Channel)
	if err := c.join(); err != nil {
		return err
	}
	c.tell()
	return nil
}

// left is the limit of the call for the time that there is until it is reached.
func (t *Talk) left() Limit {
	end := t.Ends()
	if end.IsZero() {
		return Limit{}
	}
	return Limit{Duration: max(end.Sub(t.c.now()), time.Nanosecond)}
}

// joined tells the driver whom the leg is joined with, nil for nobody.
func (l *leg) joined(other channel.Leg) {
	if j, ok := l.Leg().(channel.Joiner); ok {
		j.Joined(other, false)
	}
}
