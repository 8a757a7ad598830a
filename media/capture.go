package media

import (
	"io"
	"sync"
)

// captureSize is how much audio a Capture keeps for its reader: two seconds.
const captureSize = 2 * 8000 * 2

// Capture is a Tap that keeps what one side of a session says, as 16-bit little
// endian samples of 8 kHz, for a reader of its own: a recorder, or a program that
// listens. What is not read in time is lost and counted, and so is audio of a codec
// that is not translated here.
//
// The session's loop writes; one goroutine reads. Give it to Session.SetTap and
// take it away before it is closed.
type Capture struct {
	in bool

	mu     sync.Mutex
	ring   [captureSize]byte
	start  int // of what waits to be read
	size   int
	lost   int // packets
	closed bool
	wake   chan struct{}
}

// NewCapture captures what the far end says when in is true, what it hears
// otherwise.
func NewCapture(in bool) *Capture { return &Capture{in: in, wake: make(chan struct{}, 1)} }

// Linear reports whether audio of a codec can be turned into samples here, to be captured
// or mixed.
func Linear(codec string) bool { return codec == "ulaw" || codec == "alaw" || codec == "slin" }

// Audio implements Tap.
func (c *Capture) Audio(in bool, codec string, _ uint32, payload []byte) {
	if in != c.in {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	n := samples(codec, payload)
	if !Linear(codec) || c.closed || 2*n > captureSize-c.size {
		c.lost++
		return
	}
	for i := range n {
		v := sample(codec, payload, i)
		at := (c.start + c.size) % captureSize
		c.ring[at], c.ring[at+1] = byte(v), byte(uint16(v)>>8)
		c.size += 2
	}
	c.told()
}

func (c *Capture) told() {
	select {
	case c.wake <- struct{}{}:
	default: // it is told already
	}
}

// Read waits for audio and returns whole samples; io.EOF after Close. b holds at
// least one sample.
func (c *Capture) Read(b []byte) (int, error) {
	for {
		c.mu.Lock()
		if c.size > 0 {
			n := copy(b[:len(b)&^1], c.ring[c.start:min(c.start+c.size, captureSize)])
			c.start, c.size = (c.start+n)%captureSize, c.size-n
			c.mu.Unlock()
			return n, nil
		}
		closed := c.closed
		c.mu.Unlock()
		if closed {
			return 0, io.EOF
		}
		<-c.wake
	}
}

// Lost is how many packets were not kept.
func (c *Capture) Lost() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lost
}

// Close ends the reader's wait once it has read what is there.
func (c *Capture) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.told()
}
