package manager

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestOutbox: what a connection takes at once and what it does not comes in order and
// once, however much it takes at a time, and a text may be changed when push has returned.
func TestOutbox(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		var want, got []byte
		o := newOutbox()
		o.now = func(b []byte) int {
			n := min(random.IntN(12), len(b))
			got = append(got, b[:n]...)
			return n
		}
		var text []byte
		for range 50 {
			text = text[:0]
			for range random.IntN(10) {
				text = append(text, byte(random.IntN(256)))
			}
			want = append(want, text...)
			if !o.push(text) {
				t.Fatal("no room")
			}
			if random.IntN(3) == 0 { // the writer comes by
				waits, _ := o.take()
				got = append(got, waits...)
				if random.IntN(2) == 0 {
					waits, _ = o.take()
					got = append(got, waits...)
				}
			}
		}
		waits, _ := o.take()
		if got = append(got, waits...); !bytes.Equal(got, want) {
			t.Fatalf("seed %d: written\n%x, want\n%x", seed, got, want)
		}
	}
}

// TestOutboxBusy: nothing passes a text that the writer is at.
func TestOutboxBusy(t *testing.T) {
	var written string
	o := newOutbox()
	o.push([]byte("first "))
	o.now = func(b []byte) int { written += string(b); return len(b) }
	first, _ := o.take()
	o.push([]byte("second "))
	written += string(first)
	second, _ := o.take()
	written += string(second)
	o.push([]byte("third ")) // the writer is at the second
	third, _ := o.take()
	written += string(third)
	if _, done := o.take(); done {
		t.Error("it is over before the end")
	}
	o.push([]byte("fourth"))
	o.end()
	o.push([]byte("late"))
	if rest, done := o.take(); len(rest) > 0 || !done || written != "first second third fourth" {
		t.Errorf("written %q, then %q, over: %v", written, rest, done)
	}
}

// TestOutboxBound: who does not read has no more kept for him than the bound.
func TestOutboxBound(t *testing.T) {
	o := newOutbox()
	text := bytes.Repeat([]byte("x"), maxWaiting/4)
	for range 4 {
		if !o.push(text) {
			t.Fatal("refused what there is room for")
		}
	}
	if o.push([]byte("x")) {
		t.Error("takes more than the bound")
	}
}
