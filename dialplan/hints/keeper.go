// Package hints watches what the extensions of the plan do: it follows the states
// of the devices that hints name, tells who watches an extension, and publishes
// every change on the bus.
//
// One goroutine, that of Keeper.Run, owns everything; others hand it work. It may
// ask a driver for the state of a device, so a driver's loop hands over and does
// not wait.
package hints

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"

	"pbx/channel"
	"pbx/dialplan"
	"pbx/event"
)

// queueSize bounds the events that wait; when there were more, every device is
// asked again.
const queueSize = 1024

// Keeper follows the hints of a plan. It implements channel.Hints.
type Keeper struct {
	engine   *dialplan.Engine
	registry *channel.Registry
	bus      *event.Bus
	sub      *event.Subscription
	dropped  uint64

	mu     sync.Mutex
	posted []func()
	closed bool
	wake   chan struct{}
	quit   chan struct{}
	done   chan struct{}

	hints    map[place]*hint
	patterns map[place]string              // what a pattern names, as it is written
	users    map[string]map[*hint]struct{} // by device or presence provider, in capitals
	states   map[string]channel.DeviceState
	dirty    map[*hint]struct{}
}

// place is an extension of a context.
type place struct{ exten, context string }

// hint is a hint with what is known of it.
type hint struct {
	place
	text     string // as it is shown
	devices  []string
	presence string
	planned  bool // the plan has it under this name; others come of patterns
	known    bool // status was found out
	status   channel.ExtensionStatus
	watchers map[*watch]struct{}
}

// watch is one watcher of a hint.
type watch struct {
	f    func(channel.ExtensionStatus)
	hint *hint
	told bool
}

// ErrClosed is returned by what needs a Keeper that was closed.
var ErrClosed = errors.New("hints: closed")

// New makes the keeper of an engine's plan; Run starts it. It is made before the
// engine's first Swap.
func New(e *dialplan.Engine, r *channel.Registry) *Keeper {
	k := &Keeper{
		engine: e, registry: r, bus: r.Bus(),
		wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{}),
		hints: make(map[place]*hint), patterns: make(map[place]string), users: make(map[string]map[*hint]struct{}),
		states: make(map[string]channel.DeviceState), dirty: make(map[*hint]struct{}),
	}
	k.sub = k.bus.Subscribe(queueSize, event.DeviceState, event.PresenceState)
	e.OnSwap(func() { k.post(k.reload) })
	return k
}

// Run follows the hints until Close.
func (k *Keeper) Run() {
	defer close(k.done)
	for {
		select {
		case e := <-k.sub.C:
			k.event(e)
		case <-k.wake:
		case <-k.quit:
			k.sub.Close()
			return
		}
		k.drain()
		k.settle()
	}
}

// drain takes in all that has come, so that changes which follow each other are
// told as one.
func (k *Keeper) drain() {
	for more := true; more; {
		select {
		case e := <-k.sub.C:
			k.event(e)
		default:
			more = false
		}
	}
	if n := k.sub.Dropped(); n != k.dropped {
		k.dropped = n
		clear(k.states)
		for _, h := range k.hints {
			k.dirty[h] = struct{}{}
		}
	}
	k.mu.Lock()
	posted := k.posted
	k.posted = nil
	k.mu.Unlock()
	for _, f := range posted {
		f()
	}
}

// Close ends Run and waits for it; one that never ran is left as it is.
func (k *Keeper) Close() {
	k.mu.Lock()
	was := k.closed
	k.closed = true
	k.mu.Unlock()
	if !was {
		close(k.quit)
	}
	<-k.done
}

// post has the keeper's goroutine run f; false when it is closed.
func (k *Keeper) post(f func()) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return false
	}
	k.posted = append(k.posted, f)
	select {
	case k.wake <- struct{}{}:
	default:
	}
	return true
}

// call is post that waits; it is not for loops.
func (k *Keeper) call(f func()) error {
	ran := make(chan struct{})
	if !k.post(func() { f(); close(ran) }) {
		return ErrClosed
	}
	select {
	case <-ran:
		return nil
	case <-k.done:
		return ErrClosed
	}
}

func (k *Keeper) event(e event.Event) {
	name := strings.ToUpper(e.Name)
	if e.Kind == event.DeviceState {
		state, ok := channel.ParseDeviceState(e.Value)
		if !ok {
			return
		}
		if len(k.users[name]) == 0 {
			return // it is asked for when somebody needs it
		}
		k.states[name] = state
	}
	for h := range k.users[name] {
		k.dirty[h] = struct{}{}
	}
}

// reload takes a new plan in. Watchers keep their extensions.
func (k *Keeper) reload() {
	clear(k.patterns)
	for _, h := range k.hints {
		h.planned = false
	}
	for _, c := range k.engine.Plan().Contexts() {
		for _, x := range c.Extensions() {
			switch {
			case x.Hint == nil:
			case x.Pattern():
				k.patterns[place{x.Name, c.Name}] = x.Hint.App
			default:
				h := k.hint(place{strings.ReplaceAll(x.Name, "-", ""), c.Name})
				h.planned = true
			}
		}
	}
	for at, h := range k.hints {
		if !h.planned && len(h.watchers) == 0 {
			k.forget(at)
			continue
		}
		k.resolve(h)
	}
}

