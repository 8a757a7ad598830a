package io

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// newContext returns a Context over epoll that the test's end closes.
func newContext(t testing.TB) *Context {
	t.Helper()
	p, err := System().NewPoller()
	if err != nil {
		t.Fatal(err)
	}
	c := NewContext(p)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// newPipe returns the ends of a pipe that the test's end closes.
func newPipe(t testing.TB) (r, w int) {
	t.Helper()
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fds[0]); unix.Close(fds[1]) })
	return fds[0], fds[1]
}

func write(t testing.TB, fd int) {
	t.Helper()
	if _, err := unix.Write(fd, []byte{'x'}); err != nil {
		t.Fatal(err)
	}
}

func turn(t testing.TB, c *Context, timeout time.Duration) int {
	t.Helper()
	n, err := c.Wait(timeout)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestCallbackRunsWhileReady(t *testing.T) {
	c := newContext(t)
	r, w := newPipe(t)
	var ids []ID
	id, err := c.Add(r, In, func(id ID, ev Events) bool {
		if ev != In {
			t.Errorf("events %s, want in", ev)
		}
		ids = append(ids, id)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	if id == 0 {
		t.Fatal("an ID is 0")
	}
	if n := turn(t, c, 0); n != 0 {
		t.Fatalf("%d callbacks before anything was written", n)
	}
	write(t, w)
	turn(t, c, -1)
	turn(t, c, -1) // nothing was read: it is ready still
	if !slices.Equal(ids, []ID{id, id}) {
		t.Fatalf("callbacks for %v, want %v twice", ids, id)
	}
}

func TestFalseRemoves(t *testing.T) {
	c := newContext(t)
	r, w := newPipe(t)
	id, _ := c.Add(r, In, func(ID, Events) bool { return false })
	write(t, w)
	if n := turn(t, c, 0); n != 1 {
		t.Fatalf("%d callbacks, want 1", n)
	}
	if n := turn(t, c, 0); n != 0 {
		t.Fatalf("%d callbacks after false", n)
	}
	if err := c.Remove(id); !errors.Is(err, ErrNotFound) {
		t.Fatalf("Remove: %v, want ErrNotFound", err)
	}
}

func TestChange(t *testing.T) {
	c := newContext(t)
	_, w := newPipe(t)
	id, err := c.Add(w, 0, func(_ ID, ev Events) bool {
		if ev != Out {
			t.Errorf("events %s, want out", ev)
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		events Events
		want   int
	}{{0, 0}, {Out, 1}, {0, 0}, {Out | In, 1}} {
		if err := c.Change(id, step.events); err != nil {
			t.Fatal(err)
		}
		if n := turn(t, c, 0); n != step.want {
			t.Errorf("watching for %q: %d callbacks, want %d", step.events, n, step.want)
		}
	}
	if err := c.Change(id+1<<32, In); !errors.Is(err, ErrNotFound) {
		t.Errorf("Change of an unknown ID: %v", err)
	}
}

func TestAddRefuses(t *testing.T) {
	c := newContext(t)
	f := func(ID, Events) bool { return true }
	if _, err := c.Add(-1, In, f); err == nil {
		t.Error("descriptor -1 was taken")
	}
	r, _ := newPipe(t)
	if _, err := c.Add(r, In, nil); err == nil {
		t.Error("a nil callback was taken")
	}
	if _, err := c.Add(1<<20, In, f); !errors.Is(err, unix.EBADF) {
		t.Errorf("descriptor that is not open: %v, want EBADF", err)
	}
}

// A descriptor that is removed by the callback of another in the same turn gets
// no callback, though its event was there.
func TestRemoveInsideCallback(t *testing.T) {
	c := newContext(t)
	ids := make([]ID, 8)
	ran := 0
	for i := range ids {
		r, w := newPipe(t)
		write(t, w)
		id, err := c.Add(r, In, func(self ID, _ Events) bool {
			ran++
			for _, id := range ids {
				if id != self {
					_ = c.Remove(id)
				}
			}
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = id
	}
	if n := turn(t, c, 0); n != 1 || ran != 1 {
		t.Fatalf("%d callbacks, want the first one only", n)
	}
	if n := turn(t, c, 0); n != 1 {
		t.Fatalf("%d callbacks in the next turn, want that of the one left", n)
	}
}

// A descriptor that is closed in a callback, and opened again under the same
// number, does not get the event of the old one; nor does removing the old
// registration touch the new.
func TestDescriptorReuse(t *testing.T) {
	c := newContext(t)
	r1, w1 := newPipe(t)
	r2, w2 := newPipe(t)
	write(t, w1)
	write(t, w2)
	var late []Events
	reuse := func(victim int, id *ID) Callback {
		return func(ID, Events) bool {
			_ = c.Remove(*id)
			unix.Close(victim)
			r, w := newPipe(t)
			if r != victim {
				t.Fatalf("the descriptor is %d, the test needs %d again", r, victim)
			}
			fresh, err := c.Add(r, In, func(_ ID, ev Events) bool { late = append(late, ev); return false })
			if err != nil {
				t.Fatal(err)
			}
			if fresh == *id {
				t.Error("the ID was used again")
			}
			if err := c.Remove(*id); !errors.Is(err, ErrNotFound) {
				t.Errorf("Remove of the old ID: %v", err)
			}
			t.Cleanup(func() { write(t, w) })
			c.Post(func() { write(t, w) })
			return false
		}
	}
	var id1, id2 ID
	id1, _ = c.Add(r1, In, reuse(r2, &id2))
	id2, _ = c.Add(r2, In, reuse(r1, &id1))
	if n := turn(t, c, 0); n != 2 { // one callback and the posted write
		t.Fatalf("%d ran, want 2", n)
	}
	if len(late) != 0 {
		t.Fatalf("the new descriptor got the old one's event")
	}
	turn(t, c, 0)
	if !slices.Equal(late, []Events{In}) {
		t.Fatalf("the new descriptor got %v of its own, want in", late)
	}
}

// Closing a descriptor without removing it first is a mistake that the next one
// of its number does not pay for.
func TestAddReplacesClosed(t *testing.T) {
	c := newContext(t)
	r, _ := newPipe(t)
	old, _ := c.Add(r, In, func(ID, Events) bool { t.Error("callback of a closed descriptor"); return false })
	unix.Close(r)
	r2, w2 := newPipe(t)
	if r2 != r {
		t.Fatalf("the descriptor is %d, the test needs %d again", r2, r)
	}
	ran := false
	if _, err := c.Add(r2, In, func(ID, Events) bool { ran = true; return true }); err != nil {
		t.Fatal(err)
	}
	if err := c.Remove(old); !errors.Is(err, ErrNotFound) {
		t.Errorf("Remove of the old ID: %v", err)
	}
	write(t, w2)
	turn(t, c, -1)
	if !ran {
		t.Fatal("no callback")
	}
}

// However much arrives on one descriptor, the others get their turn.
func TestFloodDoesNotStarve(t *testing.T) {
	c := newContext(t)
	flood := 0
	for range 2 * maxReady {
		r, w := newPipe(t)
		write(t, w)
		if _, err := c.Add(r, In, func(ID, Events) bool { flood++; return true }); err != nil {
			t.Fatal(err)
		}
	}
	r, w := newPipe(t)
	quiet := 0
	_, _ = c.Add(r, In, func(ID, Events) bool { quiet++; return true })
	write(t, w)
	for range 9 {
		turn(t, c, 0)
	}
	if quiet < 2 {
		t.Fatalf("one descriptor ran %d times in 9 turns among %d busy ones, want 2 at least", quiet, 2*maxReady)
	}
}

func TestHangUp(t *testing.T) {
	c := newContext(t)
	r, w := newPipe(t)
	var got Events
	_, _ = c.Add(r, In, func(_ ID, ev Events) bool { got = ev; return false })
	unix.Close(w)
	turn(t, c, -1)
	if got&Hup == 0 {
		t.Errorf("reading end got %s, want hup", got)
	}

	r, w = newPipe(t)
	_, _ = c.Add(w, 0, func(_ ID, ev Events) bool { got = ev; return false })
	unix.Close(r)
	turn(t, c, -1)
	if got&Err == 0 {
		t.Errorf("writing end got %s, want err", got)
	}
}

func TestTimeout(t *testing.T) {
	for _, d := range []time.Duration{300 * time.Microsecond, 3 * time.Millisecond} {
		c := newContext(t)
		start := time.Now()
		if n, err := c.Wait(d); n != 0 || err != nil {
			t.Errorf("Wait = %d, %v", n, err)
		}
		if took := time.Since(start); took < d {
			t.Errorf("Wait(%v) took %v", d, took)
		}
	}
}

func TestPostOrder(t *testing.T) {
	c := newContext(t)
	var got []int
	for i := range 5 {
		c.Post(func() {
			got = append(got, i)
			if i == 0 {
				c.Post(func() { got = append(got, 99) })
			}
		})
	}
	if n := turn(t, c, -1); n < 5 {
		t.Fatalf("%d ran, want 5", n)
	}
	turn(t, c, 0)
	if want := []int{0, 1, 2, 3, 4, 99}; !slices.Equal(got, want) {
		t.Fatalf("ran %v, want %v", got, want)
	}
}

// A panic passes through Wait, and the next turn goes on with the rest.
func TestPanicLeavesTheRest(t *testing.T) {
	c := newContext(t)
	after := false
	c.Post(func() { panic("boom") })
	c.Post(func() { after = true })
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic did not pass")
			}
		}()
		_, _ = c.Wait(0)
	}()
	turn(t, c, 0)
	if !after {
		t.Fatal("what was posted after it is lost")
	}
}

func TestWakeBeforeWait(t *testing.T) {
	c := newContext(t)
	c.Wake()
	if n := turn(t, c, -1); n != 0 { // would wait for ever
		t.Fatalf("%d ran", n)
	}
}

// Goroutines post and wake while the loop sleeps with no limit: nothing may get
// lost, or the test never ends.
func TestPostAndWakeFromGoroutines(t *testing.T) {
	const posters, each = 8, 2000
	for _, network := range []struct {
		name string
		Network
	}{{"system", System()}, {"memory", NewMemory()}} {
		t.Run(network.name, func(t *testing.T) {
			p, err := network.NewPoller()
			if err != nil {
				t.Fatal(err)
			}
			c := NewContext(p)
			var group sync.WaitGroup
			ran := 0 // by the loop only
			for range posters {
				group.Go(func() {
					done := make(chan struct{})
					for i := range each {
						if i%8 == 0 { // let the loop go to sleep
							c.Post(func() { ran++; done <- struct{}{} })
							<-done
							continue
						}
						c.Post(func() { ran++ })
						c.Wake()
					}
				})
			}
			for ran < posters*each {
				turn(t, c, -1)
			}
			group.Wait()
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			c.Post(func() { t.Error("ran after Close") })
			c.Wake()
		})
	}
}

// The posting side makes a system call only when the loop said that it sleeps.
func TestPostWakesOnlySleepers(t *testing.T) {
	p := &countingPoller{}
	c := NewContext(p)
	for range 100 {
		c.Post(func() {})
	}
	c.Wake()
	if n := p.wakes.Load(); n != 0 {
		t.Fatalf("%d wake-ups of a loop that does not sleep", n)
	}
	p.blocking = func() { c.Post(func() {}); c.Post(func() {}) }
	turn(t, c, 0)
	c.woken.Store(false)
	turn(t, c, -1)
	if n := p.wakes.Load(); n != 1 {
		t.Fatalf("%d wake-ups for two posts to a sleeper, want 1", n)
	}
}

// countingPoller is never ready and counts its wake-ups.
type countingPoller struct {
	Poller
	wakes    atomic.Int32
	blocking func() // called by a Wait that would block
}

func (p *countingPoller) Wake() { p.wakes.Add(1) }

func (p *countingPoller) Wait(timeout time.Duration, _ []Ready) (int, error) {
	if timeout != 0 {
		p.blocking()
	}
	return 0, nil
}

func TestWaitError(t *testing.T) {
	c := newContext(t)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); !errors.Is(err, ErrClosed) {
		t.Errorf("second Close: %v", err)
	}
	if _, err := c.Wait(0); err == nil {
		t.Error("Wait of a closed context succeeds")
	}
}

func TestEventsString(t *testing.T) {
	if s := (In | Err | Hup).String(); s != "in|err|hup" {
		t.Errorf("String = %q", s)
	}
}

func TestContextAllocations(t *testing.T) {
	c := newContext(t)
	r, w := newPipe(t)
	write(t, w)
	cb := func(ID, Events) bool { return true }
	_, _ = c.Add(r, In, cb)
	f := func() {}
	turn(t, c, 0)
	for name, run := range map[string]func(){
		"callback":        func() { _, _ = c.Wait(-1) },
		"post":            func() { c.Post(f); c.Post(f); _, _ = c.Wait(0) },
		"add and remove":  func() { id, _ := c.Add(w, Out, cb); _ = c.Remove(id) },
		"wake and return": func() { c.Wake(); _, _ = c.Wait(time.Millisecond) },
	} {
		if n := testing.AllocsPerRun(100, run); n != 0 {
			t.Errorf("%s: %v allocations, want 0", name, n)
		}
	}
}
