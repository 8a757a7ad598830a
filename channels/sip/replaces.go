package sip

import (
	"errors"
	"slices"
	"strings"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/channels/sip/presence"
	"pbx/channels/sip/refer"
	"pbx/media"
)

// replacement is the call that an INVITE takes over: that of a Replaces header
// (RFC 3891), or one that rings and is picked up. Or it is one that it joins (RFC 3911).
type replacement struct {
	call    *pvt             // whose far end is replaced
	join    bool             // not that: it talks with both ends
	ringing *channel.Channel // that is picked up
	sound   string           // the phone hears it then, and alone where there is nothing
}

// replacing reads the Replaces and Join of an INVITE from peer, nil for a guest.
// It returns nil for a call of its own, and the status that refuses it.
func (d *Driver) replacing(m *message.Message, peer *Peer) (r *replacement, status int, reason string) {
	join, replaces := m.Has(message.HeaderJoin), m.Has(message.HeaderReplaces)
	switch {
	case !join && !replaces:
		return nil, 0, ""
	case join && replaces || count(m, message.HeaderReplaces) > 1 || count(m, message.HeaderJoin) > 1:
		return nil, 400, "Bad Request (Replaces)" // RFC 3891 section 3
	case join:
		return d.joining(m, peer)
	}
	id, err := refer.ParseDialogID(string(m.Header(message.HeaderReplaces)))
	if err != nil {
		return nil, 400, "Bad Request (Replaces)"
	}
	if call, ok := strings.CutPrefix(id.CallID, presence.PickupPrefix); ok {
		return d.replacingWatched(call, &id, peer)
	}
	q := d.calls.dialog([]byte(id.CallID), []byte(id.ToTag), []byte(id.FromTag))
	switch {
	case q == nil || q.channel == nil:
		return nil, 481, "Call leg/transaction does not exist"
	case !d.mayReplace(peer, q):
		return nil, 403, "Forbidden"
	case q.phase == phaseEnding || q.phase == phaseGone || q.released:
		return nil, 603, "Declined"
	case q.phase == phaseUp && id.EarlyOnly:
		return nil, 486, "Busy Here"
	case q.phase == phaseEarly && !q.outgoing: // not begun by us
		return nil, 481, "Call leg/transaction does not exist"
	}
	return &replacement{call: q}, 0, ""
}

func count(m *message.Message, id message.HeaderID) (n int) {
	for range m.Lines(id) {
		n++
	}
	return n
}

// joining reads the Join of an INVITE (RFC 3911 section 4). Who may take a call over may
// come into it. A call whose audio cannot be mixed, or that talks to nobody but us, cannot
// be joined.
func (d *Driver) joining(m *message.Message, peer *Peer) (r *replacement, status int, reason string) {
	id, err := refer.ParseDialogID(string(m.Header(message.HeaderJoin)))
	if err != nil {
		return nil, 400, "Bad Request (Join)"
	}
	q := d.calls.dialog([]byte(id.CallID), []byte(id.ToTag), []byte(id.FromTag))
	switch {
	case q == nil || q.channel == nil:
		return nil, 481, "Call leg/transaction does not exist"
	case !d.mayReplace(peer, q):
		return nil, 403, "Forbidden"
	case q.phase == phaseEnding || q.phase == phaseGone || q.released:
		return nil, 603, "Declined"
	case q.channel.Snapshot().BridgeID == "" || !mixable(q.channel) || !mixable(q.channel.Bridged()):
		return nil, 488, "Not Acceptable Here"
	}
	return &replacement{call: q, join: true}, 0, ""
}

// mixable reports whether more than two can hear what a channel says; nil is nobody, who
// says nothing.
func mixable(ch *channel.Channel) bool {
	if ch == nil {
		return true
	}
	m := ch.Media()
	return m != nil && media.Linear(m.Format())
}

// comeIn has the phone of p, a new call, talk with both ends of the call that r names.
func (p *pvt) comeIn(r *replacement) {
	name := channel.Clean(r.call.channel.Name())
	if err := p.d.plan.StartApplication(p.channel, "BridgeAdd", name); err != nil {
		p.channel.Log().Error("cannot join", "call", name.S, "error", err)
		p.channel.Hangup()
	}
}

