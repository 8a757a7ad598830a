// Package channel is the call leg: Channel, the frames it delivers, the
// Technology a driver implements, and the registry that knows every channel of
// one exchange.
//
// A Channel belongs to one goroutine at a time, the dialplan thread that runs it
// or the thread of the call that dialled it: that goroutine reads its frames and
// is the only one to wait on it. What others may look at (state, identities,
// variables, place) is guarded by a lock that is never held across anything that
// blocks, so a thread stuck in System() does not stop `core show channels`.
// Drivers and media loops only queue frames and set states, from any goroutine.
package channel

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pbx/event"
	"pbx/media"
)

// Channel is one leg of a call.
type Channel struct {
	reg      *Registry
	detached bool // see Registry.Detached

	queue queue

	softHangup atomic.Bool

	call    string // names the call in the log: C-0000000a; "" without
	callLog atomic.Pointer[slog.Logger]
	group   atomic.Pointer[string] // LOG_GROUP, nil without one

	mu         sync.Mutex
	line       // what goes with the phone when Masquerade moves it
	hungup     bool
	gone       bool          // hung up, and out of the registry
	done       chan struct{} // closed when gone; nil until somebody waits
	owner      Thread        // set while a dialplan thread runs the channel
	vars       []Variable
	promises   []promise
	loc        Location
	app, data  string
	cause      Cause
	techCause  string
	bridgeID   string
	bridgePeer *Channel
	member     string // the bridge that its phone was last told to be in
	vacated    atomic.Bool
	redirect   atomic.Pointer[Location]
	next       *Location // after the bridge
	errand     Errand
	datastore  map[any]any
	legCauses  []LegCause
	atEnd      []func()
}

// line is the part of a channel that belongs to the phone at its far end.
type line struct {
	name     string
	uniqueid string
	linked   callID
	seq      uint64
	first    bool // the channel that began the call
	tech     Technology
	leg      Leg
	created  time.Time
	state    State
	answered time.Time
	id       Identity
	media    *media.Session
	mutedIn  bool // Mute
	mutedOut bool
	settings Settings
}

// Options are what a driver knows of a channel when it makes one.
type Options struct {
	// Name is the peer's part of the channel's name; the registry makes
	// "SIP/102-0000002a" of "SIP" and "102".
	Name string
	// Full is the whole name instead, for a driver that numbers its channels.
	Full string
	// Uniqueid is the one that a program chose, "" for one of ours.
	Uniqueid string
	Tech     Technology
	Leg      Leg
	// State is Ring for an inbound call and Down for an outbound one.
	State State
	// From shares its Linkedid with the new channel; nil begins a call.
	From *Channel
	// Identity, place and the peer's settings.
	Identity Identity
	Location Location
	Settings
	Variables []Variable
	Media     *media.Session
}

// Name is "SIP/102-0000002a".
func (c *Channel) Name() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.name
}

// Uniqueid is "systemname-epoch.sequence", unique in this exchange for ever.
func (c *Channel) Uniqueid() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.uniqueid
}

// Tech is the driver that made the channel.
func (c *Channel) Tech() Technology {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tech
}

// Leg is the driver's side of the channel; never nil.
func (c *Channel) Leg() Leg {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.leg
}

// Registry is the registry that knows the channel.
func (c *Channel) Registry() *Registry { return c.reg }

// Created is when the channel came to be.
func (c *Channel) Created() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.created
}

// State is the call state.
func (c *Channel) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// SetState changes the call state and tells the bus.
func (c *Channel) SetState(s State) {
	c.mu.Lock()
	if c.state == s {
		c.mu.Unlock()
		return
	}
	c.state = s
	if s == Up && c.answered.IsZero() {
		c.answered = c.reg.now()
	}
	c.mu.Unlock()
	if c.reg.bus.Wants(event.ChannelState) {
		c.Publish(event.Event{Kind: event.ChannelState})
	}
}

// Answer accepts an inbound call that was not answered yet. The goroutine that
// owns the channel calls it.
func (c *Channel) Answer() error {
	if c.HungUp() {
		return ErrHangup
	}
	if c.State() == Up {
		return nil
	}
	if err := c.Leg().Answer(); err != nil {
		return err
	}
	c.SetState(Up)
	return nil
}

// Answered is when the call was answered, zero before.
func (c *Channel) Answered() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.answered
}

