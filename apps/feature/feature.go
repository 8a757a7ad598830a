// Package feature is what the parties of a call may dial while they talk, as features.conf
// says: to hang up, to send the other one elsewhere, blind or after asking whom he is
// sent to, and to run applications.
//
// A code that a party dials runs on the goroutine of the bridge, which owns both
// channels. While the target of an attended transfer is asked that goroutine owns it
// too, and whoever is not in a bridge is watched. When one of the three has gone, the
// other two go on on the thread of the one that was there before: nobody's plan waits
// for a call that he is out of.
package feature

import (
	"errors"

	"pbx/apps/prompt"
	"pbx/bridge"
	"pbx/channel"
	"pbx/event"
)

// Deps are what features need of the exchange.
type Deps struct {
	Player   *prompt.Player
	Dialplan channel.Dialplan
	// Execute runs an application, whose arguments it substitutes, on a channel that the
	// calling goroutine owns; without it there are no applications to be dialled.
	Execute func(ch *channel.Channel, app, args string) error
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
		all = append(all, d.applications(x.side, x.by.Channel, &f)...)
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
	t.Unhold(true)
	d.goesOn(by)
	Send(by, who, place, event.ByDigits)
	return true
}

// goesOn has who transferred go on where GOTO_ON_BLINDXFR says.
func (d Deps) goesOn(by *channel.Channel) {
	const name = "GOTO_ON_BLINDXFR"
	if v, _ := by.Var(name); v.S == "" || d.Execute == nil {
		return
	}
	if err := d.Execute(by, "Set", "CHANNEL(after_bridge_goto)=${"+name+"}"); err != nil {
		by.Log().Warn(name, "channel", by.Name(), "error", err)
	}
}

// Send is a blind transfer: who by talks to goes on elsewhere. value is that of the event.
// Any goroutine may call it.
func Send(by, who *channel.Channel, place channel.Location, value string) {
	who.SetVar("BLINDTRANSFER", channel.Clean(by.Name()))
	by.SetVar("BLINDTRANSFER", channel.Clean(who.Name()))
	by.PublishWith(event.Event{
		Kind: event.Transfer, Name: "blind", Value: value, Context: place.Context, Exten: place.Exten, Priority: place.Priority, Bridge: by.Snapshot().BridgeID,
		Detail: &event.TransferDetail{Transferer: by.Party()},
	}, who)
	who.AsyncGoto(place)
	verbose(by, "%s transfers %s to %s@%s", by.Name(), who.Name(), place.Exten, place.Context)
}

// Press has the exchange see digits as if the phone had sent them. Any goroutine may call
// it.
func Press(ch *channel.Channel, digits string) {
	for i := range len(digits) {
		ch.DigitEnd(digits[i], 0)
	}
}

func verbose(ch *channel.Channel, format string, args ...any) {
	event.Verbose(ch.Log(), 3, format, args...)
}
