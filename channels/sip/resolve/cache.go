package resolve

import (
	"errors"
	"time"
)

// Cache keeps answers. It is told the time.
type Cache struct {
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

// An answer is not there, has outlived its TTL, or holds.
const (
	Missing Freshness = iota
	Stale
	Fresh
)

// Get returns the answer to a question as it stands.
func (c *Cache) Get(q Question, now time.Time) (Answer, Freshness) {
	e := c.entries[q]
	switch {
	case e == nil:
		return Answer{}, Missing
	case now.Before(e.until):
		a := e.answer
		a.TTL = e.until.Sub(now)
		return a, Fresh
	case e.answer.Err == nil && now.Before(e.stale):
		a := e.answer
		a.TTL = minTTL
		return a, Stale
	}
	return Answer{}, Missing
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
		c.set(q, &entry{a, now.Add(a.TTL), now.Add(a.TTL + staleFor)}, now)
	case errors.Is(a.Err, ErrNone):
		a.TTL = min(max(a.TTL, minTTL), maxNone)
		c.set(q, &entry{a, now.Add(a.TTL), now}, now)
	default:
		if e := c.entries[q]; e != nil && e.answer.Err == nil && now.Before(e.stale) {
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

// Len is how many answers are kept.
func (c *Cache) Len() int { return len(c.entries) }

// Clear forgets everything.
func (c *Cache) Clear() { clear(c.entries) }
