// Package spool hands records to backends (files, databases) so that each record reaches
// each backend once: not twice after a crash, and not never because a backend was down.
//
// Records are appended to a queue on disk first. Each backend has a goroutine that reads
// the queue from where it got to, and a cursor on disk that says where that is, together
// with what the backend needs to find out, after a crash, how much of the last batch it
// had taken. When all backends have everything the queue begins anew. Add may be called
// from any goroutine and never blocks.
package spool

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Entry is one record: what kind it is, and itself. Who adds one gives its Value and
// does not change it any more; Data is the JSON of that. An entry that was read back
// from the disk has no Value: Decode tells backends what it is.
type Entry struct {
	Kind  string          `json:"k"`
	Data  json.RawMessage `json:"d"`
	Value any             `json:"-"`
}

// Decode returns a copy of an entry's value; ok is false for an entry of another kind.
func Decode[T any](e Entry, kind string) (v T, ok bool) {
	if e.Kind != kind {
		return v, false
	}
	if p, ok := e.Value.(*T); ok {
		return *p, true
	}
	return v, json.Unmarshal(e.Data, &v) == nil
}

// Mark is what a backend notes before a batch: the sizes of the files it is about to
// write, by path.
type Mark map[string]int64

// Backend takes records. Its methods are called by one goroutine. One that has a Close
// method is closed at the end.
type Backend interface {
	// Name is what its cursor is kept under.
	Name() string
	// Mark notes what Deliver needs if it is interrupted: nil when a batch that is
	// taken again does no harm.
	Mark(batch []Entry) (Mark, error)
	// Deliver takes a batch. With again some of it may have been taken before, when
	// mark was made; those entries are not to be taken twice.
	Deliver(batch []Entry, mark Mark, again bool) error
}

// Options are what a Spool is built from.
type Options struct {
	// Dir is where the queue lies.
	Dir string
	Log *slog.Logger
	// Limit is how long the queue may grow, in bytes, while a backend is down; what is
	// older is lost to it then. 0 means 64 MB.
	Limit int64
	// Size and Every hold entries back until there are Size of them or Every has
	// passed (batch mode); 0 hands over at once.
	Size  int
	Every time.Duration
	// Leave has Close leave what backends do not have yet to the next start.
	Leave bool
	// Stored is told of entries that are written, on the writer's goroutine.
	Stored func([]Entry)
	// Awaited reports whether somebody is told of entries by Stored and is not to be
	// kept waiting for others; nil is that nobody is.
	Awaited func() bool
}

