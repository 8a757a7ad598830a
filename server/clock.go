package server

import (
	"sync/atomic"
	"time"
)

// systemClock is time.Now at half the price: the system's time of day is asked for once
// a second, and how long ago that was otherwise. Every event has its time, and a dialplan
// makes two a priority.
type systemClock struct{ asked atomic.Pointer[time.Time] }

func newSystemClock() *systemClock {
	c := new(systemClock)
	c.ask()
	return c
}

func (c *systemClock) ask() time.Time {
	now := time.Now()
	c.asked.Store(&now)
	return now
}

// Now is the time; a system clock that is set is followed within a second.
func (c *systemClock) Now() time.Time {
	asked := *c.asked.Load()
	ago := time.Since(asked) // reads the monotonic clock only
	if ago >= time.Second {
		return c.ask()
	}
	return asked.Add(ago)
}
