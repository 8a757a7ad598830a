// Package event is the one bus on which the exchange tells what happens:
// channels, dialling, bridges, registrations, the dialplan's steps. Call
// records, AMI, hints, metrics and `explain` all read it.
//
// event is a leaf. Publish may be called from any goroutine, loops included: it
// never blocks. A subscriber has a bounded queue of its own; what does not fit is
// dropped and counted.
package event

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Kind names what happened.
type Kind uint8

// The kinds of event.
const (
	ChannelCreated Kind = iota + 1
	ChannelState        // State, StateText
	ChannelHangup       // Cause, CauseText, Value = DIALSTATUS
	NewExten            // Context, Exten, Priority, App, AppData
	NewCallerID         // Value = the presentation in words
	NewConnectedLine
	VarSet     // Name, Value
	DialBegin  // Dest…, Value = dial string
	DialState  // Value = RINGING, PROGRESS …
	DialEnd    // Value = DIALSTATUS
	BridgeJoin // Bridge, Members = the channels in it with this one
	BridgeLeave
	DTMFBegin // Value = digit
	DTMFEnd   // Value = digit, Duration
	Hold
	Unhold
	PeerStatus     // Name = SIP/peer, Value = Registered …, Address
	DeviceState    // Name = SIP/peer, Custom:name …, Value = NOT_INUSE …
	ExtensionState // Exten, Context, Name = the hint, State, StateText
	PresenceState  // Name = CustomPresence:name …, Value = the state, AppData = subtype, StateText = message
	MessageWaiting // Name = box@context, State = new messages, Priority = old ones
	Registry       // Name = user, Value = Registered …, Address = domain
	Security       // Name = what, Value = detail, Address; AppData = "Header: value" lines
	Reload         // Name = the part, "" for all; State = how it went, 0 for well
	Shutdown
	UserEvent     // Name, Value = "Header: value" lines
	Masquerade    // the channel's phone changed: Dest = original's new name, Value = clone's
	Transfer      // Name = blind or attended, Dest = the transferee, Context, Exten; Value may be ByDigits; Detail = *TransferDetail
	Pickup        // Dest = the channel that was picked up
	LocalBridge   // the call through a Local channel begins: Channel is its ;2, Dest its ;1
	LocalOptimize // a Local channel takes itself out: Channel is its ;1, Dest its ;2, Name = begin or end; Detail = *OptimizeDetail
	Playing       // Name = a sound file, Value = the language
	Note          // Value = what only a driver knows of the channel, AppData = its Call-ID; Name may be one of the notes below
	Feature       // a phone's button asks for a feature: Name = as in features.conf, Value = on or off
	BridgeCreate  // Bridge: before the first channel joins
	BridgeDestroy // Bridge: after the last one has left
	AccountCode   // AccountCode is new, Value = the old one
	HangupRequest // the far end has hung up: Cause
	SoftHangup    // the dialplan of the channel is over
	Originated    // how a call that a program asked for went: Name = Success or Failure, Value = its id, State = Reason
	Forward       // a called phone sends the call elsewhere: Dest = its channel, Value = where to
	UserLog       // CELGenUserEvent: Name = the event, Value = its text
	CallRecord    // Detail = *cdr.Row, a call detail record that is being written
	CallEvent     // Detail = *cel.Row, a channel event that is being written
	AGIExecStart  // a program's command begins: Name = a number of its own, Value = the command
	AGIExecEnd    // the same, with Cause = the code of the reply and CauseText = its meaning
	AsyncAGIStart // the call takes commands from managers: Value = the agi_… lines
	AsyncAGIExec  // Name = the id that the command was sent with, or "", Value = the reply
	AsyncAGIEnd
	RTCPSent      // AppData = "Header: value" lines
	RTCPReceived  // the same
	Application   // App, AppData run on a channel that is at no priority
	DialFailed    // a device that could not be called: Value = Technology/resource, Cause
	HangupHandler // Name = push, pop or run, Value = the place, with its arguments
	MissedCall    // Name = the user, Value = why, Detail = *missed.Record
	maxKind
)

// The names of notes that are of another kind.
const (
	// NextStep is a note about the text of the priority that is about to run.
	NextStep = "next step"
	// RefusedCall is a note about a call that got no channel: CallerNum called Exten
	// from Address.
	RefusedCall = "refused call"
)

// ByDigits is the Value of a Transfer that a party dialled a code for.
const ByDigits = "digits"

// Event is one thing that happened. Only the fields that its Kind names are
// set; Time always is.
type Event struct {
	Kind     Kind
	Time     time.Time
	Channel  string
	Uniqueid string
	Linkedid string
	// Dest* is the other channel of DialBegin, DialState and DialEnd; Other is
	// everything that is told of it.
	Dest, DestUniqueid string
	Other              *Party
	State              int
	StateText          string
	CallerNum          string
	CallerName         string
	ConnectedNum       string
	ConnectedName      string
	CallerANI          string
	RDNIS, DNID        string
	AccountCode        string
	AMAFlags           string
	Language           string
	Context            string
	Exten              string
	Priority           int
	App, AppData       string
	Bridge             string
	Members            int
	Name, Value        string
	Address            string
	Cause              int
	CauseText          string
	Duration           time.Duration
	// Detail is what a kind carries that has a type of its own.
	Detail any
}

// Party is what an event tells of another channel than its own.
type Party struct {
	Channel, Uniqueid, Linkedid string
	State                       int
	StateText                   string
	CallerNum, CallerName       string
	ConnectedNum, ConnectedName string
	AccountCode, Language       string
	Context, Exten              string
	Priority                    int
}

