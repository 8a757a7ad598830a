package channel

import "pbx/event"

// SetBridge records what the channel is joined to; id "" and nil mean nothing.
func (c *Channel) SetBridge(id string, peer *Channel) {
	c.mu.Lock()
	c.bridgeID, c.bridgePeer = id, peer
	c.mu.Unlock()
}

// Bridged is the channel that this one is joined to, nil for none.
func (c *Channel) Bridged() *Channel {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bridgePeer
}

// JoinedBridge tells that the channel's phone is in the bridge of SetBridge, which has so
// many members with it, unless that was told already. It and the channel of SetBridge are of
// one call from then on.
func (c *Channel) JoinedBridge(members int) {
	c.mu.Lock()
	id, known, peer := c.bridgeID, c.member, c.bridgePeer
	c.member = id
	c.mu.Unlock()
	if id != known {
		if peer != nil && peer.inBridge(id) {
			Link(peer, c)
		}
		c.Publish(event.Event{Kind: event.BridgeJoin, Bridge: id, Members: members})
	}
}

// LeftBridge tells that the phone has left it, if it was told to be there; others are the
// bridge's other channels.
func (c *Channel) LeftBridge(others ...*Channel) {
	c.mu.Lock()
	id := c.member
	c.member = ""
	c.mu.Unlock()
	if id == "" {
		return
	}
	members := 0
	for _, o := range others {
		if o.inBridge(id) {
			members++
		}
	}
	c.Publish(event.Event{Kind: event.BridgeLeave, Bridge: id, Members: members})
}

// inBridge reports whether the phone was told to be in a bridge.
func (c *Channel) inBridge(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.member == id
}
