package feature

import (
	"errors"
	"time"

	"pbx/apps/prompt"
	"pbx/bridge"
	"pbx/channel"
)

// errNoNumber says that nothing was dialled that is there, as often as it may be tried.
var errNoNumber = errors.New("no number to transfer to")

// maxNumber bounds what a party may dial.
const maxNumber = 80

// number asks who transfers for the extension, which is looked up as caller sees it. An
// error that prompt.Ended knows says that one of the two is gone.
func (d Deps) number(t *bridge.Talk, f *channel.Features, caller *channel.Channel) (channel.Location, error) {
	by := t.By()
	at := channel.Location{Context: by.Location().Context, Priority: 1}
	if v, ok := by.Var("TRANSFER_CONTEXT"); ok && v.S != "" {
		at.Context = v.S
	}
	match := func(exten string) channel.Match {
		return d.Dialplan.Match(at.Context, exten, 1, caller.Identity().Caller.Number)
	}
	digit, err := d.say(t, f.AnnounceSound, prompt.AnyDigit)
	for range f.TransferAttempts {
		if err == nil {
			at.Exten, err = digits(t, digit, f.TransferDigitTimeout, match)
		}
		switch {
		case err != nil:
			return at, err
		case at.Exten == "":
			verbose(by, "Channel %s: Dialed no digits.", by.Name())
		case match(at.Exten).Exists():
			return at, nil
		default:
			verbose(by, "Channel %s: Dialed '%s@%s' does not exist.", by.Name(), at.Exten, at.Context)
		}
		digit, err = d.say(t, f.RetrySound, "")
	}
	if err == nil {
		_, err = d.say(t, f.InvalidSound, "")
	}
	if err == nil {
		err = errNoNumber
	}
	return at, err
}

// say plays a sound to who transfers while the party waits.
func (d Deps) say(t *bridge.Talk, sound, stops string) (digit byte, err error) {
	if sound == "" {
		return 0, nil
	}
	digit, err = d.Player.Play(t.By(), sound, prompt.Options{Stops: stops, Watch: t.Party()})
	if err != nil && !prompt.Ended(err) {
		t.By().Log().Warn("transfer", "error", err)
		err = nil
	}
	return digit, err
}

// digits collects a number that begins with first, if that is not 0: it is over when
// nothing longer could be dialled, with #, or when no digit comes in time.
func digits(t *bridge.Talk, first byte, wait time.Duration, match func(string) channel.Match) (number string, err error) {
	digit := first
	for {
		if digit == 0 {
			if digit, err = waitDigit(t, wait); err != nil {
				return "", err
			}
		}
		if digit == 0 || digit == '#' {
			return number, nil
		}
		number += string(rune(digit))
		if !match(number).Partial() || len(number) > maxNumber {
			return number, nil
		}
		digit = 0
	}
}

// waitDigit waits for a digit of who transfers; 0 means that none came.
func waitDigit(t *bridge.Talk, d time.Duration) (byte, error) {
	by, party := t.By(), t.Party()
	now := by.Registry().Now
	for end := now().Add(d); ; {
		i, f, err := channel.WaitAny(max(0, end.Sub(now())), by, party)
		switch {
		case errors.Is(err, channel.ErrTimeout):
			return 0, nil
		case err != nil:
			return 0, err
		case f.Kind == channel.FrameControl && f.Control == channel.ControlRedirect:
			return 0, channel.ErrRedirect
		case i == 0 && f.Kind == channel.FrameDTMFEnd:
			return f.Digit, nil
		}
	}
}
