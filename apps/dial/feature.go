package dial

import (
	"strings"

	"pbx/apps/prompt"
	"pbx/bridge"
	"pbx/channel"
	"pbx/event"
)

// codes are what the parties may dial during the call: h and H to hang up, t and T to
// transfer the other one. A feature without a code is off.
func (c *call) codes(callee *channel.Channel) (all []bridge.Code) {
	for _, p := range [...]struct {
		by              bridge.Side
		who, other      *channel.Channel
		hangs, transfer bool
	}{
		{bridge.Caller, c.caller, callee, c.callerHangsUp, c.callerTransfers},
		{bridge.Callee, callee, c.caller, c.calleeHangsUp, c.calleeTransfers},
	} {
		f := p.who.Features()
		if p.hangs && f.Disconnect != "" {
			all = append(all, bridge.Disconnect(f.Disconnect, p.by))
		}
		if p.transfer && f.BlindTransfer != "" {
			all = append(all, bridge.Code{Digits: f.BlindTransfer, By: p.by, Run: func(bridge.Side) bool { return c.transfer(p.who, p.other, &f) }})
		}
	}
	return all
}

// transfer asks a party for a number and sends the other one there. It reports whether
// that was done: the call is over then.
func (c *call) transfer(by, party *channel.Channel, f *channel.Features) (done bool) {
	_ = party.Leg().Indicate(channel.ControlHold)
	defer func() {
		if !done && !party.HungUp() {
			_ = party.Leg().Indicate(channel.ControlUnhold)
		}
	}()
	context := by.Location().Context
	if v, ok := by.Var("TRANSFER_CONTEXT"); ok && v.S != "" {
		context = v.S
	}
	say := func(sound string) error {
		_, err := c.Player.Play(by, sound, prompt.Options{Watch: party})
		if err != nil && !prompt.Ended(err) {
			c.log.Warn("Dial: transfer", "error", err)
			err = nil
		}
		return err
	}
	for range f.TransferAttempts {
		number, err := c.transferNumber(by, party, context, f)
		if err != nil {
			return false // one of them is gone, which the bridge sees
		}
		place := channel.Location{Context: context, Exten: number, Priority: 1}
		switch {
		case number == "":
			_ = say("beeperr") // nothing was dialled: back to the call
			return false
		case c.Dialplan.Match(context, number, 1, party.Identity().Caller.Number).Exists():
			c.sendTo(by, party, place)
			return true
		}
		if say("pbx-invalid") != nil {
			return false
		}
	}
	return false
}

// transferNumber asks for a number: it is over when nothing longer could be dialled,
// with #, or when no digit comes.
func (c *call) transferNumber(by, party *channel.Channel, context string, f *channel.Features) (string, error) {
	number := ""
	add := func(digit byte) (over bool) {
		if digit == 0 || digit == '#' {
			return true
		}
		number += string(rune(digit))
		return !c.Dialplan.Match(context, number, 1, party.Identity().Caller.Number).Partial()
	}
	digit, err := c.Player.Play(by, "pbx-transfer", prompt.Options{Stops: prompt.AnyDigit, Watch: party})
	if prompt.Ended(err) {
		return "", err
	}
	for over := digit != 0 && add(digit); !over; over = add(digit) {
		if digit, err = prompt.WaitDigit(by, f.TransferDigitTimeout); err != nil {
			return "", err
		}
		if len(number) > maxNumber {
			break
		}
	}
	return number, nil
}

// maxNumber bounds what a party may dial.
const maxNumber = 80

// sendTo sends a party to an extension, as if the other's phone had transferred it.
func (c *call) sendTo(by, party *channel.Channel, place channel.Location) {
	party.SetVar("BLINDTRANSFER", channel.Clean(by.Name()))
	by.SetVar("BLINDTRANSFER", channel.Clean(party.Name()))
	by.PublishWith(event.Event{
		Kind: event.Transfer, Name: "blind", Context: place.Context, Exten: place.Exten, Priority: place.Priority, Bridge: by.Snapshot().BridgeID,
		Parties: []*event.Party{by.Party()},
	}, party)
	_ = party.Leg().Indicate(channel.ControlUnhold)
	party.AsyncGoto(place)
	c.verbose(3, "%s transfers %s to %s@%s", by.Name(), party.Name(), strings.TrimSpace(place.Exten), place.Context)
}
