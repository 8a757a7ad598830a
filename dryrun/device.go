package dryrun

import (
	"strings"
	"sync"
	"time"

	"pbx/channel"
)

// technology is a driver whose devices do what the script says.
type technology struct {
	name   string
	office *Office
}

// Name implements channel.Technology.
func (t *technology) Name() string { return t.name }

// Description implements channel.Technology.
func (t *technology) Description() string { return "devices of a dry run" }

// DeviceState implements channel.Technology.
func (t *technology) DeviceState(resource string) channel.DeviceState {
	return t.office.state(t.name + "/" + resource)
}

// Request implements channel.Technology.
func (t *technology) Request(r channel.Request) (*channel.Channel, error) {
	dest := t.name + "/" + r.Resource
	b := t.office.behaviour(dest)
	if known := t.office.Known; known != nil && !known(t.name, r.Resource) {
		return nil, &channel.RequestError{Dest: dest, Cause: channel.CauseSubscriberAbsent, Err: errNotThere}
	}
	if b.Kind == Unavailable {
		return nil, &channel.RequestError{Dest: dest, Cause: channel.CauseSubscriberAbsent, Err: errUnregistered}
	}
	l := &leg{office: t.office, does: b, outgoing: true}
	o := channel.Options{Tech: t, Leg: l, Name: deviceOf(r.Resource), State: channel.Down, Settings: channel.Settings{Formats: []string{"ulaw"}}, From: r.From}
	if t.office.Callee != nil {
		o.Identity.Caller = t.office.Callee(t.name, r.Resource)
	}
	l.ch = t.office.registry.New(o)
	return l.ch, nil
}

// deviceOf is what a channel is named after: the peer of peer/number and of
// number@peer.
func deviceOf(resource string) string {
	if _, peer, ok := strings.Cut(resource, "@"); ok {
		resource = peer
	}
	peer, _, _ := strings.Cut(resource, "/")
	return peer
}

// leg is the driver's side of one channel of a dry run.
type leg struct {
	office   *Office
	ch       *channel.Channel
	does     Behaviour
	outgoing bool

	mu    sync.Mutex
	stops []func()
	ended bool
}

// after has the far end do something later, unless the call is over then.
func (l *leg) after(d time.Duration, f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	l.stops = append(l.stops, l.office.clock.AfterFunc(d, f))
}

func (l *leg) control(c channel.Control, cause channel.Cause, text string) {
	l.ch.Queue(channel.Frame{Kind: channel.FrameControl, Control: c, Cause: cause, Text: text})
}

// Call implements channel.Leg.
func (l *leg) Call() error {
	l.after(0, func() {
		if l.does.Kind == Rings || l.does.After > 0 {
			l.ch.SetState(channel.Ringing)
			l.control(channel.ControlRinging, channel.CauseNone, "")
		}
	})
	if l.does.Kind != Rings {
		l.after(l.does.After, l.end)
	}
	return nil
}

// end is what comes of the call.
func (l *leg) end() {
	switch l.does.Kind {
	case Answers:
		l.ch.SetState(channel.Up)
		l.control(channel.ControlAnswer, channel.CauseNone, "")
		if l.does.Hangup > 0 {
			l.after(l.does.Hangup, func() { l.control(channel.ControlHangup, channel.CauseNormalClearing, "") })
		}
	case Forwards:
		l.control(channel.ControlForward, channel.CauseNone, "Local/"+l.does.Forward+"@"+l.office.forwardContext())
	default:
		control, cause, text := l.does.Kind.cause()
		l.ch.SetCause(cause, text)
		l.control(control, cause, "")
	}
}

// Answer implements channel.Leg.
func (l *leg) Answer() error {
	l.office.note(l.ch, "the call is answered")
	return nil
}

// Indicate implements channel.Leg. A refusal ends a call that was not answered, as
// it does in SIP.
func (l *leg) Indicate(c channel.Control) error {
	if l.outgoing {
		return nil
	}
	l.office.told(c)
	if c == channel.ControlBusy || c == channel.ControlCongestion {
		l.ch.SoftHangup(channel.CauseNone)
	}
	return nil
}

// Hangup implements channel.Leg.
func (l *leg) Hangup(cause channel.Cause) {
	l.mu.Lock()
	l.ended = true
	stops := l.stops
	l.stops = nil
	l.mu.Unlock()
	for _, stop := range stops {
		stop()
	}
	if !l.outgoing {
		l.office.over(cause)
	}
}

// SendDigit implements channel.Leg.
func (l *leg) SendDigit(digit byte, _ time.Duration) error {
	l.office.note(l.ch, "is sent the digit "+string(rune(digit)))
	return nil
}

// SendText implements channel.Leg.
func (l *leg) SendText(text string) error {
	l.office.note(l.ch, "is sent the text "+text)
	return nil
}

// Transfer implements channel.Leg.
func (l *leg) Transfer(dest string) error {
	l.office.note(l.ch, "is sent to "+dest)
	l.after(0, func() { l.control(channel.ControlHangup, channel.CauseNormalClearing, "") })
	return nil
}

// Rebind implements channel.Leg.
func (l *leg) Rebind(ch *channel.Channel) {
	l.mu.Lock()
	l.ch = ch
	l.mu.Unlock()
}

// Item implements channel.Leg.
func (l *leg) Item(string) (string, bool) { return "", false }
