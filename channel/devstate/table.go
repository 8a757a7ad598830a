package devstate

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"pbx/channel"
	"pbx/event"
)

// The families of the store, named as in the field's database.
const (
	deviceFamily   = "CustomDevstate"
	presenceFamily = "CustomPresence"
	mailboxFamily  = "MWI"
)

// The prefixes that the table answers for.
const (
	Custom         = "Custom"
	CustomPresence = "CustomPresence"
	MWI            = "MWI"
)

// Deps are what a Table is built on. A nil Store keeps nothing, a nil Bus tells
// nobody.
type Deps struct {
	Store channel.Store
	Bus   *event.Bus
	Log   *slog.Logger
	Now   func() time.Time
}

// Table holds the states.
type Table struct {
	deps Deps

	mu       sync.RWMutex
	devices  map[string]channel.DeviceState
	presence map[string]channel.Presence
	boxes    map[string]mailbox
	watchers map[int]func(box string)
	next     int
}

// New makes a table with what the store remembers.
func New(d Deps) *Table {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	t := &Table{
		deps: d, devices: make(map[string]channel.DeviceState), presence: make(map[string]channel.Presence),
		boxes: make(map[string]mailbox), watchers: make(map[int]func(string)),
	}
	t.restore()
	return t
}

// restore reads the store. What cannot be read is named and left alone.
func (t *Table) restore() {
	if t.deps.Store == nil {
		return
	}
	bad := func(family, key string, value []byte) {
		t.deps.Log.Warn("a stored state cannot be read", "family", family, "key", key, "value", string(value))
	}
	t.deps.Store.Range(deviceFamily, func(key string, value []byte) bool {
		if s, ok := channel.ParseDeviceState(string(value)); ok {
			t.devices[key] = s
		} else {
			bad(deviceFamily, key, value)
		}
		return true
	})
	t.deps.Store.Range(presenceFamily, func(key string, value []byte) bool {
		if p, err := ParsePresence(string(value)); err == nil {
			t.presence[key] = p
		} else {
			bad(presenceFamily, key, value)
		}
		return true
	})
	t.deps.Store.Range(mailboxFamily, func(key string, value []byte) bool {
		var m channel.Messages
		if n, err := fmt.Sscanf(string(value), "%d/%d", &m.New, &m.Old); err == nil && n == 2 {
			t.boxes[key] = mailbox{Messages: m, external: true}
		} else {
			bad(mailboxFamily, key, value)
		}
		return true
	})
}

// save writes a record, or deletes it when value is "".
func (t *Table) save(family, key, value string) {
	if t.deps.Store == nil {
		return
	}
	done := func(err error) {
		if err != nil {
			t.deps.Log.Error("a state was not saved", "family", family, "key", key, "err", err)
		}
	}
	if value == "" {
		t.deps.Store.Delete(family, key, done)
	} else {
		t.deps.Store.Put(family, key, []byte(value), done)
	}
}

// Register makes the table answer for its prefixes.
func (t *Table) Register(r *channel.Registry) {
	r.AddDevices(Custom, t.Device)
	r.AddDevices(MWI, t.mailboxDevice)
	r.AddPresence(CustomPresence, t.Presence)
}

// Device is the state of Custom:name, Unknown when it was never set.
func (t *Table) Device(name string) channel.DeviceState {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.devices[name]
}

// SetDevice sets it.
func (t *Table) SetDevice(name string, s channel.DeviceState) {
	t.mu.Lock()
	t.devices[name] = s
	t.save(deviceFamily, name, s.String())
	// Published under the lock, so that the last state heard is the one that is.
	t.publish(event.Event{Kind: event.DeviceState, Name: Custom + ":" + name, Value: s.String()})
	t.mu.Unlock()
}

// Presence is that of CustomPresence:name.
func (t *Table) Presence(name string) channel.Presence {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.presence[name]
}

// SetPresence sets it.
func (t *Table) SetPresence(name string, p channel.Presence) {
	t.mu.Lock()
	t.presence[name] = p
	t.save(presenceFamily, name, FormatPresence(p))
	t.publish(event.Event{Kind: event.PresenceState, Name: CustomPresence + ":" + name, Value: p.State.String(), AppData: p.Subtype, StateText: p.Message})
	t.mu.Unlock()
}

func (t *Table) publish(e event.Event) {
	if t.deps.Bus.Wants(e.Kind) {
		e.Time = t.deps.Now()
		t.deps.Bus.Publish(e)
	}
}

// DevicesByName are the custom devices in the order of their names, without the
// prefix.
func (t *Table) DevicesByName() (names []string, states map[string]channel.DeviceState) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.Sorted(maps.Keys(t.devices)), maps.Clone(t.devices)
}

// Mailboxes are the mailboxes that somebody has told of, in the order of their names.
func (t *Table) Mailboxes() []string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.Sorted(maps.Keys(t.boxes))
}

// PresenceByName are the custom presence states likewise.
func (t *Table) PresenceByName() (names []string, states map[string]channel.Presence) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.Sorted(maps.Keys(t.presence)), maps.Clone(t.presence)
}

// errPresence is the complaint about a text that is no presence.
var errPresence = errors.New("a presence is not_set, unavailable, available, away, xa, chat or dnd, with [,subtype[,message]]")

// ParsePresence reads state[,subtype[,message]].
func ParsePresence(s string) (channel.Presence, error) {
	word, rest, _ := strings.Cut(s, ",")
	state, ok := channel.ParsePresence(strings.TrimSpace(word))
	if !ok {
		return channel.Presence{}, errPresence
	}
	p := channel.Presence{State: state}
	p.Subtype, p.Message, _ = strings.Cut(rest, ",")
	return p, nil
}

// FormatPresence is the text that ParsePresence reads.
func FormatPresence(p channel.Presence) string {
	s := p.State.String()
	if p.Subtype != "" || p.Message != "" {
		s += "," + p.Subtype
	}
	if p.Message != "" {
		s += "," + p.Message
	}
	return s
}
