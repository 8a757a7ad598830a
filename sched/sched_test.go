package sched

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// clock is a time that the test sets.
type clock struct{ t time.Time }

func (c *clock) now() time.Time          { return c.t }
func (c *clock) advance(d time.Duration) { c.t = c.t.Add(d) }
func newClock() *clock                   { return &clock{time.Unix(1_700_000_000, 0)} }

const ms = time.Millisecond

func TestOrder(t *testing.T) {
	for _, c := range []struct {
		name string
		at   []time.Duration
		want []int
	}{
		{"by time", []time.Duration{30 * ms, 10 * ms, 20 * ms}, []int{1, 2, 0}},
		{"equal times as added", []time.Duration{5 * ms, 5 * ms, 1 * ms, 5 * ms}, []int{2, 0, 1, 3}},
		{"past times are now", []time.Duration{0, -time.Hour, 0}, []int{0, 1, 2}},
		{"close times by time", []time.Duration{1*ms + 3, 1*ms + 2, 1*ms + 1}, []int{2, 1, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			clk := newClock()
			s := New(clk.now)
			var got []int
			for i, d := range c.at {
				s.Add(d, func() time.Duration { got = append(got, i); return Done })
			}
			clk.advance(time.Second)
			if n := s.Run(); n != len(c.at) || !slices.Equal(got, c.want) {
				t.Fatalf("Run = %d, order %v; want %v", n, got, c.want)
			}
			if s.Len() != 0 || s.Wait() != -1 {
				t.Fatalf("Len %d, Wait %v after the last", s.Len(), s.Wait())
			}
		})
	}
}

func TestWaitAndWhen(t *testing.T) {
	clk := newClock()
	s := New(clk.now)
	if s.Wait() != -1 {
		t.Fatalf("Wait of an empty scheduler = %v, want -1", s.Wait())
	}
	far := s.Add(time.Hour, func() time.Duration { return Done })
	near := s.Add(1500*time.Microsecond, func() time.Duration { return Done })
	if s.Wait() != 1500*time.Microsecond {
		t.Fatalf("Wait = %v", s.Wait())
	}
	clk.advance(time.Minute)
	if s.Wait() != 0 {
		t.Fatalf("Wait = %v with something due", s.Wait())
	}
	if d, ok := s.When(near); !ok || d != 1500*time.Microsecond-time.Minute {
		t.Fatalf("When of what is due = %v, %v", d, ok)
	}
	if d, ok := s.When(far); !ok || d != 59*time.Minute {
		t.Fatalf("When = %v, %v", d, ok)
	}
	if !s.Delete(near) || s.Delete(near) {
		t.Fatal("Delete reports wrongly")
	}
	if _, ok := s.When(near); ok {
		t.Fatal("When finds what was deleted")
	}
	if s.Delete(0) || s.Delete(-1) || s.Delete(far+1) {
		t.Fatal("Delete of an unknown ID succeeds")
	}
}

// What is due within Slack runs together, what is due later does not.
func TestSlack(t *testing.T) {
	clk := newClock()
	s := New(clk.now)
	var got []string
	add := func(d time.Duration) {
		s.Add(d, func() time.Duration { got = append(got, fmt.Sprint(d)); return Done })
	}
	add(10 * ms)
	add(11 * ms)
	add(11*ms + 1)
	clk.advance(10 * ms)
	s.Run()
	if want := []string{"10ms", "11ms"}; !slices.Equal(got, want) {
		t.Fatalf("ran %v, want %v", got, want)
	}
}

func TestRepeat(t *testing.T) {
	for _, c := range []struct {
		name  string
		again []time.Duration // what the callback returns, run by run
		want  []time.Duration // when it ran
	}{
		{"done at once", []time.Duration{Done}, []time.Duration{10 * ms}},
		{"again", []time.Duration{Again, Again, Done}, []time.Duration{10 * ms, 20 * ms, 30 * ms}},
		{"new interval stays", []time.Duration{20 * ms, 40 * ms, Again, Done}, []time.Duration{10 * ms, 30 * ms, 70 * ms, 110 * ms}},
	} {
		t.Run(c.name, func(t *testing.T) {
			clk := newClock()
			s := New(clk.now)
			start := clk.t
			var got []time.Duration
			s.Add(10*ms, func() time.Duration {
				got = append(got, clk.t.Sub(start))
				return c.again[len(got)-1]
			})
			for s.Wait() >= 0 {
				clk.advance(s.Wait())
				s.Run()
			}
			if !slices.Equal(got, c.want) {
				t.Fatalf("ran at %v, want %v", got, c.want)
			}
		})
	}
}

