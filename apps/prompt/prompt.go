// Package prompt plays sounds and tones to the far end of a channel and reads
// the digits that are pressed meanwhile. Playback, Read, the Say family and Dial
// are built on it.
//
// A Player has no state of its own; what plays on a channel is kept on the
// channel. Its methods are called by the goroutine that owns the channel, and the
// blocking ones return channel.ErrHangup when the call ends and
// channel.ErrRedirect when it was sent elsewhere.
package prompt

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"pbx/channel"
	"pbx/event"
	"pbx/media"
	"pbx/media/sound"
	"pbx/media/tone"
)

// ErrNoMedia is the reason of a sound that cannot be played because the channel
// has no audio.
var ErrNoMedia = errors.New("the channel has no audio")

// Tones finds a tone of a country's zone ("" for the default one) by its name.
type Tones func(zone, name string) (tone.List, bool)

// Session is what a Player needs of a media session.
type Session interface {
	// Format is the codec that the far end hears.
	Format() string
	Play(src media.Source, repeat bool) media.PlayID
	Stop(id media.PlayID)
	Echo(on bool)
}

// Player plays the sounds of a library and the tones of a country.
type Player struct {
	sounds  *sound.Library
	tones   Tones
	session func(*channel.Channel) Session
}

// New makes a Player. session finds a channel's media session, nil when it has
// none; a nil session takes that of Channel.Media.
func New(sounds *sound.Library, tones Tones, session func(*channel.Channel) Session) *Player {
	if session == nil {
		session = sessionOf
	}
	return &Player{sounds: sounds, tones: tones, session: session}
}

// Options say how a sound is played.
type Options struct {
	// Stops are the digits that end it.
	Stops string
	// StopIf, when set, decides about each digit instead of Stops.
	StopIf func(digit byte) bool
	// Language overrides the channel's.
	Language string
	// Untrusted says that the name came from the network: it must stay inside
	// the sounds' directories.
	Untrusted bool
	// From is where in the sound to begin.
	From time.Duration
	// Position, when set, takes where in the sound it ended, counted from its
	// beginning.
	Position *time.Duration
	// Watch is another channel of the goroutine, whose end stops the sound with
	// channel.ErrHangup: the caller of the callee that hears an announcement.
	Watch *channel.Channel

	meter *meter
}

func (o *Options) stops(digit byte) bool {
	if o.StopIf != nil {
		return o.StopIf(digit)
	}
	return strings.IndexByte(o.Stops, digit) >= 0
}

// Play plays one file to its end or to a digit that stops it, which is returned,
// else 0. An error other than channel.ErrHangup and ErrRedirect says why the file
// could not be played; the call goes on.
func (p *Player) Play(ch *channel.Channel, name string, o Options) (digit byte, err error) {
	for {
		id, s, err := p.start(ch, name, &o)
		if err != nil {
			return 0, err
		}
		digit, played, err := p.await(ch, s, id, &o)
		if o.Position != nil {
			*o.Position = time.Duration(o.meter.at.Load())
		}
		if errors.Is(played, errMoved) {
			continue
		}
		if played != nil {
			return 0, fmt.Errorf("sound %q: %w", name, played)
		}
		return digit, err
	}
}

// errMoved says that another phone took the place of the one that listened
// (channel.Masquerade): it hears the sound from the beginning.
var errMoved = errors.New("another phone listens")

// PlayAll plays files one after another until a digit stops them. Files that
// cannot be played are left out with a warning.
func (p *Player) PlayAll(ch *channel.Channel, names []string, o Options) (digit byte, err error) {
	for _, name := range names {
		digit, err = p.Play(ch, name, o)
		if Ended(err) || digit != 0 {
			return digit, err
		}
		if err != nil {
			ch.Log().Warn("Unable to play", "channel", ch.Name(), "error", err)
		}
	}
	return 0, nil
}

// Ended reports whether err means that the thread leaves its application.
func Ended(err error) bool {
	return errors.Is(err, channel.ErrHangup) || errors.Is(err, channel.ErrRedirect)
}

