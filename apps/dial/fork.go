package dial

import (
	"cmp"
	"slices"
	"time"

	"pbx/channel"
)

// later is a device that rings once the others have rung alone for a while, or as
// soon as none of them is left: a place of lower preference where a called device
// may be.
type later struct {
	destination
	target any
	at     time.Time
}

// fork is the branches of a destination; one that is a single device is its own
// only branch.
func (c *call) fork(d destination) []channel.Branch {
	if t, ok := c.caller.Registry().Technology(d.tech); ok && d.refused == "" {
		if f, ok := t.(channel.Forker); ok {
			if list := f.Fork(d.resource, c.caller); len(list) > 0 {
				return list
			}
		}
	}
	return []channel.Branch{{}}
}

// postpone has a branch ring later.
func (c *call) postpone(d destination, b channel.Branch) {
	c.waiting = append(c.waiting, later{d, b.Target, c.now().Add(b.After)})
	slices.SortStableFunc(c.waiting, func(a, b later) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
}

// advance rings the devices whose time has come, and the next ones when nobody
// rings. An error is the caller's end.
func (c *call) advance() error {
	for len(c.waiting) > 0 {
		due := c.waiting[0].at
		if len(c.legs) > 0 && c.now().Before(due) {
			return nil
		}
		var legs []*leg
		for len(c.waiting) > 0 && !c.waiting[0].at.After(due) {
			w := c.waiting[0]
			c.waiting = c.waiting[1:]
			if l := c.try(w.destination, w.target, len(c.waiting) == 0); l != nil {
				legs = append(legs, l)
			}
		}
		if err := c.launch(legs); err != nil {
			return err
		}
		c.single = c.single && len(c.legs) == 1
	}
	return nil
}
