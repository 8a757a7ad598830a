package channel

import (
	"sync"
	"time"

	"pbx/sched"
)

// Virtual is time that passes only when nobody has anything to do: a call of an
// hour is over in a millisecond, the same way each time. Dry runs use it.
//
// It knows of the goroutines that Registry.Go started and has one of them run at a
// time, in the order in which they were given something to do. When all of them
// wait, on channels of the registry, the clock goes to the next moment at which
// something happens.
type Virtual struct {
	// Idle is called when everybody waits and nothing will happen any more, or not
	// for longer than Horizon. It may queue frames.
	Idle func()
	// Horizon is how long nothing may happen before Idle is called; 0 is for ever.
	Horizon time.Duration

	mu        sync.Mutex
	at        time.Time
	sched     *sched.Scheduler
	due       []func()
	busy      bool            // a goroutine runs
	advancing bool            // somebody lets the time pass
	ready     []chan struct{} // of those who have something to do
	blocked   map[chan struct{}]bool
}

// NewVirtual is a clock that stands at a moment.
func NewVirtual(start time.Time) *Virtual {
	v := &Virtual{at: start, blocked: make(map[chan struct{}]bool)}
	v.sched = sched.New(func() time.Time { return v.at })
	return v
}

// Now is the moment at which the clock stands.
func (v *Virtual) Now() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.at
}

// AfterFunc has f run in d, on whatever goroutine lets the time pass, and returns
// what takes it back.
func (v *Virtual) AfterFunc(d time.Duration, f func()) (stop func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	id := v.sched.Add(d, func() time.Duration {
		v.due = append(v.due, f)
		return sched.Done
	})
	return func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.sched.Delete(id)
	}
}

// start runs f on a goroutine that the clock knows of.
func (v *Virtual) start(f func()) {
	turn := make(chan struct{}, 1)
	go func() {
		<-turn
		defer v.rest()
		f()
	}()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ready = append(v.ready, turn)
	v.next()
}

// rest ends the turn of the goroutine that runs.
func (v *Virtual) rest() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.busy = false
	v.next()
}

// notify says that the goroutine that waits on wake has something to do.
func (v *Virtual) notify(wake chan struct{}) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.blocked[wake] {
		delete(v.blocked, wake)
		v.ready = append(v.ready, wake)
		v.next()
	}
}

// waitAny is WaitAny in virtual time.
func (v *Virtual) waitAny(d time.Duration, w *waiter, chans []*Channel) (i int, f Frame, err error) {
	came := v.wait(d, w.wake, func() (ok bool) {
		i, f, err, ok = pollAny(chans)
		return ok
	})
	if !came {
		return -1, Frame{}, ErrTimeout
	}
	return i, f, err
}

// wait ends the turn of the goroutine that runs until came is true, looked at whenever
// wake is told, or d is over unless that is negative. It reports whether it came true.
func (v *Virtual) wait(d time.Duration, wake chan struct{}, came func() bool) bool {
	expired := false // guarded by mu
	if d >= 0 {
		stop := v.AfterFunc(d, func() {
			v.mu.Lock()
			expired = true
			v.mu.Unlock()
			v.notify(wake)
		})
		defer stop()
	}
	for {
		v.mu.Lock()
		if came() {
			v.mu.Unlock()
			return true
		}
		if expired {
			v.mu.Unlock()
			return false
		}
		v.blocked[wake] = true
		v.busy = false
		v.next()
		v.mu.Unlock()
		<-wake
	}
}

// next gives the turn to whoever has something to do, or lets the time pass until
// somebody has. v.mu is held, and given back while what is due happens.
func (v *Virtual) next() {
	if v.busy || v.advancing {
		return
	}
	v.advancing = true
	defer func() { v.advancing = false }()
	idled := false
	for {
		if len(v.ready) > 0 {
			turn := v.ready[0]
			v.ready = v.ready[1:]
			v.busy = true
			turn <- struct{}{}
			return
		}
		d := v.sched.Wait()
		if far := d < 0 || v.Horizon > 0 && d > v.Horizon; far && !idled && v.Idle != nil && len(v.blocked) > 0 {
			idled = true
			v.unlocked(v.Idle)
			continue
		}
		if d < 0 {
			return
		}
		v.at = v.at.Add(d)
		v.sched.Run()
		due := v.due
		v.due = nil
		for _, f := range due {
			v.unlocked(f)
		}
	}
}

func (v *Virtual) unlocked(f func()) {
	v.mu.Unlock()
	defer v.mu.Lock()
	f()
}
