package spool

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// cursor is how far a backend is, as it is kept on disk: Offset is where the batch
// begins that was handed out last, Length its size.
type cursor struct {
	Offset int64 `json:"offset"`
	Length int64 `json:"length"`
	Mark   Mark  `json:"mark,omitempty"`
}

type cursors struct {
	Generation int                `json:"generation"`
	Backends   map[string]*cursor `json:"backends"`
}

func (s *Spool) cursorPath() string { return filepath.Join(s.o.Dir, "cursors.json") }

func (s *Spool) queuePath(generation int) string {
	return filepath.Join(s.o.Dir, fmt.Sprintf("queue.%d", generation))
}

func (s *Spool) open() error {
	if err := os.MkdirAll(s.o.Dir, 0o750); err != nil {
		return err
	}
	s.cur.Backends = map[string]*cursor{}
	b, err := os.ReadFile(s.cursorPath())
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return err
	default:
		if err := json.Unmarshal(b, &s.cur); err != nil || s.cur.Backends == nil {
			s.cur = cursors{Backends: map[string]*cursor{}}
			s.log.Error(fmt.Sprintf("%s cannot be read; records that wait there are not handed over", s.cursorPath()))
		}
	}
	s.file, err = os.OpenFile(s.queuePath(s.cur.Generation), os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return err
	}
	if s.size, err = whole(s.file); err != nil {
		return err
	}
	if old := s.queuePath(s.cur.Generation - 1); s.cur.Generation > 0 {
		_ = os.Remove(old) // what a crash left between the two
	}
	s.synced, s.fresh.from = s.size, s.size
	return s.file.Truncate(s.size)
}

// whole is the size of the queue up to its last whole line.
func whole(f *os.File) (int64, error) {
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	const step = 64 << 10
	for at := end; at > 0; {
		from := max(at-step, 0)
		b := make([]byte, at-from)
		if _, err := f.ReadAt(b, from); err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		for i := len(b) - 1; i >= 0; i-- {
			if b[i] == '\n' {
				return from + int64(i) + 1, nil
			}
		}
		at = from
	}
	return 0, nil
}

func (s *Spool) store(entries []Entry) error {
	b := s.lines[:0]
	ends := make([]int64, len(entries))
	for i := range entries {
		e := &entries[i]
		var err error
		if e.Data, err = json.Marshal(e.Value); err != nil {
			s.log.Error(fmt.Sprintf("%s: %v", s.o.What, err))
		} else {
			b = append(append(append(b, `{"k":"`...), e.Kind...), `","d":`...)
			b = append(append(b, e.Data...), "}\n"...)
		}
		ends[i] = int64(len(b))
	}
	s.lines = b
	s.qmu.Lock()
	defer s.qmu.Unlock()
	if len(s.readers) == 0 {
		return nil
	}
	s.compact()
	if _, err := s.file.WriteAt(b, s.size); err != nil {
		_ = s.file.Truncate(s.size)
		return err
	}
	for i := range entries {
		if entries[i].Data != nil {
			s.fresh.add(entries[i], s.size+ends[i])
		}
	}
	s.size += int64(len(b))
	s.bound()
	return nil
}

// pending is how many entries the reader that is furthest behind has still to take; the
// queue's lock is held.
func (s *Spool) pending() int {
	least := s.size
	for _, r := range s.readers {
		least = min(least, r.at)
	}
	n := 0
	sc := bufio.NewReader(io.NewSectionReader(s.file, least, s.size-least))
	for {
		if _, err := sc.ReadSlice('\n'); err == nil {
			n++
		} else if !errors.Is(err, bufio.ErrBufferFull) {
			return n
		}
	}
}

// bound gives up on what a backend that is down has missed for too long.
func (s *Spool) bound() {
	if s.size <= s.o.Limit {
		return
	}
	for _, r := range s.readers {
		if r.at < s.size/2 {
			s.log.Error(fmt.Sprintf("%s has been down for too long: records of %d bytes are lost to it", r.Name(), s.size-r.at))
			r.at, r.doubt = s.size, false
			s.cur.Backends[r.Name()] = &cursor{Offset: r.at}
		}
	}
	s.compact()
}

// compact begins the queue anew when everybody has all of it and it has grown.
func (s *Spool) compact() {
	if s.size < compactAt {
		return
	}
	for _, r := range s.readers {
		if r.at < s.size {
			return
		}
	}
	next := s.cur.Generation + 1
	f, err := os.OpenFile(s.queuePath(next), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return // the old one goes on
	}
	old := s.cur
	s.cur = cursors{Generation: next, Backends: map[string]*cursor{}}
	for _, r := range s.readers {
		s.cur.Backends[r.Name()] = &cursor{}
	}
	if err := s.save(); err != nil {
		s.cur = old
		_ = f.Close()
		return
	}
	_ = s.file.Close()
	_ = os.Remove(s.queuePath(old.Generation))
	s.file, s.size, s.synced, s.fresh = f, 0, 0, fresh{}
	for _, r := range s.readers {
		r.at, r.doubt = 0, false
	}
}

// save writes the cursors; the queue's lock is held.
func (s *Spool) save() error {
	b, err := json.Marshal(&s.cur)
	if err != nil {
		return err
	}
	tmp := s.cursorPath() + ".new"
	if err := os.WriteFile(tmp, b, 0o640); err != nil {
		return err
	}
	return os.Rename(tmp, s.cursorPath())
}
