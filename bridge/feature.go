package bridge

import (
	"slices"
	"strings"

	"pbx/channel"
)

// Disconnect is the code that ends the call: Dial's h and H.
func Disconnect(digits string, by Side) Code { return Code{Digits: digits, By: by} }

// digit takes one that l dialled: part of a code, or for the other end.
func (c *call) digit(l *leg, d digit) (r Result, end bool) {
	if len(l.codes) == 0 {
		if c.mixer != nil || !l.relayed() {
			c.pass(l, d)
		}
		return r, false
	}
	l.digits = append(l.digits, d)
	l.flush = c.now().Add(c.DigitTimeout)
	for len(l.digits) > 0 {
		code, more := l.match()
		if code != nil {
			l.digits = l.digits[:0]
			talk := Talk{c: c, by: l}
			if code.Run == nil || code.Run(&talk) {
				return Result{By: l.side, Reason: Feature, Cause: channel.CauseNormalClearing, Digits: code.Digits}, true
			}
			if err := talk.resume(); err != nil {
				return failed(l.side, err), true
			}
			return r, false
		}
		if more {
			break
		}
		c.release(l, 1)
	}
	return r, false
}

// match looks the digits up: a code that they are, or whether they may become
// one. The longer of two codes never has a chance, as in the field.
func (l *leg) match() (code *Code, more bool) {
	var b strings.Builder
	for _, d := range l.digits {
		b.WriteByte(d.char)
	}
	for i := range l.codes {
		if l.codes[i].Digits == b.String() {
			return &l.codes[i], false
		}
		more = more || strings.HasPrefix(l.codes[i].Digits, b.String())
	}
	return nil, more
}

// release passes on the first n digits that were held back.
func (c *call) release(l *leg, n int) {
	for _, d := range l.digits[:n] {
		c.pass(l, d)
	}
	l.digits = slices.Delete(l.digits, 0, n)
}

// relayed reports whether the media loop passes the leg's digits on.
func (l *leg) relayed() bool {
	m, other := l.media, l.other.media
	return m != nil && other != nil && m.Remote().DTMFRecv != 0 && other.TakesDigits()
}

// pass gives everybody else a digit of l.
func (c *call) pass(l *leg, d digit) {
	l.say("digit", l.other.Leg().SendDigit(d.char, d.d))
	c.toGuests(said{frame: channel.Frame{Kind: channel.FrameDTMFEnd, Digit: d.char, Duration: d.d}})
}
