package missed

import (
	"slices"
	"strings"
	"sync"
	"time"

	"pbx/channel"
	"pbx/event"
)

// kinds are the events that a book is made of.
var kinds = []event.Kind{event.DialBegin, event.DialEnd, event.DialFailed, event.Forward, event.Pickup, event.Masquerade, event.ChannelHangup}

// book follows the calls that are up. It is told of events on the goroutines that
// they happen on.
type book struct {
	// emit takes what was missed, and must not block.
	emit func([]Record)

	mu    sync.Mutex
	calls map[string]*call // by Linkedid
	// dialling are the channels that called somebody and are up, by name: the name and
	// all else of a phone may take another's place.
	dialling map[string]*call
	legs     map[string]*attempt // by Uniqueid
}

// call is everything that has one Linkedid.
type call struct {
	linkedid string
	dialling int // channels
	attempts []*attempt
	// answered is when somebody answered last.
	answered time.Time
}

// attempt is one device that was called once.
type attempt struct {
	device     string
	num, name  string
	dialled    string
	call       *call
	begin, end time.Time
	reason     Reason
	answered   bool
	// forwarded says that the device sent the call elsewhere.
	forwarded bool
	// known says that the reason is not to be taken from the cause.
	known bool
}

func newBook(emit func([]Record)) *book {
	return &book{emit: emit, calls: make(map[string]*call), dialling: make(map[string]*call), legs: make(map[string]*attempt)}
}

// handle takes in one event.
func (b *book) handle(e *event.Event) {
	b.mu.Lock()
	var over []Record
	switch e.Kind {
	case event.DialBegin:
		b.begin(e)
	case event.DialFailed:
		b.failed(e)
	case event.DialEnd:
		b.dialEnd(e)
	case event.Forward:
		if a := b.legs[e.DestUniqueid]; a != nil {
			a.forwarded = true
		}
	case event.Pickup:
		b.answered(b.legs[e.DestUniqueid], e.Time)
	case event.Masquerade:
		b.masquerade(e)
	case event.ChannelHangup:
		over = b.hangup(e)
	}
	b.mu.Unlock()
	if len(over) > 0 {
		b.emit(over)
	}
}

// forget drops all that is known of calls.
func (b *book) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.calls)
	clear(b.dialling)
	clear(b.legs)
}

// following is how many calls are followed that somebody was called in and that are up.
func (b *book) following() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return max(len(b.calls), len(b.dialling), len(b.legs))
}

// attempt notes that a channel calls a device.
func (b *book) attempt(e *event.Event, device string) *attempt {
	c := b.calls[e.Linkedid]
	if c == nil {
		c = &call{linkedid: e.Linkedid}
		b.calls[e.Linkedid] = c
	}
	if b.dialling[e.Channel] == nil {
		b.dialling[e.Channel] = c
		c.dialling++
	}
	a := &attempt{call: c, device: device, num: e.CallerNum, name: e.CallerName, dialled: e.Exten, begin: e.Time, end: e.Time}
	c.attempts = append(c.attempts, a)
	return a
}

func (b *book) begin(e *event.Event) {
	if e.Uniqueid == "" {
		return // a call that a program asked for: nobody calls
	}
	b.legs[e.DestUniqueid] = b.attempt(e, deviceOf(e.Dest))
}

// failed is a device that could not be called at all.
func (b *book) failed(e *event.Event) {
	tech, resource, _ := strings.Cut(e.Value, "/")
	resource, _, _ = strings.Cut(resource, "/")
	a := b.attempt(e, tech+"/"+resource)
	if a.reason = Unreachable; channel.Cause(e.Cause) == channel.CauseUserBusy {
		a.reason = Busy // it has as many calls as it may
	}
}

func (b *book) dialEnd(e *event.Event) {
	a := b.legs[e.DestUniqueid]
	if a == nil {
		return
	}
	a.end = e.Time
	switch e.Value {
	case "ANSWER":
		b.answered(a, e.Time)
	case "CANCEL":
		if a.reason, a.known = Cancelled, true; a.forwarded {
			a.reason = NoAnswer // where it was sent to
		}
	case "BUSY":
		a.reason, a.known = Busy, true
	case "CONGESTION":
		a.reason, a.known = Failed, true
	default:
		a.reason = NoAnswer
	}
}

// answered notes that somebody answered.
func (b *book) answered(a *attempt, at time.Time) {
	if a == nil {
		return
	}
	a.answered = true
	// What a Local channel leads to may be a machine; a person there has an attempt of his
	// own.
	if !strings.HasPrefix(a.device, "Local/") {
		a.call.answered = at
	}
}

// masquerade follows a phone that takes another's place: the thread that dialled under
// one name goes on under the other.
func (b *book) masquerade(e *event.Event) {
	if e.Channel != e.Dest {
		return // told for both
	}
	x, y := b.dialling[e.Dest], b.dialling[e.Value]
	delete(b.dialling, e.Dest)
	delete(b.dialling, e.Value)
	if x != nil {
		b.dialling[e.Value] = x
	}
	if y != nil {
		b.dialling[e.Dest] = y
	}
}

// hangup ends a leg, or what may be the last channel of a call that called anybody.
func (b *book) hangup(e *event.Event) []Record {
	if a := b.legs[e.Uniqueid]; a != nil {
		delete(b.legs, e.Uniqueid)
		if !a.answered && !a.known {
			a.reason = reasonOf(channel.Cause(e.Cause))
		}
	}
	c := b.dialling[e.Channel]
	if c == nil {
		return nil
	}
	delete(b.dialling, e.Channel)
	if c.dialling--; c.dialling > 0 {
		return nil
	}
	delete(b.calls, c.linkedid)
	return c.missed()
}

// missed are the records of a call that is over: one for each device that was called
// and nobody answered since.
func (c *call) missed() (list []Record) {
	var devices []string
	for _, a := range c.attempts {
		if !slices.Contains(devices, a.device) {
			devices = append(devices, a.device)
		}
	}
	for _, d := range devices {
		if r, ok := c.of(d); ok {
			list = append(list, r)
		}
	}
	return list
}

// of is the record of one device; ok is false when it missed nothing.
func (c *call) of(device string) (r Record, ok bool) {
	rang := time.Duration(0)
	best := len(reasons)
	for _, a := range c.attempts {
		if a.device != device || a.answered || !c.answered.Before(a.begin) {
			continue
		}
		if r.Attempts == 0 {
			r = Record{
				Device: device, CallerNum: a.num, CallerName: a.name, Dialled: a.dialled, Time: a.begin, Linkedid: c.linkedid,
			}
		}
		r.Attempts++
		rang += a.end.Sub(a.begin)
		best = min(best, slices.Index(reasons, a.reason))
	}
	if r.Attempts == 0 || best < 0 {
		return r, false
	}
	r.Reason, r.Rang = reasons[best], int(rang/time.Second)
	return r, true
}

// deviceOf is the device of a channel: its name without the number at the end.
func deviceOf(name string) string {
	if i := strings.LastIndexByte(name, '-'); i > 0 {
		return name[:i]
	}
	return name
}
