package channel

import "slices"

// LegCause is how one leg of the channel's calls ended, for HANGUPCAUSE().
type LegCause struct {
	Channel string // the leg's name
	Cause   Cause
	Tech    string // the driver's words, "SIP 486 Busy Here"
}

// legCauses bounds what a channel that dials for ever remembers.
const legCauses = 64

// AddLegCause remembers how a dialled leg ended; the oldest is forgotten when
// there are too many.
func (c *Channel) AddLegCause(l LegCause) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.legCauses) >= legCauses {
		c.legCauses = slices.Delete(c.legCauses, 0, 1)
	}
	c.legCauses = append(c.legCauses, l)
}

// LegCauses returns a copy of what AddLegCause remembered, oldest first.
func (c *Channel) LegCauses() []LegCause {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.legCauses)
}

// ClearLegCauses forgets it (HangupCauseClear).
func (c *Channel) ClearLegCauses() {
	c.mu.Lock()
	c.legCauses = nil
	c.mu.Unlock()
}
