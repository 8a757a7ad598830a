package store

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func openAt(t testing.TB, path string, d disk) *Journal {
	t.Helper()
	j, err := open(path, nil, d)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// put waits for a change to be done.
func put(j *Journal, family, key, value string) error {
	c := make(chan error, 1)
	j.Put(family, key, []byte(value), func(err error) { c <- err })
	return <-c
}

func del(j *Journal, family, key string) error {
	c := make(chan error, 1)
	j.Delete(family, key, func(err error) { c <- err })
	return <-c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func contents(j *Journal, family string) map[string]string {
	m := make(map[string]string)
	j.Range(family, func(key string, value []byte) bool { m[key] = string(value); return true })
	return m
}

func expect(t testing.TB, j *Journal, family string, want map[string]string) {
	t.Helper()
	if got := contents(j, family); !maps.Equal(got, want) {
		t.Fatalf("family %s: %v, want %v", family, got, want)
	}
}

// kill ends a journal as a kill -9 does: nothing more is written or synced.
func kill(j *Journal) {
	j.mu.Lock()
	j.closed = true
	j.mu.Unlock()
	j.disk = nil
	_ = j.lock.Close()
}

func TestReopen(t *testing.T) {
	for _, end := range []struct {
		name string
		do   func(*Journal)
	}{
		{"closed", func(j *Journal) {
			if err := j.Close(); err != nil {
				t.Error(err)
			}
		}},
		{"killed", kill},
	} {
		t.Run(end.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state", "journal")
			j := openAt(t, path, osDisk{})
			must(t, put(j, "registration", "101", "first"))
			must(t, put(j, "registration", "102", ""))
			must(t, put(j, "registration", "101", "second"))
			must(t, put(j, "other", "101", "other"))
			must(t, put(j, "registration", "103", "gone"))
			must(t, del(j, "registration", "103"))
			must(t, del(j, "registration", "never"))
			end.do(j)

			j = openAt(t, path, osDisk{})
			defer j.Close()
			expect(t, j, "registration", map[string]string{"101": "second", "102": ""})
			expect(t, j, "other", map[string]string{"101": "other"})
			expect(t, j, "none", map[string]string{})
			must(t, put(j, "registration", "104", "after"))
		})
	}
}

func TestRangeInOrderUntilFalse(t *testing.T) {
	j := openAt(t, filepath.Join(t.TempDir(), "j"), osDisk{})
	defer j.Close()
	for _, k := range []string{"c", "a", "d", "b"} {
		must(t, put(j, "f", k, k))
	}
	var got []string
	j.Range("f", func(key string, _ []byte) bool { got = append(got, key); return len(got) < 3 })
	if s := strings.Join(got, ""); s != "abc" {
		t.Fatalf("Range gave %s, want abc", s)
	}
}

// The caller may use its value again at once.
func TestPutCopies(t *testing.T) {
	j := openAt(t, filepath.Join(t.TempDir(), "j"), osDisk{})
	defer j.Close()
	value := []byte("before")
	c := make(chan error)
	j.Put("f", "k", value, func(err error) { c <- err })
	copy(value, "AFTER!")
	must(t, <-c)
	expect(t, j, "f", map[string]string{"k": "before"})
}

// lazyDisk is the real disk without the wait for it.
type lazyDisk struct{ osDisk }

func (d lazyDisk) Open(path string) (file, error) {
	f, err := d.osDisk.Open(path)
	return lazyFile{f}, err
}

func (lazyDisk) SyncDir(string) error { return nil }

type lazyFile struct{ file }

func (lazyFile) Sync() error { return nil }

// Whatever the place where a crash cuts the file, it opens with the records
// before that place, and takes new ones.
func TestCutAtEveryByte(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "j")
	j := openAt(t, path, lazyDisk{})
	var ends []int64
	for i := range 5 {
		must(t, put(j, "f", fmt.Sprint(i), strings.Repeat("v", i*3)))
		info, err := os.Stat(path)
		must(t, err)
		ends = append(ends, info.Size())
	}
	must(t, j.Close())
	whole, err := os.ReadFile(path)
	must(t, err)
	tails := map[string][]byte{"cut": nil, "zeros": make([]byte, 100), "garbage": bytes.Repeat([]byte("\x05\x00\x00\x00"), 30)}
	for name, tail := range tails {
		for cut := range len(whole) + 1 {
			if len(tail) > 0 && cut < len(magic) {
				continue // that is no journal
			}
			path := filepath.Join(dir, fmt.Sprint(name, cut))
			must(t, os.WriteFile(path, append(whole[:cut:cut], tail...), 0o600))
			want := make(map[string]string)
			for i, end := range ends {
				if int64(cut) >= end {
					want[fmt.Sprint(i)] = strings.Repeat("v", i*3)
				}
			}
			j := openAt(t, path, lazyDisk{})
			expect(t, j, "f", want)
			must(t, put(j, "f", "new", "x"))
			must(t, j.Close())
			want["new"] = "x"
			j = openAt(t, path, lazyDisk{})
			expect(t, j, "f", want)
			must(t, j.Close())
			must(t, os.Remove(path))
		}
	}
}