// replacingWatched is a pickup by a phone that watches an extension: the call that
// rings there.
func (d *Driver) replacingWatched(call string, id *refer.DialogID, peer *Peer) (r *replacement, status int, reason string) {
	// The receiver of the header is us: to-tag would be ours, but phones copy the
	// tags of the NOTIFY's body as they stand, which is as the watcher has them.
	at, ok := d.watched(call, id.ToTag, id.FromTag, peer)
	if !ok {
		if at, ok = d.watched(call, id.FromTag, id.ToTag, peer); !ok {
			return nil, 481, "Call leg/transaction does not exist"
		}
	}
	devices := strings.Split(d.plan.Hint(at.Context, at.Exten), "&")
	target := d.registry.Ringing(func(c *channel.Channel) bool {
		if l := c.Location(); l.Context == at.Context && l.Exten == at.Exten {
			return true
		}
		return slices.ContainsFunc(devices, func(dev string) bool {
			return strings.EqualFold(dev, c.Tech().Name()+"/"+c.Peer())
		})
	})
	if target == nil {
		return nil, 481, "Call leg/transaction does not exist"
	}
	return &replacement{ringing: target}, 0, ""
}

// groupPickup is the call that has rung longest of those that a phone may pick up
// by its groups, or the sound that tells that there is none; nil without either.
func (d *Driver) groupPickup(asker *Peer) *replacement {
	if asker == nil {
		return nil
	}
	f := d.registry.Features()
	target := d.registry.Ringing(func(c *channel.Channel) bool {
		s := c.Settings()
		return asker.PickupGroup&s.CallGroup != 0 || shareName(asker.NamedPickup, s.NamedCallGroups)
	})
	switch {
	case target != nil:
		return &replacement{ringing: target, sound: f.PickupSound}
	case f.PickupFailSound != "":
		return &replacement{sound: f.PickupFailSound}
	}
	return nil
}

// hears has the phone of p, a new call, hear a sound and nothing else.
func (p *pvt) hears(sound string) {
	if err := p.d.plan.StartApplication(p.channel, "Playback", channel.Clean(sound)); err != nil {
		p.channel.Log().Error("no sound", "name", sound, "error", err)
		p.channel.Hangup()
	}
}

// takeOver puts the phone of p, a new call, in the place that r names. It reports
// whether that came about; the call is hung up if not.
func (p *pvt) takeOver(r *replacement) bool {
	by := p.channel
	target := r.ringing
	if target == nil {
		target = r.call.channel
	}
	var err error
	if r.sound != "" {
		by.SetVar(channel.BridgeSound, channel.Clean(r.sound)) // which goes where it goes
	}
	if r.call == nil || r.call.phase == phaseEarly {
		err = channel.PickupHeld(by, target)
	} else if err = target.Admits(by); err == nil {
		err = replace(by, target)
	}
	switch {
	case errors.Is(err, channel.ErrInsecure):
		by.SetCause(channel.CauseBearerNotAvailable, "") // 488
	case err != nil:
		by.SetCause(channel.CauseNoRouteDestination, "")
	}
	by.Hangup()
	return err == nil
}

// replace has by answered in the place of target.
func replace(by, target *channel.Channel) error {
	if err := by.Answer(); err != nil {
		return err
	}
	if err := channel.MasqueradeHeld(target, by); err != nil {
		return err
	}
	by.SoftHangup(channel.CauseNormalClearing)
	return nil
}

// mayReplace reports whether calls of asker may take the place of the far end of
// p: its own calls, and those that it may pick up. Whoever else knows a Call-ID
// and its tags has seen a message, and that is no reason (RFC 3891 section 8).
func (d *Driver) mayReplace(asker *Peer, p *pvt) bool {
	if d.cfg.General.Compat {
		return p.settings.AllowTransfer
	}
	if asker == nil || !p.settings.AllowTransfer {
		return false
	}
	return asker == p.peer || p.peer != nil && asker.picksUp(p.peer)
}