// Identity returns who calls whom.
func (c *Channel) Identity() Identity {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.id
}

// UpdateIdentity changes it under the lock.
func (c *Channel) UpdateIdentity(f func(*Identity)) {
	c.mu.Lock()
	before := c.id
	f(&c.id)
	caller, connected := before.Caller != c.id.Caller, before.Connected != c.id.Connected
	c.mu.Unlock()
	if caller && c.reg.bus.Wants(event.NewCallerID) {
		c.Publish(event.Event{Kind: event.NewCallerID, Value: presentationText(c.Identity().Caller.Presentation)})
	}
	if connected && c.reg.bus.Wants(event.NewConnectedLine) {
		c.Publish(event.Event{Kind: event.NewConnectedLine})
	}
}

// presentationText is the number of a presentation and its words.
func presentationText(p Presentation) string { return fmt.Sprintf("%d (%s)", int(p), p.Text()) }

// Location is the place in the dialplan.
func (c *Channel) Location() Location {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.loc
}

// SetApplication records an application that runs at no priority, such as that of
// an Originate.
func (c *Channel) SetApplication(app, data string) {
	c.mu.Lock()
	c.app, c.data = app, data
	c.mu.Unlock()
	if c.reg.bus.Wants(event.Application) {
		c.Publish(event.Event{Kind: event.Application, App: app, AppData: data})
	}
}

// SetLocation records the place and the application that runs there. The engine
// calls it for every priority.
func (c *Channel) SetLocation(l Location, app, data string) {
	c.mu.Lock()
	c.loc, c.app, c.data = l, app, data
	if !c.wants(event.NewExten) {
		c.mu.Unlock()
		return
	}
	e := c.reg.bus.New(event.NewExten)
	e.App, e.AppData = app, data
	c.describe(e)
	c.mu.Unlock()
	c.tell(e)
}

// SetPlace records where a channel goes that no thread runs yet.
func (c *Channel) SetPlace(l Location) {
	c.mu.Lock()
	c.loc, c.app, c.data = l, "", ""
	c.mu.Unlock()
}

// Cause is why the call ended, or the last cause that a dialled leg left.
func (c *Channel) Cause() Cause {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause
}

// SetCause records a cause; tech is the driver's own words for it ("SIP 486 Busy
// Here"), or "" to leave them.
func (c *Channel) SetCause(cause Cause, tech string) {
	c.mu.Lock()
	c.cause = cause
	if tech != "" {
		c.techCause = tech
	}
	c.mu.Unlock()
}

// TechCause is the driver's own words for the cause.
func (c *Channel) TechCause() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.techCause
}

// Settings are the plain settings of a channel.
type Settings struct {
	Language, Account, AMAFlags, MusicClass string
	// ToneZone is the country whose tones are heard, "" for the exchange's.
	ToneZone string
	// CallGroup are the numbered pickup groups that calls to the phone belong to,
	// PickupGroup those that it may pick up calls of; the named ones likewise.
	CallGroup, PickupGroup             uint64
	NamedCallGroups, NamedPickupGroups []string
	Formats                            []string
	// HoldIntercept keeps a hold of the phone from whom it talks to; events tell of it.
	HoldIntercept bool
	// SecureSignaling and SecureMedia allow on the channel's behalf, and theirs in turn,
	// only legs whose signalling or audio is encrypted all the way to the next hop.
	SecureSignaling, SecureMedia bool
	// Dials is how many Dials within each other led here, at most MaxDials.
	Dials int
}

// MaxDials is how many Dials may lead to one channel, each out of the call that the
// one before made: a plan that dials itself ends there.
const MaxDials = 20

// Settings returns a copy; its lists are shared and must not be written.
func (c *Channel) Settings() Settings {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.settings
}

// SetSettings changes them under the lock.
func (c *Channel) SetSettings(f func(*Settings)) {
	c.mu.Lock()
	before := c.settings.Account
	f(&c.settings)
	changed := c.settings.Account != before
	c.mu.Unlock()
	if changed && c.reg.bus.Wants(event.AccountCode) {
		c.Publish(event.Event{Kind: event.AccountCode, Value: before})
	}
}

// Media is the channel's RTP session, nil while it has none.
func (c *Channel) Media() *media.Session {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.media
}

