package prompt

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"pbx/channel"
)

// ownDigits is the key of a channel whose program takes digits itself.
type ownDigits struct{}

// TakeDigits says whether a program takes the digits of a channel itself: Background,
// which it runs, goes to no extension then and only tells the digit. It returns what
// was said before.
func TakeDigits(ch *channel.Channel, on bool) (was bool) {
	was = TakesDigits(ch)
	ch.SetData(ownDigits{}, on)
	return was
}

// TakesDigits is what TakeDigits said.
func TakesDigits(ch *channel.Channel) bool {
	on, _ := ch.Data(ownDigits{}).(bool)
	return on
}

// AnyDigit are the digits that stop a sound when every key does.
const AnyDigit = "0123456789*#ABCD"

const digitLength = 100 * time.Millisecond

// WaitDigit waits for a digit; 0 means that none came within d.
func WaitDigit(ch *channel.Channel, d time.Duration) (byte, error) {
	now := ch.Registry().Now
	for end := now().Add(d); ; {
		f, err := ch.Wait(max(0, end.Sub(now())))
		switch {
		case errors.Is(err, channel.ErrTimeout):
			return 0, nil
		case err != nil:
			return 0, err
		case f.Kind == channel.FrameDTMFEnd:
			return f.Digit, nil
		case f.Kind == channel.FrameControl && f.Control == channel.ControlRedirect:
			return 0, channel.ErrRedirect
		}
	}
}

// Digits are digits to be played to a far end: w waits half a second and W a
// whole one, other characters that are no digits are left out.
type Digits struct {
	Text   string
	Gap    time.Duration // after each digit
	Length time.Duration // of each digit, 100 ms when 0
}

// Send plays them to the far end of to, which another goroutine may own. It
// returns when they are played, or when one of chans, the channels that the
// caller owns, ends.
func (d Digits) Send(to *channel.Channel, chans ...*channel.Channel) error {
	length := d.Length
	if length <= 0 {
		length = digitLength
	}
	for i := range len(d.Text) {
		pause := length + d.Gap
		switch c := d.Text[i]; {
		case c == 'w':
			pause = 500 * time.Millisecond
		case c == 'W':
			pause = time.Second
		case strings.IndexByte(AnyDigit+"abcd", c) < 0:
			continue
		default:
			if 'a' <= c && c <= 'd' {
				c -= 'a' - 'A'
			}
			if err := to.Leg().SendDigit(c, length); err != nil {
				return fmt.Errorf("digit %c: %w", c, err)
			}
		}
		if err := pauseAll(pause, chans); err != nil {
			return err
		}
	}
	return nil
}

// pauseAll waits for d, unless one of the channels ends.
func pauseAll(d time.Duration, chans []*channel.Channel) error {
	now := chans[0].Registry().Now
	for end := now().Add(d); ; {
		_, f, err := channel.WaitAny(max(0, end.Sub(now())), chans...)
		switch {
		case errors.Is(err, channel.ErrTimeout):
			return nil
		case err != nil:
			return err
		case f.Kind == channel.FrameControl && f.Control == channel.ControlRedirect:
			return channel.ErrRedirect
		}
	}
}
