package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"pbx/event"
)

// Message is one event, written down.
type Message struct {
	// ID is that of the event, Name what happened.
	ID, Name string
	// Text is the JSON object. It is shared: nobody changes it.
	Text []byte
}

// Hub listens to the bus for those who are to be told.
type Hub struct {
	bus   *event.Bus
	log   *slog.Logger
	table *table
	// start is what ids begin with: no other run of the exchange has it.
	start string

	mu      sync.Mutex
	outs    map[*out]struct{}
	feed    *event.Subscription // nil while nobody wants anything
	closed  bool
	ended   chan struct{} // closed once nothing comes any more
	running sync.WaitGroup
	serial  uint64 // of the last event; the feed's goroutine owns it
}

// out is somebody who is told.
type out struct {
	want Selection
	take func(Message)
}

// feedQueue is how many events may wait to be written down.
const feedQueue = 16384

// NewHub makes a hub that listens to nothing.
func NewHub(bus *event.Bus, log *slog.Logger, now time.Time) *Hub {
	return &Hub{bus: bus, log: log, table: newTable(), start: strconv.FormatInt(now.UnixMilli(), 36) + "-", outs: make(map[*out]struct{}), ended: make(chan struct{})}
}

// attach has take called with every event that is wanted, in order, on the hub's
// goroutine: it must not block. It ends with detach.
func (h *Hub) attach(want Selection, take func(Message)) (detach func()) {
	o := &out{want, take}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.outs[o] = struct{}{}
	h.tune()
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.outs, o)
		h.tune()
	}
}

// tune listens to what somebody wants; mu is held.
func (h *Hub) tune() {
	wanted := make(map[event.Kind]bool)
	for o := range h.outs {
		for k, yes := range o.want.kinds {
			if yes {
				wanted[k] = true
			}
		}
	}
	switch {
	case h.closed:
	case len(wanted) == 0:
		if h.feed != nil {
			h.feed.Close() // its goroutine ends
			h.feed = nil
		}
	default:
		var list []event.Kind
		for k := range wanted {
			list = append(list, k)
		}
		if h.feed != nil {
			h.feed.Want(list...)
			return
		}
		h.feed = h.bus.Subscribe(feedQueue, list...)
		h.running.Add(1)
		go h.run(h.feed)
	}
}

// run writes each event down once for each way that somebody wants it.
func (h *Hub) run(feed *event.Subscription) {
	defer h.running.Done()
	type text struct {
		key string
		m   Message
	}
	var texts []text
	var outs []*out
	var lost uint64
	for e := range feed.C {
		if n := feed.Dropped(); n != lost {
			h.log.Warn(fmt.Sprintf("events: %d were lost: more came than could be written down", n-lost))
			lost = n
		}
		entry := h.table.byKind[e.Kind]
		if entry == nil {
			continue
		}
		outs, texts = outs[:0], texts[:0]
		h.mu.Lock()
		if h.feed != feed && !h.closed { // what is left of one that nobody wants any more
			h.mu.Unlock()
			return
		}
		h.serial++
		id := h.start + strconv.FormatUint(h.serial, 36)
		for o := range h.outs {
			if o.want.kinds[e.Kind] {
				outs = append(outs, o)
			}
		}
		h.mu.Unlock()
		for _, o := range outs {
			var m Message
			for i := range texts {
				if texts[i].key == o.want.key {
					m = texts[i].m
				}
			}
			if m.Text == nil {
				m = Message{id, entry.name, entry.append(make([]byte, 0, 512), id, &e, o.want.fields)}
				texts = append(texts, text{o.want.key, m})
			}
			o.take(m)
		}
	}
}

// Close ends the hub once what has happened is written down. Readers get the rest, and
// then io.EOF.
func (h *Hub) Close() {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return
	}
	h.closed = true
	if h.feed != nil {
		h.feed.Close()
		h.feed = nil
	}
	h.mu.Unlock()
	h.running.Wait()
	close(h.ended)
}

// ErrSlow ends a reader that does not keep up.
var ErrSlow = errors.New("does not read what it is sent")

// Reader is a bounded queue of what somebody wants.
type Reader struct {
	detach func()
	ended  <-chan struct{}
	wake   chan struct{}

	mu      sync.Mutex
	waiting []Message
	size    int
	slow    bool
}

// What may wait for a reader: a burst fits, one that hangs does not grow.
const (
	maxWaiting = 4 << 20 // bytes
	maxTexts   = 20_000
)

// Open begins to queue events for somebody, who calls Next, and Close in the end.
func (h *Hub) Open(want Selection) *Reader {
	r := &Reader{wake: make(chan struct{}, 1), ended: h.ended}
	r.detach = h.attach(want, r.push)
	return r
}

func (r *Reader) push(m Message) {
	r.mu.Lock()
	switch {
	case r.slow:
	case r.size+len(m.Text) > maxWaiting || len(r.waiting) >= maxTexts:
		r.slow, r.waiting = true, nil
	default:
		r.waiting = append(r.waiting, m)
		r.size += len(m.Text)
	}
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Next waits until there is something, and returns all there is. ErrSlow is that too
// much waited, io.EOF that nothing comes any more.
func (r *Reader) Next(ctx context.Context) ([]Message, error) {
	for {
		over := false
		select {
		case <-r.ended:
			over = true
		default:
		}
		r.mu.Lock()
		list, slow := r.waiting, r.slow
		r.waiting, r.size = nil, 0
		r.mu.Unlock()
		if slow {
			return nil, ErrSlow
		}
		if len(list) > 0 {
			return list, nil
		}
		if over {
			return nil, io.EOF
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-r.ended:
		case <-r.wake:
		}
	}
}

// Close ends the reader.
func (r *Reader) Close() { r.detach() }
