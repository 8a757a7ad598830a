package dialplan

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // zones are known on systems that have no files of them
)

// Timing is a set of times, as timed includes, GotoIfTime and IFTIME write it:
// times,weekdays,monthdays,months[,timezone].
type Timing struct {
	minutes  [24]uint64 // a bit a minute, an hour each
	weekdays uint
	days     uint
	months   uint
	zone     *time.Location // nil: as the time given
}

var (
	weekdayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	monthNames   = []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}
)

// ParseTiming reads a set of times. Fields are separated by "," or "|"; each is
// "*", or a list joined by "&" of single values and ranges, which may go past the
// end and begin anew. What does not read is skipped, and told in complaints: a
// blank before a name or "*" is enough for that, as in the field.
func ParseTiming(text string) (t *Timing, complaints []string) {
	t = &Timing{weekdays: 1<<7 - 1, days: 1<<31 - 1, months: 1<<12 - 1}
	complain := func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) }
	if commas := strings.Split(text, ","); len(commas) == 5 {
		name := strings.TrimSpace(commas[4])
		zone, err := time.LoadLocation(name)
		if err != nil {
			complain("unknown time zone %q", name)
			zone = time.UTC
		}
		if name != "" {
			t.zone = zone
		}
	}
	fields := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '|' })
	if strings.ContainsAny(text, ",|") { // empty fields count
		fields = strings.Split(strings.ReplaceAll(text, "|", ","), ",")
	}
	for i, f := range fields {
		if f == "" || f == "*" {
			if i == 0 {
				t.always()
			}
			continue
		}
		switch i {
		case 0:
			t.times(f, complain)
		case 1:
			t.weekdays = parseRange(f, 7, weekdayNames, "day of week", complain)
		case 2:
			t.days = parseRange(f, 31, nil, "day", complain)
		case 3:
			t.months = parseRange(f, 12, monthNames, "month", complain)
		}
	}
	if len(fields) == 0 {
		t.always()
	}
	return t, complaints
}

func (t *Timing) always() {
	for i := range t.minutes {
		t.minutes[i] = 1<<60 - 1
	}
}

func (t *Timing) times(field string, complain func(string, ...any)) {
	for part := range strings.SplitSeq(field, "&") {
		from, to, ranged := strings.Cut(part, "-")
		start, ok := parseMinute(from)
		if !ok {
			complain("%q is not a time", from)
			continue
		}
		stop := start
		if ranged {
			if stop, ok = parseMinute(strings.TrimLeftFunc(to, func(r rune) bool { return r < '0' || r > '9' })); !ok {
				complain("%q is not a time", to)
				continue
			}
		}
		for m := start; ; m = (m + 1) % (24 * 60) {
			t.minutes[m/60] |= 1 << (m % 60)
			if m == stop {
				break
			}
		}
	}
}

func parseMinute(s string) (int, bool) {
	hour, i, ok := scanDigits(s, 0)
	if !ok || i >= len(s) || s[i] != ':' {
		return 0, false
	}
	minute, _, ok := scanDigits(s, i+1)
	return hour*60 + minute, ok && hour < 24 && minute < 60
}

// scanDigits reads at most two digits after blanks.
func scanDigits(s string, i int) (n, next int, ok bool) {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
		i++
	}
	for count := 0; i < len(s) && count < 2 && s[i] >= '0' && s[i] <= '9'; i++ {
		n, ok = n*10+int(s[i]-'0'), true
		count++
	}
	return n, i, ok
}

func parseRange(field string, size int, names []string, what string, complain func(string, ...any)) (mask uint) {
	for part := range strings.SplitSeq(field, "&") {
		from, to, ranged := strings.Cut(part, "-")
		start, ok := parseName(from, size, names)
		if !ok {
			complain("%q is not a %s", from, what)
			continue
		}
		stop := start
		if ranged {
			if stop, ok = parseName(to, size, names); !ok {
				complain("%q is not a %s", to, what)
				continue
			}
		}
		for ; ; start = (start + 1) % size {
			mask |= 1 << start
			if start == stop {
				break
			}
		}
	}
	return mask
}

func parseName(s string, size int, names []string) (int, bool) {
	for i, n := range names {
		if strings.EqualFold(s, n) {
			return i, true
		}
	}
	n, _, ok := scanDigits(s, 0)
	return n - 1, ok && n >= 1 && n <= size
}

// Matches reports whether at is among the times.
func (t *Timing) Matches(at time.Time) bool {
	if t.zone != nil {
		at = at.In(t.zone)
	}
	return t.months&(1<<(at.Month()-1)) != 0 &&
		t.days&(1<<(at.Day()-1)) != 0 &&
		t.weekdays&(1<<at.Weekday()) != 0 &&
		t.minutes[at.Hour()]&(1<<at.Minute()) != 0
}
