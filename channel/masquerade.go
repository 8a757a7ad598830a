package channel

import (
	"errors"

	"pbx/event"
)

// ErrGone is the reason of a Masquerade that came too late: one of the calls is
// over.
var ErrGone = errors.New("the call is over")

// Masquerade puts the phone of clone in the place of original's: whatever runs or
// bridges original goes on with that phone, under its name and with its audio.
// Original's phone goes to clone, whose owner ends it as a rule. It is how a call
// changes its party without the thread that owns it taking part: an attended
// transfer, an INVITE with Replaces, a pickup, the removal of a Local channel.
//
// Both owners are told by ControlSourceUpdate. A phone whose leg is less secure than the
// call wants it (Settings) stays out: ErrInsecure. Any goroutine may call it but the
// loop of a driver, which uses MasqueradeHeld.
func Masquerade(original, clone *Channel) (err error) {
	if e := still(original, clone, func() { err = MasqueradeHeld(original, clone) }); e != nil {
		return e
	}
	return err
}

// still runs f while nothing happens on the legs of both.
func still(x, y *Channel, f func()) (err error) {
	held := f
	a, b := x.Tech(), y.Tech()
	if s, ok := b.(Stiller); ok && a != b {
		held = func() { err = s.Still(f) }
	}
	if s, ok := a.(Stiller); ok {
		return errors.Join(s.Still(held), err)
	}
	held()
	return err
}

// MasqueradeHeld is Masquerade for a caller that holds the drivers of both
// channels still: their loop.
func MasqueradeHeld(original, clone *Channel) error {
	r := original.reg
	if original == clone || clone.reg != r {
		return errors.New("a channel cannot take its own place")
	}
	r.moves.Lock()
	defer r.moves.Unlock()
	if err := original.Admits(clone); err != nil {
		return err
	}
	if partner := original.Bridged(); partner != nil {
		if a, ok := clone.Leg().(Aligner); ok {
			a.Align(partner.Leg())
		}
	}
	original.mu.Lock()
	clone.mu.Lock()
	if original.hungup || clone.hungup || original.softHangup.Load() || clone.softHangup.Load() ||
		original.Redirected() || clone.Redirected() { // over, or about to be elsewhere
		clone.mu.Unlock()
		original.mu.Unlock()
		return ErrGone
	}
	for _, v := range clone.vars { // what was said of the phone goes with it
		known := false
		for i := range original.vars {
			known = known || original.vars[i].Name == v.Name
		}
		if !known {
			original.vars = append(original.vars, v)
		}
	}
	original.line, clone.line = clone.line, original.line
	original.datastore, clone.datastore = withPhone(original.datastore, clone.datastore), withPhone(clone.datastore, original.datastore)
	// What security is wanted is of the call, not of the phone.
	now, was := &original.settings, &clone.settings
	signaling, audio := now.SecureSignaling, now.SecureMedia
	now.SecureSignaling, now.SecureMedia = signaling || was.SecureSignaling, audio || was.SecureMedia
	was.SecureSignaling, was.SecureMedia = signaling, audio
	original.queue.forget()
	clone.queue.forget()
	app, data, bridge := original.app, original.data, original.bridgeID
	legs := [2]Leg{original.leg, clone.leg}
	names := [2]string{original.name, clone.name}
	left := [2]string{original.member, clone.member}
	original.member, clone.member = "", ""
	var remain [2]int // in the bridges that they leave
	for i, c := range [...]*Channel{original, clone} {
		if c.bridgePeer != nil {
			remain[i] = 1
		}
	}
	clone.mu.Unlock()
	original.mu.Unlock()
	r.mu.Lock()
	r.channels[names[0]], r.channels[names[1]] = original, clone
	r.mu.Unlock()
	original.vacated.Store(false)
	clone.vacated.Store(true)
	legs[0].Rebind(original)
	legs[1].Rebind(clone)
	for _, c := range [...]*Channel{original, clone} {
		// The phone named names[0] is now where that of names[1] was.
		c.Publish(event.Event{Kind: event.Masquerade, Dest: names[0], Value: names[1], App: app, AppData: data, Bridge: bridge})
		c.Queue(Frame{Kind: FrameControl, Control: ControlSourceUpdate})
	}
	// Both phones have left where they were, and clone's is where original's was. Where that
	// one is now is told to nobody, as its call ends.
	for i, phone := range [...]*Channel{clone, original} {
		if left[i] != "" {
			phone.Publish(event.Event{Kind: event.BridgeLeave, Bridge: left[i], Members: remain[i]})
		}
	}
	if left[0] != "" {
		original.JoinedBridge(remain[0] + 1)
	}
	return nil
}

// OfPhone marks a key of Data whose value goes where the phone goes: of what it is part
// of, and what is to be done when it hangs up.
type OfPhone interface{ OfPhone() }

// withPhone is what a channel keeps, but for what its phone takes along: that is of the one
// that comes.
func withPhone(stays, comes map[any]any) map[any]any {
	both := make(map[any]any, len(stays))
	for k, v := range stays {
		if _, ok := k.(OfPhone); !ok {
			both[k] = v
		}
	}
	for k, v := range comes {
		if _, ok := k.(OfPhone); ok {
			both[k] = v
		}
	}
	return both
}

// Vacated reports whether a Masquerade took the phone of the channel, as clone, and left
// one whose call ends: nobody is to be told of that one.
func (c *Channel) Vacated() bool { return c.vacated.Load() }

// forget drops what a phone said that is about to go elsewhere.
func (q *queue) forget() {
	q.drop(func(f *Frame) bool {
		return f.Kind != FrameControl || f.Control != ControlRedirect && f.Control != ControlHangup
	})
}

// sequence orders channels by age.
func (c *Channel) sequence() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seq
}
