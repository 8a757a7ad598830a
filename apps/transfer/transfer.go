// Package transfer lets the parties of a call send each other elsewhere by digits, as
// features.conf says: blind, or attended, after asking whom they are sent to.
//
// A code that a party dials runs on the goroutine of the bridge, which owns both
// channels. While the target of an attended transfer is asked that goroutine owns it
// too, and whoever is not in a bridge is watched. When one of the three has gone, the
// other two go on on the thread of the one that was there before: nobody's plan waits
// for a call that he is out of.
package transfer

import (
	"errors"

	"pbx/apps/prompt"
	"pbx/bridge"
	"pbx/channel"
	"pbx/event"
)

// Deps are what transfers need of the exchange.
type Deps struct {
	Player   *prompt.Player
	Dialplan channel.Dialplan
}

// Rights are what a party may dial during the call, and what becomes of it.
type Rights struct {
	// Transfers and HangsUp are Dial's options t or T, and h or H.
	Transfers, HangsUp bool
	// GoesOn has the party's dialplan go on when the other one has hung up: option g.
	GoesOn bool
}

// party is one who talks, and what it may do.
type party struct {
	*channel.Channel
	Rights
}

// Codes are what the two may dial during their call. A feature without a code is off.
func (d Deps) Codes(caller, callee *channel.Channel, callerMay, calleeMay Rights) (all []bridge.Code) {
	first, second := party{caller, callerMay}, party{callee, calleeMay}
	for _, x := range [...]struct {
		side      bridge.Side
		by, other party
	}{{bridge.Caller, first, second}, {bridge.Callee, second, first}} {
		f := x.by.Features()
		if x.by.HangsUp && f.Disconnect != "" {
			all = append(all, bridge.Disconnect(f.Disconnect, x.side))
		}
		if !x.by.Transfers {
			continue
		}
		if f.BlindTransfer != "" {
			all = append(all, bridge.Code{Digits: f.BlindTransfer, By: x.side, Run: func(t *bridge.Talk) bool { return d.blind(t, &f) }})
		}
		if f.AttendedTransfer != "" {
			all = append(all, bridge.Code{Digits: f.AttendedTransfer, By: x.side, Run: func(t *bridge.Talk) bool {
				return d.attended(t, f, x.by.Rights, x.other.Rights)
			}})
		}
	}
	return all
}

// blind asks for a number and sends the party there.
func (d Deps) blind(t *bridge.Talk, f *channel.Features) (done bool) {
	by, who := t.By(), t.Party()
	verbose(by, "Channel %s: Started DTMF blind transfer.", by.Name())
	t.Hold()
	place, err := d.number(t, f, who)
	if err != nil {
		if errors.Is(err, errNoNumber) {
			t.Unhold(true)
		} else if !who.HungUp() {
			t.Unhold(false)
		}
		return false // one of them is gone, which the bridge sees
	}
	who.SetVar("BLINDTRANSFER", channel.Clean(by.Name()))
	by.SetVar("BLINDTRANSFER", channel.Clean(who.Name()))
	t.Unhold(true)
	by.PublishWith(event.Event{
		Kind: event.Transfer, Name: "blind", Value: event.ByDigits, Context: place.Context, Exten: place.Exten, Priority: place.Priority, Bridge: t.ID(),
		Parties: []*event.Party{by.Party()},
	}, who)
	who.AsyncGoto(place)
	verbose(by, "%s transfers %s to %s@%s", by.Name(), who.Name(), place.Exten, place.Context)
	return true
}

func verbose(ch *channel.Channel, format string, args ...any) {
	event.Verbose(ch.Log(), 3, format, args...)
}
