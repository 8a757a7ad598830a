package manager

import "sync"

// outbox holds what a session is to be sent. It is bounded: a program that does not
// read has its session ended.
type outbox struct {
	mu    sync.Mutex
	texts [][]byte
	size  int
	ended bool
	wake  chan struct{} // of the writer, one at a time
}

// What may wait for a program: a big list fits, a wallboard that hangs does not grow.
const (
	maxWaiting = 4 << 20 // bytes
	maxTexts   = 50_000
)

func newOutbox() *outbox { return &outbox{wake: make(chan struct{}, 1)} }

// push adds a text, which nobody changes any more. It returns false when there is no
// room.
func (o *outbox) push(text []byte) bool {
	if len(text) == 0 {
		return true
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended {
		return true
	}
	if o.size+len(text) > maxWaiting || len(o.texts) >= maxTexts {
		return false
	}
	o.texts = append(o.texts, text)
	o.size += len(text)
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

// take returns what waits, without waiting; done says that nothing will come after
// it.
func (o *outbox) take() (texts [][]byte, done bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	texts = o.texts
	o.texts, o.size = nil, 0
	return texts, o.ended
}

// waiting reports whether anything waits.
func (o *outbox) waiting() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.texts) > 0
}
