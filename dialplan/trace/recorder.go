package trace

import (
	"slices"
	"strings"
	"sync"
	"time"

	"pbx/dialplan"
	"pbx/event"
)

// What a Recorder keeps at most.
const (
	// Calls is how many ended calls are kept, and Running how many are followed
	// while they are up.
	Calls, Running = 100, 1000
	// Moments is how much of one call is kept: the beginning and the last ones.
	Moments    = firstMoments + lastMoments
	Refusals   = 20      // calls that never got a channel
	Memory     = 2 << 20 // bytes, of the ended calls together
	textLength = 200     // of one value
	channels   = 50      // of one call

	firstMoments, lastMoments = 200, 100
	fewMoments                = 24 // of a short call
	spares                    = 16
)

// moment is what is kept of an event. The fields are those of event.Event.
type moment struct {
	kind               event.Kind
	leg                uint16 // index into Call.legs, or none
	priority, cause    int32
	at                 time.Duration // since Call.Began
	context, exten     string
	app, data          string
	name, value, other string
	caller             string
}

// momentSize is about what a moment takes besides its texts.
const momentSize = 160

// none is the leg of a moment that is no channel's.
const none = ^uint16(0)

// leg is a channel of a call.
type leg struct {
	name, uniqueid string
	callID         string // the driver's
	plan           *dialplan.Plan
	over           bool
}

// Call is what is kept of one call: all channels with one Linkedid.
type Call struct {
	// Linkedid names the call; Began and Over are when its first channel came and
	// its last one went, Over is zero while it is up.
	Linkedid    string
	Began, Over time.Time
	// Number, Name and Exten are who called what, at the beginning.
	Number, Name, Exten string

	legs        []leg
	up          int
	first, last []moment // last is a ring
	next        int      // where in last the next one goes
	lost        uint64
	size        int

	settled *Story // instead of the moments
}

// Refusal is a call that was refused before it had a channel.
type Refusal struct {
	At                    time.Time
	Number, Exten, CallID string
	Address, Why          string
}

// Recorder keeps the last calls of an exchange so that they can be explained. It
// listens on the bus, from the goroutines that publish; it is bounded by the
// constants above. A call that runs through an old plan keeps that plan in memory
// until Settle.
type Recorder struct {
	plan func() *dialplan.Plan
	sub  *event.Subscription

	mu       sync.Mutex
	calls    map[string]*Call // by Linkedid
	recent   *Call            // the last one found: the next event is mostly about the same
	ended    []*Call          // oldest first
	running  int
	size     int // of ended
	missed   uint64
	refusals []Refusal
	spare    [][]moment // of calls that are forgotten, empty
}

// kinds are the events that a Trace is made of.
var kinds = [...]event.Kind{
	event.ChannelCreated, event.ChannelState, event.ChannelHangup, event.NewExten, event.VarSet, event.DialBegin, event.DialState, event.DialEnd,
	event.BridgeJoin, event.Hold, event.Unhold, event.UserEvent, event.Forward, event.Masquerade, event.Transfer, event.Pickup, event.LocalOptimize,
	event.Playing, event.Note, event.Feature, event.HangupRequest, event.SoftHangup,
}

// NewRecorder makes a recorder that keeps nothing until it is switched on. plan is
// the plan of the moment.
func NewRecorder(bus *event.Bus, plan func() *dialplan.Plan) *Recorder {
	r := &Recorder{plan: plan, calls: make(map[string]*Call)}
	r.sub = bus.Observe(r.take, kinds[:]...)
	r.sub.Want()
	return r
}

// Switch has the recorder keep calls, or forget them all and keep none: then
// nothing is published on its account.
func (r *Recorder) Switch(on bool) {
	if on {
		r.sub.Want(kinds[:]...)
		return
	}
	r.sub.Want()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls, r.recent, r.ended, r.refusals = make(map[string]*Call), nil, nil, nil
	r.running, r.size, r.missed = 0, 0, 0
}

// take keeps an event.
func (r *Recorder) take(e *event.Event) {
	if e.Uniqueid == "" {
		if e.Kind == event.Note && e.Name == event.RefusedCall {
			r.refuse(e)
		}
		return
	}
	if e.Kind == event.VarSet && strings.HasPrefix(e.Name, "RTPAUDIOQOS") {
		return // what no plan has set
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.recent
	if c == nil || c.Linkedid != e.Linkedid {
		if c = r.calls[e.Linkedid]; c == nil {
			c = r.begin(e)
		}
		if c == nil {
			return
		}
		r.recent = c
	}
	l := c.leg(e.Uniqueid)
	if l == none {
		l = r.join(c, e)
	}
	switch e.Kind {
	case event.ChannelCreated:
		return
	case event.ChannelHangup:
		r.put(c, e, l)
		r.over(c, l, e.Time)
		return
	case event.Note:
		if e.AppData != "" && l != none {
			c.legs[l].callID = e.AppData
		}
	}
	size := r.put(c, e, l)
	if !c.Over.IsZero() { // what a driver has to say last
		r.size += size
	}
}

func (r *Recorder) refuse(e *event.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.refusals) >= Refusals {
		r.refusals = slices.Delete(r.refusals, 0, 1)
	}
	r.refusals = append(r.refusals, Refusal{e.Time, cut(e.CallerNum), cut(e.Exten), cut(e.AppData), e.Address, cut(e.Value)})
}

