package channel

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pbx/event"
)

// Registry knows the technologies and the channels of one exchange. Its methods
// may be called from any goroutine.
type Registry struct {
	virtual *Virtual       // nil: real time
	ending  func(*Channel) // set before the first channel
	bus     *event.Bus
	log     *slog.Logger
	now     func() time.Time
	system  string

	waiters sync.Pool  // of *waiter
	moves   sync.Mutex // one Masquerade at a time

	seq  atomic.Uint64
	name atomic.Uint32

	calls   atomic.Uint64
	active  atomic.Int64 // calls that are up
	most    atomic.Int64 // of them, 0 for no limit
	closing atomic.Bool
	callIDs atomic.Bool

	clock    Clock // set before the first channel; nil for the runtime's timers
	language atomic.Pointer[string]
	features atomic.Pointer[Features]

	mu       sync.RWMutex
	techs    map[string]Technology
	devices  map[string]func(name string) DeviceState
	presence map[string]func(name string) Presence
	channels map[string]*Channel
	empty    chan struct{} // closed when the last channel is gone, while somebody waits
}

// NewRegistry makes an empty one. now is the clock, system the optional system
// name that uniqueids begin with. Without log nothing is logged.
func NewRegistry(bus *event.Bus, log *slog.Logger, now func() time.Time, system string) *Registry {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Registry{
		bus: bus, log: log, now: now, system: system,
		techs: make(map[string]Technology), channels: make(map[string]*Channel),
	}
}

// Bus is the exchange's event bus.
func (r *Registry) Bus() *event.Bus { return r.bus }

// Now is the exchange's clock.
func (r *Registry) Now() time.Time { return r.now() }

// Register adds a technology. Names are case-insensitive.
func (r *Registry) Register(t Technology) {
	r.mu.Lock()
	r.techs[strings.ToUpper(t.Name())] = t
	r.mu.Unlock()
}

// Technology finds a driver by its name.
func (r *Registry) Technology(name string) (Technology, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	t, ok := r.techs[strings.ToUpper(name)]
	return t, ok
}

// Technologies returns all drivers by name.
func (r *Registry) Technologies() []Technology {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := make([]Technology, 0, len(r.techs))
	for _, t := range r.techs {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b Technology) int { return strings.Compare(a.Name(), b.Name()) })
	return out
}

// AddDevices has the states of the devices PREFIX:name told by f, which may be
// called from any goroutine. Prefixes are case-insensitive.
func (r *Registry) AddDevices(prefix string, f func(name string) DeviceState) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.devices == nil {
		r.devices = make(map[string]func(string) DeviceState)
	}
	r.devices[strings.ToUpper(prefix)] = f
}

// AddPresence does the same for what the provider PREFIX:name says of a person.
func (r *Registry) AddPresence(prefix string, f func(name string) Presence) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.presence == nil {
		r.presence = make(map[string]func(string) Presence)
	}
	r.presence[strings.ToUpper(prefix)] = f
}

// DeviceState is what a device such as SIP/100 or Custom:lamp is doing. It may
// wait for the loop of a driver, which must not call it.
func (r *Registry) DeviceState(device string) DeviceState {
	if prefix, name, ok := strings.Cut(device, ":"); ok && !strings.Contains(prefix, "/") {
		r.mu.RLock()
		f := r.devices[strings.ToUpper(prefix)]
		r.mu.RUnlock()
		if f == nil {
			return DeviceInvalid
		}
		return f(name)
	}
	tech, resource, _ := strings.Cut(device, "/")
	t, ok := r.Technology(tech)
	if !ok || resource == "" {
		return DeviceInvalid
	}
	return t.DeviceState(resource)
}

// Presence is what the provider PREFIX:name says of a person; ok is false when
// there is no such provider.
func (r *Registry) Presence(provider string) (p Presence, ok bool) {
	prefix, name, _ := strings.Cut(provider, ":")
	r.mu.RLock()
	f := r.presence[strings.ToUpper(prefix)]
	r.mu.RUnlock()
	if f == nil {
		return Presence{}, false
	}
	return f(name), true
}

// ErrNoResource is the reason of a dial string without a resource ("SIP" or
// "SIP/").
var ErrNoResource = errors.New("destination has no resource")