// TestBatch: wherever a crash cuts the file, and whichever byte goes bad, all changes of a
// batch are there or none, also for who reads while they are made.
func TestBatch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := openAt(t, path, osDisk{})
	must(t, put(j, "f", "changed", "old"))
	must(t, put(j, "f", "gone", "here"))
	begin := j.writer.size
	done := make(chan error, 1)
	j.Batch("f", []Edit{{"changed", []byte("new")}, {"gone", nil}, {"made", []byte("")}}, func(err error) { done <- err })
	must(t, <-done)
	before, after := map[string]string{"changed": "old", "gone": "here"}, map[string]string{"changed": "new", "made": ""}
	expect(t, j, "f", after)
	if n := int64(len(j.state.append(nil))); n != j.state.live {
		t.Errorf("%d bytes are live, counted are %d", n, j.state.live)
	}
	must(t, j.Close())
	whole, err := os.ReadFile(path)
	must(t, err)
	for at := int(begin); at <= len(whole); at++ {
		for _, bad := range []bool{false, true} {
			data := bytes.Clone(whole)
			want := before
			switch {
			case !bad:
				data = data[:at]
				if at == len(whole) {
					want = after
				}
			case at == len(whole):
				continue
			default:
				data[at] ^= 0x20
			}
			must(t, os.WriteFile(path, data, 0o600))
			j := openAt(t, path, lazyDisk{})
			expect(t, j, "f", want)
			must(t, j.Close())
		}
	}
	j = openAt(t, path, lazyDisk{})
	defer j.Close()
	j.Batch("f", []Edit{{"changed", bytes.Repeat([]byte{0}, maxRecord/2)}, {"made", bytes.Repeat([]byte{0}, maxRecord/2)}}, func(err error) { done <- err })
	if err := <-done; !errors.Is(err, ErrTooLarge) {
		t.Errorf("a batch over the limit: %v", err)
	}
	expect(t, j, "f", after)
}

// A record that went bad in the middle costs itself only.
func TestDamageInTheMiddle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := openAt(t, path, osDisk{})
	must(t, put(j, "f", "1", "one"))
	at := j.writer.size
	must(t, put(j, "f", "2", "two"))
	must(t, put(j, "f", "3", "three"))
	must(t, j.Close())
	data, err := os.ReadFile(path)
	must(t, err)
	data[at+headerSize+5] ^= 0x40
	must(t, os.WriteFile(path, data, 0o600))
	j = openAt(t, path, osDisk{})
	defer j.Close()
	expect(t, j, "f", map[string]string{"1": "one", "3": "three"})
}

func TestNotAJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	text := []byte("[general]\ncontext=default\n")
	must(t, os.WriteFile(path, text, 0o600))
	if j, err := Open(path, nil); err == nil {
		_ = j.Close()
		t.Fatal("opened")
	}
	if got, _ := os.ReadFile(path); !bytes.Equal(got, text) {
		t.Fatal("the file was touched")
	}
}

func TestLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := openAt(t, path, osDisk{})
	if _, err := Open(path, nil); !errors.Is(err, ErrLocked) {
		t.Fatalf("second Open: %v, want ErrLocked", err)
	}
	must(t, j.Close())
	j, err := Open(path, nil)
	must(t, err)
	must(t, j.Close())
}

func TestClosed(t *testing.T) {
	j := openAt(t, filepath.Join(t.TempDir(), "j"), osDisk{})
	last := make(chan error, 1)
	j.Put("f", "k", nil, func(err error) { last <- err })
	must(t, j.Close())
	must(t, <-last) // what was on its way is written
	if err := put(j, "f", "k", ""); !errors.Is(err, ErrClosed) {
		t.Errorf("Put: %v, want ErrClosed", err)
	}
	if err := j.Close(); !errors.Is(err, ErrClosed) {
		t.Errorf("Close: %v, want ErrClosed", err)
	}
}

func TestLimits(t *testing.T) {
	j := openAt(t, filepath.Join(t.TempDir(), "j"), osDisk{})
	defer j.Close()
	if err := put(j, "f", "k", strings.Repeat("x", maxRecord)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("record over the limit: %v", err)
	}
	j.mu.Lock()
	j.queued = maxQueue
	j.mu.Unlock()
	if err := put(j, "f", "k", "x"); !errors.Is(err, ErrBusy) {
		t.Errorf("queue over the limit: %v", err)
	}
}

// The same keys over and over do not make the file grow without end, and what is
// in it stays.
func TestCompaction(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	d := &faultyDisk{}
	j := openAt(t, path, d)
	want := make(map[string]string)
	filler := strings.Repeat("f", 1000)
	for i := range 5000 {
		key, value := fmt.Sprint(i%20), fmt.Sprint(filler, i)
		j.Put("f", key, []byte(value), nil)
		want[key] = value
		if i%100 == 0 {
			must(t, put(j, "g", "last", fmt.Sprint(i)))
		}
	}
	must(t, del(j, "f", "7"))
	delete(want, "7")
	must(t, put(j, "g", "last", "end"))
	expect(t, j, "f", want)
	must(t, j.Close())
	info, err := os.Stat(path)
	must(t, err)
	if d.renames == 0 || info.Size() > 2*compactSize {
		t.Fatalf("%d compactions, %d bytes", d.renames, info.Size())
	}
	if _, err := os.Stat(path + ".new"); err == nil {
		t.Error("a temporary file is left")
	}
	j = openAt(t, path, osDisk{})
	defer j.Close()
	expect(t, j, "f", want)
	expect(t, j, "g", map[string]string{"last": "end"})
}

// The count of live bytes, which decides about compaction, is that of a file
// with nothing else in it.
func TestLiveBytes(t *testing.T) {
	j := openAt(t, filepath.Join(t.TempDir(), "j"), osDisk{})
	defer j.Close()
	for i := range 300 {
		must(t, put(j, fmt.Sprint("family", i%3), fmt.Sprint(i%50), strings.Repeat("x", i)))
	}
	must(t, del(j, "family1", "1"))
	if n := int64(len(j.state.append(nil))); n != j.state.live {
		t.Fatalf("live is %d, the records take %d", j.state.live, n)
	}
}

// A file from the middle of a compaction that a crash ended is no danger.
func TestLeftoverOfCompaction(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := openAt(t, path, osDisk{})
	must(t, put(j, "f", "k", "v"))
	must(t, j.Close())
	must(t, os.WriteFile(path+".new", []byte(magic+"half a rec"), 0o600))
	j = openAt(t, path, osDisk{})
	expect(t, j, "f", map[string]string{"k": "v"})
	must(t, j.compact())
	must(t, j.Close())
	j = openAt(t, path, osDisk{})
	defer j.Close()
	expect(t, j, "f", map[string]string{"k": "v"})
}