// A loop that comes late does not shift what repeats, and what it missed
// altogether is not made up for.
func TestRepeatDoesNotDrift(t *testing.T) {
	clk := newClock()
	s := New(clk.now)
	runs := 0
	id := s.Add(20*ms, func() time.Duration { runs++; return Again })
	clk.advance(27 * ms)
	s.Run()
	if d, _ := s.When(id); d != 13*ms {
		t.Fatalf("the next run is in %v, want 13ms", d)
	}
	clk.advance(time.Second)
	if s.Run(); runs != 2 {
		t.Fatalf("%d runs after a second away, want 2", runs)
	}
	if d, _ := s.When(id); d != 0 {
		t.Fatalf("the next run is in %v, want 0", d)
	}
}

// What callbacks add runs in the next Run, though it is due.
func TestAddInsideRun(t *testing.T) {
	clk := newClock()
	s := New(clk.now)
	depth := 0
	var again Callback
	again = func() time.Duration { depth++; s.Add(0, again); return Done }
	s.Add(0, again)
	for want := 1; want < 4; want++ {
		if n := s.Run(); n != 1 || depth != want {
			t.Fatalf("Run = %d, depth %d; want 1, %d", n, depth, want)
		}
	}
}

func TestDeleteInsideCallback(t *testing.T) {
	clk := newClock()
	s := New(clk.now)
	var self, other ID
	ran := 0
	self = s.Add(0, func() time.Duration {
		ran++
		if _, ok := s.When(self); ok {
			t.Error("When finds what runs right now")
		}
		if !s.Delete(self) || s.Delete(self) {
			t.Error("Delete of itself reports wrongly")
		}
		if !s.Delete(other) {
			t.Error("Delete of the one after it reports wrongly")
		}
		return Again
	})
	other = s.Add(0, func() time.Duration { t.Error("deleted and ran"); return Done })
	if n := s.Run(); n != 1 {
		t.Fatalf("Run = %d", n)
	}
	clk.advance(time.Hour)
	if n := s.Run(); n != 0 || ran != 1 {
		t.Fatalf("it ran %d times", ran)
	}
	if fresh := s.Add(0, func() time.Duration { return Done }); fresh == self || fresh == other {
		t.Fatal("an ID came back")
	}
}

// A panic ends the function that it came from, and no other.
func TestPanic(t *testing.T) {
	clk := newClock()
	s := New(clk.now)
	ran := false
	s.Add(0, func() time.Duration { panic("boom") })
	s.Add(0, func() time.Duration { ran = true; return Done })
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic did not pass")
			}
		}()
		s.Run()
	}()
	if s.Len() != 1 {
		t.Fatalf("%d left, want 1", s.Len())
	}
	if s.Run(); !ran {
		t.Fatal("the next one did not run")
	}
}

// In a bubble, time.Now is the clock, and sleeping passes the time.
func TestVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(nil)
		start := s.Now()
		var got []time.Duration
		interval := 500 * ms
		s.Add(interval, func() time.Duration { // RFC 3261 17.1.1.2, timer A
			got = append(got, time.Since(start))
			interval *= 2
			return interval
		})
		s.Add(32*time.Second, func() time.Duration { return Done })
		for time.Since(start) < 32*time.Second {
			time.Sleep(s.Wait())
			s.Run()
		}
		want := []time.Duration{500 * ms, 1500 * ms, 3500 * ms, 7500 * ms, 15500 * ms, 31500 * ms}
		if !slices.Equal(got, want) {
			t.Fatalf("ran at %v, want %v", got, want)
		}
	})
}

func TestAllocations(t *testing.T) {
	clk := newClock()
	s := New(clk.now)
	f := func() time.Duration { return Done }
	again := func() time.Duration { return Again }
	for i := range 1000 {
		s.Add(time.Duration(i)*time.Second, again)
	}
	id := s.Add(0, f)
	s.Delete(id)
	for name, run := range map[string]func(){
		"add and delete": func() { s.Delete(s.Add(time.Minute, f)) },
		"add and run":    func() { s.Add(0, f); s.Run() },
		"repeat":         func() { clk.advance(time.Second); s.Run() },
		"when and wait":  func() { s.When(id); s.Wait() },
	} {
		if n := testing.AllocsPerRun(100, run); n != 0 {
			t.Errorf("%s: %v allocations, want 0", name, n)
		}
	}
}