// Request makes an outbound leg for dest, "Technology/resource". Failures are
// *RequestError.
func (r *Registry) Request(dest string, req Request) (*Channel, error) {
	tech, resource, ok := strings.Cut(dest, "/")
	if !ok || resource == "" {
		return nil, &RequestError{dest, CauseNone, ErrNoResource}
	}
	t, found := r.Technology(tech)
	if !found {
		return nil, &RequestError{dest, CauseChanNotImplemented, fmt.Errorf("no channel type %q", tech)}
	}
	req.Resource = resource
	c, err := t.Request(req)
	if err != nil || req.From == nil {
		return c, err
	}
	if from := req.From.Settings(); from.SecureSignaling || from.SecureMedia {
		c.SetSettings(func(s *Settings) { s.SecureSignaling, s.SecureMedia = from.SecureSignaling, from.SecureMedia })
	}
	return c, nil
}

// numbered is a prefix with eight hexadecimal digits after it.
func numbered(prefix string, n uint32) string {
	b := append(make([]byte, 0, 64), prefix...)
	for shift := 28; shift >= 0; shift -= 4 {
		b = append(b, "0123456789abcdef"[n>>shift&15])
	}
	return string(b)
}

// New makes a channel and puts it into the registry.
func (r *Registry) New(o Options) *Channel {
	now := r.now()
	if l := r.language.Load(); o.Language == "" && l != nil {
		o.Language = *l
	}
	c := &Channel{
		reg: r, loc: o.Location, vars: o.Variables,
		line: line{tech: o.Tech, leg: o.Leg, created: now, state: o.State, id: o.Identity, media: o.Media, settings: o.Settings},
	}
	c.seq = r.seq.Add(1) - 1
	c.name = o.Full
	if c.name == "" {
		c.name = numbered(o.Tech.Name()+"/"+o.Name+"-", r.name.Add(1)-1)
	}
	c.uniqueid = strconv.FormatInt(now.Unix(), 10) + "." + strconv.FormatUint(c.seq, 10)
	if r.system != "" {
		c.uniqueid = r.system + "-" + c.uniqueid
	}
	if o.Uniqueid != "" {
		c.uniqueid = o.Uniqueid
	}
	c.linked = callID{c.uniqueid, c.seq}
	if o.From != nil {
		c.linked, c.call = o.From.linkedTo(), o.From.call
	} else {
		c.first = true
		if n := r.calls.Add(1); r.callIDs.Load() {
			c.call = numbered("C-", uint32(n-1))
		}
		r.active.Add(1)
	}
	r.mu.Lock()
	r.channels[c.name] = c
	r.mu.Unlock()
	if r.bus.Wants(event.ChannelCreated) {
		c.Publish(event.Event{Kind: event.ChannelCreated})
	}
	if r.bus.Wants(event.VarSet) {
		for _, v := range o.Variables {
			c.Publish(event.Event{Kind: event.VarSet, Name: v.Name, Value: v.Value.S})
		}
	}
	return c
}

func (r *Registry) remove(c *Channel) {
	c.mu.Lock()
	name, first := c.name, c.first
	c.mu.Unlock()
	if first {
		r.active.Add(-1)
	}
	r.mu.Lock()
	if r.channels[name] == c { // the next of that name may be there already
		delete(r.channels, name)
	}
	if len(r.channels) == 0 && r.empty != nil {
		close(r.empty)
		r.empty = nil
	}
	r.mu.Unlock()
}

// Find returns a channel by name.
func (r *Registry) Find(name string) (*Channel, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if c, ok := r.channels[name]; ok {
		return c, true
	}
	for n, c := range r.channels {
		if strings.EqualFold(n, name) {
			return c, true
		}
	}
	return nil, false
}

// FindPrefix returns the oldest channel whose name begins so, such as SIP/100-.
func (r *Registry) FindPrefix(prefix string) (*Channel, bool) {
	for _, c := range r.Channels() {
		if n := c.Name(); len(n) >= len(prefix) && strings.EqualFold(n[:len(prefix)], prefix) {
			return c, true
		}
	}
	return nil, false
}

// Lookup returns a channel by its name or its Uniqueid: programs and plans may say either.
func (r *Registry) Lookup(name string) (*Channel, bool) {
	if c, ok := r.Find(name); ok {
		return c, true
	}
	return r.FindUniqueid(name)
}

// FindUniqueid returns a channel by its Uniqueid.
func (r *Registry) FindUniqueid(id string) (*Channel, bool) {
	for _, c := range r.Channels() {
		if c.Uniqueid() == id {
			return c, true
		}
	}
	return nil, false
}

