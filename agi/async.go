package agi

import (
	"errors"
	"strconv"
	"sync"

	"pbx/channel"
	"pbx/event"
)

// asyncName is the program whose commands come from managers.
const asyncName = "agi:async"

// maxQueued bounds the commands that wait for one call.
const maxQueued = 256

// ErrNotAsync says that a channel takes no commands: it does not run
// AGI(agi:async), or has more of them waiting than it may.
var ErrNotAsync = errors.New("the channel takes no AGI commands")

// queue holds the commands that managers sent to one call.
type queue struct {
	mu     sync.Mutex
	list   []queued
	closed bool
}

type queued struct{ command, id string }

type queueKey struct{}

// Command queues a command for a channel that runs AGI(agi:async), and returns at
// once; what comes of it is told by event.AsyncAGIExec with the same id, which may
// be empty. Any goroutine may call it.
func (a *AGI) Command(ch *channel.Channel, command, id string) error {
	q, _ := ch.Data(queueKey{}).(*queue)
	if q == nil {
		return ErrNotAsync
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || len(q.list) >= maxQueued {
		return ErrNotAsync
	}
	q.list = append(q.list, queued{command, id})
	ch.Queue(channel.Frame{Kind: channel.FrameWake})
	return nil
}

func (q *queue) next() (c queued, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.list) == 0 {
		return c, false
	}
	c = q.list[0]
	q.list = q.list[1:]
	return c, true
}

func (q *queue) close() {
	q.mu.Lock()
	q.closed, q.list = true, nil
	q.mu.Unlock()
}

// async answers the commands of managers until one of them is ASYNCAGI BREAK or
// the call ends.
func (s *session) async() status {
	q := new(queue)
	s.ch.SetData(queueKey{}, q)
	defer func() {
		q.close()
		s.ch.SetData(queueKey{}, nil)
		s.publish(event.Event{Kind: event.AsyncAGIEnd})
	}()
	s.publish(event.Event{Kind: event.AsyncAGIStart, Value: s.agi.environment(s.t, nil, s.request(), s.enhanced, s.args)})
	for {
		c, ok := q.next()
		if !ok {
			// A call that is over has nobody to wait for.
			if s.gone() {
				if s.deadFromStart {
					return success
				}
				return hungUp
			}
			_, _ = s.ch.Wait(-1)
			continue
		}
		s.agi.trace(s.t.Log(), s.ch, "<%s>AGI Rx << %s", c.command)
		r := s.answer(c.command)
		s.agi.trace(s.t.Log(), s.ch, "<%s>AGI Tx >> %s", r.text())
		s.publish(event.Event{Kind: event.AsyncAGIExec, Name: c.id, Value: r.text()})
		if s.leave {
			return success
		}
	}
}

func (s *session) publish(e event.Event) { s.ch.Publish(e) }

// number is the id that a command has in AGIExecStart and AGIExecEnd.
func (a *AGI) number() string { return strconv.FormatUint(uint64(a.commands.Add(1)), 10) }