// begin makes a call, nil if too many run.
func (r *Recorder) begin(e *event.Event) *Call {
	if e.Kind != event.ChannelCreated {
		return nil // the end of one that is forgotten, or was there before us
	}
	if r.running >= Running {
		r.missed++
		return nil
	}
	c := &Call{Linkedid: e.Linkedid, Began: e.Time, Number: cut(e.CallerNum), Name: cut(e.CallerName), Exten: cut(e.Exten)}
	c.first = r.room(fewMoments)
	c.legs = make([]leg, 0, 2)
	r.calls[e.Linkedid] = c
	r.running++
	return c
}

// join adds a channel to a call: a new one, or one that comes from another call,
// which is over there.
func (r *Recorder) join(c *Call, e *event.Event) uint16 {
	if len(c.legs) >= channels || !c.Over.IsZero() {
		return none
	}
	if e.Kind != event.ChannelCreated {
		for _, o := range r.calls {
			if l := o.leg(e.Uniqueid); l != none && o != c {
				r.over(o, l, e.Time)
				break
			}
		}
	}
	c.legs = append(c.legs, leg{name: e.Channel, uniqueid: e.Uniqueid, plan: r.plan()})
	c.up++
	return uint16(len(c.legs) - 1)
}

// over says that a channel has left a call. The call moves to the ended ones with
// its last channel.
func (r *Recorder) over(c *Call, l uint16, at time.Time) {
	if l == none || c.legs[l].over {
		return
	}
	c.legs[l].over = true
	if c.up--; c.up > 0 {
		return
	}
	c.Over = at
	r.running--
	r.ended = append(r.ended, c)
	r.size += c.size
	for len(r.ended) > Calls || r.size > Memory && len(r.ended) > 1 {
		old := r.ended[0]
		r.ended = slices.Delete(r.ended, 0, 1)
		r.size -= old.size
		delete(r.calls, old.Linkedid)
		if r.recent == old {
			r.recent = nil
		}
		r.reuse(old.first)
		r.reuse(old.last)
		old.first, old.last = nil, nil
	}
}

// room is an empty slice for so many moments or more.
func (r *Recorder) room(size int) []moment {
	for i := len(r.spare) - 1; i >= 0; i-- {
		if s := r.spare[i]; cap(s) >= size {
			r.spare = slices.Delete(r.spare, i, i+1)
			return s
		}
	}
	return make([]moment, 0, size)
}

// reuse takes what held moments that nobody needs any more.
func (r *Recorder) reuse(s []moment) {
	if cap(s) >= fewMoments && len(r.spare) < spares {
		clear(s)
		r.spare = append(r.spare, s[:0])
	}
}

// leg is the index of a channel in the call, none if it is not there.
func (c *Call) leg(uniqueid string) uint16 {
	for i := range c.legs {
		if c.legs[i].uniqueid == uniqueid {
			return uint16(i)
		}
	}
	return none
}

// put keeps a moment and returns the memory that it takes.
func (r *Recorder) put(c *Call, e *event.Event, l uint16) int {
	m := moment{
		kind: e.Kind, leg: l, priority: int32(e.Priority), cause: int32(e.Cause), at: e.Time.Sub(c.Began),
		name: cut(e.Name), value: cut(e.Value), other: e.Dest,
	}
	switch e.Kind {
	case event.NewExten:
		m.app, m.data, m.caller = e.App, cut(e.AppData), e.CallerNum
		m.context, m.exten = e.Context, e.Exten
	case event.Transfer:
		m.context, m.exten = e.Context, e.Exten
	case event.ChannelState:
		m.value = e.StateText
	}
	size := momentSize + len(m.data) + len(m.value)
	switch {
	case len(c.first) < firstMoments:
		if len(c.first) == cap(c.first) {
			few := c.first
			c.first = append(r.room(min(2*cap(few), firstMoments)), few...)
			r.reuse(few)
		}
		c.first = append(c.first, m)
	case len(c.last) < lastMoments:
		if c.last == nil {
			c.last = r.room(lastMoments)
		}
		c.last = append(c.last, m)
	default:
		c.lost++
		was := &c.last[c.next]
		size -= momentSize + len(was.data) + len(was.value)
		*was = m
		c.next = (c.next + 1) % lastMoments
	}
	c.size += size
	return size
}

// cut is a value as far as it is kept.
func cut(s string) string {
	if len(s) <= textLength {
		return s
	}
	return strings.ToValidUTF8(strings.Clone(s[:textLength-3]), "") + "..."
}
