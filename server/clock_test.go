package server

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestSystemClock: it tells what time.Now does, and asks for it once a second.
func TestSystemClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newSystemClock()
		asked := 0
		last := c.asked.Load()
		for range 100 {
			time.Sleep(70 * time.Millisecond)
			if now, want := c.Now(), time.Now(); !now.Equal(want) || now.Sub(want) != 0 {
				t.Errorf("%v at %v", now, want)
			}
			if p := c.asked.Load(); p != last {
				asked, last = asked+1, p
			}
		}
		if asked != 6 { // in 7 s, every 15th of 70 ms
			t.Errorf("asked %d times", asked)
		}
	})
}