// Mute puts silence in the place of what the phone says (in) or hears (out), or lets it
// through again; it reports false where there is no audio.
func (c *Channel) Mute(in, out, on bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.media == nil {
		return false
	}
	if in {
		c.mutedIn = on
	}
	if out {
		c.mutedOut = on
	}
	c.media.Mute(c.mutedIn, c.mutedOut)
	return true
}

// SetMedia gives the channel its session.
func (c *Channel) SetMedia(s *media.Session) {
	c.mu.Lock()
	c.media = s
	c.mu.Unlock()
}

// Data returns what a package keeps on the channel under a key of a type of its
// own, nil if nothing.
func (c *Channel) Data(key any) any {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.datastore[key]
}

// SetData keeps v under key.
func (c *Channel) SetData(key, v any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.datastore == nil {
		c.datastore = make(map[any]any)
	}
	c.datastore[key] = v
}

// Var returns a channel variable.
func (c *Channel) Var(name string) (Value, bool) {
	v, ok, promised := c.lookup(name)
	if promised {
		c.keepPromises()
		v, ok, _ = c.lookup(name)
	}
	return v, ok
}

// lookup finds a variable; promised says that there is none yet.
func (c *Channel) lookup(name string) (v Value, ok, promised bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.vars {
		if c.vars[i].Name == name {
			return c.vars[i].Value, true, false
		}
	}
	return Value{}, false, len(c.promises) > 0 && strings.HasPrefix(name, c.promises[0].prefix)
}

// promise is variables that are set when they are asked for.
type promise struct {
	prefix string
	set    func()
}

// Promise has set called, on the goroutine that asks, when a variable is asked for whose
// name begins with prefix, or all are: set sets it. All that is promised to a channel has
// the same prefix. Where somebody reads along what is set, it is called at once.
func (c *Channel) Promise(prefix string, set func()) {
	if c.reg.bus.Queues(event.VarSet) {
		set()
		return
	}
	c.mu.Lock()
	c.promises = append(c.promises, promise{prefix, set})
	c.mu.Unlock()
}

func (c *Channel) keepPromises() {
	c.mu.Lock()
	all := c.promises
	c.promises = nil
	c.mu.Unlock()
	for _, p := range all {
		p.set()
	}
}

// HiddenVar returns the variable of that name that n others hide.
func (c *Channel) HiddenVar(name string, n int) (Value, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.vars {
		if c.vars[i].Name != name {
			continue
		}
		if n == 0 {
			return c.vars[i].Value, true
		}
		n--
	}
	return Value{}, false
}

// SetVar sets a channel variable; leading underscores of name say how it is
// inherited. Setting any form replaces the others.
func (c *Channel) SetVar(name string, v Value) {
	name, inherit := SplitInherit(name)
	c.mu.Lock()
	c.setVar(Variable{Name: name, Value: v, Inherit: inherit})
	if !c.wants(event.VarSet) {
		c.mu.Unlock()
		return
	}
	e := c.reg.bus.New(event.VarSet)
	e.Name, e.Value = name, v.S
	c.describe(e)
	c.mu.Unlock()
	c.tell(e)
}

func (c *Channel) setVar(v Variable) {
	for i := range c.vars {
		if c.vars[i].Name == v.Name {
			c.vars[i] = v
			return
		}
	}
	c.vars = append(c.vars, v)
}

// PushVar adds a variable that hides one of the same name until PopVar: the
// arguments and LOCAL() variables of a subroutine.
func (c *Channel) PushVar(name string, v Value) {
	c.mu.Lock()
	c.vars = append(c.vars, Variable{})
	copy(c.vars[1:], c.vars)
	c.vars[0] = Variable{Name: name, Value: v}
	c.mu.Unlock()
}

// PopVar removes the topmost variable of that name.
func (c *Channel) PopVar(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.vars {
		if c.vars[i].Name == name {
			c.vars = append(c.vars[:i], c.vars[i+1:]...)
			return
		}
	}
}

// UnsetVar removes every variable of that name.
func (c *Channel) UnsetVar(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := c.vars[:0]
	for _, v := range c.vars {
		if v.Name != name {
			kept = append(kept, v)
		}
	}
	c.vars = kept
}

// Variables returns a copy of all of them, topmost first.
func (c *Channel) Variables() []Variable {
	c.keepPromises()
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Variable(nil), c.vars...)
}