// faultyDisk is the real disk until a test says otherwise.
type faultyDisk struct {
	osDisk
	mu       sync.Mutex
	write    error // of a write, half of which is done
	truncate error
	sync     error
	open     error
	syncs    int
	renames  int
}

func (d *faultyDisk) set(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

func (d *faultyDisk) count(n *int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return *n
}

func (d *faultyDisk) Open(path string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open != nil {
		return nil, d.open
	}
	f, err := d.osDisk.Open(path)
	return &faultyFile{f, d}, err
}

func (d *faultyDisk) Rename(from, to string) error {
	d.set(func() { d.renames++ })
	return d.osDisk.Rename(from, to)
}

type faultyFile struct {
	file
	disk *faultyDisk
}

func (f *faultyFile) WriteAt(b []byte, at int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.write != nil {
		n, _ := f.file.WriteAt(b[:len(b)/2], at)
		return n, f.disk.write
	}
	return f.file.WriteAt(b, at)
}

func (f *faultyFile) Truncate(size int64) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.truncate != nil {
		return f.disk.truncate
	}
	return f.file.Truncate(size)
}

func (f *faultyFile) Sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	f.disk.syncs++
	if f.disk.sync != nil {
		return f.disk.sync
	}
	return f.file.Sync()
}

// A full or failing disk is told to who asked, nothing of the failed record
// stays, and when the disk is well again all goes on.
func TestDiskFails(t *testing.T) {
	for _, c := range []struct {
		name string
		fail func(*faultyDisk)
		want error
	}{
		{"full", func(d *faultyDisk) { d.write = syscall.ENOSPC }, syscall.ENOSPC},
		{"I/O error, and cutting fails too", func(d *faultyDisk) { d.write, d.truncate = syscall.EIO, syscall.EROFS }, syscall.EIO},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "j")
			d := &faultyDisk{}
			j := openAt(t, path, d)
			must(t, put(j, "f", "before", "1"))
			d.set(func() { c.fail(d) })
			if err := put(j, "f", "during", strings.Repeat("x", 100)); !errors.Is(err, c.want) {
				t.Fatalf("Put: %v, want %v", err, c.want)
			}
			for range 3 {
				if err := put(j, "f", "during", "x"); err == nil {
					t.Fatal("Put succeeds")
				}
				if err := del(j, "f", "before"); err == nil {
					t.Fatal("Delete succeeds")
				}
			}
			expect(t, j, "f", map[string]string{"before": "1"})

			// A kill now leaves what was there.
			data, err := os.ReadFile(path)
			must(t, err)
			copied := path + "2"
			must(t, os.WriteFile(copied, data, 0o600))
			k := openAt(t, copied, osDisk{})
			expect(t, k, "f", map[string]string{"before": "1"})
			must(t, k.Close())

			d.set(func() { d.write, d.truncate = nil, nil })
			must(t, put(j, "f", "after", "2"))
			must(t, j.Close())
			j = openAt(t, path, osDisk{})
			defer j.Close()
			expect(t, j, "f", map[string]string{"before": "1", "after": "2"})
		})
	}
}

// Syncs come in batches, about a second after a write, and none without one.
func TestSyncInBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &faultyDisk{}
		j := openAt(t, filepath.Join(t.TempDir(), "j"), d)
		start := d.count(&d.syncs)
		for range 100 {
			must(t, put(j, "f", "k", "v"))
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if n := d.count(&d.syncs) - start; n < 4 || n > 6 {
			t.Errorf("%d syncs for writes over 5 s, want about one a second", n)
		}
		before := d.count(&d.syncs)
		time.Sleep(time.Hour)
		if n := d.count(&d.syncs); n != before {
			t.Errorf("%d syncs of nothing", n-before)
		}
		must(t, j.Close())
	})
}

