package channel

// callID names a call by the first channel of it.
type callID struct {
	id  string // that channel's Uniqueid
	seq uint64 // and its number: which of two calls began first
}

// Linkedid is the Uniqueid of the first channel of the call.
func (c *Channel) Linkedid() string { return c.linkedTo().id }

func (c *Channel) linkedTo() callID {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.linked
}

func (c *Channel) link(to callID) {
	c.mu.Lock()
	c.linked = to
	c.mu.Unlock()
}

// JoinCall makes the channel one of the call that other is in.
func (c *Channel) JoinCall(other *Channel) { c.link(other.linkedTo()) }

// Link makes one call of those whose channels are in one bridge: all have the Linkedid of
// the call that began first.
func Link(channels ...*Channel) {
	var oldest callID
	apart := false
	for i, c := range channels {
		l := c.linkedTo()
		apart = apart || i > 0 && l.id != oldest.id
		if i == 0 || l.seq < oldest.seq {
			oldest = l
		}
	}
	if !apart {
		return
	}
	for _, c := range channels {
		c.link(oldest)
	}
}