// Inherit copies to c the variables of from that travel: _NAME becomes c's own,
// __NAME goes on. So do the features that FEATURE(inherit) is about.
func (c *Channel) Inherit(from *Channel) {
	c.inheritFeatures(from)
	for _, v := range from.Variables() {
		switch v.Inherit {
		case Children:
			v.Inherit = Own
		case Descendants:
		default:
			continue
		}
		c.mu.Lock()
		c.setVar(v)
		c.mu.Unlock()
	}
}

// Publish sends e to the bus with the channel's fields filled in.
func (c *Channel) Publish(e event.Event) {
	if c.wants(e.Kind) {
		p := c.reg.bus.New(e.Kind)
		*p = e
		c.mu.Lock()
		c.describe(p)
		c.mu.Unlock()
		c.tell(p)
	}
}

// wants reports whether anybody listens to what happens to the channel.
func (c *Channel) wants(k event.Kind) bool { return !c.detached && c.reg.bus.Wants(k) }

// tell publishes an event that the bus made and that is described.
func (c *Channel) tell(e *event.Event) {
	if e.Time.IsZero() {
		e.Time = c.reg.now()
	}
	c.reg.bus.Tell(e)
}

// describe fills in the channel's fields; mu is held.
func (c *Channel) describe(e *event.Event) {
	e.Channel, e.Uniqueid, e.Linkedid = c.name, c.uniqueid, c.linked.id
	e.State, e.StateText = int(c.state), c.state.String()
	e.CallerNum, e.CallerName = c.id.Caller.Number, c.id.Caller.Name
	e.ConnectedNum, e.ConnectedName = c.id.Connected.Number, c.id.Connected.Name
	e.CallerANI, e.RDNIS, e.DNID = c.id.ANI, c.id.RDNIS, c.id.DNID
	e.AccountCode, e.AMAFlags, e.Language = c.settings.Account, c.settings.AMAFlags, c.settings.Language
	if e.Context == "" {
		e.Context, e.Exten, e.Priority = c.loc.Context, c.loc.Exten, c.loc.Priority
	}
	if e.Kind == event.ChannelHangup || e.Kind == event.SoftHangup {
		e.Cause, e.CauseText = int(c.cause), c.cause.String()
	}
}

// PublishWith is Publish for an event about two channels; the other one may be nil.
func (c *Channel) PublishWith(e event.Event, other *Channel) {
	if !c.reg.bus.Wants(e.Kind) {
		return
	}
	if other != nil {
		e.Other = other.Party()
		e.Dest, e.DestUniqueid = e.Other.Channel, e.Other.Uniqueid
	}
	c.Publish(e)
}

// PublishAbout publishes an event about c that is nobody else's: the dialling of
// a call that no channel began.
func (c *Channel) PublishAbout(e event.Event) {
	if !c.reg.bus.Wants(e.Kind) {
		return
	}
	e.Other = c.Party()
	e.Dest, e.DestUniqueid, e.Time = e.Other.Channel, e.Other.Uniqueid, c.reg.now()
	c.reg.bus.Publish(e)
}

// Party is what an event tells of the channel as the other one.
func (c *Channel) Party() *event.Party {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &event.Party{
		Channel: c.name, Uniqueid: c.uniqueid, Linkedid: c.linked.id, State: int(c.state), StateText: c.state.String(),
		CallerNum: c.id.Caller.Number, CallerName: c.id.Caller.Name, ConnectedNum: c.id.Connected.Number, ConnectedName: c.id.Connected.Name,
		AccountCode: c.settings.Account, Language: c.settings.Language, Context: c.loc.Context, Exten: c.loc.Exten, Priority: c.loc.Priority,
	}
}

// FarHangup is SoftHangup for a driver whose far end has gone.
func (c *Channel) FarHangup(cause Cause) {
	if c.reg.bus.Wants(event.HangupRequest) {
		c.Publish(event.Event{Kind: event.HangupRequest, Cause: int(cause)})
	}
	c.SoftHangup(cause)
}

// SoftHangup asks the channel's goroutine to end the call. It may be called by
// anyone, more than once.
func (c *Channel) SoftHangup(cause Cause) {
	c.Queue(Frame{Kind: FrameControl, Control: ControlHangup, Cause: cause})
}

// HungUp reports whether the call is over or was asked to end.
func (c *Channel) HungUp() bool { return c.softHangup.Load() }

// ClearHangup lets a thread go on after a hang-up: the h extension runs on the
// dead channel.
func (c *Channel) ClearHangup() { c.softHangup.Store(false) }

