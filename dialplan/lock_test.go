package dialplan

import (
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
)

func TestLocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l Locks
		a, b := new(channel.Channel), new(channel.Channel)
		for range 2 {
			if !l.Lock(a, "x", 0) {
				t.Fatal("a does not get what is free, or what it has")
			}
		}
		start := time.Now()
		if l.Lock(b, "x", 3*time.Second) || time.Since(start) != 3*time.Second {
			t.Errorf("b got it, or did not wait: %v", time.Since(start))
		}
		if l.Unlock(b, "x") {
			t.Error("b gave back what it does not have")
		}
		got := make(chan time.Duration)
		go func() {
			l.Lock(b, "x", time.Minute)
			got <- time.Since(start)
		}()
		time.Sleep(time.Second)
		l.Unlock(a, "x")
		time.Sleep(time.Second)
		l.Unlock(a, "x")
		if at := <-got; at != 5*time.Second {
			t.Errorf("b got it after %v, not when a gave it back twice", at)
		}
		l.release(b)
		if !l.Lock(a, "x", 0) {
			t.Error("a channel that is over still has it")
		}
	})
}
