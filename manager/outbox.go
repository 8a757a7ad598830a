package manager

import "sync"

// outbox holds what a session is to be sent. It is bounded: a program that does not
// read has its session ended.
type outbox struct {
	mu    sync.Mutex
	texts []string
	size  int
	ended bool
	eager bool          // something waits that is to go at once
	held  bool          // the writer looks again by itself
	wake  chan struct{} // of the writer, one at a time
}

// What may wait for a program: a big list fits, a wallboard that hangs does not grow.
const (
	maxWaiting = 4 << 20 // bytes
	maxTexts   = 50_000
)

func newOutbox() *outbox { return &outbox{wake: make(chan struct{}, 1)} }

// push adds a text, which is to go at once if it is eager. It returns false when there
// is no room.
func (o *outbox) push(text string, eager bool) bool {
	if text == "" {
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
	o.eager = o.eager || eager
	if eager || !o.held {
		o.signal()
	}
	return true
}

// hold lets the writer wait for more, when it looks again by itself. It returns false
// when something is to go at once.
func (o *outbox) hold() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held = !o.eager && !o.ended
	return o.held
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
func (o *outbox) take() (texts []string, done bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	texts = o.texts
	o.texts, o.size, o.eager, o.held = nil, 0, false, false
	return texts, o.ended
}

// waiting reports whether anything waits.
func (o *outbox) waiting() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.texts) > 0
}
