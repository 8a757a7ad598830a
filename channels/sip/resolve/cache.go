package resolve

import (
	"errors"
	"time"
)

// Cache keeps answers. It is told the time.
type Cache struct {
	// MaxTTL bounds how long an answer holds, 0 leaves it to its TTL.
	MaxTTL  time.Duration
	entries map[Question]*entry
}

type entry struct {
	answer Answer
	until  time.Time // it counts as it is
	stale  time.Time // it counts while the DNS does not answer
}

const (
	// minTTL keeps a TTL of 0 from asking for every request of a call.
	minTTL = time.Second
	maxTTL = 24 * time.Hour
	// maxNone bounds how long a name is believed not to exist (RFC 2308 5).
	maxNone = 5 * time.Minute
	// deadRetry is how long the DNS is not asked again what it did not answer, and
	// staleFor how long the last good answer serves then (RFC 8767 5).
	deadRetry = 30 * time.Second
	failRetry = 5 * time.Second
	staleFor  = 72 * time.Hour

	maxEntries = 4096
)

// Freshness says what an answer of a Cache is worth.
type Freshness uint8

// An answer is not there, has outlived its TTL, has done so just now, or holds. A
// recent one may be used at once, a stale one when no newer one comes (RFC 8767).
const (
	Missing Freshness = iota
	Stale
	Recent
	Fresh
)

// recent is how long after its TTL an answer is not doubted yet.
const recent = time.Minute

// Get returns the answer to a question as it stands.
func (c *Cache) Get(q Question, now time.Time) (Answer, Freshness) {
	e := c.entries[q]
	if e == nil {
		return Answer{}, Missing
	}
	a := e.answer
	a.TTL = minTTL
	switch {
	case now.Before(e.until):
		a.TTL = e.until.Sub(now)
		return a, Fresh
	case !now.Before(e.stale):
		return Answer{}, Missing
	case now.Before(e.until.Add(recent)):
		return a, Recent
	}
	return a, Stale
}

// Put keeps an answer and returns the one that counts: when the DNS did not
// answer, the last good one.
func (c *Cache) Put(q Question, a Answer, now time.Time) Answer {
	if a.Local {
		return a
	}
	if c.entries == nil {
		c.entries = make(map[Question]*entry)
	}
	switch {
	case a.Err == nil:
		a.TTL = min(max(a.TTL, minTTL), maxTTL)
		if c.MaxTTL > 0 {
			a.TTL = min(a.TTL, c.MaxTTL)
		}
		c.set(q, &entry{a, now.Add(a.TTL), now.Add(a.TTL + staleFor)}, now)
	case errors.Is(a.Err, ErrNone):
		a.TTL = min(max(a.TTL, minTTL), maxNone)
		e := &entry{a, now.Add(a.TTL), now}
		if q.Kind == SRV || q.Kind == NAPTR { // a host without them is found
			e.stale = now.Add(a.TTL + staleFor)
		}
		c.set(q, e, now)
	default:
		if e := c.entries[q]; e != nil && now.Before(e.stale) {
			e.until = now.Add(deadRetry)
			a = e.answer
			a.TTL = deadRetry
			return a
		}
		a.TTL = failRetry
		c.set(q, &entry{a, now.Add(failRetry), now}, now)
	}
	return a
}

// set makes room where there is none.
func (c *Cache) set(q Question, e *entry, now time.Time) {
	if len(c.entries) >= maxEntries && c.entries[q] == nil {
		for k, old := range c.entries {
			if !now.Before(old.until) {
				delete(c.entries, k)
			}
		}
		for k := range c.entries {
			if len(c.entries) < maxEntries {
				break
			}
			delete(c.entries, k)
		}
	}
	c.entries[q] = e
}

// Expire has every answer outlive its TTL now: it is asked for anew, and serves until
// there is another one.
func (c *Cache) Expire(now time.Time) {
	for _, e := range c.entries {
		if e.until.After(now) {
			e.until = now
		}
	}
}

// Len is how many answers are kept.
func (c *Cache) Len() int { return len(c.entries) }

// Clear forgets everything.
func (c *Cache) Clear() { clear(c.entries) }
