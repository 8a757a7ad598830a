package spool_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pbx/spool"
)

// lines is a file backend whose lines are the entries themselves.
func lines(path string) *spool.Files {
	return &spool.Files{ID: "lines", Format: func(e spool.Entry) []spool.Line {
		return []spool.Line{{Path: path, Text: append(bytes.Clone(e.Data), '\n')}}
	}}
}

func entry(n int) spool.Entry { return spool.Entry{Kind: "t", Value: n} }

// ledger is a backend in memory that can be down, or break off in the middle.
type ledger struct {
	mu    sync.Mutex
	got   []string
	down  bool
	torn  bool
	again int
}

func (l *ledger) Name() string                           { return "ledger" }
func (l *ledger) Mark([]spool.Entry) (spool.Mark, error) { return spool.Mark{}, nil }

func (l *ledger) Deliver(batch []spool.Entry, _ spool.Mark, again bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if again {
		l.again++
	}
	if l.down {
		return errors.New("down")
	}
	for i, e := range batch {
		if l.torn && i == 1 {
			l.torn = false
			return errors.New("broke off")
		}
		if id := string(e.Data); !again || !contains(l.got, id) {
			l.got = append(l.got, id)
		}
	}
	return nil
}

func contains(all []string, s string) bool {
	for _, x := range all {
		if x == s {
			return true
		}
	}
	return false
}

func (l *ledger) taken() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.got, " ")
}

// log counts lines.
type log struct{ bytes.Buffer }

func open(t *testing.T, o spool.Options, b ...spool.Backend) *spool.Spool {
	t.Helper()
	s, err := spool.Open(o, b...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		l := &ledger{}
		s := open(t, spool.Options{Dir: dir}, l)
		s.Add(entry(1), entry(2))
		s.Add(entry(3))
		time.Sleep(2 * time.Second)
		if got := l.taken(); got != "1 2 3" {
			t.Errorf("taken %q", got)
		}
		s.Close()
		s = open(t, spool.Options{Dir: dir}, l)
		synctest.Wait()
		s.Close()
		if got := l.taken(); got != "1 2 3" {
			t.Errorf("after another start %q", got)
		}
	})
}

// A backend that is down gets everything in order when it is back, and one line of the log
// tells of each.
func TestBackendDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log log
		l, other := &ledger{down: true}, lines(filepath.Join(t.TempDir(), "out"))
		s := open(t, spool.Options{Dir: t.TempDir(), Log: slog.New(slog.NewTextHandler(&log, nil))}, l, other)
		for i := range 5 {
			s.Add(entry(i))
			time.Sleep(10 * time.Second)
		}
		if n := s.Pending(); n != 5 {
			t.Errorf("%d wait, want 5", n)
		}
		l.mu.Lock()
		l.down = false
		l.mu.Unlock()
		time.Sleep(time.Minute)
		if got := l.taken(); got != "0 1 2 3 4" {
			t.Errorf("taken %q", got)
		}
		s.Close()
		if n := strings.Count(log.String(), "\n"); n != 2 {
			t.Errorf("%d lines of log, want 2:\n%s", n, log.String())
		}
	})
}

// A backend that is far behind reads from the disk what memory does not keep.
func TestFarBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, quick := &ledger{down: true}, &ledger{}
		s := open(t, spool.Options{Dir: t.TempDir()}, l, named{quick, "quick"})
		const n = 25_000
		want := make([]string, n)
		for i := range n {
			s.Add(entry(i))
			want[i] = fmt.Sprint(i)
			if i%1000 == 999 {
				time.Sleep(2 * time.Second)
			}
		}
		l.mu.Lock()
		l.down = false
		l.mu.Unlock()
		time.Sleep(time.Minute)
		s.Close()
		for name, l := range map[string]*ledger{"behind": l, "quick": quick} {
			if got := l.taken(); got != strings.Join(want, " ") {
				t.Errorf("%s: %d bytes taken, want %d", name, len(got), len(strings.Join(want, " ")))
			}
		}
	})
}

// named is a backend with another name.
type named struct {
	spool.Backend
	name string
}

func (n named) Name() string { return n.name }