func (p *Player) start(ch *channel.Channel, name string, o *Options) (media.PlayID, Session, error) {
	s := p.session(ch)
	if s == nil {
		return 0, nil, ErrNoMedia
	}
	language := o.Language
	if language == "" {
		language = ch.Settings().Language
	}
	src, err := p.sounds.Open(sound.Request{Name: name, Language: language, Codec: s.Format(), Untrusted: o.Untrusted})
	if err != nil {
		return 0, nil, err
	}
	src.Seek(o.From)
	p.StopTone(ch)
	earlyMedia(ch)
	if ch.Registry().Bus().Wants(event.Playing) {
		ch.Publish(event.Event{Kind: event.Playing, Name: name, Value: language})
	}
	event.Verbose(ch.Log(), 3, "<%s> Playing '%s.%s' (language '%s')", ch.Name(), name, src.Codec(), language)
	if o.Position == nil {
		return s.Play(src, false), s, nil
	}
	o.meter = &meter{source: src}
	o.meter.at.Store(int64(src.Position()))
	return s.Play(o.meter, false), s, nil
}

// Start plays files one after another and does not wait for their end.
func (p *Player) Start(ch *channel.Channel, names []string) error {
	s := p.session(ch)
	if s == nil {
		return ErrNoMedia
	}
	var all sequence
	for _, name := range names {
		src, err := p.sounds.Open(sound.Request{Name: name, Language: ch.Settings().Language, Codec: s.Format()})
		if err != nil {
			return err
		}
		all.add(src)
	}
	if all.codec == "" {
		return nil
	}
	s.Play(&all, false)
	return nil
}

// await waits for the end of a sound. played is what its session said of it.
func (p *Player) await(ch *channel.Channel, s Session, id media.PlayID, o *Options) (digit byte, played, err error) {
	both := [2]*channel.Channel{ch, o.Watch}
	chans := both[:1]
	if o.Watch != nil {
		chans = both[:2]
	}
	for {
		i, f, err := channel.WaitAny(-1, chans...)
		if err != nil {
			s.Stop(id)
			return 0, nil, err
		}
		switch {
		case f.Kind == channel.FrameControl && f.Control == channel.ControlRedirect:
			s.Stop(id)
			return 0, nil, channel.ErrRedirect
		case i != 0:
		case f.Kind == channel.FrameControl && f.Control == channel.ControlSourceUpdate && p.session(ch) != s:
			s.Stop(id)
			return 0, errMoved, nil
		case f.Kind == channel.FramePlayed:
			if r, ok := f.Data.(channel.PlayResult); ok && r.ID == id {
				return 0, r.Err, nil
			}
		case f.Kind == channel.FrameDTMFEnd && o.stops(f.Digit):
			s.Stop(id)
			return f.Digit, nil, nil
		}
	}
}

// Echo sends back what the far end says until it presses '#' or the call ends.
func (p *Player) Echo(ch *channel.Channel) error {
	s := p.session(ch)
	if s == nil {
		return ErrNoMedia
	}
	p.StopTone(ch)
	earlyMedia(ch)
	s.Echo(true)
	defer func() { s.Echo(false) }()
	for {
		f, err := ch.Wait(-1)
		switch {
		case err != nil:
			return err
		case f.Kind == channel.FrameDTMFEnd && f.Digit == '#':
			return nil
		case f.Kind == channel.FrameControl && f.Control == channel.ControlRedirect:
			return channel.ErrRedirect
		case f.Kind == channel.FrameControl && f.Control == channel.ControlSourceUpdate && p.session(ch) != s:
			s.Echo(false)
			if s = p.session(ch); s == nil {
				return ErrNoMedia
			}
			s.Echo(true)
		}
	}
}

// earlyMedia opens the audio of an inbound call that was not answered, once.
func earlyMedia(ch *channel.Channel) {
	if ch.State() != channel.Ring || ch.Data(earlyKey{}) != nil {
		return
	}
	if h, ok := ch.Leg().(channel.EarlyHolder); ok && h.HoldsEarly() {
		return
	}
	ch.SetData(earlyKey{}, true)
	_ = ch.Leg().Indicate(channel.ControlProgress) // without it nothing is heard, and that is all
}

type earlyKey struct{}
