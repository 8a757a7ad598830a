package bridge

import (
	"time"

	"pbx/channel"
)

// brought is what a phone keeps of its call when it comes into another one by a Masquerade,
// as when the Local channel between two Dials leaves: the codes that it may dial, and when
// its time is over.
type brought struct {
	codes []Code
	ends  time.Time // zero for never
}

type broughtKey struct{}

// OfPhone implements channel.OfPhone.
func (broughtKey) OfPhone() {}

// lend has both phones keep what they may. A limit is of the called one: with it the call is
// over for both.
func lend(caller, callee *channel.Channel, o *Options) {
	if len(o.Features) == 0 && o.Limit.Duration <= 0 {
		return
	}
	for _, x := range [...]struct {
		*channel.Channel
		side Side
	}{{caller, Caller}, {callee, Callee}} {
		b := &brought{}
		for _, f := range o.Features {
			if f.By&x.side != 0 && f.Digits != "" {
				b.codes = append(b.codes, f)
			}
		}
		if x.side == Callee && o.Limit.Duration > 0 {
			b.ends = x.Registry().Now().Add(o.Limit.Duration)
		}
		x.SetData(broughtKey{}, b)
	}
}

// forget ends that: whoever has a place of the two now is in no call any more.
func forget(ch *channel.Channel) {
	if ch.Data(broughtKey{}) != nil {
		ch.SetData(broughtKey{}, nil)
	}
}

// adopt lets the phone that has come into l's place do what it might, and ends the call when
// its time is over.
func (c *call) adopt(l *leg) {
	l.brought = nil
	if b, ok := l.Data(broughtKey{}).(*brought); ok && b != nil {
		l.brought = b.codes
		if left := b.ends.Sub(c.start); !b.ends.IsZero() && (c.Limit.Duration <= 0 || left < c.Limit.Duration) {
			c.Limit.Duration = max(left, time.Nanosecond)
		}
	}
	c.arm()
}
