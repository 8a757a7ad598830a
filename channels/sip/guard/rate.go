package guard

import "time"

// Rate counts what happened within the last minute, up to the limit that it is
// asked about.
type Rate struct {
	at   []time.Time // the last of them, a ring once it is full
	next int         // the oldest, in a full ring
}

// MaxRate bounds the limit of a Rate.
const MaxRate = 100_000

// Take notes one more, unless there were limit of them within a minute, and
// returns how many there are. A limit of 0 is none, and nothing is noted.
func (r *Rate) Take(limit int, now time.Time) (n int, ok bool) {
	if limit <= 0 {
		*r = Rate{}
		return 0, true
	}
	if limit < len(r.at) || limit > len(r.at) && r.next != 0 { // another limit than before
		ordered := append(append(make([]time.Time, 0, limit), r.at[r.next:]...), r.at[:r.next]...)
		r.at, r.next = ordered[max(0, len(ordered)-limit):], 0
	}
	full := len(r.at) == limit
	if full && now.Sub(r.at[r.next]) < time.Minute {
		return limit, false
	}
	if full {
		r.at[r.next] = now
		r.next = (r.next + 1) % limit
	} else {
		r.at = append(r.at, now)
	}
	for _, t := range r.at {
		if now.Sub(t) < time.Minute {
			n++
		}
	}
	return n, true
}
