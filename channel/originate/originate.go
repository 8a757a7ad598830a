// Package originate places calls that no phone began: for AMI, call files, the
// application Originate and click to dial. It calls a device and, when that
// answers, sends it into the dialplan or into one application.
//
// Place works on the caller's goroutine, which owns the new legs until one of them
// answers, and blocks it so long; nothing is shared.
package originate

import (
	"errors"
	"strings"
	"time"

	"pbx/channel"
	"pbx/event"
)

// Dialplan is where a call goes that was answered.
type Dialplan interface {
	channel.Dialplan
	// Routine runs a subroutine on a channel that no thread runs.
	Routine(ch *channel.Channel, spec string, args []channel.Value) error
}

// DefaultTimeout is how long a device rings where nobody says.
const DefaultTimeout = 30 * time.Second

// Request describes a call.
type Request struct {
	// Dest is Technology/resource.
	Dest string
	// Location is where the call goes that was answered, unless App is set: then it
	// runs that application with Data, and ends.
	Location channel.Location
	App      string
	Data     channel.Value
	// Caller is what the device is shown, nil for what the driver makes of it; the
	// dialplan sees it as the caller. Shown is shown only.
	Caller, Shown *channel.Party
	// Refer is where the device is told to call itself when it answers, which it does
	// on hold (click to dial by REFER); Location and App mean nothing then.
	Refer string
	// Timeout is how long it may ring, 0 for DefaultTimeout.
	Timeout time.Duration
	// Variables are set on the new channel, the last of them first, as the ancestor
	// does. Those whose names are functions are written.
	Variables []channel.Variable
	Account   string
	Formats   []string
	// EarlyMedia sends the call on when the far end sends audio, answered or not.
	EarlyMedia bool
	// Uniqueid and OtherUniqueid are those of channel.Request.
	Uniqueid, OtherUniqueid string
	// PreDial is a subroutine that runs on the new channel before it is called.
	PreDial     string
	PreDialArgs []channel.Value
	// Set writes a variable whose name is a function; nil sets nothing of that kind.
	Set func(ch *channel.Channel, name string, v channel.Value) error
}

// Reason says how a call went, in the numbers that AMI shows.
type Reason int

// The reasons.
const (
	Failed    Reason = 0
	Gone      Reason = 1 // the far end hung up
	RangOut   Reason = 3
	Answered  Reason = 4
	Busy      Reason = 5
	Congested Reason = 8
)

// Result is what came of it.
type Result struct {
	Reason Reason
	// Channel is the one that answered, nil without any; its thread owns it.
	Channel *channel.Channel
	// Name and Uniqueid are those of the channel, also of one that is over.
	Name, Uniqueid string
	Cause          channel.Cause
	// Err says why no device could be called.
	Err error
}

// Place calls the device and waits until it answers or will not.
func Place(reg *channel.Registry, plan Dialplan, r Request) Result {
	if r.Timeout <= 0 {
		r.Timeout = DefaultTimeout
	}
	c := &call{Request: r, reg: reg, plan: plan, end: reg.Now().Add(r.Timeout)}
	defer c.drop()
	c.call(r.Dest)
	return c.run()
}

// call is a Request while it is carried out.
type call struct {
	Request
	reg      *channel.Registry
	plan     Dialplan
	end      time.Time
	legs     []*channel.Channel
	later    []later
	rang     bool
	forwards int
	result   Result
}

// later is a device that rings when the others have rung alone for a while.
type later struct {
	dest   string
	target any
	at     time.Time
}

// call calls every device that dest stands for.
func (c *call) call(dest string) {
	tech, resource, _ := strings.Cut(dest, "/")
	branches := []channel.Branch{{}}
	if t, ok := c.reg.Technology(tech); ok {
		if f, ok := t.(channel.Forker); ok {
			if list := f.Fork(resource, nil); len(list) > 0 {
				branches = list
			}
		}
	}
	now := c.reg.Now()
	for _, b := range branches {
		if b.After > 0 {
			c.later = append(c.later, later{dest, b.Target, now.Add(b.After)})
			continue
		}
		c.try(dest, b.Target)
	}
	c.advance()
}

