package apps

import (
	"time"

	"pbx/apps/prompt"
	"pbx/channel"
)

// The times that a caller has for digits unless TIMEOUT() says otherwise.
const (
	digitTimeout    = 5 * time.Second
	responseTimeout = 10 * time.Second
)

// timeout is what TIMEOUT(what) is set to.
func timeout(t channel.Thread, what string, otherwise time.Duration) time.Duration {
	if d, ok := duration(t.Get("TIMEOUT(" + what + ")").S); ok && d > 0 {
		return d
	}
	return otherwise
}

// collect takes more digits as long as they could lead to an extension of the
// context, and sends the thread there, or to i with INVALID_EXTEN. first was
// dialled so far.
func collect(t channel.Thread, context, first string) error {
	number, err := more(t, context, first)
	if err != nil {
		return err
	}
	if t.Match(context, number, 1).Exists() {
		t.GotoLocation(channel.Location{Context: context, Exten: number, Priority: 1})
		return nil
	}
	return invalid(t, context, number)
}

// collectMore is collect for a number that was not enough: no further digit is a
// timeout.
func collectMore(t channel.Thread, context, first string) error {
	number, err := more(t, context, first)
	switch {
	case err != nil:
		return err
	case number == first:
		return timedOut(t, context)
	case t.Match(context, number, 1).Exists():
		t.GotoLocation(channel.Location{Context: context, Exten: number, Priority: 1})
		return nil
	}
	return invalid(t, context, number)
}

// more reads digits after number for as long as they could lead to an extension.
func more(t channel.Thread, context, number string) (string, error) {
	wait := timeout(t, "digit", digitTimeout)
	for t.Match(context, number, 1).Partial() {
		digit, err := prompt.WaitDigit(t.Channel(), wait)
		if err != nil {
			return number, err
		}
		if digit == 0 {
			break
		}
		number += string(rune(digit))
	}
	return number, nil
}

// invalid sends the thread to i because nothing answers to number, to e without
// an i; without either the call ends.
func invalid(t channel.Thread, context, number string) error {
	for _, exten := range [...]string{"i", "e"} {
		if !t.Match(context, exten, 1).Exists() {
			continue
		}
		tell(t, 3, "Invalid extension '%s' in context '%s' on %s", number, context, t.Channel().Name())
		t.Channel().SetVar("INVALID_EXTEN", channel.Tainted(number))
		t.GotoLocation(channel.Location{Context: context, Exten: exten, Priority: 1})
		return nil
	}
	warn(t, "Invalid extension '%s', but no rule 'i' or 'e' in context '%s'", number, context)
	return channel.ErrHangup
}

// timedOut sends the thread to t because no digit came, to e without a t;
// without either the call ends.
func timedOut(t channel.Thread, context string) error {
	for _, exten := range [...]string{"t", "e"} {
		if t.Match(context, exten, 1).Exists() {
			tell(t, 3, "Timeout on %s, going to '%s'", t.Channel().Name(), exten)
			t.GotoLocation(channel.Location{Context: context, Exten: exten, Priority: 1})
			return nil
		}
	}
	warn(t, "Timeout but no rule 't' or 'e' in context '%s'", context)
	return channel.ErrHangup
}