// keyed is a backend that knows what it has: its batches need no mark.
type keyed struct{ ledger }

func (k *keyed) Mark([]spool.Entry) (spool.Mark, error) { return nil, nil }

func (k *keyed) Deliver(batch []spool.Entry, mark spool.Mark, _ bool) error {
	return k.ledger.Deliver(batch, mark, true)
}

// A backend that is given its name by another goes on where it was; one that is let go of
// gets nothing more, and when it comes back what comes then.
func TestUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second, third := &ledger{}, &ledger{down: true}, &ledger{}
		s := open(t, spool.Options{Dir: t.TempDir()}, named{first, "a"}, named{second, "b"})
		s.Add(entry(1))
		time.Sleep(2 * time.Second)
		next := &ledger{}
		s.Use(spool.Batch{}, named{next, "b"}, named{third, "c"})
		s.Add(entry(2))
		time.Sleep(2 * time.Second)
		again := &ledger{}
		s.Use(spool.Batch{Size: 2, Every: time.Minute}, named{again, "a"}, named{next, "b"})
		if got := strings.Join(s.Backends(), " "); got != "a b" {
			t.Errorf("backends %q", got)
		}
		s.Add(entry(3))
		time.Sleep(2 * time.Second)
		if got := again.taken(); got != "" {
			t.Errorf("%q was handed over before the batch was full", got)
		}
		s.Add(entry(4))
		time.Sleep(2 * time.Second)
		s.Close()
		s.Use(spool.Batch{}, named{first, "a"}) // too late, and no harm
		for _, tt := range []struct {
			name string
			l    *ledger
			want string
		}{{"the first", first, "1"}, {"one that was down", second, ""}, {"in its place", next, "1 2 3 4"}, {"between", third, "2"}, {"back again", again, "3 4"}} {
			if got := tt.l.taken(); got != tt.want {
				t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
			}
		}
	})
}

// A crash leaves the cursor of a backend that knows what it has where it was; it gets
// what it has again, and nothing is missing.
func TestKeyedCrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, after := t.TempDir(), t.TempDir()
		k := &keyed{}
		s := open(t, spool.Options{Dir: dir}, k)
		s.Add(entry(1), entry(2))
		time.Sleep(2 * time.Second)
		s.Add(entry(3))
		time.Sleep(500 * time.Millisecond) // it is in the file and not handed over
		if err := os.CopyFS(after, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		if got := k.taken(); got != "1 2" {
			t.Errorf("taken before the crash %q", got)
		}
		s.Close()
		k.got = []string{"1", "2"}
		s = open(t, spool.Options{Dir: after}, k)
		s.Add(entry(4))
		time.Sleep(2 * time.Second)
		s.Close()
		if got := k.taken(); got != "1 2 3 4" {
			t.Errorf("taken %q", got)
		}
	})
}

// What a batch that broke off had taken is not taken again.
func TestTornBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{torn: true}
		s := open(t, spool.Options{Dir: t.TempDir()}, l)
		s.Add(entry(1), entry(2), entry(3))
		time.Sleep(time.Minute)
		s.Close()
		if got := l.taken(); got != "1 2 3" || l.again != 1 {
			t.Errorf("taken %q, %d times again", got, l.again)
		}
	})
}

func TestBatchMode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{}
		s := open(t, spool.Options{Dir: t.TempDir(), Batch: spool.Batch{Size: 3, Every: time.Minute}}, l)
		time.Sleep(time.Second) // what was there at the start is handed over by now
		s.Add(entry(1))
		time.Sleep(30 * time.Second)
		if got := l.taken(); got != "" {
			t.Errorf("%q was handed over early", got)
		}
		s.Add(entry(2), entry(3))
		synctest.Wait()
		if got := l.taken(); got != "1 2 3" {
			t.Errorf("a full batch: %q", got)
		}
		s.Add(entry(4))
		time.Sleep(3 * time.Minute)
		if got := l.taken(); got != "1 2 3 4" {
			t.Errorf("after its time: %q", got)
		}
		s.Add(entry(5))
		s.Flush()
		synctest.Wait()
		if got := l.taken(); got != "1 2 3 4 5" {
			t.Errorf("submitted: %q", got)
		}
		s.Close()
	})
}

