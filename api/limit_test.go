package api

import (
	"fmt"
	"testing"
	"time"
)

// TestLimiter: a burst, then so many a second, each client for itself.
func TestLimiter(t *testing.T) {
	var l limiter
	now := time.Unix(1_700_000_000, 0)
	took := func(client string, n int) (got int) {
		for range n {
			if _, ok := l.take(client, 10, 20, now); ok {
				got++
			}
		}
		return got
	}
	if n := took("a", 100); n != 20 {
		t.Errorf("a burst of %d", n)
	}
	wait, ok := l.take("a", 10, 20, now)
	if ok || wait != 100*time.Millisecond {
		t.Errorf("after it: wait %v", wait)
	}
	if n := took("b", 5); n != 5 {
		t.Errorf("another client took %d", n)
	}
	now = now.Add(time.Second)
	if n := took("a", 100); n != 10 {
		t.Errorf("%d in the next second", n)
	}
	if !l.empty("a", 10, 20, now) || l.empty("b", 10, 20, now) || l.empty("nobody", 10, 20, now) {
		t.Error("empty is wrong")
	}
	for i := range 3 * maxBuckets {
		l.take(fmt.Sprint(i), 10, 20, now)
	}
	if n := len(l.buckets); n > maxBuckets {
		t.Errorf("%d clients are remembered", n)
	}
}

// TestNonces: a nonce is good for rising counts, for a while, and there are not too many.
func TestNonces(t *testing.T) {
	var n nonces
	now := time.Unix(1_700_000_000, 0)
	random := zeroes{}
	a := n.make(&random, now)
	for _, tt := range []struct {
		count uint32
		want  bool
	}{{0, false}, {1, true}, {1, false}, {3, true}, {2, false}} {
		if got := n.use(a, tt.count, now); got != tt.want {
			t.Errorf("count %d: %v", tt.count, got)
		}
	}
	if n.use("made up", 1, now) {
		t.Error("a nonce of somebody else is taken")
	}
	if n.use(a, 4, now.Add(nonceTime+time.Second)) {
		t.Error("an old nonce is taken")
	}
	for range 3 * maxNonces {
		n.make(&random, now)
	}
	if len(n.last) > maxNonces {
		t.Errorf("%d nonces are kept", len(n.last))
	}
	if !n.use(a, 5, now) {
		t.Error("a flood of questions drove out a nonce that is in use")
	}
}

// zeroes counts instead of throwing dice.
type zeroes struct{ n uint64 }

func (z *zeroes) Read(b []byte) (int, error) {
	z.n++
	for i := range b {
		b[i] = byte(z.n >> (8 * (i % 8)))
	}
	return len(b), nil
}