// advance rings those whose time has come, and the next ones when nobody rings.
func (c *call) advance() {
	for len(c.later) > 0 {
		next := 0
		for i := range c.later {
			if c.later[i].at.Before(c.later[next].at) {
				next = i
			}
		}
		l := c.later[next]
		if len(c.legs) > 0 && c.reg.Now().Before(l.at) {
			return
		}
		c.later = append(c.later[:next], c.later[next+1:]...)
		c.try(l.dest, l.target)
	}
}

// try makes and calls one leg.
func (c *call) try(dest string, target any) {
	ch, err := c.reg.Request(dest, channel.Request{
		Target: target, Formats: c.Formats, Uniqueid: c.Uniqueid, OtherUniqueid: c.OtherUniqueid, Held: c.Refer != "",
	})
	if err != nil {
		c.result.Err = err
		var refused *channel.RequestError
		if errors.As(err, &refused) {
			c.result.Cause = refused.Cause
		}
		return
	}
	c.Uniqueid, c.OtherUniqueid = "", "" // of the first leg only
	c.result.Name, c.result.Uniqueid = ch.Name(), ch.Uniqueid()
	c.prepare(ch)
	if c.PreDial != "" {
		if err := c.plan.Routine(ch, c.PreDial, c.PreDialArgs); err != nil {
			c.fail(ch, err)
			return
		}
	}
	if err := ch.Leg().Call(); err != nil {
		c.fail(ch, err)
		return
	}
	_, resource, _ := strings.Cut(dest, "/")
	ch.PublishAbout(event.Event{Kind: event.DialBegin, Value: resource})
	c.legs = append(c.legs, ch)
}

func (c *call) fail(ch *channel.Channel, err error) {
	c.result.Err, c.result.Cause = err, ch.Cause()
	ch.Hangup()
}

// prepare gives a leg what the request says of it.
func (c *call) prepare(ch *channel.Channel) {
	at := ch.Location()
	at.Exten, at.Priority = "", 1
	ch.SetLocation(at, "AppDial2", "(Outgoing Line)")
	for i := len(c.Variables) - 1; i >= 0; i-- {
		v := c.Variables[i]
		if strings.HasSuffix(v.Name, ")") {
			if c.Set == nil {
				continue
			}
			if err := c.Set(ch, v.Name, v.Value); err != nil {
				ch.Log().Warn("Originate: " + err.Error())
			}
			continue
		}
		ch.SetVar(v.Prefixed(), v.Value)
	}
	if c.Account != "" {
		ch.SetSettings(func(s *channel.Settings) { s.Account = c.Account })
	}
	if c.Shown != nil {
		ch.UpdateIdentity(func(id *channel.Identity) { id.Connected = *c.Shown })
	}
	if c.Caller != nil {
		ch.UpdateIdentity(func(id *channel.Identity) { id.Caller, id.ANI = *c.Caller, c.Caller.Number })
		ch.UpdateIdentity(func(id *channel.Identity) { id.Connected = *c.Caller })
	}
}

// run waits for an answer.
func (c *call) run() Result {
	for len(c.legs) > 0 {
		left := c.end.Sub(c.reg.Now())
		if left <= 0 {
			return c.rangOut()
		}
		for _, l := range c.later {
			left = min(left, max(l.at.Sub(c.reg.Now()), time.Millisecond))
		}
		i, f, err := channel.WaitAny(left, c.legs...)
		switch {
		case errors.Is(err, channel.ErrTimeout):
			c.advance()
		case err != nil:
			c.over(i, c.legs[i].Cause())
		default:
			if c.frame(i, f) {
				return c.result
			}
		}
	}
	return c.result
}

