package dryrun

import (
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"pbx/apps/prompt"
	"pbx/channel"
	"pbx/dialplan"
	"pbx/dialplan/trace"
	"pbx/event"
)

var (
	errNotThere     = errors.New("there is no such device")
	errUnregistered = errors.New("it is not registered")
)

// maxSteps is how many priorities a call may run without a pause.
const maxSteps = 20_000

// maxRests is how many times a call may wait for something: a menu that begins again
// when nobody presses a key does so for ever.
const maxRests = 1000

// horizon is the longest time without anything that a caller stays for.
const horizon = 12 * time.Hour

// maxEvents bounds what is kept of a call; what comes after it is counted.
const maxEvents = 1 << 18

// Call says who calls whom, and what everybody does.
type Call struct {
	// Context and Exten are where the call begins.
	Context, Exten string
	// Device is the caller's, such as SIP/101, "" for a caller from outside.
	Device string
	Caller channel.Party
	// Variables and Settings are those of the caller's channel.
	Variables []channel.Variable
	Settings  channel.Settings
	// Devices say what happens when they are called, by name, such as SIP/102;
	// "" is what all others do.
	Devices map[string]Behaviour
	// States are those of devices that are asked for them, by name.
	States map[string]channel.DeviceState
	// Keys are what the caller presses, in order.
	Keys []Keys
	// Answers are what functions and commands outside of the exchange give back, by
	// their text, such as "SHELL(date)" and "DB(night/on)", or by their name alone.
	Answers map[string]string
	// Complete says that no more digits follow: a number that could go on is unknown.
	Complete bool
	// HangupAfter is when the caller hangs up; 0 is when nothing else would happen.
	HangupAfter time.Duration
}

// Keys are digits that the caller presses.
type Keys struct {
	Digits string
	// At is how long after the beginning of the call; negative is when the plan
	// next asks for digits.
	At time.Duration
}

// Office is one exchange in virtual time.
type Office struct {
	// Known reports whether there is such a device; nil knows every one.
	Known func(technology, resource string) bool
	// Callee is who answers at a device.
	Callee func(technology, resource string) channel.Party

	clock    *channel.Virtual
	start    time.Time
	bus      *event.Bus
	registry *channel.Registry
	engine   *dialplan.Engine
	call     *Call

	mu       sync.Mutex
	sessions map[*channel.Channel]*session
	caller   *channel.Channel
	keys     []Keys // that are still to be pressed
	refusal  string // how the caller's call was refused
	cause    channel.Cause
	ended    time.Time // when the caller's call was
	done     chan struct{}
}

// NewOffice makes an exchange whose clock stands at start. Its engine, which is
// made with the options given, has neither a plan nor applications yet.
func NewOffice(start time.Time, o dialplan.EngineOptions) *Office {
	f := &Office{
		clock: channel.NewVirtual(start), start: start, bus: &event.Bus{},
		sessions: make(map[*channel.Channel]*session), done: make(chan struct{}),
	}
	log := slog.New(logged{f})
	f.clock.Idle, f.clock.Horizon = f.idle, horizon
	f.registry = channel.NewVirtualRegistry(f.bus, log, f.clock, "")
	o.Channels, o.Now, o.MaxSteps, o.MaxRests = f.registry, f.clock.Now, maxSteps, maxRests
	f.engine = dialplan.NewEngine(o)
	return f
}

// Engine is the office's.
func (f *Office) Engine() *dialplan.Engine { return f.engine }

// Registry is that of the office's channels.
func (f *Office) Registry() *channel.Registry { return f.registry }

// Bus carries what happens in the office.
func (f *Office) Bus() *event.Bus { return f.bus }

// Now is the office's clock.
func (f *Office) Now() time.Time { return f.clock.Now() }

// AddTechnology makes devices of a name, such as SIP, that do what the call says.
func (f *Office) AddTechnology(name string) {
	f.registry.Register(&technology{name: name, office: f})
}

// Session is the fake media session of a channel, for apps.Deps.
func (f *Office) Session(ch *channel.Channel) prompt.Session {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, ok := f.sessions[ch]
	if !ok {
		s = &session{clock: f.clock, ch: ch}
		f.sessions[ch] = s
	}
	return s
}

// Eval is what a text becomes in a priority of the call, and the warnings that
// came of it.
func (f *Office) Eval(c *Call, text string) (value string, notes []string) {
	f.call = c
	sub := f.bus.Subscribe(maxEvents, event.Note)
	l := f.newCaller(c)
	value = f.engine.Expand(l.ch, text).S
	l.ch.Hangup()
	sub.Close()
	for e := range sub.C {
		notes = append(notes, e.Value)
	}
	return value, notes
}

// Run makes the call and returns what happened when it and all its legs are over.
func (f *Office) Run(c *Call) *Trace {
	f.call, f.keys = c, c.Keys
	sub := f.bus.Subscribe(maxEvents, event.NewExten, event.VarSet, event.DialBegin, event.DialState, event.DialEnd, event.Forward,
		event.BridgeJoin, event.Playing, event.Note, event.UserEvent, event.Transfer)
	l := f.newCaller(c)
	for _, k := range c.Keys {
		if k.At >= 0 {
			l.after(k.At, func() { f.press(k.Digits) })
		}
	}
	if c.HangupAfter > 0 {
		l.after(c.HangupAfter, f.leave)
	}
	refused, cause := f.refused(c)
	if refused == "" {
		f.engine.Start(l.ch)
	} else {
		l.ch.Hangup()
	}
	<-f.registry.Empty()
	sub.Close()
	t := &Trace{Trace: trace.Trace{Start: f.start, Caller: l.ch.Name()}}
	for e := range sub.C {
		t.Add(&e, f.engine.Plan())
	}
	if t.Outcome = f.outcome(l.ch, t); refused != "" {
		t.Notes = append(t.Notes, trace.Note{Text: "there is no extension " + c.Exten + " in [" + c.Context + "]"})
		t.Outcome.Refused, t.Outcome.Cause = refused, int(cause)
	}
	t.Lost = sub.Dropped()
	return t
}

