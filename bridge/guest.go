package bridge

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"

	"pbx/channel"
	"pbx/event"
	"pbx/media"
)

// ErrNoBridge is the reason of an Add to a channel that is in no bridge.
var ErrNoBridge = errors.New("the other channel is in no bridge")

// guest is a third party of a bridge. Its channel stays with its own goroutine, which
// tells that of the bridge what its phone says, and is told what the others do, by frames.
type guest struct {
	*channel.Channel
	host    *channel.Channel // of the two, through whom it came
	settled atomic.Bool      // the bridge decides, or nobody waits for that any more
	decided *channel.Latch   // what follows is written
	call    *call            // that it is in, nil for none
	err     error            // why not
}

// What a guest's goroutine and the bridge's tell each other, as Data of a FrameBridge.
type (
	// arrives and changed go to the bridge: take me in; I have left, or my phone is another.
	arrives struct{ *guest }
	changed struct{ *guest }
	// answered goes to the guest when it is decided, dismissed when the bridge is over.
	answered  struct{ *guest }
	dismissed struct {
		*guest
		err error
	}
	// said goes both ways: a digit or text of somebody else's phone.
	said struct {
		by    *guest // nil for one of the two
		frame channel.Frame
	}
)

func note(data any) channel.Frame { return channel.Frame{Kind: channel.FrameBridge, Data: data} }

// guestOf is the key of a guest's host in its channel.
type guestOf struct{}

// Add takes ch, an answered channel, into the bridge that another one is in: everybody
// hears everybody then, until ch hangs up or is sent elsewhere (an error says so, as that of
// an application does), or the bridge is over, which ends it for all. It runs on the
// goroutine that owns ch. The two that the bridge was made of go on when ch leaves.
//
// The error is ErrNoBridge, ErrNotThere, or media.ErrNoPath where the codecs cannot be mixed.
func Add(ch, other *channel.Channel) error {
	if h, ok := other.Data(guestOf{}).(*channel.Channel); ok {
		other = h
	}
	if other.Bridged() == nil {
		return ErrNoBridge
	}
	g := &guest{Channel: ch, host: other, decided: ch.Registry().NewLatch()}
	ch.SetData(guestOf{}, other)
	defer ch.SetData(guestOf{}, nil)
	other.Queue(note(arrives{g}))
	if err := g.enter(); err != nil {
		return err
	}
	defer g.leave()
	return g.stay()
}

// enter waits until the bridge has taken the guest in, or will not.
func (g *guest) enter() error {
	for end := g.Registry().Now().Add(rendezvous); ; {
		f, err := g.Wait(max(end.Sub(g.Registry().Now()), 0))
		switch {
		case f.Data == answered{g}:
			return g.err
		case errors.Is(err, channel.ErrTimeout):
			err = ErrNotThere
		case err == nil && f.Kind == channel.FrameControl && f.Control == channel.ControlRedirect:
			err = channel.ErrRedirect
		}
		if err == nil {
			continue
		}
		if g.settled.CompareAndSwap(false, true) {
			return err
		}
		g.decided.Wait(-1) // it decides right now; what ended the wait will end the stay
		return g.err
	}
}

// stay is the guest's part in the conversation.
func (g *guest) stay() error {
	for {
		if g.Redirected() {
			return channel.ErrRedirect
		}
		f, err := g.Wait(-1)
		if err != nil {
			return err
		}
		switch f.Kind {
		case channel.FrameBridge:
			switch told := f.Data.(type) {
			case dismissed:
				if told.guest == g {
					return told.err
				}
			case said:
				g.pass(told.frame)
			}
		case channel.FrameDTMFEnd, channel.FrameText:
			g.host.Queue(note(said{by: g, frame: f}))
		case channel.FrameControl:
			switch f.Control {
			case channel.ControlRedirect:
				return channel.ErrRedirect
			case channel.ControlHold: // the others go on talking
				g.Publish(event.Event{Kind: event.Hold, Bridge: g.call.ID})
			case channel.ControlUnhold:
				g.Publish(event.Event{Kind: event.Unhold, Bridge: g.call.ID})
			case channel.ControlSourceUpdate:
				g.host.Queue(note(changed{g}))
			}
		}
	}
}

// pass gives the guest's phone what somebody else's said.
func (g *guest) pass(f channel.Frame) {
	var err error
	switch f.Kind {
	case channel.FrameDTMFEnd:
		err = g.Leg().SendDigit(f.Digit, f.Duration)
	case channel.FrameText:
		err = g.Leg().SendText(f.Text)
	}
	if err != nil {
		g.Log().Warn("not passed on", "channel", g.host.Name(), "to", g.Name(), "error", err)
	}
}