// Hangup ends the leg and takes the channel out of the registry. The goroutine
// that owns the channel calls it, once more than once is harmless.
func (c *Channel) Hangup() {
	c.softHangup.Store(true)
	c.mu.Lock()
	if c.hungup {
		c.mu.Unlock()
		return
	}
	c.hungup = true // from here on Masquerade leaves the channel alone
	if c.cause == CauseNone && c.state == Up {
		c.cause = CauseNormalClearing
	}
	cause, leg, atEnd := c.cause, c.leg, c.atEnd
	c.atEnd = nil
	c.mu.Unlock()
	if c.reg.bus.Queues(event.VarSet) {
		c.Summarize()
	}
	for _, f := range atEnd {
		f()
	}
	if c.reg.ending != nil {
		c.reg.ending(c)
	}
	leg.Hangup(cause)
	if c.reg.bus.Wants(event.ChannelHangup) {
		status, _ := c.Var("DIALSTATUS")
		c.Publish(event.Event{Kind: event.ChannelHangup, Value: status.S})
	}
	c.reg.remove(c)
	c.finish()
}

// Summarize has the leg of an answered call say how it was, for the extension h and
// the hang-up handlers.
func (c *Channel) Summarize() {
	if s, ok := c.Leg().(Summarizer); ok && c.State() == Up {
		s.Summarize()
	}
}

// AtEnd has f called by Hangup, on its goroutine, before the leg is hung up. One that
// comes after it is called at once.
func (c *Channel) AtEnd(f func()) {
	c.mu.Lock()
	over := c.hungup
	if !over {
		c.atEnd = append(c.atEnd, f)
	}
	c.mu.Unlock()
	if over {
		f()
	}
}

// SetOwner records the thread that runs the channel; the engine calls it.
func (c *Channel) SetOwner(t Thread) {
	c.mu.Lock()
	c.owner = t
	c.mu.Unlock()
}

// Owner is the thread that runs the channel, nil for a dialled leg.
func (c *Channel) Owner() Thread {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.owner
}

// Snapshot is a copy of what may be shown of a channel.
type Snapshot struct {
	Name, Uniqueid, Linkedid string
	Tech                     string
	State                    State
	Location                 Location
	App, Data                string
	Identity                 Identity
	Account, AMAFlags        string
	Language                 string
	BridgeID, BridgePeer     string
	Created, Answered        time.Time
	Cause                    Cause
}

// Snapshot returns it.
func (c *Channel) Snapshot() Snapshot {
	peer := ""
	if p := c.Bridged(); p != nil {
		peer = p.Name() // never under our own lock: two channels may ask about each other
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return Snapshot{
		c.name, c.uniqueid, c.linked.id, c.tech.Name(), c.state, c.loc, c.app, c.data, c.id,
		c.settings.Account, c.settings.AMAFlags, c.settings.Language, c.bridgeID, peer, c.created, c.answered, c.cause,
	}
}

// Peer is the part of the name between the technology and the sequence number,
// "102" of "SIP/102-0000002a".
func (c *Channel) Peer() string {
	name := c.Name()
	if i := strings.IndexByte(name, '/'); i >= 0 {
		name = name[i+1:]
	}
	if i := strings.LastIndexByte(name, '-'); i >= 0 {
		name = name[:i]
	}
	return name
}

// DigitBegin implements media.Events.
func (c *Channel) DigitBegin(digit byte) { c.Queue(Frame{Kind: FrameDTMFBegin, Digit: digit}) }

// DigitEnd implements media.Events.
func (c *Channel) DigitEnd(digit byte, d time.Duration) {
	c.Queue(Frame{Kind: FrameDTMFEnd, Digit: digit, Duration: d})
}

// Played implements media.Events.
func (c *Channel) Played(id media.PlayID, err error) {
	c.Queue(Frame{Kind: FramePlayed, Data: PlayResult{id, err}})
}

// Silent implements media.Events: no audio came for so long that the call is
// given up. A call that was not answered may be silent; 0 tells of a session that
// broke.
func (c *Channel) Silent(d time.Duration) {
	if d == 0 || c.State() == Up {
		c.SoftHangup(CauseNormalClearing)
	}
}

// PlayResult is the Data of a FramePlayed.
type PlayResult struct {
	ID  media.PlayID
	Err error
}
