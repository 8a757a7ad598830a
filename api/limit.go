package api

import (
	"math"
	"sync"
	"time"
)

// limiter is a token bucket a client: so many a second, and a burst at once.
type limiter struct {
	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	left float64
	at   time.Time
}

// maxBuckets bounds the clients that are remembered; a full bucket is forgotten first.
const maxBuckets = 10_000

// take takes one out of a client's bucket. Where it is empty wait says how long it
// takes until it is not.
func (l *limiter) take(client string, rate, burst float64, now time.Time) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.fill(client, rate, burst, now)
	if b.left < 1 {
		return time.Duration((1 - b.left) / rate * float64(time.Second)), false
	}
	b.left--
	return 0, true
}

// empty reports whether a client's bucket is empty, and takes nothing.
func (l *limiter) empty(client string, rate, burst float64, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buckets[client] != nil && l.fill(client, rate, burst, now).left < 1
}

// fill is the bucket of a client with what has come into it since it was used.
func (l *limiter) fill(client string, rate, burst float64, now time.Time) *bucket {
	most := math.Max(burst, 1)
	b := l.buckets[client]
	if b == nil {
		if l.buckets == nil {
			l.buckets = make(map[string]*bucket)
		}
		if len(l.buckets) >= maxBuckets {
			l.forget(now)
		}
		b = &bucket{left: most, at: now}
		l.buckets[client] = b
	}
	b.left = math.Min(most, b.left+now.Sub(b.at).Seconds()*rate)
	b.at = now
	return b
}

// forget drops who has not asked for a minute, all where nobody has.
func (l *limiter) forget(now time.Time) {
	for client, b := range l.buckets {
		if now.Sub(b.at) > time.Minute {
			delete(l.buckets, client)
		}
	}
	if len(l.buckets) >= maxBuckets {
		clear(l.buckets)
	}
}
