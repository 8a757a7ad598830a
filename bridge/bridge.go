// Package bridge joins two answered legs until one of them goes: their media are
// relayed on the media loop, and what one end tells of the call is passed to the
// other.
//
// Run works on the goroutine that owns both channels, the dialplan thread that
// dialled as a rule, and blocks it. It starts no goroutine. However it ends,
// with a panic too, the media are parted and neither channel is hung up: that is
// the caller's business.
package bridge

import (
	"errors"
	"sync"
	"time"

	"pbx/channel"
	"pbx/event"
	"pbx/media"
)

// Side is one end of a bridge.
type Side uint8

// The sides; Nobody is the exchange itself. Sides make a set with |.
const (
	Nobody Side = 0
	Caller Side = 1
	Callee Side = 2
	Both        = Caller | Callee
)

// Reason says why a bridge ended.
type Reason uint8

// The reasons.
const (
	HungUp     Reason = iota // Result.By hung up
	Feature                  // a feature that Result.By dialled ended it
	TimeUp                   // the limit was reached
	Redirected               // Result.By was sent to another place in the dialplan
	Failed                   // Result.Err: the media cannot be joined
	Unanswered               // Options.Await will not answer, or has not in time
	Watched                  // Options.Watch is over, or was sent elsewhere
)

// Result tells how a bridge ended.
type Result struct {
	By       Side
	Reason   Reason
	Cause    channel.Cause
	Duration time.Duration
	Err      error
	// Digits are those of the feature that ended it.
	Digits string
}

// Limit is Dial's L(x:y:z) and S(x): how long the call may last, how much before
// its end a warning is due, and how often it is repeated. 0 leaves each out.
type Limit struct {
	Duration, WarnAt, WarnEvery time.Duration
}

// Code is a feature: digits that one side dials during the call.
type Code struct {
	Digits string
	// By are the sides that may dial it.
	By Side
	// Run acts on it, on the bridge's goroutine, and reports whether the bridge
	// ends. Nil ends it: the disconnect code.
	Run func(t *Talk) (end bool)
}

// Options shape a bridge; the zero value is a plain call.
type Options struct {
	// ID names the bridge in events; made of both Uniqueids when empty.
	ID string
	// Features are the codes that may be dialled. A side that has any hears its
	// digits' effect, and the other side gets only those that were no code.
	Features []Code
	// DigitTimeout is how long digits may be apart within a code, 1 s when 0.
	DigitTimeout time.Duration
	Limit        Limit
	// Warn is told when a warning of the limit is due, with the time that is left.
	Warn func(left time.Duration)
	// Watch is another channel of the goroutine, which is in no bridge meanwhile.
	Watch *channel.Channel
	// Await is the callee, or the channel watched, while it has not answered: it has
	// AnswerIn to do so, for ever when that is 0. Early is told what it says until
	// then, the answer too, and may give it up.
	Await    *channel.Channel
	AnswerIn time.Duration
	Early    func(channel.Control) (giveUp bool)
}

// call is one bridge while it runs.
type call struct {
	Options
	legs  [2]*leg
	now   func() time.Time
	start time.Time
	warn  time.Time // when the next warning is due, zero for none
	late  time.Time // when Await has had its time, zero for never
	all   []*channel.Channel
	// asking says that one of the two is in an attended transfer.
	asking bool
	mixer  *media.Mix // with guests
	mixed  []*media.Session

	mu     sync.Mutex
	guests []*guest
}

// leg is one side of it.
type leg struct {
	*channel.Channel
	name  string // as it was when the other end was told; Masquerade changes it
	side  Side
	other *leg
	media *media.Session // that is joined
	codes []Code
	// brought are those of the phone that has come into its place.
	brought []Code
	holds   bool // it has the other end on hold
	away    bool // it is in another bridge, see Talk.Consult

	digits []digit // dialled so far, perhaps the beginning of a code
	flush  time.Time
}

type digit struct {
	char byte
	d    time.Duration
}

// Run bridges the two until one hangs up, a feature or the limit ends it, or one
// is redirected.
func Run(caller, callee *channel.Channel, o Options) Result {
	lend(caller, callee, &o)
	r := run(caller, callee, o)
	forget(caller)
	forget(callee)
	if r.Reason != Failed {
		caller.LeaveBridge()
		callee.LeaveBridge()
	}
	return r
}

func run(caller, callee *channel.Channel, o Options) (r Result) {
	if o.ID == "" {
		o.ID = caller.Uniqueid() + "-" + callee.Uniqueid()
	}
	if o.DigitTimeout <= 0 {
		o.DigitTimeout = time.Second
	}
	c := &call{Options: o, now: caller.Registry().Now}
	c.legs[0], c.legs[1] = &leg{Channel: caller, side: Caller}, &leg{Channel: callee, side: Callee}
	c.legs[0].other, c.legs[1].other = c.legs[1], c.legs[0]
	c.start = c.now()
	c.await()
	if l := o.Limit; l.Duration > 0 && l.WarnAt > 0 && o.Warn != nil {
		c.warn = c.start.Add(max(l.Duration-l.WarnAt, 0))
	}
	defer func() {
		c.leave()
		r.Duration = c.now().Sub(c.start)
	}()
	if err := c.enter(); err != nil {
		return failed(Nobody, err)
	}
	return c.run()
}