// After a sync that failed the kernel may have dropped what it could not write:
// everything is written anew, until that works.
func TestSyncFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "j")
		d := &faultyDisk{}
		j := openAt(t, path, d)
		must(t, put(j, "f", "k", "v"))
		d.set(func() { d.sync = syscall.EIO })
		time.Sleep(5 * time.Second)
		must(t, put(j, "f", "k2", "v2")) // writing works still
		if n := d.count(&d.renames); n != 0 {
			t.Fatalf("%d new files, though they cannot be synced", n)
		}
		d.set(func() { d.sync = nil })
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n := d.count(&d.renames); n != 1 {
			t.Fatalf("%d new files after the disk is well, want 1", n)
		}
		must(t, j.Close())
		j = openAt(t, path, osDisk{})
		expect(t, j, "f", map[string]string{"k": "v", "k2": "v2"})
		must(t, j.Close())
	})
}

func TestOpenFails(t *testing.T) {
	for name, d := range map[string]*faultyDisk{
		"open": {open: syscall.EACCES}, "sync": {sync: syscall.EIO}, "write": {write: syscall.ENOSPC},
	} {
		path := filepath.Join(t.TempDir(), "j")
		if j, err := open(path, nil, d); err == nil {
			_ = j.Close()
			t.Errorf("%s: Open succeeds", name)
		}
		j := openAt(t, path, osDisk{}) // the lock was given back
		must(t, j.Close())
	}
}

func TestConcurrent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := openAt(t, path, osDisk{})
	var group sync.WaitGroup
	for g := range 8 {
		group.Go(func() {
			for i := range 200 {
				if err := put(j, fmt.Sprint("f", g), fmt.Sprint(i%10), fmt.Sprint(i)); err != nil {
					t.Error(err)
				}
				if n := len(contents(j, fmt.Sprint("f", g))); n != min(i+1, 10) {
					t.Errorf("%d records after %d changes", n, i+1)
				}
			}
		})
	}
	group.Wait()
	must(t, j.Close())
	j = openAt(t, path, osDisk{})
	defer j.Close()
	for g := range 8 {
		if m := contents(j, fmt.Sprint("f", g)); m["9"] != "199" || len(m) != 10 {
			t.Errorf("family %d: %v", g, m)
		}
	}
}

func FuzzReplay(f *testing.F) {
	r := record{opPut, "family", "key", []byte("value")}
	one := r.append(nil)
	f.Add(one)
	f.Add(append(one, one[:7]...))
	both := record{op: opBatch, family: "family"}
	both.add(opDelete, "key", nil)
	both.add(opPut, "other", []byte("value"))
	f.Add(both.append(one))
	both.add(opBatch, "", both.value)
	f.Add(both.append(one))
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		var j Journal
		good, _ := j.replay(b)
		if good > len(b) {
			t.Fatalf("good up to %d of %d bytes", good, len(b))
		}
		// What was read is written and read again the same.
		again := j.state.append(nil)
		if int64(len(again)) != j.state.live {
			t.Fatalf("live is %d, the records take %d", j.state.live, len(again))
		}
		var k Journal
		if good, damaged := k.replay(again); good != len(again) || damaged != 0 {
			t.Fatalf("of %d bytes written, %d are good and %d records damaged", len(again), good, damaged)
		}
		if !bytes.Equal(k.state.append(nil), again) {
			t.Fatal("not the same after writing and reading")
		}
	})
}

// BenchmarkPut is a record handed over and written; many at once share a write.
func BenchmarkPut(b *testing.B) {
	j := openAt(b, filepath.Join(b.TempDir(), "j"), osDisk{})
	defer j.Close()
	value := make([]byte, 200)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c := make(chan error, 1)
		j.Put("registration", "101", value, func(err error) { c <- err })
		if err := <-c; err != nil {
			b.Fatal(err)
		}
	}
}