// frame acts on what one leg says; true is that the call is on its way.
func (c *call) frame(i int, f channel.Frame) bool {
	ch := c.legs[i]
	if f.Kind != channel.FrameControl {
		return false
	}
	if f.Cause != channel.CauseNone {
		ch.SetCause(f.Cause, "")
	}
	switch f.Control {
	case channel.ControlAnswer:
		ch.SetState(channel.Up)
		c.tell(ch, event.DialEnd, "ANSWER")
		return c.start(i)
	case channel.ControlRinging:
		c.rang = true
		c.tell(ch, event.DialState, "RINGING")
	case channel.ControlProgress:
		c.tell(ch, event.DialState, "PROGRESS")
		if c.EarlyMedia {
			return c.start(i)
		}
	case channel.ControlProceeding:
		c.tell(ch, event.DialState, "PROCEEDING")
	case channel.ControlBusy:
		c.over(i, channel.CauseUserBusy)
	case channel.ControlCongestion, channel.ControlIncomplete:
		c.over(i, channel.CauseCongestion)
	case channel.ControlForward:
		c.forward(i, f.Text)
	}
	return false
}

func (c *call) tell(ch *channel.Channel, kind event.Kind, value string) {
	ch.PublishAbout(event.Event{Kind: kind, Value: value})
}

// maxForwards ends a chain of phones that forward to each other.
const maxForwards = 5

// forward calls where the device says that it is (RFC 3261 8.1.3.4).
func (c *call) forward(i int, places string) {
	if places == "" { // it only tells that it forwards
		return
	}
	c.tell(c.legs[i], event.DialState, "FORWARD")
	before := len(c.legs)
	if c.forwards++; c.forwards <= maxForwards {
		for dest := range strings.SplitSeq(places, channel.ForwardNext) {
			if c.call(dest); len(c.legs) > before {
				break
			}
		}
	}
	c.over(i, channel.CauseNone)
}

// over takes a leg out that will not answer.
func (c *call) over(i int, why channel.Cause) {
	ch := c.legs[i]
	status := "NOANSWER"
	switch why {
	case channel.CauseUserBusy:
		c.result.Reason, status = Busy, "BUSY"
	case channel.CauseCongestion, channel.CauseSwitchCongestion, channel.CauseTemporaryFailure:
		c.result.Reason, status = Congested, "CONGESTION"
	case channel.CauseNone:
		status = "CANCEL"
	default:
		c.result.Reason = Gone
	}
	c.tell(ch, event.DialEnd, status)
	c.result.Cause = ch.Cause()
	ch.Hangup()
	c.legs = append(c.legs[:i], c.legs[i+1:]...)
	c.advance()
}

func (c *call) rangOut() Result {
	c.result.Reason = Failed
	if c.rang {
		c.result.Reason = RangOut
	}
	c.result.Cause = channel.CauseNoAnswer
	for _, ch := range c.legs {
		ch.SetCause(channel.CauseNoAnswer, "")
	}
	return c.result
}

// start sends the leg to where the request says; the others lose.
func (c *call) start(i int) bool {
	ch := c.legs[i]
	c.legs = append(c.legs[:i], c.legs[i+1:]...)
	for _, l := range c.legs {
		l.SetCause(channel.CauseAnsweredElsewhere, "")
		c.tell(l, event.DialEnd, "CANCEL")
	}
	c.result = Result{Reason: Answered, Channel: ch, Name: ch.Name(), Uniqueid: ch.Uniqueid()}
	if c.Refer != "" {
		c.App, c.Data = "Transfer", channel.Clean(c.Refer)
	}
	if c.App == "" {
		ch.SetPlace(c.Location)
		c.plan.Start(ch)
		return true
	}
	if err := c.plan.StartApplication(ch, c.App, c.Data); err != nil {
		ch.Log().Warn("Originate: " + err.Error())
		ch.Hangup()
	}
	return true
}

// drop hangs up what is left, whatever happened.
func (c *call) drop() {
	for _, ch := range c.legs {
		ch.Hangup()
	}
}