func (c *call) enter() error {
	c.publish(event.BridgeCreate)
	c.arm()
	for _, l := range c.legs {
		l.SetBridge(c.ID, l.other.Channel)
		l.name = l.Name()
	}
	for i := range c.legs { // the callee first: programs expect it so
		l := c.legs[len(c.legs)-1-i]
		for _, name := range transferred { // they tell of the transfer that led here, until it has
			if v, ok := l.Var(name); ok && v.S != "" {
				l.SetVar(name, channel.Value{})
			}
		}
		l.JoinedBridge(i + 1)
	}
	for i := range c.legs {
		l := c.legs[len(c.legs)-1-i]
		l.SetVar("BRIDGEPEER", channel.Clean(l.other.name))
	}
	if c.Await == nil || c.Await == c.Watch { // else it joins when it has something to say
		if err := c.join(); err != nil {
			return err
		}
	}
	c.tell()
	return nil
}

// arm gives each leg the codes that it may dial.
func (c *call) arm() {
	for _, l := range c.legs {
		l.codes = nil
		for _, f := range c.Features {
			if f.By&l.side != 0 && f.Digits != "" {
				l.codes = append(l.codes, f)
			}
		}
		if c.asking { // the keys of an attended transfer are all that there is
			continue
		}
		for _, f := range l.brought {
			f.By = l.side
			l.codes = append(l.codes, f)
		}
	}
}

// transferred are the variables that name who transferred or forwarded the channel.
var transferred = [...]string{"BLINDTRANSFER", "ATTENDEDTRANSFER", "FORWARDERNAME"}

// renew follows a Masquerade: another phone is in the place of l's.
func (c *call) renew(l *leg) error {
	if l.Name() != l.name && !l.Vacated() {
		c.adopt(l)
	}
	if err := c.join(); err != nil {
		return err
	}
	defer c.tell()
	name := l.Name()
	if name == l.name || l.Vacated() {
		return nil
	}
	l.name = name
	l.unhold()
	l.other.SetVar("BRIDGEPEER", channel.Clean(name))
	l.SetVar("BRIDGEPEER", channel.Clean(l.other.name))
	Introduce(l.Channel, l.other.Channel)
	return nil
}

// Introduce tells each of two channels whom it talks to. Whoever owns
// both calls it.
func Introduce(a, b *channel.Channel) {
	mine, theirs := a.Identity().Caller, b.Identity().Caller
	for _, x := range [...]struct {
		*channel.Channel
		talksTo channel.Party
	}{{a, theirs}, {b, mine}} {
		x.UpdateIdentity(func(id *channel.Identity) { id.Connected = x.talksTo })
		_ = x.Leg().Indicate(channel.ControlConnectedLine) // a phone that does not show it loses nothing
	}
}

// tell tells the drivers who is joined with whom. plain is a bridge that has no
// use for the audio: no digits to look for, no announcements to make, no tap.
func (c *call) tell() {
	plain := c.Limit.Duration == 0
	for _, l := range c.legs {
		plain = plain && c.mixer == nil && len(l.codes) == 0 && l.media != nil && !l.media.Tapped()
	}
	for _, l := range c.legs {
		if j, ok := l.Leg().(channel.Joiner); ok {
			j.Joined(l.other.Leg(), plain)
		}
	}
}

func (c *call) leave() {
	c.dismiss(nil)
	c.part()
	for _, l := range c.legs {
		if j, ok := l.Leg().(channel.Joiner); ok {
			j.Joined(nil, false)
		}
		l.unhold()
		if l.away {
			continue
		}
		l.SetBridge("", nil)
		l.SetVar("BRIDGEPEER", channel.Value{})
		l.LeftBridge(l.other.Channel)
	}
	c.publish(event.BridgeDestroy)
}

// publish tells of the bridge itself.
func (c *call) publish(kind event.Kind) {
	if bus := c.legs[0].Registry().Bus(); bus.Wants(kind) {
		bus.Publish(event.Event{Kind: kind, Time: c.now(), Bridge: c.ID})
	}
}

// join brings the media of all together as they are now. The two come first: guests
// that cannot be mixed with them are sent away.
func (c *call) join() error {
	if len(c.visitors()) > 0 {
		err := c.mix()
		if err == nil || errors.Is(err, media.ErrClosed) { // whose it is will tell of its end
			return nil
		}
		c.dismiss(err)
	}
	a, b := c.legs[0].Media(), c.legs[1].Media()
	if c.mixer == nil && a == c.legs[0].media && b == c.legs[1].media {
		return nil
	}
	c.part()
	if a == nil || b == nil {
		return nil
	}
	c.legs[0].media, c.legs[1].media = a, b
	for _, l := range c.legs {
		l.media.PassDigits(len(l.codes) == 0)
	}
	if err := media.Join(a, b); err != nil && !errors.Is(err, media.ErrClosed) {
		return err
	}
	// A session that is closed already has its hang-up in the queue.
	return nil
}

// unhold takes the other end back that l has on hold: l leaves, as a phone does that
// transferred the call.
func (l *leg) unhold() {
	if !l.holds {
		return
	}
	l.holds = false
	if l.other.HungUp() {
		return
	}
	l.say(channel.ControlUnhold.String(), l.other.Leg().Indicate(channel.ControlUnhold))
}

func (c *call) part() {
	if c.mixer != nil {
		c.mixer.Close()
		c.mixer, c.mixed = nil, nil
		c.legs[0].media, c.legs[1].media = nil, nil
		return
	}
	a, b := c.legs[0].media, c.legs[1].media
	if a == nil || b == nil {
		return
	}
	media.Part(a, b)
	for _, l := range c.legs {
		l.media.PassDigits(true)
		l.media = nil
	}
}
