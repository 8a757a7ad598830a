package feed

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"pbx/spool"
)

// Queued sinks are those whose events have to arrive: each waits in a queue on disk of
// its own until the far end has taken it, in order.

// courier delivers what waited.
type courier interface {
	// most is how many events it takes at once.
	most() int
	// deliver hands them over. An error leaves them in the queue, to be tried again.
	deliver(list []queuedEvent) error
	close()
}

// eventKind is the kind of a queuedEvent.
const eventKind = "event"

// queuedEvent is a Message on disk.
type queuedEvent struct {
	ID   string          `json:"i"`
	Name string          `json:"n"`
	Text json.RawMessage `json:"t"`
}

// queued opens the queue of a sink and begins to deliver.
func (s *Sinks) queued(x *sink, want Selection, c courier) (*opened, error) {
	q, err := spool.Open(spool.Options{
		Dir: s.dir(x), Log: s.deps.Log, What: "events", Limit: int64(x.Queue) << 20, Batch: spool.Batch{Leave: true},
		Awaited: func() bool { return true }, // whoever is called wants the window at once
	}, &backend{x.Name, c})
	if err != nil {
		c.close()
		return nil, err
	}
	detach := s.deps.Hub.attach(want, func(m Message) {
		q.Add(spool.Entry{Kind: eventKind, Value: &queuedEvent{m.ID, m.Name, m.Text}})
	})
	return &opened{
		close: func() {
			detach()
			c.close() // what is on its way ends
			q.Close()
		},
		state: func() string {
			if n := q.Waiting(); n > 0 {
				return fmt.Sprintf("%d bytes wait", n)
			}
			return "up to date"
		},
		waiting: q.Waiting,
	}, nil
}

// backend is a courier as the queue knows it.
type backend struct {
	sink string
	courier
}

// Name implements spool.Backend.
func (b *backend) Name() string { return "events [" + b.sink + "]" }

// Most is how many entries a batch has.
func (b *backend) Most() int { return b.most() }

// Mark implements spool.Backend. There is nothing to note, but where the queue is: what
// the far end has is not sent again but for the batch that a kill interrupts.
func (b *backend) Mark(batch []spool.Entry) (spool.Mark, error) {
	return spool.Mark{"events": int64(len(batch))}, nil
}

// Deliver implements spool.Backend.
func (b *backend) Deliver(batch []spool.Entry, _ spool.Mark, _ bool) error {
	list := make([]queuedEvent, 0, len(batch))
	for _, e := range batch {
		if q, ok := spool.Decode[queuedEvent](e, eventKind); ok {
			list = append(list, q)
		}
	}
	if len(list) == 0 {
		return nil
	}
	err := b.deliver(list)
	var later laterError
	if err == nil || errors.Is(err, spool.ErrLeave) || errors.As(err, &later) {
		return err
	}
	return laterError{err, 0}
}

// laterError is one after which the far end is left alone for a while, as long as it
// wants at least.
type laterError struct {
	error
	after time.Duration
}

// After is how long.
func (e laterError) After() time.Duration { return e.after }

// Unwrap is the error itself.
func (e laterError) Unwrap() error { return e.error }

func events(n int) string {
	if n == 1 {
		return "an event"
	}
	return fmt.Sprintf("%d events", n)
}
