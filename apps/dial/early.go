package dial

import (
	"pbx/channel"
	"pbx/media"
)

// join lets the caller hear what a leg sends before it answers.
func (c *call) join(l *leg) {
	a, b := c.caller.Media(), l.ch.Media()
	if a == nil || b == nil {
		return
	}
	if err := media.Join(a, b); err != nil {
		c.log.Debug("Dial: no early audio", "channel", l.ch.Name(), "error", err)
		return
	}
	l.early = true
}

// part ends that.
func (c *call) part(l *leg) {
	if !l.early {
		return
	}
	l.early = false
	if a, b := c.caller.Media(), l.ch.Media(); a != nil && b != nil {
		media.Part(a, b)
	}
}

// relaysDigits reports whether the far end gets the caller's digits with the
// audio that is relayed to it.
func relaysDigits(from, to *channel.Channel) bool {
	a, b := from.Media(), to.Media()
	return a != nil && b != nil && a.Remote().DTMFRecv != 0 && b.TakesDigits()
}
