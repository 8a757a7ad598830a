package manager

import "sync"

// outbox takes what a session is to be sent, and holds what its connection does not take
// at once. It is bounded: a program that does not read has its session ended.
type outbox struct {
	mu    sync.Mutex
	text  []byte
	spare []byte           // storage for text
	now   func([]byte) int // writes without waiting as much as the connection takes; nil if it cannot
	busy  bool             // the writer has a text of which not all is written
	ended bool
	wake  chan struct{} // of the writer, one at a time
}

// maxWaiting is how much may wait for a program: a big list fits, a wallboard that hangs
// does not grow.
const maxWaiting = 4 << 20 // bytes

func newOutbox() *outbox { return &outbox{wake: make(chan struct{}, 1)} }

// push sends a text, or has it wait behind what waits already. It keeps a copy of what
// waits, and returns false when there is no room for it.
func (o *outbox) push(text []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(text) == 0 || o.ended {
		return true
	}
	if o.now != nil && !o.busy && len(o.text) == 0 {
		n := o.now(text)
		if text = text[n:]; len(text) == 0 {
			return true
		}
	}
	if len(o.text)+len(text) > maxWaiting {
		return false
	}
	o.text = append(o.text, text...)
	o.signal()
	return true
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// end lets the writer finish when it has written what waits.
func (o *outbox) end() {
	o.mu.Lock()
	o.ended = true
	o.signal()
	o.mu.Unlock()
}

// take returns what waits, without waiting; it is valid until the next call. done says
// that nothing will come after it.
func (o *outbox) take() (text []byte, done bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	text = o.text
	o.text, o.spare = o.spare[:0], text
	if cap(text) > maxSpare {
		o.spare = nil
	}
	o.busy = len(text) > 0
	return text, o.ended
}

// maxSpare is the storage that is kept for the next time.
const maxSpare = 64 << 10 // bytes

// drop throws away what waits.
func (o *outbox) drop() {
	o.mu.Lock()
	o.text = o.text[:0]
	o.mu.Unlock()
}

// waiting reports whether anything waits.
func (o *outbox) waiting() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.text) > 0
}
