package transaction

// Class counts by the class of a status, 1 to 6; 0 is not used.
type Class [7]uint64

func (c *Class) add(status int) {
	if i := status / 100; i > 0 && i < len(c) {
		c[i]++
	}
}

// Total is the sum.
func (c *Class) Total() (n uint64) {
	for _, v := range c {
		n += v
	}
	return n
}

// Stats is what a layer has done since it was made, or since the owner set it to
// zero.
type Stats struct {
	// Requests counts those that were received and no transaction absorbed, and
	// Begun those that were sent, ACK excepted on both sides.
	Requests, Begun uint64
	// Kept counts the server transactions that got a state.
	Kept uint64
	// Sent and Received count responses, repeated ones included.
	Sent, Received Class
	// Served and Answered count transactions by their final response: those of the
	// far ends, and ours.
	Served, Answered Class
	// Resent counts what was sent again because no answer came, Absorbed what came
	// again.
	Resent, Absorbed uint64
	// Timeouts counts requests of ours that nobody answered, and Failed those that
	// could not be sent.
	Timeouts, Failed uint64
	// Strays counts responses that belong to nothing.
	Strays uint64
}
