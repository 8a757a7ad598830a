// Package spool hands records to backends (files, databases) so that each record reaches
// each backend once: not twice after a crash, and not never because a backend was down.
// A backend that cannot find out what it has, such as a web server, may get a batch again.
//
// Records are appended to a queue on disk first. Each backend has a goroutine that reads
// the queue from where it got to, and a cursor on disk that says where that is, together
// with what the backend needs to find out, after a crash, how much of the last batch it
// had taken. When all backends have everything the queue begins anew. Add may be called
// from any goroutine and never blocks.
package spool

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
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

// Batch is how long entries are held back.
type Batch struct {
	// Size and Every hold entries back until there are Size of them or Every has
	// passed (batch mode); 0 hands over at once.
	Size  int
	Every time.Duration
	// Leave has Close leave what backends do not have yet to the next start.
	Leave bool
}

// Batcher is a Backend that takes no more than Most entries in a batch.
type Batcher interface{ Most() int }

// Gatherer is a Backend to which many entries are little more work than a few. While they
// come fast it is handed them every few seconds.
type Gatherer interface{ Gathers() bool }

// Delayer is an error of Deliver after which nothing but time brings another try: After
// at least, and twice as long as before the last one.
type Delayer interface{ After() time.Duration }

// ErrLeave is an error of Deliver that says that the backend ends: the batch stays.
var ErrLeave = errors.New("the backend ends")