const (
	defaultLimit = 64 << 20
	compactAt    = 256 << 10
	mostWaiting  = 100_000 // entries in memory while the disk does not take them
	mostBatch    = 1000
	firstRetry   = time.Second
	mostFresh    = 10 * mostBatch
	lastRetry    = 30 * time.Second
	closeLimit   = 5 * time.Second
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

// reader is a backend with its place.
type reader struct {
	Backend
	at      int64 // everything before it is taken
	doubt   bool  // the batch of the cursor may have been taken in part
	failing bool
	wake    chan struct{}
}

// Spool is the queue.
type Spool struct {
	o   Options
	log *slog.Logger

	mu      sync.Mutex
	waiting []Entry
	lost    int
	full    bool // the disk does not take the queue; said once
	wake    chan struct{}
	flush   bool

	lines   []byte     // scratch of store
	qmu     sync.Mutex // guards the file and what follows
	file    *os.File
	synced  int64 // how much of it is on the disk for sure: no more is handed over
	size    int64
	fresh   fresh
	cur     cursors
	readers []*reader
	held    time.Time // since when entries wait for a batch

	stop     chan struct{}
	closed   sync.Once
	writing  sync.WaitGroup
	handing  sync.WaitGroup
	released chan struct{} // closed once nothing is added any more
}

// Open opens the queue in o.Dir and begins to hand out what is in it.
func Open(o Options, backends ...Backend) (*Spool, error) {
	if o.Limit == 0 {
		o.Limit = defaultLimit
	}
	s := &Spool{o: o, log: o.Log, wake: make(chan struct{}, 1), stop: make(chan struct{}), released: make(chan struct{})}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.open(); err != nil {
		return nil, err
	}
	for _, b := range backends {
		r := &reader{Backend: b, wake: make(chan struct{}, 1)}
		if c := s.cur.Backends[b.Name()]; c != nil && c.Offset <= s.size {
			r.at, r.doubt = c.Offset, c.Length > 0
		} else {
			r.at = s.size // a new one begins with what comes
			s.cur.Backends[b.Name()] = &cursor{Offset: r.at}
		}
		if r.at < s.size { // what is there from before
			nudge(r.wake)
		}
		s.readers = append(s.readers, r)
	}
	if err := s.save(); err != nil {
		_ = s.file.Close()
		return nil, err
	}
	s.writing.Go(s.write)
	for _, r := range s.readers {
		s.handing.Go(func() { s.hand(r) })
	}
	return s, nil
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

// Add queues records.
func (s *Spool) Add(entries ...Entry) {
	s.mu.Lock()
	if len(s.waiting)+len(entries) > mostWaiting {
		s.lost += len(entries)
	} else {
		s.waiting = append(s.waiting, entries...)
	}
	first := len(s.waiting) == len(entries)
	s.mu.Unlock()
	if first || s.o.Size > 0 || s.awaited() { // else the writer is on its way
		nudge(s.wake)
	}
}

func (s *Spool) awaited() bool { return s.o.Awaited != nil && s.o.Awaited() }

// submits reports whether Flush was called.
func (s *Spool) submits() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.flush
}

// Flush has everything that waits for a batch handed over (`cdr submit`).
func (s *Spool) Flush() {
	s.mu.Lock()
	s.flush = true
	s.mu.Unlock()
	nudge(s.wake)
}

func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Rows wait for others, as a write, a sync and a transaction for each cost more than
// its call: gather before they are in the file, which a kill of the process does not
// take any more, and settle from then before the disk has them for sure and the
// backends get them.
const (
	gather = 250 * time.Millisecond
	settle = 750 * time.Millisecond
)

// write appends what is added to the queue.
func (s *Spool) write() {
	defer close(s.released)
	gathered, settled, retry := idleTimer(), idleTimer(), idleTimer()
	defer gathered.Stop()
	defer settled.Stop()
	defer retry.Stop()
	settling, flush := false, false
	append := func() bool {
		submit, ok := s.append()
		flush = flush || submit
		if !ok {
			retry.Reset(firstRetry)
		}
		return ok
	}
	for {
		select {
		case <-s.wake:
			if s.o.Size == 0 && !s.submits() && !s.awaited() {
				gathered.Reset(gather) // the first row of several
				continue
			}
		case <-gathered.C:
			if append() && !settling {
				settling = true
				settled.Reset(settle)
			}
			continue
		case <-settled.C:
			settling = false
		case <-retry.C:
		case <-s.stop:
			s.append()
			s.pass(true)
			return
		}
		switch {
		case !append():
		case !s.pass(flush):
			retry.Reset(firstRetry)
		default:
			flush = false
			if s.o.Every > 0 {
				retry.Reset(s.o.Every)
			}
		}
	}
}

// idleTimer is a timer that does not run.
func idleTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// pass has the disk keep what was written, and lets the readers go on; false means
// that the disk did not.
func (s *Spool) pass(flush bool) bool {
	s.qmu.Lock()
	var err error
	if s.synced < s.size {
		if err = s.file.Sync(); err == nil {
			s.synced = s.size
		}
	}
	s.qmu.Unlock()
	if err != nil {
		if !s.full {
			s.full = true
			s.log.Error(fmt.Sprintf("call records wait in memory: %v", err))
		}
		return false
	}
	s.release(flush)
	return true
}

// append moves what waits in memory to the file; ok is false when the disk took none,
// and flush says that somebody wants it handed over now.
func (s *Spool) append() (flush, ok bool) {
	s.mu.Lock()
	entries, lost, flush := s.waiting, s.lost, s.flush
	s.waiting, s.lost, s.flush = nil, 0, false
	s.mu.Unlock()
	if lost > 0 {
		s.log.Error(fmt.Sprintf("call records: %d lost: they could not be written for too long", lost))
	}
	if len(entries) > 0 {
		if err := s.store(entries); err != nil {
			s.mu.Lock()
			s.waiting = append(entries, s.waiting...)
			s.mu.Unlock()
			if !s.full {
				s.full = true
				s.log.Error(fmt.Sprintf("call records wait in memory: %v", err))
			}
			return flush, false
		}
		if s.full {
			s.full = false
			s.log.Warn("call records are written again")
		}
	}
	if s.o.Stored != nil && len(entries) > 0 {
		s.o.Stored(entries)
	}
	return flush, true
}

func (s *Spool) store(entries []Entry) error {
	b := s.lines[:0]
	ends := make([]int64, len(entries))
	for i := range entries {
		e := &entries[i]
		var err error
		if e.Data, err = json.Marshal(e.Value); err != nil {
			s.log.Error(fmt.Sprintf("call record: %v", err))
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

// release lets the readers go on, unless a batch is still to be filled.
func (s *Spool) release(flush bool) {
	if s.o.Size > 0 && !flush {
		s.qmu.Lock()
		behind := false
		for _, r := range s.readers {
			behind = behind || r.at < s.size
		}
		if !behind {
			s.held = time.Time{}
		} else if s.held.IsZero() {
			s.held = time.Now()
		}
		early := s.pending() < s.o.Size && (s.held.IsZero() || time.Since(s.held) < s.o.Every)
		if !early {
			s.held = time.Time{}
		}
		s.qmu.Unlock()
		if early {
			return
		}
	}
	for _, r := range s.readers {
		nudge(r.wake)
	}
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

// Pending is how many entries the backend that is furthest behind has still to take.
func (s *Spool) Pending() int {
	s.qmu.Lock()
	defer s.qmu.Unlock()
	return s.pending()
}

// Close hands over what waits, as far as that is quick, and closes the queue. What a
// backend does not take stays for the next start.
func (s *Spool) Close() {
	s.closed.Do(func() {
		close(s.stop)
		s.writing.Wait()
		done := make(chan struct{})
		go func() {
			s.handing.Wait()
			close(done)
		}()
		late := time.NewTimer(closeLimit)
		defer late.Stop()
		select {
		case <-done:
		case <-late.C:
		}
		s.qmu.Lock()
		defer s.qmu.Unlock()
		if err := s.save(); err != nil {
			s.log.Warn(fmt.Sprintf("call records: %v", err))
		}
		_ = s.file.Close()
	})
}
