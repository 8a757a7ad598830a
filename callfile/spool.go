package callfile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"pbx/channel"
	"pbx/channel/originate"
	"pbx/event"
)

// Deps are what a Spool works with.
type Deps struct {
	// Dir is the spool directory: outgoing and outgoing_done are made in it.
	Dir      string
	Registry *channel.Registry
	Dialplan Dialplan
	Log      *slog.Logger
	// Changes are the names of files in outgoing that came or changed; nil watches
	// the directory.
	Changes <-chan string
}

// Spool watches a directory for call files.
type Spool struct {
	deps           Deps
	outgoing, done string
	caller         *Caller
	ended          chan outcome
	calls          sync.WaitGroup
	// due are the files that wait, with their times; running those with a call.
	due     map[string]time.Time
	running map[string]bool
	// stamps tell changes that the exchange made itself from those of others.
	stamps map[string]time.Time
}

// outcome is what became of an attempt.
type outcome struct {
	name string
	// again is when the next attempt is, the zero Time for none.
	again time.Time
	// stamp is the modification time that the exchange gave the file.
	stamp time.Time
}

const (
	// settle is how long a file has to be left alone before it is read: a program
	// may write it in place.
	settle = 100 * time.Millisecond
	// maxSize bounds a call file.
	maxSize = 64 << 10
)

// New makes the directories. Nothing is read before Run.
func New(d Deps) (*Spool, error) {
	s := &Spool{
		deps: d, caller: &Caller{Registry: d.Registry, Dialplan: d.Dialplan, Log: d.Log}, outgoing: filepath.Join(d.Dir, "outgoing"), done: filepath.Join(d.Dir, "outgoing_done"),
		ended: make(chan outcome), due: make(map[string]time.Time), running: make(map[string]bool),
		stamps: make(map[string]time.Time),
	}
	for _, dir := range []string{s.outgoing, s.done} {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return nil, fmt.Errorf("call files: %w", err)
		}
	}
	s.resume()
	return s, nil
}

// Run places calls until ctx ends. Calls that are under way go on; Wait waits for
// them.
func (s *Spool) Run(ctx context.Context) error {
	changes := s.deps.Changes
	if changes == nil {
		watched, err := watch(ctx, s.outgoing, s.deps.Log)
		if err != nil {
			return fmt.Errorf("call files: %w", err)
		}
		changes = watched
	}
	s.scan()
	for {
		timer := time.NewTimer(s.next())
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case name := <-changes:
			if name == "" { // some were missed
				s.scan()
			} else if !s.running[name] {
				s.consider(name, s.deps.Registry.Now().Add(settle))
			}
		case o := <-s.ended:
			delete(s.running, o.name)
			if !o.stamp.IsZero() {
				s.stamps[o.name] = o.stamp
			}
			if !o.again.IsZero() {
				s.due[o.name] = o.again
			}
		case <-timer.C:
			s.attempt(ctx)
		}
		timer.Stop()
	}
}

// Wait returns when no call is under way and every file says how its call went, or
// after limit. It is called when Run has returned.
func (s *Spool) Wait(limit time.Duration) { Await(&s.calls, limit) }

// watch has the names of changed files sent, "" when some were missed.
func watch(ctx context.Context, dir string, log *slog.Logger) (<-chan string, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	if err := w.Add(dir); err != nil {
		_ = w.Close()
		return nil, err
	}
	names := make(chan string)
	go func() {
		defer func() { _ = w.Close() }()
		for {
			name := ""
			select {
			case <-ctx.Done():
				return
			case e := <-w.Events:
				if e.Has(fsnotify.Remove) {
					continue
				}
				name = filepath.Base(e.Name)
			case err := <-w.Errors: // the queue was full
				log.Warn(fmt.Sprintf("call files: %v; all are looked at", err))
			}
			select {
			case names <- name:
			case <-ctx.Done():
				return
			}
		}
	}()
	return names, nil
}

// scan considers all files.
func (s *Spool) scan() {
	list, err := os.ReadDir(s.outgoing)
	if err != nil {
		s.deps.Log.Error(fmt.Sprintf("call files: %v", err))
	}
	for _, e := range list {
		if _, known := s.due[e.Name()]; !known && !s.running[e.Name()] {
			s.consider(e.Name(), s.deps.Registry.Now())
		}
	}
}

// consider notes when a file is to be read: at its modification time, at the
// earliest at least. Names that begin with a dot are of files that are not
// finished.
func (s *Spool) consider(name string, least time.Time) {
	info, err := os.Lstat(filepath.Join(s.outgoing, name))
	if err != nil || !info.Mode().IsRegular() || strings.HasPrefix(name, ".") {
		delete(s.due, name)
		delete(s.stamps, name)
		return
	}
	if stamp, own := s.stamps[name]; own && info.ModTime().Unix() == stamp.Unix() {
		return
	}
	delete(s.stamps, name)
	at := least
	if info.ModTime().After(at) {
		at = info.ModTime()
	}
	s.due[name] = at
}

// next is how long nothing is due.
func (s *Spool) next() time.Duration {
	wait, now := time.Hour, s.deps.Registry.Now()
	for _, at := range s.due {
		wait = min(wait, max(at.Sub(now), 0))
	}
	return wait
}

