// Package toll keeps calls to numbers that cost much within bounds: how many minutes a
// day a device, and all of them together, may spend on them, and at what hours. Whoever
// has stolen a password is after those numbers, at night.
//
// It reads no clock and does no I/O; the monitor loop of the SIP driver owns a Meter.
package toll

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Rules say what costs and how much of it may be.
type Rules struct {
	// Prefixes are the beginnings of numbers that cost, Free those of numbers that do
	// not all the same; the longest that fits decides.
	Prefixes, Free []string
	// Total is how long all devices together may talk to such numbers in a day, 0 for
	// without end.
	Total time.Duration
	// Hours are when such numbers may be called at all; none is always.
	Hours []Hours
}

// Costs reports whether a number costs. Punctuation in it does not count.
func (r *Rules) Costs(number string) bool {
	if len(r.Prefixes) == 0 {
		return false
	}
	number = strings.Map(func(c rune) rune {
		if strings.ContainsRune("()-. /", c) {
			return -1
		}
		return c
	}, number)
	longest, costs := -1, false
	for _, list := range [...]struct {
		prefixes []string
		costs    bool
	}{{r.Prefixes, true}, {r.Free, false}} {
		for _, p := range list.prefixes {
			if len(p) > longest && strings.HasPrefix(number, p) {
				longest, costs = len(p), list.costs
			}
		}
	}
	return costs
}

// Open reports whether such numbers may be called at a time.
func (r *Rules) Open(now time.Time) bool {
	for _, h := range r.Hours {
		if h.contains(now) {
			return true
		}
	}
	return len(r.Hours) == 0
}

// ParsePrefixes reads a list such as "00, +, !0049, !+49".
func ParsePrefixes(s string) (prefixes, free []string, err error) {
	for w := range strings.SplitSeq(s, ",") {
		if w = strings.TrimSpace(w); w == "" {
			continue
		}
		p, isFree := strings.CutPrefix(w, "!")
		if p == "" || strings.Trim(p, "+0123456789*#ABCDabcd") != "" {
			return nil, nil, fmt.Errorf("%q is not the beginning of a number", w)
		}
		if isFree {
			free = append(free, p)
		} else {
			prefixes = append(prefixes, p)
		}
	}
	return prefixes, free, nil
}

// Hours are a time of the day on some days of the week, in local time.
type Hours struct {
	from, to int // minutes since midnight; to is not in it, and may be past midnight
	days     [7]bool
}

func (h Hours) contains(now time.Time) bool {
	minute := now.Hour()*60 + now.Minute()
	today := int(now.Weekday())
	if h.from < h.to {
		return h.days[today] && h.from <= minute && minute < h.to
	}
	return h.days[today] && minute >= h.from || h.days[(today+6)%7] && minute < h.to
}

var dayNames = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func dayNumber(s string) (int, bool) {
	for i, name := range dayNames {
		if strings.EqualFold(strings.TrimSpace(s), name) {
			return i, true
		}
	}
	return 0, false
}

// ParseHours reads "08:00-18:00" with days after it, such as "08:00-18:00 mon-fri sat";
// several are divided by commas.
func ParseHours(s string) (list []Hours, err error) {
	for part := range strings.SplitSeq(s, ",") {
		words := strings.Fields(part)
		if len(words) == 0 {
			continue
		}
		var h Hours
		from, to, ok := strings.Cut(words[0], "-")
		if !ok || !clock(from, &h.from) || !clock(to, &h.to) || h.from == h.to {
			return nil, fmt.Errorf("%q is not a time such as 08:00-18:00", words[0])
		}
		for _, w := range words[1:] {
			first, last, ranged := strings.Cut(w, "-")
			a, ok := dayNumber(first)
			b := a
			if ok && ranged {
				b, ok = dayNumber(last)
			}
			if !ok {
				return nil, fmt.Errorf("%q is no day such as mon or mon-fri", w)
			}
			for ; ; a = (a + 1) % 7 {
				h.days[a] = true
				if a == b {
					break
				}
			}
		}
		if len(words) == 1 {
			h.days = [7]bool{true, true, true, true, true, true, true}
		}
		list = append(list, h)
	}
	return list, nil
}

func clock(s string, minutes *int) bool {
	hours, rest, ok := strings.Cut(s, ":")
	h, err := strconv.Atoi(hours)
	m, err2 := strconv.Atoi(rest)
	*minutes = h*60 + m
	return ok && err == nil && err2 == nil && h >= 0 && m >= 0 && m < 60 && *minutes <= 24*60
}
