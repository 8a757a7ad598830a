package server

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestSystemClock: it is the time, between the seconds too, and asking it costs no memory.
func TestSystemClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newSystemClock()
		for _, d := range []time.Duration{0, time.Nanosecond, time.Millisecond, time.Second - 1, time.Second, time.Hour, time.Second / 2} {
			time.Sleep(d)
			if got, want := c.Now(), time.Now(); !got.Equal(want) || got.Location() != want.Location() {
				t.Errorf("%v later it says %v, want %v", d, got, want)
			}
		}
		if n := testing.AllocsPerRun(100, func() { c.Now() }); n > 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

// The system is asked once a second.
func TestSystemClockAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newSystemClock()
		asked, last := 0, c.asked.Load()
		for range 100 {
			time.Sleep(70 * time.Millisecond)
			c.Now()
			if p := c.asked.Load(); p != last {
				asked, last = asked+1, p
			}
		}
		if asked != 6 { // in 7 s, every 15th of 70 ms
			t.Errorf("asked %d times", asked)
		}
	})
}
