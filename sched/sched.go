// Package sched runs functions at times to come: an index heap of entries that
// are added, deleted and asked about by their ID, with a Wait that says how long
// until the next one and a Run that runs what is due.
//
// A Scheduler starts no goroutine and takes no lock: it belongs to the one
// goroutine that runs it, a loop that asks Wait how long it may sleep. It reads
// time from the function handed to New, which a test can drive; in a
// testing/synctest bubble time.Now is such a clock already. In steady state Add,
// Delete and Run allocate nothing.
package sched

import "time"

// ID names a scheduled function. It is never 0, so that 0 can mean "none", and
// it does not come to name another function when its place is used again.
type ID int64

// Callback is a scheduled function. It returns Done, Again, or the new interval
// after which it runs again under the same ID.
type Callback func() (again time.Duration)

// Done ends a scheduled function, Again repeats it with the interval it has.
const (
	Done  time.Duration = 0
	Again time.Duration = -1
)

// Slack is how early a function may run: what falls due within it runs together.
const Slack = time.Millisecond

// Scheduler holds functions with their times.
type Scheduler struct {
	now   func() time.Time
	epoch time.Time
	heap  []int32 // slots, the next one to run first
	slots []slot
	free  []int32
	added uint64
}

// slot holds one function. Its index plus the serial make the ID.
type slot struct {
	f        Callback
	interval time.Duration
	when     time.Duration // since the epoch
	order    uint64        // of adding
	serial   uint32        // counts the uses of this slot
	heap     int32         // index into the heap, or one of the states below
}

// States of a slot that is not in the heap.
const (
	unused  int32 = -1
	running int32 = -2
	deleted int32 = -3 // while it ran
)

// New returns an empty scheduler that reads time from now; nil is time.Now.
func New(now func() time.Time) *Scheduler {
	if now == nil {
		now = time.Now
	}
	return &Scheduler{now: now, epoch: now()}
}

// Now is the scheduler's clock.
func (s *Scheduler) Now() time.Time { return s.now() }

// Len is the number of functions that wait.
func (s *Scheduler) Len() int { return len(s.heap) }

func (s *Scheduler) elapsed() time.Duration { return s.now().Sub(s.epoch) }

// Add has f run in d from now. Functions for the same instant run in the order
// of adding. A negative d is now.
func (s *Scheduler) Add(d time.Duration, f Callback) ID {
	var i int32
	if n := len(s.free); n > 0 {
		i = s.free[n-1]
		s.free = s.free[:n-1]
	} else {
		i = int32(len(s.slots))
		s.slots = append(s.slots, slot{})
	}
	d = max(d, 0)
	p := &s.slots[i]
	p.f, p.interval = f, d
	p.serial = p.serial&(1<<31-1) + 1
	s.insert(i, s.elapsed()+d)
	return ID(int64(p.serial)<<32 | int64(i))
}

func (s *Scheduler) insert(i int32, when time.Duration) {
	s.added++
	p := &s.slots[i]
	p.when, p.order = when, s.added
	p.heap = int32(len(s.heap))
	s.heap = append(s.heap, i)
	s.up(int(p.heap))
}

// lookup returns the slot of id, nil when its function is gone.
func (s *Scheduler) lookup(id ID) *slot {
	i := int(uint32(id))
	if id <= 0 || i >= len(s.slots) {
		return nil
	}
	p := &s.slots[i]
	if p.serial != uint32(id>>32) || p.heap == unused || p.heap == deleted {
		return nil
	}
	return p
}

// Delete removes a function and reports whether it was there. A function that
// deletes itself while it runs does not run again, whatever it returns.
func (s *Scheduler) Delete(id ID) bool {
	p := s.lookup(id)
	if p == nil {
		return false
	}
	if p.heap == running {
		p.heap = deleted
		return true
	}
	s.remove(int(p.heap))
	s.release(int32(uint32(id)))
	return true
}

func (s *Scheduler) release(i int32) {
	p := &s.slots[i]
	p.f, p.heap = nil, unused
	s.free = append(s.free, i)
}

// When is how long until a function runs, 0 or less when it is due; it reports
// false for one that is gone or runs right now.
func (s *Scheduler) When(id ID) (time.Duration, bool) {
	p := s.lookup(id)
	if p == nil || p.heap == running {
		return 0, false
	}
	return p.when - s.elapsed(), true
}

// Wait is how long until the next function is due, 0 when one is, -1 when there
// is none.
func (s *Scheduler) Wait() time.Duration {
	if len(s.heap) == 0 {
		return -1
	}
	return max(s.slots[s.heap[0]].when-s.elapsed(), 0)
}

// Run runs what is due, or will be within Slack, in order of time, and returns
// how many it ran. What those functions add waits for the next Run. A function
// that repeats does so an interval after the time it was due, not after the time
// it ran. A panic passes through Run and ends the function it came from; the next
// Run continues.
func (s *Scheduler) Run() (n int) {
	due := s.elapsed() + Slack
	last := s.added
	for len(s.heap) > 0 {
		i := s.heap[0]
		p := &s.slots[i]
		if p.when > due || p.order > last {
			break
		}
		s.remove(0)
		s.call(i)
		n++
	}
	return n
}

// call runs the function of a slot that was taken off the heap.
func (s *Scheduler) call(i int32) {
	again := Done
	s.slots[i].heap = running
	defer func() {
		p := &s.slots[i] // the callback may have made the slots grow
		if p.heap == deleted || again == Done {
			s.release(i)
			return
		}
		if again > 0 {
			p.interval = again
		}
		s.insert(i, max(p.when+p.interval, s.elapsed()))
	}()
	again = s.slots[i].f()
}