// TransferDetail is the Detail of a Transfer: whose calls it is about.
type TransferDetail struct {
	// Transferer is the channel of who transfers.
	Transferer *Party
	// The rest is of an attended transfer: his channel in the second call, who is
	// transferred, and to whom; nil for who is not there.
	Second, Transferee, Target *Party
	// SecondBridge is the bridge of the second call, "" for none, with so many channels.
	SecondBridge  string
	SecondMembers int
	// DestBridge is the bridge that the call goes on in; without one it goes on in DestApp.
	DestBridge, DestApp string
}

// OptimizeDetail is the Detail of a LocalOptimize.
type OptimizeDetail struct {
	// Source is the channel that takes the place of the half with the Uniqueid
	// DestUniqueid.
	Source       *Party
	DestUniqueid string
	// ID is the same in both events of a channel.
	ID uint64
}

// Bus carries events. The zero Bus is ready, and so is a nil *Bus, which carries
// nothing.
type Bus struct {
	wanted [maxKind]atomic.Int32
	queued [maxKind]atomic.Int32 // subscriptions that have a queue
	// told are events that Tell is done with. One is as large as ten lines of the
	// processor's cache, and a dialplan publishes two a priority: they are filled in
	// where they are read.
	told sync.Pool
	mu   sync.RWMutex
	subs []*Subscription
	of   [maxKind][]*Subscription // those of each kind, in the order of subs
}

// Subscription is one reader's queue.
type Subscription struct {
	// C delivers the events in the order they were published; it is closed by
	// Close.
	C       <-chan Event
	c       chan Event
	observe func(*Event) // instead of the queue
	kinds   [maxKind]bool
	bus     *Bus
	closed  bool
	dropped atomic.Uint64
}

// Wants reports whether anybody listens to k, so that a hot path need not build
// an event that nobody reads.
func (b *Bus) Wants(k Kind) bool {
	return b != nil && b.wanted[k].Load() > 0
}

// Listeners is how many subscriptions there are for k.
func (b *Bus) Listeners(k Kind) int { return int(b.wanted[k].Load()) }

// New is an empty event of a kind, to be filled in and given to Tell.
func (b *Bus) New(k Kind) *Event {
	e, _ := b.told.Get().(*Event)
	if e == nil {
		e = new(Event)
	}
	e.Kind = k
	return e
}

// Queues reports whether a queue takes k: somebody reads along, such as a program on
// AMI, and not only a part of the exchange that looks for what it needs.
func (b *Bus) Queues(k Kind) bool {
	return b != nil && b.queued[k].Load() > 0
}

// list notes who wants a kind; mu is held.
func (b *Bus) list(k Kind) {
	b.of[k] = nil
	queues := int32(0)
	for _, s := range b.subs {
		if s.kinds[k] {
			b.of[k] = append(b.of[k], s)
			if s.observe == nil {
				queues++
			}
		}
	}
	b.wanted[k].Store(int32(len(b.of[k])))
	b.queued[k].Store(queues)
}

// Publish hands e to every subscriber of its kind. It never blocks.
func (b *Bus) Publish(e Event) {
	if b.Wants(e.Kind) {
		p := b.New(e.Kind)
		*p = e
		b.Tell(p)
	}
}

// Tell is Publish of an event that New made, which is not the caller's any more
// afterwards.
func (b *Bus) Tell(e *Event) {
	b.deliver(e)
	*e = Event{}
	b.told.Put(e)
}

func (b *Bus) deliver(e *Event) {
	b.mu.RLock()
	defer b.mu.RUnlock() // a panic of an observer costs a call, not the bus
	for _, s := range b.of[e.Kind] {
		if s.observe != nil {
			s.observe(e)
			continue
		}
		select {
		case s.c <- *e:
		default:
			s.dropped.Add(1)
		}
	}
}

// Observe has f called with every event of the kinds given, on the goroutine that
// publishes it and before Publish returns: for who must miss nothing, and must know
// what happened before the next step of the dialplan asks. f must be quick, must
// not block, must not use the bus, and must not keep the event.
func (b *Bus) Observe(f func(*Event), kinds ...Kind) *Subscription {
	return b.add(&Subscription{bus: b, observe: f}, kinds)
}

// Subscribe opens a queue of size events for the kinds given, or for every kind
// when none is.
func (b *Bus) Subscribe(size int, kinds ...Kind) *Subscription {
	s := &Subscription{c: make(chan Event, size), bus: b}
	s.C = s.c
	return b.add(s, kinds)
}

func (b *Bus) add(s *Subscription, kinds []Kind) *Subscription {
	if len(kinds) == 0 {
		for k := ChannelCreated; k < maxKind; k++ {
			kinds = append(kinds, k)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.subs = append(b.subs, s)
	for _, k := range kinds {
		s.kinds[k] = true
		b.list(k)
	}
	return s
}

// Want changes which kinds the subscription is for; none at all pauses it. What
// waits already stays.
func (s *Subscription) Want(kinds ...Kind) {
	b := s.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.closed {
		return
	}
	s.want(kinds)
}

// want is Want; the bus's mu is held.
func (s *Subscription) want(kinds []Kind) {
	was := s.kinds
	s.kinds = [maxKind]bool{}
	for _, k := range kinds {
		s.kinds[k] = true
	}
	for k := range was {
		if was[k] != s.kinds[k] {
			s.bus.list(Kind(k))
		}
	}
}

// Dropped counts the events that did not fit into the queue.
func (s *Subscription) Dropped() uint64 { return s.dropped.Load() }

// Close ends the subscription. It may be called more than once.
func (s *Subscription) Close() {
	b := s.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.closed {
		return
	}
	s.want(nil)
	b.subs = slices.DeleteFunc(b.subs, func(o *Subscription) bool { return o == s })
	s.closed = true
	if s.c != nil {
		close(s.c)
	}
}
