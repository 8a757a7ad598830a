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
