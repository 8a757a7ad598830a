package channel

import (
	"errors"
	"slices"
	"strings"

	"pbx/event"
)

// ErrNotRinging is the reason of a Pickup that came too late.
var ErrNotRinging = errors.New("the call does not ring any more")

// BridgeSound is the variable with the sound that a channel hears before it talks to who
// called: who picked the call up knows by it that he has it.
const BridgeSound = "BRIDGE_PLAY_SOUND"

// Rings reports whether the channel is a leg that was called and not answered.
func (c *Channel) Rings() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return (c.state == Ringing || c.state == Down && c.app != "") && c.owner == nil && c.bridgePeer == nil && !c.hungup && !c.softHangup.Load()
}

// MayPickUp reports whether the channel's pickup groups and the call groups of
// target have one in common.
func (c *Channel) MayPickUp(target *Channel) bool {
	mine, theirs := c.Settings(), target.Settings()
	if mine.PickupGroup&theirs.CallGroup != 0 {
		return true
	}
	return slices.ContainsFunc(mine.NamedPickupGroups, func(g string) bool {
		return slices.ContainsFunc(theirs.NamedCallGroups, func(h string) bool { return strings.EqualFold(g, h) })
	})
}

// Ringing finds the leg that has rung longest of those that match is true of, nil
// without one.
func (r *Registry) Ringing(match func(*Channel) bool) *Channel {
	for _, c := range r.Channels() {
		if c.Rings() && match(c) {
			return c
		}
	}
	return nil
}

// Pickup has by answer the call that rings at target: by's phone takes target's
// place, and target's phone stops ringing as answered elsewhere. After it by is
// the leg of that phone, which its owner hangs up. Any goroutine may call it but
// the loop of a driver, which uses PickupHeld.
func Pickup(by, target *Channel) error {
	var err error
	if e := still(by, target, func() { err = mayTake(by, target) }); e != nil {
		return e
	}
	if err == nil {
		err = by.Answer()
	}
	if err != nil {
		return err
	}
	if e := still(by, target, func() { err = take(by, target) }); e != nil {
		return e
	}
	return err
}

// PickupHeld is Pickup for a caller that holds the drivers of both channels still.
func PickupHeld(by, target *Channel) error {
	if err := mayTake(by, target); err != nil {
		return err
	}
	if err := by.Answer(); err != nil {
		return err
	}
	return take(by, target)
}

// mayTake is what stops a pickup before by is answered.
func mayTake(by, target *Channel) error {
	if !target.Rings() {
		return ErrNotRinging
	}
	return target.Admits(by)
}

func take(by, target *Channel) error {
	if !target.Rings() {
		return ErrNotRinging
	}
	caller := target.Identity().Connected
	if err := MasqueradeHeld(target, by); err != nil {
		return err
	}
	target.JoinCall(by)
	target.UpdateIdentity(func(id *Identity) { id.Connected = caller })
	_ = target.Leg().Indicate(ControlConnectedLine) // a phone that does not show it loses nothing
	target.Queue(Frame{Kind: FrameControl, Control: ControlConnectedLine, Data: target.Identity().Caller})
	target.Queue(Frame{Kind: FrameControl, Control: ControlAnswer})
	target.PublishWith(event.Event{Kind: event.Pickup}, by) // whose phone is the one that rang
	by.SoftHangup(CauseAnsweredElsewhere)
	return nil
}