// Channels returns every channel, oldest first.
func (r *Registry) Channels() []*Channel {
	r.mu.RLock()
	out := make([]*Channel, 0, len(r.channels))
	for _, c := range r.channels {
		out = append(out, c)
	}
	r.mu.RUnlock()
	slices.SortFunc(out, func(a, b *Channel) int { return int(int64(a.sequence()) - int64(b.sequence())) })
	return out
}

// Count returns the number of channels now and of calls since the start.
func (r *Registry) Count() (active int, calls uint64) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.channels), r.calls.Load()
}

// Calls is how many calls are up: channels that no other one made.
func (r *Registry) Calls() int { return int(r.active.Load()) }

// Close makes Closing true: drivers refuse new calls from then on.
func (r *Registry) Close() { r.closing.Store(true) }

// Number has the channels numbered from n on. Uniqueids are made of the second and the
// number, so an exchange that is started again within a second must not begin at the same one.
func (r *Registry) Number(n uint64) { r.seq.Store(n) }

// SetCallIDs has the log's lines of calls that begin from now on tell of which call they
// are (use_callids).
func (r *Registry) SetCallIDs(on bool) { r.callIDs.Store(on) }

// Limit sets how many calls may be up at once (maxcalls); 0 is no limit.
func (r *Registry) Limit(calls int) { r.most.Store(int64(calls)) }

// Closing reports whether the exchange is about to stop.
func (r *Registry) Closing() bool { return r.closing.Load() }

// SetLanguage sets the language of channels whose driver names none
// (defaultlanguage).
func (r *Registry) SetLanguage(language string) { r.language.Store(&language) }

// NewVirtualRegistry makes a registry whose channels live in virtual time.
func NewVirtualRegistry(bus *event.Bus, log *slog.Logger, v *Virtual, system string) *Registry {
	r := NewRegistry(bus, log, v.Now, system)
	r.virtual = v
	return r
}

// Go runs f on a goroutine of its own, as that of a call.
func (r *Registry) Go(f func()) {
	if r.virtual == nil {
		go func() {
			deepen()
			f()
		}()
		return
	}
	r.virtual.start(f)
}

// deepen makes room on a new goroutine's stack for what an application needs. The runtime
// would begin with 2 KiB and double, and each time it moves what is on the stack already.
//
//go:noinline
func deepen() {
	var room [12 << 10]byte
	touch(room[:])
}

//go:noinline
func touch([]byte) {}

// AfterFunc has f run in d, on a goroutine of its own, in the time that the registry's
// channels live in, and returns what takes it back.
func (r *Registry) AfterFunc(d time.Duration, f func()) (stop func()) {
	if r.virtual != nil {
		return r.virtual.AfterFunc(d, f)
	}
	return r.alarm(d, func() { go f() })
}

// alarm is AfterFunc in real time for an f that is done at once.
func (r *Registry) alarm(d time.Duration, f func()) (stop func()) {
	if r.clock != nil {
		return r.clock.AfterFunc(d, f)
	}
	t := time.AfterFunc(d, f)
	return func() { t.Stop() }
}

// Clock runs functions later. They are quick, and do not wait for anything.
type Clock interface {
	// AfterFunc has f run in d, and returns what takes it back.
	AfterFunc(d time.Duration, f func()) (stop func())
}

// SetClock has c tell the time that channels wait for instead of the runtime's timers.
// It is called before the first channel is made.
func (r *Registry) SetClock(c Clock) { r.clock = c }

// OnHangup has f run on the goroutine that hangs a channel up, before its leg
// ends: the hang-up handlers of the dialplan. It is called before the first
// channel is made.
func (r *Registry) OnHangup(f func(*Channel)) { r.ending = f }

// Refusing reports whether an inbound call is to be refused with 503: the
// exchange is about to stop, or has as many calls as it may.
func (r *Registry) Refusing() bool {
	most := r.most.Load()
	return r.closing.Load() || most > 0 && r.active.Load() >= most
}

// Reopen takes Close back (core abort shutdown).
func (r *Registry) Reopen() { r.closing.Store(false) }

// Empty returns a channel that is closed when no channel is left.
func (r *Registry) Empty() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.empty == nil {
		r.empty = make(chan struct{})
		if len(r.channels) == 0 {
			e := r.empty
			r.empty = nil
			close(e)
			return e
		}
	}
	return r.empty
}
