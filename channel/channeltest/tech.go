// Package channeltest is a channel driver for tests: legs that do what a script
// says, in the time of the test's clock, and record what they are told.
//
// A Tech and its Legs may be used from any goroutine.
package channeltest

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"pbx/channel"
)

// Step is something that a scripted far end does, so long after it was called.
type Step struct {
	After time.Duration
	Frame channel.Frame
	// Tech are the driver's own words for a cause.
	Tech string
}

// Ringing is a far end that rings.
func Ringing(after time.Duration) Step { return control(after, channel.ControlRinging) }

// Progress is a far end that sends early audio.
func Progress(after time.Duration) Step { return control(after, channel.ControlProgress) }

// Answer is a far end that answers.
func Answer(after time.Duration) Step { return control(after, channel.ControlAnswer) }

func control(after time.Duration, c channel.Control) Step {
	return Step{After: after, Frame: channel.Frame{Kind: channel.FrameControl, Control: c}}
}

// Fail is a final failure: a control for those that have one of their own, a
// hang-up for the others.
func Fail(after time.Duration, c channel.Control, cause channel.Cause, tech string) Step {
	s := control(after, c)
	s.Frame.Cause, s.Tech = cause, tech
	return s
}

// Hangup ends the leg from its far end.
func Hangup(after time.Duration, cause channel.Cause) Step {
	return Fail(after, channel.ControlHangup, cause, "")
}

// Digit presses a key.
func Digit(after time.Duration, digit byte) Step {
	return Step{After: after, Frame: channel.Frame{Kind: channel.FrameDTMFEnd, Digit: digit, Duration: 100 * time.Millisecond}}
}

// Tech is a technology whose far ends are scripted by resource.
type Tech struct {
	name string
	reg  *channel.Registry

	mu       sync.Mutex
	scripts  map[string][]Step
	refusals map[string]channel.Cause
	callees  map[string]channel.Party
	branches map[string][]channel.Branch
	legs     []*Leg
}

// New makes a technology and registers it.
func New(name string, reg *channel.Registry) *Tech {
	t := &Tech{name: name, reg: reg, scripts: map[string][]Step{}, refusals: map[string]channel.Cause{}, callees: map[string]channel.Party{}, branches: map[string][]channel.Branch{}}
	reg.Register(t)
	return t
}

// Script sets what the device behind resource does when it is called.
func (t *Tech) Script(resource string, steps ...Step) {
	t.mu.Lock()
	t.scripts[resource] = steps
	t.mu.Unlock()
}

// Refuse makes Request of resource fail with cause.
func (t *Tech) Refuse(resource string, cause channel.Cause) {
	t.mu.Lock()
	t.refusals[resource] = cause
	t.mu.Unlock()
}

// Callee gives the device behind resource a caller ID of its own.
func (t *Tech) Callee(resource string, p channel.Party) {
	t.mu.Lock()
	t.callees[resource] = p
	t.mu.Unlock()
}

// Branch adds a device, the resource to, to those that resource stands for; it
// rings so long after the others.
func (t *Tech) Branch(resource, to string, after time.Duration) {
	t.mu.Lock()
	t.branches[resource] = append(t.branches[resource], channel.Branch{Target: to, After: after})
	t.mu.Unlock()
}

// Fork implements channel.Forker.
func (t *Tech) Fork(resource string, _ *channel.Channel) []channel.Branch {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.branches[resource]
}

// Legs are all legs made so far, oldest first.
func (t *Tech) Legs() []*Leg {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]*Leg(nil), t.legs...)
}

// Leg finds the first leg to resource, nil if there is none.
func (t *Tech) Leg(resource string) *Leg {
	for _, l := range t.Legs() {
		if l.Resource == resource {
			return l
		}
	}
	return nil
}

// Name implements channel.Technology.
func (t *Tech) Name() string { return t.name }

// Description implements channel.Technology.
func (t *Tech) Description() string { return "a driver for tests" }

// DeviceState implements channel.Technology.
func (t *Tech) DeviceState(string) channel.DeviceState { return channel.DeviceUnknown }

// Request implements channel.Technology. The peer's name is the part of the
// resource after '@', or all of it.
func (t *Tech) Request(r channel.Request) (*channel.Channel, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if to, ok := r.Target.(string); ok {
		r.Resource = to
	}
	steps, known := t.scripts[r.Resource]
	if cause, ok := t.refusals[r.Resource]; ok || !known {
		if !ok {
			cause = channel.CauseSubscriberAbsent
		}
		return nil, &channel.RequestError{Dest: t.name + "/" + r.Resource, Cause: cause, Err: fmt.Errorf("refused")}
	}
	peer := r.Resource
	if _, after, ok := strings.Cut(peer, "@"); ok {
		peer = after
	}
	l := t.newLeg(r.Resource, steps)
	l.ch = t.reg.New(channel.Options{
		Name: peer, Uniqueid: r.Uniqueid, Tech: t, Leg: l, State: channel.Down, From: r.From,
		Identity: channel.Identity{Caller: t.callees[r.Resource]},
	})
	return l.ch, nil
}

// Inbound makes the channel of a call that came in and was not answered. The
// steps begin when it is made.
func (t *Tech) Inbound(o channel.Options, steps ...Step) *Leg {
	t.mu.Lock()
	l := t.newLeg("", steps)
	t.mu.Unlock()
	o.Tech, o.Leg, o.State = t, l, channel.Ring
	l.ch = t.reg.New(o)
	_ = l.Call()
	return l
}

func (t *Tech) newLeg(resource string, steps []Step) *Leg {
	l := &Leg{Resource: resource, tech: t, steps: steps, gone: make(chan struct{}), since: t.reg.Now()}
	t.legs = append(t.legs, l)
	return l
}