// leave takes the guest out, unless the bridge has done so.
func (g *guest) leave() {
	if g.call.without(g) {
		g.host.Queue(note(changed{g}))
	}
}

// without takes a guest out of the bridge, if it is in, and tells of it. Either goroutine
// may.
func (c *call) without(g *guest) bool {
	c.mu.Lock()
	i := slices.Index(c.guests, g)
	if i < 0 {
		c.mu.Unlock()
		return false
	}
	c.guests = slices.Delete(slices.Clone(c.guests), i, i+1)
	others := c.members()
	c.mu.Unlock()
	g.SetBridge("", nil)
	g.SetVar("BRIDGEPEER", channel.Value{})
	g.LeftBridge(others...)
	return true
}

// members are the channels in the bridge; mu is held.
func (c *call) members() []*channel.Channel {
	all := []*channel.Channel{c.legs[0].Channel, c.legs[1].Channel}
	for _, g := range c.guests {
		all = append(all, g.Channel)
	}
	return all
}

// others are the channels in the bridge but for that of a leg. Any goroutine may ask.
func (c *call) others(l *leg) []*channel.Channel {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(c.members(), func(ch *channel.Channel) bool { return ch == l.Channel })
}

// visitors are the guests that there are now.
func (c *call) visitors() []*guest {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.guests // never written in place
}

// guestSays acts on what a guest's goroutine told, on that of the bridge.
func (c *call) guestSays(data any) error {
	switch told := data.(type) {
	case arrives:
		c.admit(told.guest)
	case changed:
		if err := c.join(); err != nil {
			return err
		}
		c.name()
		c.tell()
	case said:
		if !slices.Contains(c.visitors(), told.by) {
			return nil
		}
		for _, l := range c.legs {
			switch told.frame.Kind {
			case channel.FrameDTMFEnd:
				l.say("digit", l.other.Leg().SendDigit(told.frame.Digit, told.frame.Duration))
			case channel.FrameText:
				l.say("text", l.other.Leg().SendText(told.frame.Text))
			}
		}
		c.toGuests(told)
	}
	return nil
}

// admit takes a guest in, or not.
func (c *call) admit(g *guest) {
	if !g.settled.CompareAndSwap(false, true) {
		return
	}
	if g.err = c.take(g); g.err == nil {
		g.call = c
		g.SetBridge(c.ID, nil)
		members := []*channel.Channel{g.Channel}
		for _, l := range c.legs {
			members = append(members, l.Channel)
		}
		for _, v := range c.visitors() {
			members = append(members, v.Channel)
		}
		channel.Link(members...)
		g.JoinedBridge(len(c.legs) + len(c.visitors()))
		c.name()
		c.tell()
	}
	g.decided.Open()
	g.Queue(note(answered{g}))
}

// take has the guest heard and hear, or leaves everything as it is.
func (c *call) take(g *guest) error {
	if c.Await != nil || g.HungUp() {
		return ErrNotThere
	}
	c.mu.Lock()
	before := c.guests
	c.guests = append(slices.Clone(before), g)
	c.mu.Unlock()
	err := c.mix()
	if err != nil {
		c.mu.Lock()
		c.guests = before
		c.mu.Unlock()
	}
	return err
}

// name sets BRIDGEPEER: whom each of them talks to.
func (c *call) name() {
	c.mu.Lock()
	all := c.members()
	c.mu.Unlock()
	for _, ch := range all {
		var others []string
		for _, o := range all {
			if o != ch {
				others = append(others, o.Name())
			}
		}
		ch.SetVar("BRIDGEPEER", channel.Clean(strings.Join(others, ",")))
	}
}

// mix has all of them hear each other. An error leaves everything as it is.
func (c *call) mix() error {
	c.mu.Lock()
	members := c.members()
	c.mu.Unlock()
	var all []*media.Session
	for _, ch := range members {
		m := ch.Media()
		if m == nil {
			return media.ErrNoPath
		}
		all = append(all, m)
	}
	if slices.Equal(all, c.mixed) {
		return nil
	}
	mix, err := media.NewMix(all...)
	if err != nil {
		return err
	}
	c.part()
	c.mixer, c.mixed = mix, all
	for _, l := range c.legs {
		l.media = l.Media()
	}
	return nil
}

// toGuests passes on what somebody's phone said.
func (c *call) toGuests(s said) {
	for _, g := range c.visitors() {
		if g != s.by {
			g.Queue(note(s))
		}
	}
}

// dismiss sends the guests away.
func (c *call) dismiss(why error) {
	for _, g := range c.visitors() {
		if c.without(g) {
			g.Queue(note(dismissed{g, why}))
		}
	}
}
