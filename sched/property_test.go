package sched

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// model is the scheduler without a heap: a list that is searched.
type model struct {
	entries []modelEntry
	added   int
}

type modelEntry struct {
	id       ID
	when     time.Time
	interval time.Duration
	order    int
}

func (m *model) next() int {
	best := -1
	for i, e := range m.entries {
		if best < 0 || e.when.Before(m.entries[best].when) ||
			e.when.Equal(m.entries[best].when) && e.order < m.entries[best].order {
			best = i
		}
	}
	return best
}

func (m *model) index(id ID) int {
	return slices.IndexFunc(m.entries, func(e modelEntry) bool { return e.id == id })
}

// Whatever is added, deleted and run, the scheduler does what the list does.
func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clk := newClock()
		s := New(clk.now)
		m := &model{}
		again := make(map[ID]time.Duration)
		var ran []ID
		var every []ID
		seen := make(map[ID]bool)

		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				d := time.Duration(rapid.IntRange(-1, 8).Draw(t, "d")) * 500 * time.Microsecond
				var id ID
				id = s.Add(d, func() time.Duration { ran = append(ran, id); return again[id] })
				if id == 0 || seen[id] {
					t.Fatalf("ID %d is 0 or was used before", id)
				}
				seen[id] = true
				every = append(every, id)
				again[id] = time.Duration(rapid.IntRange(-1, 3).Draw(t, "again")) * time.Millisecond
				if again[id] < 0 {
					again[id] = Again
				}
				m.added++
				d = max(d, 0)
				m.entries = append(m.entries, modelEntry{id, clk.t.Add(d), d, m.added})
			},
			"delete": func(t *rapid.T) {
				if len(every) == 0 {
					t.Skip("nothing was added yet")
				}
				id := rapid.SampledFrom(every).Draw(t, "id")
				i := m.index(id)
				if got := s.Delete(id); got != (i >= 0) {
					t.Fatalf("Delete = %v, want %v", got, i >= 0)
				}
				if i >= 0 {
					m.entries = slices.Delete(m.entries, i, i+1)
				}
			},
			"run": func(t *rapid.T) {
				clk.advance(time.Duration(rapid.IntRange(0, 3000).Draw(t, "us")) * time.Microsecond)
				ran = ran[:0]
				n := s.Run()
				var want []ID
				due, last := clk.t.Add(Slack), m.added
				for {
					i := m.next()
					if i < 0 || m.entries[i].when.After(due) || m.entries[i].order > last {
						break
					}
					e := m.entries[i]
					want = append(want, e.id)
					m.entries = slices.Delete(m.entries, i, i+1)
					if again[e.id] == Done {
						continue
					}
					if again[e.id] > 0 {
						e.interval = again[e.id]
					}
					m.added++
					e.when, e.order = e.when.Add(e.interval), m.added
					if e.when.Before(clk.t) {
						e.when = clk.t
					}
					m.entries = append(m.entries, e)
				}
				if n != len(want) || !slices.Equal(ran, want) {
					t.Fatalf("ran %v, want %v", ran, want)
				}
			},
			"": func(t *rapid.T) {
				wait := time.Duration(-1)
				if i := m.next(); i >= 0 {
					wait = max(m.entries[i].when.Sub(clk.t), 0)
				}
				if s.Wait() != wait || s.Len() != len(m.entries) {
					t.Fatalf("Wait %v, Len %d; want %v, %d", s.Wait(), s.Len(), wait, len(m.entries))
				}
				for _, e := range m.entries {
					if d, ok := s.When(e.id); !ok || d != e.when.Sub(clk.t) {
						t.Fatalf("When(%d) = %v, %v; want %v", e.id, d, ok, e.when.Sub(clk.t))
					}
				}
				if err := s.check(); err != nil {
					t.Fatal(err)
				}
			},
		})
	})
}

// check reports what is wrong with the heap.
func (s *Scheduler) check() error {
	for at, i := range s.heap {
		if s.slots[i].heap != int32(at) {
			return fmt.Errorf("slot %d believes to be at %d and is at %d", i, s.slots[i].heap, at)
		}
		if at > 0 && s.less(i, s.heap[(at-1)/2]) {
			return fmt.Errorf("heap is out of order at %d", at)
		}
	}
	if len(s.heap)+len(s.free) != len(s.slots) {
		return fmt.Errorf("%d slots, %d in the heap, %d free", len(s.slots), len(s.heap), len(s.free))
	}
	return nil
}
