package spool

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"pbx/event"
)

// hand gives one backend what is in the queue, in order, until the spool is closed.
func (s *Spool) hand(r *reader) {
	wait := firstRetry
	timer := time.NewTimer(time.Hour)
	timer.Stop() // until a try fails
	defer timer.Stop()
	defer close(r.gone)
	wake := r.wake // nil while only time brings another try
	for {
		closing := false
		select {
		case <-r.stop:
			if !r.failing { // else the reload would wait for it once more
				_, _ = s.catchUp(r) // its successor says what is wrong with it
			}
			r.close()
			return
		case <-wake:
		case <-timer.C:
		case <-s.released:
			closing = true
		}
		err, taken := error(nil), 0
		if !closing || !s.batch.Load().Leave {
			taken, err = s.catchUp(r)
		}
		wake = r.wake
		switch {
		case errors.Is(err, ErrLeave), closing && s.batch.Load().Leave:
		case err == nil:
			if r.failing {
				r.failing = false
				s.log.Log(context.Background(), event.LevelNotice, r.Name()+" takes "+s.o.What+" again")
			}
			wait = firstRetry
			if rest := r.rest(taken); rest > 0 {
				wake = nil
				timer.Reset(rest)
			}
		case !r.failing:
			r.failing = true
			s.log.Error(fmt.Sprintf("%s takes no %s, they wait on disk: %v", r.Name(), s.o.What, err))
			fallthrough
		default:
			var later Delayer
			if errors.As(err, &later) {
				wake = nil
				timer.Reset(max(wait, later.After()))
			} else {
				timer.Reset(wait)
			}
			wait = min(2*wait, lastRetry)
		}
		if closing {
			r.close()
			return
		}
	}
}

func (r *reader) close() {
	if c, ok := r.Backend.(io.Closer); ok {
		_ = c.Close()
	}
}

// What a backend that gathers is kept waiting for: not for a few entries, not for more
// than a batch, which is as fast as it gets, and not for long.
const (
	fewEntries  = 32
	longestRest = 4 * time.Second
)

// rest is how long a backend that has taken so many entries, since a second or so, is
// left alone.
func (r *reader) rest(taken int) time.Duration {
	if !r.gathers || taken < fewEntries {
		return 0
	}
	return min(time.Duration(mostBatch/taken)*time.Second, longestRest)
}

// catchUp hands out batches until the reader is at the end of the queue, and returns
// how many entries it has taken.
func (s *Spool) catchUp(r *reader) (taken int, err error) {
	for {
		batch, err := s.next(r)
		if err != nil || batch == nil {
			return taken, err
		}
		if err := r.Deliver(batch.entries, batch.mark, batch.again); err != nil {
			s.qmu.Lock()
			r.doubt = r.at == batch.from // else bound has given up on it meanwhile
			s.qmu.Unlock()
			return taken, err
		}
		taken += len(batch.entries)
		s.qmu.Lock()
		if r.at == batch.from { // else bound has given up on it meanwhile
			r.at, r.doubt = batch.from+batch.length, false
		}
		if r.at >= s.synced {
			s.cur.Backends[r.Name()] = &cursor{Offset: r.at}
			if batch.mark != nil {
				err = s.save() // a disk that does not take it is met again by the next batch
			}
		}
		s.passed()
		s.qmu.Unlock()
		if err != nil {
			s.log.Warn(fmt.Sprintf("%s: %v", s.o.What, err))
		}
	}
}

// passed forgets the entries that everybody has; the queue's lock is held.
func (s *Spool) passed() {
	least := s.size
	for _, r := range s.readers {
		least = min(least, r.at)
	}
	s.fresh.forget(least)
}

type batch struct {
	entries      []Entry
	from, length int64
	mark         Mark
	again        bool
}

// next is the next batch of a reader, written down as handed out; nil at the end.
func (s *Spool) next(r *reader) (*batch, error) {
	s.qmu.Lock()
	defer s.qmu.Unlock()
	b := &batch{from: r.at, again: r.doubt}
	most := s.synced - r.at
	c := s.cur.Backends[r.Name()]
	if r.doubt && c.Offset == r.at && c.Length > 0 && c.Length <= most {
		most = c.Length
	} else {
		b.again = false
	}
	if most <= 0 {
		return nil, nil
	}
	if entries, end, ok := s.fresh.next(r.at, s.synced, r.most); ok && !b.again {
		b.entries, b.length = entries, end-r.at
	} else if err := s.read(b, most, r.most); err != nil {
		return nil, err
	}
	if b.length == 0 {
		return nil, nil
	}
	if b.again {
		b.mark = c.Mark
		return b, nil
	}
	mark, err := r.Mark(b.entries)
	if err != nil {
		return nil, err
	}
	if b.mark = mark; mark == nil {
		return b, nil
	}
	s.cur.Backends[r.Name()] = &cursor{Offset: b.from, Length: b.length, Mark: mark}
	if err := s.save(); err != nil {
		return nil, err
	}
	return b, nil
}

// read reads a batch of at most so many bytes and entries from the file.
func (s *Spool) read(b *batch, most int64, entries int) error {
	data := make([]byte, min(most, 4<<20))
	if _, err := s.file.ReadAt(data, b.from); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	for len(data) > 0 && (b.again || len(b.entries) < entries) {
		i := bytes.IndexByte(data, '\n')
		if i < 0 {
			break
		}
		var e Entry
		if err := json.Unmarshal(data[:i], &e); err != nil {
			s.log.Error(fmt.Sprintf("%s: a damaged record is left out", s.file.Name()))
		} else {
			b.entries = append(b.entries, e)
		}
		b.length += int64(i) + 1
		data = data[i+1:]
	}
	return nil
}