// Options are what a Spool is built from.
type Options struct {
	// Dir is where the queue lies.
	Dir string
	// What is queued, as the log calls it: "call records" where it is "".
	What string
	Log  *slog.Logger
	// Limit is how long the queue may grow, in bytes, while a backend is down; what is
	// older is lost to it then. 0 means 64 MB.
	Limit int64
	Batch
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

// reader is a backend with its place.
type reader struct {
	Backend
	at      int64 // everything before it is taken
	doubt   bool  // the batch of the cursor may have been taken in part
	failing bool
	most    int // entries in a batch
	gathers bool
	wake    chan struct{}
	stop    chan struct{} // closed when another takes its place
	gone    chan struct{} // closed when it is done
}

// Spool is the queue.
type Spool struct {
	o     Options
	batch atomic.Pointer[Batch]
	log   *slog.Logger

	mu      sync.Mutex
	waiting []Entry
	lost    int
	full    bool // the disk does not take the queue; said once
	wake    chan struct{}
	flush   bool

	lines   []byte     // scratch of store
	using   sync.Mutex // held while backends change, and by Close
	qmu     sync.Mutex // guards the file and what follows
	file    *os.File
	synced  int64 // how much of it is on the disk for sure: no more is handed over
	size    int64
	fresh   fresh
	cur     cursors
	readers []*reader
	held    time.Time // since when entries wait for a batch

	now      chan chan struct{} // asks the writer to write what waits, and to say so
	stop     chan struct{}
	closed   sync.Once
	over     bool // guarded by using
	writing  sync.WaitGroup
	handing  sync.WaitGroup
	released chan struct{} // closed once nothing is added any more
}

// Open opens the queue in o.Dir and begins to hand out what is in it.
func Open(o Options, backends ...Backend) (*Spool, error) {
	if o.Limit == 0 {
		o.Limit = defaultLimit
	}
	if o.What == "" {
		o.What = "call records"
	}
	s := &Spool{o: o, log: o.Log, wake: make(chan struct{}, 1), now: make(chan chan struct{}), stop: make(chan struct{}), released: make(chan struct{})}
	s.batch.Store(&o.Batch)
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.open(); err != nil {
		return nil, err
	}
	for _, b := range backends {
		s.join(b, s.size)
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

// join adds a backend, which goes on where its cursor is; a new one begins at from.
func (s *Spool) join(b Backend, from int64) {
	r := &reader{Backend: b, most: mostBatch, wake: make(chan struct{}, 1), stop: make(chan struct{}), gone: make(chan struct{})}
	if x, ok := b.(Batcher); ok {
		r.most = x.Most()
	}
	if x, ok := b.(Gatherer); ok {
		r.gathers = x.Gathers()
	}
	if c := s.cur.Backends[b.Name()]; c != nil && c.Offset <= s.size {
		r.at, r.doubt = c.Offset, c.Length > 0
	} else {
		r.at = from
		s.cur.Backends[b.Name()] = &cursor{Offset: r.at}
	}
	if r.at < s.size { // what is there from before
		nudge(r.wake)
	}
	s.readers = append(s.readers, r)
}

// Use changes how long entries are held back, and the backends. Those of before get what
// was added before; one that has the name of an old one goes on where that is, a new one
// gets what is added from now on. Use waits for the batches that are being handed over.
func (s *Spool) Use(b Batch, backends ...Backend) {
	s.using.Lock()
	defer s.using.Unlock()
	if s.over {
		return
	}
	written := make(chan struct{})
	s.now <- written
	<-written
	s.qmu.Lock()
	old, from, generation := slices.Clone(s.readers), s.size, s.cur.Generation
	s.qmu.Unlock()
	for _, r := range old {
		close(r.stop)
	}
	for _, r := range old {
		<-r.gone
	}
	s.batch.Store(&b)
	s.qmu.Lock()
	if s.cur.Generation != generation {
		from = 0 // the queue began anew since
	}
	s.readers = nil
	for _, r := range old {
		if c := s.cur.Backends[r.Name()]; c == nil || c.Offset != r.at {
			s.cur.Backends[r.Name()] = &cursor{Offset: r.at} // its batches need no care, or were given up
		}
		if !slices.ContainsFunc(backends, func(b Backend) bool { return b.Name() == r.Name() }) {
			delete(s.cur.Backends, r.Name())
		}
	}
	for _, b := range backends {
		s.join(b, from)
	}
	fresh := slices.Clone(s.readers)
	err := s.save()
	s.qmu.Unlock()
	if err != nil {
		s.log.Warn(fmt.Sprintf("%s: %v", s.o.What, err))
	}
	for _, r := range fresh {
		s.handing.Go(func() { s.hand(r) })
	}
}

// Backends are the names of the backends.
func (s *Spool) Backends() (names []string) {
	s.qmu.Lock()
	defer s.qmu.Unlock()
	for _, r := range s.readers {
		names = append(names, r.Name())
	}
	return names
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
	if first || s.batch.Load().Size > 0 || s.awaited() { // else the writer is on its way
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
			if s.batch.Load().Size == 0 && !s.submits() {
				wait := gather // the first row of several
				if s.awaited() {
					wait = 0
				}
				gathered.Reset(wait)
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
		case written := <-s.now:
			if !append() || !s.pass(true) {
				retry.Reset(firstRetry)
			}
			close(written)
			continue
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
			if every := s.batch.Load().Every; every > 0 {
				retry.Reset(every)
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
			s.log.Error(fmt.Sprintf("%s wait in memory: %v", s.o.What, err))
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
		s.log.Error(fmt.Sprintf("%s: %d lost: they could not be written for too long", s.o.What, lost))
	}
	if len(entries) > 0 {
		if err := s.store(entries); err != nil {
			s.mu.Lock()
			s.waiting = append(entries, s.waiting...)
			s.mu.Unlock()
			if !s.full {
				s.full = true
				s.log.Error(fmt.Sprintf("%s wait in memory: %v", s.o.What, err))
			}
			return flush, false
		}
		if s.full {
			s.full = false
			s.log.Warn(s.o.What + " are written again")
		}
	}
	if s.o.Stored != nil && len(entries) > 0 {
		s.o.Stored(entries)
	}
	return flush, true
}

// release lets the readers go on, unless a batch is still to be filled.
func (s *Spool) release(flush bool) {
	if b := s.batch.Load(); b.Size > 0 && !flush {
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
		early := s.pending() < b.Size && (s.held.IsZero() || time.Since(s.held) < b.Every)
		if !early {
			s.held = time.Time{}
		}
		s.qmu.Unlock()
		if early {
			return
		}
	}
	s.qmu.Lock()
	defer s.qmu.Unlock()
	for _, r := range s.readers {
		nudge(r.wake)
	}
}

// Pending is how many entries the backend that is furthest behind has still to take.
func (s *Spool) Pending() int {
	s.qmu.Lock()
	defer s.qmu.Unlock()
	return s.pending()
}

// Waiting is how many bytes of the queue the backend that is furthest behind has still to
// take.
func (s *Spool) Waiting() int64 {
	s.qmu.Lock()
	defer s.qmu.Unlock()
	least := s.size
	for _, r := range s.readers {
		least = min(least, r.at)
	}
	return s.size - least
}

// Close hands over what waits, as far as that is quick, and closes the queue. What a
// backend does not take stays for the next start.
func (s *Spool) Close() {
	s.closed.Do(func() {
		s.using.Lock()
		defer s.using.Unlock()
		s.over = true
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
			s.log.Warn(fmt.Sprintf("%s: %v", s.o.What, err))
		}
		_ = s.file.Close()
	})
}
