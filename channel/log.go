package channel

import "log/slog"

// Log returns the exchange's logger with the channel's call, where lines tell of
// that, and its group.
func (c *Channel) Log() *slog.Logger {
	if l := c.callLog.Load(); l != nil {
		return l
	}
	c.callLog.CompareAndSwap(nil, c.makeLog("")) // or a group was set meanwhile
	return c.callLog.Load()
}

func (c *Channel) makeLog(group string) *slog.Logger {
	l := c.reg.log
	if c.call != "" {
		l = l.With("call", c.call)
	}
	if group != "" {
		l = l.With("group", group)
	}
	return l
}

// CallID is how the log's lines about the call are marked, such as C-0000002a; "" without
// use_callids. It does not change.
func (c *Channel) CallID() string { return c.call }

// LogGroup is what the channel's lines in the log are marked with, "" for nothing.
func (c *Channel) LogGroup() string {
	if g := c.group.Load(); g != nil {
		return *g
	}
	return ""
}

// SetLogGroup marks the lines that come from now on. The goroutine that owns the
// channel calls it.
func (c *Channel) SetLogGroup(group string) {
	c.group.Store(&group)
	c.callLog.Store(c.makeLog(group))
}
