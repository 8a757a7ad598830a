package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// ErrClosed is given to done for a change that came after Close.
var ErrClosed = errors.New("store: journal is closed")

// ErrBusy is given to done when too much waits for the disk already.
var ErrBusy = errors.New("store: the disk does not keep up")

// ErrLocked is returned by Open when another process has the journal open.
var ErrLocked = errors.New("store: in use by another process")

// ErrTooLarge is given to done for a record over the limit of 16 MiB.
var ErrTooLarge = errors.New("store: record is too large")

const (
	syncInterval = time.Second
	maxQueue     = 64 << 20 // bytes
	// lockPatience is how long the lock of another process is waited for: the program
	// that a killed exchange was about to run has it until it begins.
	lockPatience = 500 * time.Millisecond
	lockPoll     = 20 * time.Millisecond
	// A file is written anew when it is this large and mostly old records.
	compactSize  = 1 << 20
	compactRatio = 4
)

// Journal is an open store. It implements channel.Store.
type Journal struct {
	path  string
	log   *slog.Logger
	disk  disk
	lock  *os.File
	state state

	mu     sync.Mutex
	queue  []change
	queued int // bytes
	closed bool
	taken  uint64 // changes that left the queue
	deep   int    // the most changes that were in it

	wake  chan struct{}
	stop  chan struct{}
	ended chan struct{}
	err   error // of the end, set before ended is closed

	writer writer
}

// change is a record on its way to the disk.
type change struct {
	record
	done func(error)
}

// Open opens the journal in a file, which is made where it is missing, and reads
// it. A record that a crash cut short is dropped. A nil log is silent; it gets
// what no done function could be told.
func Open(path string, log *slog.Logger) (*Journal, error) {
	return open(path, log, osDisk{})
}

func open(path string, log *slog.Logger, d disk) (*Journal, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("store: %s: %w", path, err)
	}
	j := &Journal{
		path: path, log: log, disk: d, lock: lock,
		wake: make(chan struct{}, 1), stop: make(chan struct{}), ended: make(chan struct{}),
	}
	if err := j.load(); err != nil {
		_ = lock.Close()
		return nil, fmt.Errorf("store: %s: %w", path, err)
	}
	go j.run()
	return j, nil
}

// lockFile takes the lock that one process holds. Closing the file, or the death
// of the process, gives it back.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for wait := lockPatience; ; wait -= lockPoll {
		if err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err == nil {
			return f, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) || wait <= 0 {
			break
		}
		time.Sleep(lockPoll)
	}
	_ = f.Close()
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, ErrLocked
	}
	return nil, err
}

// load reads the file and opens it for what comes. A file that is not a journal
// is an error; it is not touched.
func (j *Journal) load() error {
	data, err := j.disk.ReadFile(j.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_ = j.disk.Remove(j.path + ".new") // of a compaction that a crash ended
	rest, ok := bytes.CutPrefix(data, []byte(magic))
	if !ok && !bytes.HasPrefix([]byte(magic), data) {
		return errors.New("not a journal")
	}
	good, damaged := j.replay(rest)
	if !ok {
		good = 0
	} else {
		good += len(magic)
	}
	if cut := len(data) - good; cut > 0 || damaged > 0 {
		j.log.Warn("journal was damaged", "file", j.path, "cut", cut, "dropped", damaged)
	}
	return j.writer.open(j.disk, j.path, int64(good))
}

// replay applies the records in b up to where they end, and returns that place
// and how many it left out because they are damaged, though others follow.
func (j *Journal) replay(b []byte) (good, damaged int) {
	for at, skipped := 0, 0; at < len(b); {
		var r record
		size, ok := r.parse(b[at:])
		if size == 0 {
			break
		}
		at += size
		if !ok {
			skipped++
			continue
		}
		j.state.apply(r)
		damaged += skipped
		skipped = 0
		good = at
	}
	return good, damaged
}

// Put sets a record. done, which may be nil, learns when the record would survive
// a kill of the process, or the error that prevents it; the record is not stored
// then. Within a second it survives a loss of power too.
func (j *Journal) Put(family, key string, value []byte, done func(error)) {
	j.submit(change{record{opPut, family, key, bytes.Clone(value)}, done})
}

// Delete removes a record; done is as for Put.
func (j *Journal) Delete(family, key string, done func(error)) {
	j.submit(change{record{op: opDelete, family: family, key: key}, done})
}

// Edit is one of the changes of Batch: a record of a key, or with a nil Value none.
type Edit struct {
	Key   string
	Value []byte
}

// Batch makes several changes in a family, all of them or none, whenever the process or
// the machine ends: nobody finds some of them. done is as for Put.
func (j *Journal) Batch(family string, edits []Edit, done func(error)) {
	r := record{op: opBatch, family: family}
	for _, e := range edits {
		op := byte(opPut)
		if e.Value == nil {
			op = opDelete
		}
		r.add(op, e.Key, e.Value)
	}
	j.submit(change{r, done})
}

// Get returns the value of a record. It sees what done was called for. The value
// must not be changed.
func (j *Journal) Get(family, key string) ([]byte, bool) {
	j.state.mu.RLock()
	defer j.state.mu.RUnlock()
	v, ok := j.state.families[family][key]
	return v, ok
}

// Range calls f for the records of a family in order of their keys, until it
// returns false. It sees what done was called for. The values must not be
// changed.
func (j *Journal) Range(family string, f func(key string, value []byte) bool) {
	for _, r := range j.state.list(family) {
		if !f(r.key, r.value) {
			return
		}
	}
}

func (j *Journal) submit(c change) {
	if err := j.enqueue(c); err != nil && c.done != nil {
		go c.done(err)
	}
}

func (j *Journal) enqueue(c change) error {
	size := c.size()
	if size > maxRecord {
		return ErrTooLarge
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return ErrClosed
	}
	if j.queued+size > maxQueue {
		return ErrBusy
	}
	j.queued += size
	j.queue = append(j.queue, c)
	j.deep = max(j.deep, len(j.queue))
	select {
	case j.wake <- struct{}{}:
	default:
	}
	return nil
}

// Load tells how many changes were taken to the disk so far, how many wait, and how many
// waited at most.
func (j *Journal) Load() (taken uint64, waiting, deepest int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.taken, len(j.queue), j.deep
}

// Close writes what is waiting, makes all of it durable and gives the file back.
func (j *Journal) Close() error {
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		return ErrClosed
	}
	j.closed = true
	j.mu.Unlock()
	close(j.stop)
	<-j.ended
	return j.err
}