// hint finds or makes the hint of a place; what it names comes with resolve.
func (k *Keeper) hint(at place) *hint {
	h := k.hints[at]
	if h == nil {
		h = &hint{place: at, watchers: make(map[*watch]struct{})}
		k.hints[at] = h
	}
	return h
}

// resolve reads what a hint names.
func (k *Keeper) resolve(h *hint) {
	k.unuse(h)
	h.devices, h.presence = k.engine.HintParts(h.context, h.exten)
	h.text = strings.Join(h.devices, "&")
	if h.presence != "" {
		h.text += "," + h.presence
	}
	for _, name := range h.names() {
		if k.users[name] == nil {
			k.users[name] = make(map[*hint]struct{})
		}
		k.users[name][h] = struct{}{}
	}
	k.dirty[h] = struct{}{}
}

// names are what the hint depends on.
func (h *hint) names() []string {
	names := make([]string, 0, len(h.devices)+1)
	for _, d := range h.devices {
		names = append(names, strings.ToUpper(d))
	}
	if h.presence != "" {
		names = append(names, strings.ToUpper(h.presence))
	}
	return names
}

func (k *Keeper) unuse(h *hint) {
	for _, name := range h.names() {
		delete(k.users[name], h)
		if len(k.users[name]) == 0 {
			delete(k.users, name)
			delete(k.states, name)
		}
	}
}

func (k *Keeper) forget(at place) {
	h := k.hints[at]
	k.unuse(h)
	delete(k.hints, at)
	delete(k.dirty, h)
}

// settle works out the hints that may have changed and tells who watches them.
func (k *Keeper) settle() {
	for len(k.dirty) > 0 {
		changed := slices.Collect(maps.Keys(k.dirty))
		clear(k.dirty)
		slices.SortFunc(changed, func(a, b *hint) int { return compare(a.place, b.place) })
		for _, h := range changed {
			k.tell(h, k.status(h))
		}
	}
}

func compare(a, b place) int {
	if c := strings.Compare(a.exten, b.exten); c != 0 {
		return c
	}
	return strings.Compare(a.context, b.context)
}

// status works out what a hint does.
func (k *Keeper) status(h *hint) channel.ExtensionStatus {
	s := channel.ExtensionStatus{Devices: h.devices, Removed: len(h.devices) == 0}
	var all channel.Combined
	for _, d := range h.devices {
		state := k.state(d)
		all.Add(state)
		s.Unregistered = state == channel.DeviceUnavailable && len(h.devices) == 1
	}
	s.State = all.State()
	if s.Removed {
		s.State = channel.ExtensionGone
	}
	if h.presence != "" {
		s.Presence, _ = k.registry.Presence(h.presence)
	}
	return s
}

// state is what a device does: as it was heard, or asked for.
func (k *Keeper) state(device string) channel.DeviceState {
	name := strings.ToUpper(device)
	s, ok := k.states[name]
	if !ok {
		if s = k.engine.DeviceState(device); s != channel.DeviceInvalid { // it may come to be
			k.states[name] = s
		}
	}
	return s
}

// tell tells the watchers of a hint and the bus, where there is news.
func (k *Keeper) tell(h *hint, s channel.ExtensionStatus) {
	news := !h.known || !h.status.Same(&s)
	first := !h.known
	h.status, h.known = s, true
	for w := range h.watchers {
		if news || !w.told {
			w.told = true
			w.f(s)
		}
	}
	if s.Removed {
		k.forget(h.place)
		for w := range h.watchers {
			w.hint = nil
		}
	}
	if news && !first && k.bus.Wants(event.ExtensionState) {
		k.bus.Publish(event.Event{
			Kind: event.ExtensionState, Time: k.registry.Now(), Exten: h.exten, Context: h.context, Name: h.text,
			State: int(s.State), StateText: s.State.String(), Value: s.Presence.State.String(),
		})
	}
}

// Watch implements channel.Hints.
func (k *Keeper) Watch(context, exten string, f func(channel.ExtensionStatus)) (stop func()) {
	w := &watch{f: f}
	k.post(func() {
		at := place{exten, context}
		h := k.hints[at]
		if h == nil {
			h = k.hint(at)
			k.resolve(h)
		}
		w.hint = h
		h.watchers[w] = struct{}{}
		k.dirty[h] = struct{}{}
	})
	return func() {
		k.post(func() {
			h := w.hint
			if h == nil {
				return
			}
			delete(h.watchers, w)
			if len(h.watchers) == 0 && !h.planned && k.hints[h.place] == h {
				k.forget(h.place)
			}
		})
	}
}

var _ channel.Hints = (*Keeper)(nil)
