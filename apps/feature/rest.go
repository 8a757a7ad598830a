package feature

import (
	"strings"
	"sync/atomic"
	"time"

	"pbx/apps/prompt"
	"pbx/bridge"
	"pbx/channel"
	"pbx/event"
)

// rest is a call after one of the three of an attended transfer has left it: one of the
// first two, and the target. It runs as an errand of the thread of the one that stays,
// who gets a thread of his own if he has none.
type rest struct {
	Deps
	f      channel.Features
	stays  party
	target *channel.Channel
	place  channel.Location
	by     string // who transferred, for the target's plan
	sound  bool   // the target hears that it is another one now

	answered bool
	refused  bool // the target has said that it will not answer
	answerBy time.Time
	ends     time.Time // the limit of the call, zero for none

	// device is who transferred, and is called back when the target does not answer, ""
	// for nobody; recalled is what he may do then.
	device   string
	recalled Rights
	targets  Rights // what the target may do, nothing unless it is he

	taken atomic.Bool
	stop  func()
}

// takeover is how long a thread may take to leave what it does.
const takeover = 5 * time.Second

// begin has the thread do the rest. The target does not outlive that: where the thread
// never comes, because its channel has ended or was sent elsewhere, it is hung up.
func (r *rest) begin() {
	abandon := func() {
		if r.taken.CompareAndSwap(false, true) {
			r.target.Hangup()
		}
	}
	r.stop = r.stays.Registry().AfterFunc(takeover, abandon)
	r.stays.AtEnd(abandon)
	r.stays.AsyncRun(r.run)
}

func (r *rest) now() time.Time { return r.stays.Registry().Now() }

// run is the errand.
func (r *rest) run(channel.Thread) error {
	if !r.taken.CompareAndSwap(false, true) {
		return r.after()
	}
	r.stop()
	defer r.drop()
	if r.answered {
		r.connect()
		return r.after()
	}
	wait := time.Duration(0)
	if r.device != "" {
		wait = max(r.answerBy.Sub(r.now()), time.Nanosecond)
	}
	if !r.ring(wait) && r.device != "" {
		r.recall()
	}
	return r.after()
}

// after is what the end of the call means for who stayed.
func (r *rest) after() error {
	switch {
	case r.stays.Redirected():
		return channel.ErrRedirect
	case r.stays.GoesOn && !r.stays.HungUp():
		return nil
	}
	return channel.ErrHangup
}

// connect joins the two who have both answered.
func (r *rest) connect() {
	if r.sound && r.f.TransferSound != "" {
		if _, err := r.Player.Play(r.target, r.f.TransferSound, prompt.Options{Watch: r.stays.Channel}); err != nil && !prompt.Ended(err) {
			r.stays.Log().Warn("transfer", "error", err)
		}
	}
	r.optimize()
	bridge.Introduce(r.stays.Channel, r.target)
	r.talk(bridge.Options{})
}

// optimize takes the Local channel of the target out of the call, which is settled.
func (r *rest) optimize() {
	if o, ok := r.target.Leg().(interface{ OptimizeAway() }); ok {
		o.OptimizeAway()
	}
}

// talk bridges the two until that ends, and sends the target where it was sent
// meanwhile.
func (r *rest) talk(o bridge.Options) {
	o.Features = r.Codes(r.stays.Channel, r.target, r.stays.Rights, r.targets)
	o.DigitTimeout = r.f.DigitTimeout
	if !r.ends.IsZero() {
		o.Limit.Duration = max(r.ends.Sub(r.now()), time.Nanosecond)
	}
	bridge.Run(r.stays.Channel, r.target, o)
	if r.send(r.target) {
		r.target = nil
	}
}

// send lets a target go where it was sent, and reports whether it was.
func (d Deps) send(target *channel.Channel) bool {
	to, ok := target.TakeRedirect()
	if ok {
		target.SetLocation(to, "AppDial", "(Outgoing Line)")
		d.Dialplan.Start(target)
	}
	return ok
}

// drop hangs the target up, unless it has gone elsewhere.
func (r *rest) drop() {
	if r.target != nil {
		r.target.Hangup()
		r.target = nil
	}
}

// ring has who stays hear the target ring, and talk to it. It reports whether the call
// is over by that: the target has answered, or who waited has gone; wait is how long it
// may ring, 0 for as long as it does.
func (r *rest) ring(wait time.Duration) (over bool) {
	r.answered, r.refused = false, false
	r.comfort()
	r.talk(bridge.Options{Await: r.target, AnswerIn: wait, Early: r.early})
	r.Player.StopTone(r.stays.Channel)
	if !r.answered && !r.refused && r.target != nil {
		tell(r.target, channel.ControlHangup)
	}
	r.drop()
	return r.answered || r.left()
}

// left reports whether who waits is gone.
func (r *rest) left() bool {
	return r.stays.HungUp() || r.stays.Redirected() || !r.ends.IsZero() && !r.now().Before(r.ends)
}

// comfort lets who waits hear that it rings.
func (r *rest) comfort() {
	_ = r.Player.Indicate(r.stays.Channel, channel.ControlRinging) // without a tone he waits in silence
}

func (r *rest) early(c channel.Control) (giveUp bool) {
	tell(r.target, c)
	switch c {
	case channel.ControlProgress:
		r.Player.StopTone(r.stays.Channel)
	case channel.ControlAnswer:
		r.Player.StopTone(r.stays.Channel)
		r.answered = true
		bridge.Introduce(r.stays.Channel, r.target)
		r.optimize()
	}
	r.refused = refuses(c)
	return r.refused
}

// recall calls who transferred back, and the target again when he does not answer, in
// turn.
func (r *rest) recall() {
	for attempt := 1; ; attempt++ {
		_, number, _ := strings.Cut(r.device, "/")
		if r.try(func() (*channel.Channel, error) {
			return dial(r.stays.Channel, r.device, number, func(ch *channel.Channel) {
				ch.SetLocation(r.stays.Location(), "AppDial", "(Outgoing Line)")
				ch.PublishAbout(event.Event{Kind: event.DialBegin, Value: number})
			})
		}, r.recalled) || attempt >= r.f.Attended.Callbacks || r.pause() {
			return
		}
		if r.try(func() (*channel.Channel, error) { return target(r.stays.Channel, r.by, r.place) }, Rights{}) || r.pause() {
			return
		}
	}
}

// try calls somebody, and reports whether the call is over by that.
func (r *rest) try(call func() (*channel.Channel, error), may Rights) (over bool) {
	ch, err := call()
	if err != nil {
		r.stays.Log().Warn("transfer: nobody to call back", "channel", r.stays.Name(), "error", err)
		return r.left()
	}
	r.target, r.targets = ch, may
	return r.ring(r.f.Attended.NoAnswer)
}

// pause waits before the next attempt, and reports whether the call is over.
func (r *rest) pause() (over bool) {
	r.comfort()
	if r.stays.Sleep(r.f.Attended.LoopDelay) != nil {
		return true
	}
	return r.left()
}
