package prompt

import (
	"strings"
	"time"

	"pbx/channel"
)

// Controls are the keys with which a listener goes about in a sound; 0 is none.
type Controls struct {
	Forward, Rewind, Pause, Restart byte
	// Stop are the keys that end it.
	Stop string
	// Skip is how far Forward and Rewind go.
	Skip time.Duration
	// From is where it begins.
	From time.Duration
	// Untrusted is as in Options.
	Untrusted bool
}

// Control plays a sound and does what the listener's keys ask for, until its end
// or a key that stops it, which is returned with the place where it was then. The
// errors are those of Play.
func (p *Player) Control(ch *channel.Channel, name string, c Controls) (digit byte, at time.Duration, err error) {
	keys := c.Stop
	for _, k := range []byte{c.Forward, c.Rewind, c.Pause, c.Restart} {
		if k != 0 {
			keys += string(rune(k))
		}
	}
	at = c.From
	for {
		digit, err = p.Play(ch, name, Options{Stops: keys, From: at, Position: &at, Untrusted: c.Untrusted})
		switch {
		case err != nil || digit == 0 || strings.IndexByte(c.Stop, digit) >= 0:
			return digit, at, err
		case digit == c.Forward:
			at += c.Skip
		case digit == c.Rewind:
			at = max(0, at-c.Skip)
		case digit == c.Restart:
			at = 0
		case digit == c.Pause:
			if digit, err = p.pause(ch, &c); err != nil || digit != 0 {
				return digit, at, err
			}
		}
	}
}

// pause waits for the key that goes on, or for one that stops the sound, which is
// returned.
func (p *Player) pause(ch *channel.Channel, c *Controls) (byte, error) {
	for {
		digit, err := WaitDigit(ch, time.Hour)
		switch {
		case err != nil || digit != 0 && strings.IndexByte(c.Stop, digit) >= 0:
			return digit, err
		case digit == c.Pause:
			return 0, nil
		}
	}
}
