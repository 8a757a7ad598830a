// Package local is the channel driver of Local/exten@context: a call that the
// exchange makes to its own dialplan. It has two halves. The one whose name ends
// in ;1 is what was dialled, as any leg is; the other, ;2, runs the extension.
// What is told to one half is said by the other.
//
// Once both halves are joined to somebody and answered, the pair has nothing more
// to do: it takes itself out and leaves the two parties to each other, unless /n
// was dialled.
//
// A pair has no goroutine and no loop. Its methods are called by the goroutines
// that own its halves, and a lock guards what both read.
package local

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"

	"pbx/channel"
	"pbx/event"
	"pbx/media"
)

// Deps is what the driver is built on.
type Deps struct {
	Registry *channel.Registry
	Dialplan channel.Dialplan
	// Media makes the sessions that carry audio from half to half; nil makes
	// pairs without audio.
	Media *media.Engine
	Log   *slog.Logger
}

// Driver is the technology. Any goroutine may call its methods.
type Driver struct {
	Deps
	serial    atomic.Uint32
	optimized atomic.Uint64 // pairs that tried to take themselves out

	mu     sync.Mutex
	active map[string]int // pairs by resource, for device states
}

// New makes the driver; the caller registers it.
func New(d Deps) *Driver {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return &Driver{Deps: d, active: make(map[string]int)}
}

// Name implements channel.Technology.
func (d *Driver) Name() string { return "Local" }

// Description implements channel.Technology.
func (d *Driver) Description() string { return "Local Proxy Channel Driver" }

// place is a parsed resource: exten@context/options.
type place struct {
	exten, context string
	keep           bool // n: the pair stays in the call
}

// name is the place as device states and channel names show it.
func (p place) name() string { return p.exten + "@" + p.context }

// defaultContext is that of a resource without one.
const defaultContext = "default"

// parse reads exten[@context][/options]. Of the options n keeps the pair in the
// call; j and others of the field's have nothing to act on here.
func parse(resource string) place {
	number, options, _ := strings.Cut(resource, "/")
	p := place{keep: strings.ContainsRune(options, 'n')}
	p.exten, p.context = number, defaultContext
	if i := strings.LastIndexByte(number, '@'); i >= 0 {
		p.exten, p.context = number[:i], number[i+1:]
	}
	return p
}

var errClosing = errors.New("the exchange is about to stop")

// Request implements channel.Technology: it makes both halves. Whether there is
// such an extension is asked when the call is sent.
func (d *Driver) Request(r channel.Request) (*channel.Channel, error) {
	fail := func(c channel.Cause, err error) (*channel.Channel, error) {
		return nil, &channel.RequestError{Dest: "Local/" + r.Resource, Cause: c, Err: err}
	}
	if d.Registry.Closing() {
		return fail(channel.CauseCongestion, errClosing)
	}
	p := &pair{d: d, place: parse(r.Resource)}
	p.keeps = p.place.keep
	for i := range p.halves {
		p.halves[i] = &half{pair: p, second: i == 1}
	}
	p.halves[0].other, p.halves[1].other = p.halves[1], p.halves[0]
	if d.Media != nil {
		if err := p.openMedia(r); err != nil {
			return fail(channel.CauseCongestion, err)
		}
	}
	name := fmt.Sprintf("Local/%s-%08x;", p.place.name(), d.serial.Add(1)-1)
	at := channel.Location{Context: p.place.context, Exten: p.place.exten, Priority: 1}
	settings := channel.Settings{Formats: r.Formats}
	if r.From != nil {
		s := r.From.Settings()
		settings.Language, settings.MusicClass = s.Language, s.MusicClass
	}
	first, second := p.halves[0], p.halves[1]
	first.bind(d.Registry.New(channel.Options{
		Full: name + "1", Uniqueid: r.Uniqueid, Tech: d, Leg: first, From: r.From, Location: at, State: channel.Down, Settings: settings, Media: first.media,
	}))
	second.bind(d.Registry.New(channel.Options{
		Full: name + "2", Uniqueid: r.OtherUniqueid, Tech: d, Leg: second, From: first.channel(), Location: at, State: channel.Ring, Settings: settings, Media: second.media,
	}))
	d.count(p.place.name(), 1)
	return first.channel(), nil
}

// count notes that a pair came or went, and tells who watches the device.
func (d *Driver) count(name string, by int) {
	d.mu.Lock()
	before := d.active[name]
	n := before + by
	if d.active[name] = n; n == 0 {
		delete(d.active, name)
	}
	d.mu.Unlock()
	if (before == 0) != (n == 0) && d.Registry.Bus().Wants(event.DeviceState) {
		d.Registry.Bus().Publish(event.Event{
			Kind: event.DeviceState, Time: d.Registry.Now(), Name: "Local/" + name, Value: d.DeviceState(name).String(),
		})
	}
}

// DeviceState implements channel.Technology: in use while a call is there, else
// not in use where the extension exists.
func (d *Driver) DeviceState(resource string) channel.DeviceState {
	p := parse(resource)
	d.mu.Lock()
	busy := d.active[p.name()] > 0
	d.mu.Unlock()
	switch {
	case busy:
		return channel.DeviceInUse
	case d.Dialplan.Match(p.context, p.exten, 1, "").Exists():
		return channel.DeviceNotInUse
	}
	return channel.DeviceInvalid
}

// loopback is where the halves send each other audio.
var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// openMedia makes a session a half, each the far end of the other, that carry
// whatever the caller may send.
func (p *pair) openMedia(r channel.Request) error {
	var near *media.Session
	codec := ""
	if r.From != nil {
		if near = r.From.Media(); near != nil {
			codec = near.Format()
		}
	}
	remote := media.Remote{}
	for _, name := range append([]string{codec}, append(r.Formats[:len(r.Formats):len(r.Formats)], "ulaw", "alaw")...) {
		f, ok := media.FormatNamed(name)
		if !ok || f.Video {
			continue
		}
		payload := media.Payload{Type: f.Offer, Codec: f.Name}
		if remote.Send.Codec == "" {
			remote.Send = payload
		}
		known := false
		for _, q := range remote.Recv {
			known = known || q.Codec == f.Name
		}
		if !known {
			remote.Recv = append(remote.Recv, payload)
		}
	}
	for _, h := range p.halves {
		s, err := p.d.Media.NewSession(media.SessionOptions{Bind: loopback, Near: near, Events: (*events)(h)})
		if err != nil {
			p.closeMedia()
			return fmt.Errorf("RTP: %w", err)
		}
		h.media = s
	}
	for _, h := range p.halves {
		remote.RTP = h.other.media.Local()
		h.media.Configure(remote)
	}
	return nil
}

func (p *pair) closeMedia() {
	for _, h := range p.halves {
		if h.media != nil {
			h.media.Close()
		}
	}
}
