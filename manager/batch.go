package manager

import (
	"sync"
	"time"
)

// batch is what happened since the sessions were told last, written down once for all of
// them: who wants all of it is handed the very bytes.
type batch struct {
	mu    sync.Mutex
	round uint64 // how many there were before
	text  []byte
	parts []part
	class Class // of all parts together
}

// part is one event of a batch.
type part struct {
	class Class
	name  string
	end   int // in text
}

// patience is how long events wait for others when n were handed out just before: a
// write for each costs many times what the event does. Where much happens they wait
// longer. Answers do not wait, and take the events along.
func patience(n int) time.Duration {
	return min(max(time.Duration(n)*time.Millisecond, 20*time.Millisecond), 100*time.Millisecond)
}

// maxBatch is how much is gathered at most.
const maxBatch = 256 << 10 // bytes

// add takes in an event and returns how much there is now.
func (b *batch) add(w *page, class Class, name string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text = append(b.text, w.text...)
	b.parts = append(b.parts, part{class, name, len(b.text)})
	b.class |= class
	return len(b.text)
}

// start is where a part begins.
func (b *batch) start(n int) int {
	if n == 0 {
		return 0
	}
	return b.parts[n-1].end
}

// choose returns the parts from the first one on that are for a session which sees the
// classes and has the filters, valid as long as mu is held.
func (b *batch) choose(first int, class Class, f filters) []byte {
	start := b.start(first)
	if len(f) == 0 && b.class&^class == 0 {
		return b.text[start:len(b.text):len(b.text)]
	}
	if b.class&class == 0 {
		return nil
	}
	text := ""
	if len(f) > 0 {
		text = string(b.text[start:]) // once for all of them
	}
	var chosen []byte
	for from, rest := start, b.parts[first:]; len(rest) > 0; rest = rest[1:] {
		p := rest[0]
		if p.class&class != 0 && (len(f) == 0 || f.pass(p.name, text[from-start:p.end-start])) {
			chosen = append(chosen, b.text[from:p.end]...)
		}
		from = p.end
	}
	return chosen
}

// next begins another one; mu is held.
func (b *batch) next() {
	b.round++
	b.text, b.parts, b.class = b.text[:0], b.parts[:0], 0
}

// deliver hands all sessions what they have not had, and returns how many events that
// were.
func (s *Server) deliver() int {
	s.mu.Lock()
	s.told = s.told[:0]
	for x := range s.sessions {
		s.told = append(s.told, x)
	}
	s.mu.Unlock()
	b := &s.batch
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(b.parts)
	if n == 0 {
		return 0
	}
	for _, x := range s.told {
		x.take(b)
	}
	clear(s.told)
	b.next()
	return n
}

// take hands the session what it has not had of the batch, whose mu is held.
func (x *session) take(b *batch) {
	first := x.had
	if x.round != b.round {
		first = 0
	}
	x.round, x.had = b.round, len(b.parts)
	if first == len(b.parts) {
		return
	}
	x.mu.Lock()
	var class Class
	var f filters
	if x.user != nil && !x.gone && (x.greeted || x.conn == nil) {
		class, f = x.user.Read&x.mask, x.user.Filters
		if len(x.filters) > 0 {
			f = append(f[:len(f):len(f)], x.filters...)
		}
	}
	x.mu.Unlock()
	if class != 0 {
		x.queue(b.choose(first, class, f))
	}
}

// catchUp hands the session what happened until now.
func (x *session) catchUp() {
	x.server.catchUp()
	b := &x.server.batch
	b.mu.Lock()
	x.take(b)
	b.mu.Unlock()
}

// send queues an answer, behind what happened before it.
func (x *session) send(text string) {
	x.server.catchUp()
	b := &x.server.batch
	b.mu.Lock()
	defer b.mu.Unlock()
	x.take(b)
	x.queue([]byte(text))
	x.mu.Lock()
	x.greeted = x.user != nil
	x.mu.Unlock()
}