// gatherer is a ledger that many entries are no more work to than few.
type gatherer struct{ ledger }

func (g *gatherer) Gathers() bool { return true }

func (g *gatherer) count() int { return len(strings.Fields(g.taken())) }

// While entries come fast, a backend that gathers gets them every few seconds; a few it
// gets soon, and at the end all that there are.
func TestGatherer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gatherer{}
		s := open(t, spool.Options{Dir: t.TempDir()}, g)
		add := func(n int) {
			for i := range n {
				s.Add(entry(i))
			}
		}
		add(1)
		time.Sleep(1100 * time.Millisecond)
		add(1)
		time.Sleep(1100 * time.Millisecond)
		if n := g.count(); n != 2 {
			t.Errorf("%d of two that came slowly", n)
		}
		add(100)
		time.Sleep(1100 * time.Millisecond)
		if n := g.count(); n != 102 {
			t.Errorf("%d of the first hundred", n)
		}
		add(100)
		time.Sleep(2 * time.Second)
		if n := g.count(); n != 102 {
			t.Errorf("%d, though more are to come", n)
		}
		time.Sleep(3 * time.Second)
		if n := g.count(); n != 202 {
			t.Errorf("%d after a rest", n)
		}
		add(100)
		s.Close()
		if n := g.count(); n != 302 {
			t.Errorf("%d at the end", n)
		}
	})
}

// A crash at any byte of a file leaves each line there once after the next start.
func TestTornFile(t *testing.T) {
	const before, want = "old\n", "old\n10\n11\n12\n"
	for cut := len(before); cut <= len(want); cut++ {
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "out")
			// The queue as it is when the batch was handed out and not confirmed.
			var queue bytes.Buffer
			for i := 10; i <= 12; i++ {
				b, _ := json.Marshal(spool.Entry{Kind: "t", Data: json.RawMessage(fmt.Sprint(i))})
				queue.Write(append(b, '\n'))
			}
			cursors := fmt.Sprintf(`{"generation":0,"backends":{"lines":{"offset":0,"length":%d,"mark":{%q:%d}}}}`, queue.Len(), path, len(before))
			for name, text := range map[string]string{"queue.0": queue.String() + `{"k":"t","d":1`, "cursors.json": cursors, "out": want[:cut]} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s := open(t, spool.Options{Dir: dir}, lines(path))
			s.Close()
			got, err := os.ReadFile(path)
			if err != nil || string(got) != want {
				t.Errorf("%q, %v, want %q", got, err, want)
			}
		})
	}
}

// A queue that everybody has does not grow for ever, and one that somebody has not is bounded.
func TestGrowth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		l := &ledger{}
		big := strings.Repeat("x", 100_000)
		s := open(t, spool.Options{Dir: dir, Limit: 1 << 20}, l)
		for range 20 {
			s.Add(spool.Entry{Kind: "t", Value: big})
			time.Sleep(2 * time.Second)
		}
		if n := size(t, dir); n > 400_000 {
			t.Errorf("the queue has %d bytes after all is taken", n)
		}
		l.mu.Lock()
		l.down = true
		l.mu.Unlock()
		for range 40 {
			s.Add(spool.Entry{Kind: "t", Value: big})
			time.Sleep(2 * time.Second)
		}
		if n := size(t, dir); n > 2<<20 {
			t.Errorf("the queue has %d bytes while the backend is down", n)
		}
		s.Close()
	})
}

func size(t *testing.T, dir string) (n int64) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "queue.*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range all {
		st, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		n += st.Size()
	}
	return n
}

// The file of the far end was moved away by logrotate between two batches.
func TestRotatedFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "out")
		s := open(t, spool.Options{Dir: t.TempDir()}, lines(path))
		s.Add(entry(1))
		time.Sleep(2 * time.Second)
		if err := os.Rename(path, path+".1"); err != nil {
			t.Fatal(err)
		}
		s.Add(entry(2))
		synctest.Wait()
		s.Close()
		for name, want := range map[string]string{path: "2\n", path + ".1": "1\n"} {
			if got, err := os.ReadFile(name); err != nil || string(got) != want {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		}
	})
}