// attempt begins the calls that are due.
func (s *Spool) attempt(ctx context.Context) {
	now := s.deps.Registry.Now()
	for name, at := range s.due {
		if at.After(now) {
			continue
		}
		delete(s.due, name)
		if s.deps.Registry.Closing() {
			continue // it is there after the restart
		}
		s.running[name] = true
		s.calls.Add(1)
		s.deps.Registry.Go(func() {
			o := s.do(name)
			s.calls.Done()
			select {
			case s.ended <- o:
			case <-ctx.Done():
			}
		})
	}
}

// do makes one attempt at one file.
func (s *Spool) do(name string) outcome {
	o, path, log := outcome{name: name}, filepath.Join(s.outgoing, name), s.deps.Log
	text, err := read(path)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			log.Warn(fmt.Sprintf("call file %s: %v", path, err))
		}
		return o
	}
	f, problems, err := Parse(text)
	for _, p := range problems {
		log.Warn(p + " of " + path)
	}
	if err != nil {
		what := "deleted"
		if f.Archive {
			what = "archived"
		}
		log.Warn(fmt.Sprintf("%s: %v; it is %s", path, err, what))
		s.finish(f, path, failed)
		return o
	}
	if f.Attempts > f.MaxRetries {
		// The exchange ended while it made the last attempt.
		s.expire(f, path)
		return o
	}
	try := f.Attempts + 1
	next := s.deps.Registry.Now().Add(f.RetryTime)
	o.stamp = next.Add(f.RetryTime)
	// The attempt is on the disk before anybody rings, so that it is made once.
	if err := note(path, retryLine("Start", try, next), o.stamp); err != nil {
		log.Error(fmt.Sprintf("call file %s: the call to %s is not made: %v", path, f.Dest, err))
		o.again = next
		return o
	}
	event.Verbose(log, 3, "Attempting call on %s for %s (Retry %d)", f.Dest, f.Purpose(), try)
	reason := s.caller.Call(f)
	if reason == originate.Answered {
		log.Log(context.Background(), event.LevelNotice, "Call completed to "+f.Dest)
		s.finish(f, path, completed)
		return o
	}
	log.Log(context.Background(), event.LevelNotice, fmt.Sprintf("Call failed to go through, reason (%d) %s", reason, ReasonText(reason)))
	if try > f.MaxRetries {
		s.expire(f, path)
		return o
	}
	now := s.deps.Registry.Now()
	o.again, o.stamp = next, now.Add(f.RetryTime)
	if err := note(path, retryLine("End", try, now), o.stamp); err != nil {
		log.Error(fmt.Sprintf("call file %s: %v", path, err))
	}
	return o
}

// retryLine is what is written into a file when an attempt begins or ends.
func retryLine(what string, try int, at time.Time) string {
	return fmt.Sprintf("\n%sRetry: %d %d (%d)\n", what, os.Getpid(), try, at.Unix())
}

// ReasonText says how a call went, in the ancestor's words.
func ReasonText(r originate.Reason) string {
	switch r {
	case originate.RangOut:
		return "Remote end Ringing"
	case originate.Busy:
		return "Remote end is Busy"
	case originate.Congested:
		return "Congestion (circuits busy)"
	default:
		return "Call Failure (not BUSY, and not NO_ANSWER, maybe Circuit busy or down?)"
	}
}

func (s *Spool) expire(f *File, path string) {
	plural := "s"
	if f.MaxRetries == 1 {
		plural = ""
	}
	s.deps.Log.Log(context.Background(), event.LevelNotice, fmt.Sprintf("Queued call to %s expired without completion after %d attempt%s", f.Dest, f.MaxRetries, plural))
	s.finish(f, path, expired)
}

// finish archives or deletes a file that is done with.
func (s *Spool) finish(f *File, path, status string) {
	now := s.deps.Registry.Now()
	if info, err := os.Lstat(path); err == nil && !f.AlwaysDelete && info.ModTime().After(now) {
		return
	}
	if !f.Archive {
		s.remove(path)
		return
	}
	// Out of the way first: a file that is done is not met again when the exchange is
	// killed here. Nobody sees it in outgoing_done before it says how it went.
	name := filepath.Base(path)
	aside := s.aside(status, name)
	err := os.Rename(path, aside)
	if err == nil {
		err = cmp.Or(note(aside, statusLine(status), now), os.Rename(aside, filepath.Join(s.done, name)))
	}
	if err != nil {
		s.deps.Log.Error(fmt.Sprintf("call file %s: %v", path, err))
	}
}

// The ways in which a file that is archived has ended.
const (
	completed = "Completed"
	expired   = "Expired"
	failed    = "Failed" // it was no call
)

func statusLine(status string) string { return "Status: " + status + "\n" }

// aside is where a file is put before it is told in it how it ended.
func (s *Spool) aside(status, name string) string {
	return filepath.Join(s.done, "."+status+"."+name)
}

// resume archives the files that were put aside when the exchange was killed.
func (s *Spool) resume() {
	for _, status := range [...]string{completed, expired, failed} {
		files, _ := filepath.Glob(s.aside(status, "*")) // the pattern is a good one
		for _, aside := range files {
			text, err := read(aside)
			if err == nil && !strings.HasSuffix(text, statusLine(status)) {
				err = note(aside, statusLine(status), s.deps.Registry.Now())
			}
			name := strings.TrimPrefix(filepath.Base(aside), "."+status+".")
			if err = cmp.Or(err, os.Rename(aside, filepath.Join(s.done, name))); err != nil {
				s.deps.Log.Error(fmt.Sprintf("call file %s: %v", aside, err))
			}
		}
	}
}

func (s *Spool) remove(path string) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.deps.Log.Error(fmt.Sprintf("call file: %v", err))
	}
}
