package apps

import (
	"testing"
	"time"
)

func TestDuration(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"5": 5 * time.Second, "0.2": 200 * time.Millisecond, ".5": 500 * time.Millisecond, " 1.5 ": 1500 * time.Millisecond,
		"2h": 2 * time.Hour, "2 H": 2 * time.Hour, "3m": 3 * time.Minute, "3min": 3 * time.Second, "40ms": 40 * time.Millisecond,
		"7s": 7 * time.Second, "7 bananas": 7 * time.Second, "99999999999999": maxTime,
		"": -1, "abc": -1, "-3": -1, ".": -1,
	} {
		if got, ok := duration(in); ok != (want >= 0) || ok && got != want {
			t.Errorf("%q: %v %v, want %v", in, got, ok, want)
		}
	}
}
