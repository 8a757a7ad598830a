package channel

// Done is closed when the channel has hung up and is out of the registry. Any
// goroutine may ask.
func (c *Channel) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		c.done = make(chan struct{})
		if c.gone {
			close(c.done)
		}
	}
	return c.done
}

// finish tells those who wait in Done.
func (c *Channel) finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = true
	if c.done != nil {
		close(c.done)
	}
}
