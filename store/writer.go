package store

import (
	"errors"
	"fmt"
	"time"
)

// writer is the file that changes are appended to.
type writer struct {
	file file
	size int64 // up to where the file is good
	// torn tells that something may lie beyond size.
	torn bool
	// suspect tells that a sync failed: the kernel may have dropped pages that it
	// had taken, so that only a new file can be trusted.
	suspect  bool
	unsynced bool
	retry    int64 // the size at which to try compacting again
	buf      []byte
}

// open opens the file, cut to size; a size of 0 begins it anew.
func (w *writer) open(d disk, path string, size int64) error {
	f, err := d.Open(path)
	if err != nil {
		return err
	}
	w.file, w.size, w.torn = f, size, true
	if size == 0 {
		err = w.append([]byte(magic))
	} else {
		err = w.mend()
	}
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = d.SyncDir(path)
	}
	if err != nil {
		_ = f.Close()
	}
	w.unsynced = false
	return err
}

// mend cuts off what a failed write may have left.
func (w *writer) mend() error {
	if !w.torn {
		return nil
	}
	if err := w.file.Truncate(w.size); err != nil {
		return err
	}
	w.torn = false
	return nil
}

// append writes all of b or nothing.
func (w *writer) append(b []byte) error {
	if err := w.mend(); err != nil {
		return err
	}
	w.unsynced = true
	if _, err := w.file.WriteAt(b, w.size); err != nil {
		w.torn = true
		return errors.Join(err, w.mend())
	}
	w.size += int64(len(b))
	return nil
}

// synced is what became of a sync.
type synced struct {
	file file
	err  error
}

// run is the journal's goroutine. Syncs have one of their own, since records need
// not wait for them.
func (j *Journal) run() {
	defer close(j.ended)
	timer := time.NewTimer(syncInterval)
	timer.Stop()
	armed, syncing := false, false
	results := make(chan synced, 1)
	for {
		select {
		case <-j.wake:
			j.flush()
		case <-timer.C:
			armed = false
			if j.writer.suspect {
				j.renew(nil)
				break
			}
			syncing = true
			j.writer.unsynced = false
			f := j.writer.file
			go func() { results <- synced{f, f.Sync()} }()
		case r := <-results:
			syncing = false
			// The file may be another one by now.
			if r.err != nil && r.file == j.writer.file {
				j.renew(r.err)
			}
		case <-j.stop:
			timer.Stop()
			if syncing {
				<-results
				j.writer.unsynced = true
			}
			j.flush()
			j.err = j.finish()
			return
		}
		if (j.writer.unsynced || j.writer.suspect) && !armed && !syncing {
			timer.Reset(syncInterval)
			armed = true
		}
	}
}

// flush writes the changes that wait and tells who asked for them.
func (j *Journal) flush() {
	j.mu.Lock()
	batch := j.queue
	j.queue, j.queued = nil, 0
	j.taken += uint64(len(batch))
	j.mu.Unlock()
	if len(batch) == 0 {
		return
	}
	w := &j.writer
	w.buf = w.buf[:0]
	for i := range batch {
		w.buf = batch[i].append(w.buf)
	}
	err := w.append(w.buf)
	if err != nil {
		err = fmt.Errorf("store: %s: %w", j.path, err)
	}
	for i := range batch {
		if err == nil {
			j.state.apply(batch[i].record)
		}
		if batch[i].done != nil {
			batch[i].done(err)
		}
	}
	if cap(w.buf) > 1<<20 {
		w.buf = nil
	}
	if w.size > max(compactSize, compactRatio*j.state.live, w.retry) {
		if err := j.compact(); err != nil {
			w.retry = 2 * w.size
			j.log.Warn("journal was not compacted", "file", j.path, "err", err)
		}
	}
}

// renew writes the file anew because a sync of it failed.
func (j *Journal) renew(cause error) {
	j.writer.suspect = true
	if err := j.compact(); err != nil {
		j.log.Error("journal may not survive a loss of power", "file", j.path, "err", errors.Join(cause, err))
	}
}

// compact writes the records that count to a new file and puts it in the place of
// the old one, which stays in use when that fails.
func (j *Journal) compact() error {
	path := j.path + ".new"
	f, err := j.disk.Open(path)
	if err != nil {
		return err
	}
	fresh := writer{file: f, torn: true}
	err = fresh.append(j.state.append([]byte(magic)))
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = j.disk.Rename(path, j.path)
	}
	if err != nil {
		_ = f.Close()
		_ = j.disk.Remove(path)
		return err
	}
	fresh.unsynced = false
	_ = j.writer.file.Close()
	j.writer = fresh
	return j.disk.SyncDir(j.path)
}

// finish makes everything durable and closes the files.
func (j *Journal) finish() error {
	var err error
	if w := &j.writer; w.suspect {
		err = j.compact()
	} else if w.unsynced {
		err = w.file.Sync()
	}
	return errors.Join(err, j.writer.file.Close(), j.lock.Close())
}