// refused is how a call is refused that the plan has no extension for, and its
// cause; "" for one that may begin.
func (f *Office) refused(c *Call) (string, channel.Cause) {
	switch m := f.engine.Match(c.Context, c.Exten, 1, c.Caller.Number); {
	case m.Exists():
		return "", channel.CauseNone
	case m.Partial() && !c.Complete:
		return "484 Address Incomplete", channel.CauseInvalidNumberFormat
	}
	return "404 Not Found", channel.CauseUnallocated
}

// newCaller makes the channel of the caller.
func (f *Office) newCaller(c *Call) *leg {
	l := &leg{office: f}
	name, tech := "caller", "SIP"
	if t, resource, ok := strings.Cut(c.Device, "/"); ok {
		tech, name = t, resource
	}
	driver, ok := f.registry.Technology(tech)
	if !ok {
		driver = &technology{name: tech, office: f}
	}
	o := channel.Options{
		Name: name, Tech: driver, Leg: l, State: channel.Ring, Settings: c.Settings, Variables: c.Variables,
		Location: channel.Location{Context: c.Context, Exten: c.Exten, Priority: 1},
		Identity: channel.Identity{Caller: c.Caller, ANI: c.Caller.Number, DNID: c.Exten},
	}
	if len(o.Formats) == 0 {
		o.Formats = []string{"ulaw"}
	}
	l.ch = f.registry.New(o)
	f.caller = l.ch
	return l
}

// asked presses the next keys that wait for a question.
func (f *Office) asked(ch *channel.Channel) {
	f.mu.Lock()
	if ch != f.caller {
		f.mu.Unlock()
		return
	}
	digits := ""
	for i, k := range f.keys {
		if k.At < 0 {
			digits = k.Digits
			f.keys = append(f.keys[:i:i], f.keys[i+1:]...)
			break
		}
	}
	f.mu.Unlock()
	if digits != "" {
		f.clock.AfterFunc(firstKey, func() { f.press(digits) })
	}
}

const (
	firstKey = 500 * time.Millisecond
	keyGap   = 200 * time.Millisecond
)

// press sends digits one after the other.
func (f *Office) press(digits string) {
	for i := range len(digits) {
		f.clock.AfterFunc(time.Duration(i)*keyGap, func() {
			f.note(f.caller, "the caller presses "+digits[i:i+1])
			f.caller.DigitBegin(digits[i])
			f.caller.DigitEnd(digits[i], 100*time.Millisecond)
		})
	}
}

// idle ends a call in which nothing will happen any more: the caller hangs up.
func (f *Office) idle() {
	if !f.caller.HungUp() {
		f.note(f.caller, "nothing more happens: the caller hangs up")
		f.leave()
		return
	}
	// Others may talk on that a transfer has left to each other.
	for _, ch := range f.registry.Channels() {
		if !ch.HungUp() {
			f.note(ch, "hangs up: nothing more happens")
			ch.SoftHangup(channel.CauseNormalClearing)
			return
		}
	}
}

// leave has the caller hang up: a BYE has a cause, a CANCEL has none.
func (f *Office) leave() {
	cause := channel.CauseNone
	if !f.caller.Answered().IsZero() {
		cause = channel.CauseNormalClearing
	}
	f.caller.SoftHangup(cause)
}

// behaviour is what a device does.
func (f *Office) behaviour(dest string) Behaviour {
	for name, b := range f.call.Devices {
		if strings.EqualFold(name, dest) {
			return b
		}
	}
	return f.call.Devices[""]
}

func (f *Office) state(device string) channel.DeviceState {
	for name, s := range f.call.States {
		if strings.EqualFold(name, device) {
			return s
		}
	}
	technology, resource, _ := strings.Cut(device, "/")
	switch {
	case f.Known != nil && !f.Known(technology, resource):
		return channel.DeviceInvalid
	case f.behaviour(device).Kind == Unavailable:
		return channel.DeviceUnavailable
	}
	return channel.DeviceNotInUse
}

// forwardContext is where a number is looked up that a phone forwards to: the
// caller's context, unless FORWARD_CONTEXT says otherwise.
func (f *Office) forwardContext() string {
	if v, ok := f.caller.Var("FORWARD_CONTEXT"); ok && v.S != "" {
		return v.S
	}
	return f.call.Context
}

func (f *Office) note(ch *channel.Channel, text string) {
	ch.Publish(event.Event{Kind: event.Note, Value: text})
}

// asks is a note about the text of the priority that is about to run.
func (f *Office) asks(ch *channel.Channel, text string) {
	ch.Publish(event.Event{Kind: event.Note, Name: event.NextStep, Value: text})
}

// told keeps how the caller's unanswered call is refused.
func (f *Office) told(c channel.Control) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch c {
	case channel.ControlBusy:
		f.refusal = "busy"
	case channel.ControlCongestion:
		f.refusal = "congestion"
	}
}

func (f *Office) over(cause channel.Cause) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cause, f.ended = cause, f.clock.Now()
}
