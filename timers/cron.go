package timers

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// cron is a line of a crontab without its command: five sets of numbers.
type cron struct {
	minute, hour, day, month, weekday uint64 // bit n is number n
	// anyDay and anyWeekday tell a star: the other one alone decides then.
	anyDay, anyWeekday bool
	// hourly tells a star for the hour: it runs by time that passes, not by what clocks
	// show.
	hourly bool
	zone   *time.Location
}

// nicknames stand for whole lines.
var nicknames = map[string]string{
	"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0", "@daily": "0 0 * * *",
	"@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}

// cronField is one of the five: its name, its numbers, and the words for them.
type cronField struct {
	name        string
	least, most int
	words       []string // from least on
}

var cronFields = [...]cronField{
	{"minute", 0, 59, nil},
	{"hour", 0, 23, nil},
	{"day of the month", 1, 31, nil},
	{"month", 1, 12, []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
	{"day of the week", 0, 7, []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
}

// ParseCron reads minute, hour, day of the month, month and day of the week as crontab
// has them: numbers, names of months and days, lists, ranges, steps, and @daily and
// its kin.
func ParseCron(text string, zone *time.Location) (Schedule, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	if line, ok := nicknames[text]; ok {
		text = line
	}
	fields := strings.Fields(text)
	if len(fields) != len(cronFields) {
		return nil, fmt.Errorf("five fields: minute, hour, day of the month, month, day of the week; here are %d", len(fields))
	}
	c := &cron{zone: zone}
	for i, set := range [...]*uint64{&c.minute, &c.hour, &c.day, &c.month, &c.weekday} {
		var err error
		if *set, err = cronFields[i].parse(fields[i]); err != nil {
			return nil, err
		}
	}
	c.weekday |= c.weekday >> 7 & 1 // 7 is Sunday too
	c.anyDay, c.anyWeekday = fields[2] == "*", fields[4] == "*"
	c.hourly = fields[1] == "*"
	return c, nil
}

// parse reads one field.
func (f *cronField) parse(text string) (set uint64, err error) {
	for part := range strings.SplitSeq(text, ",") {
		span, stepText, stepped := strings.Cut(part, "/")
		step := 1
		if stepped {
			if step, err = strconv.Atoi(stepText); err != nil || step < 1 || step > f.most {
				return 0, fmt.Errorf("a step from 1 to %d after the slash of the %s, not %q", f.most, f.name, stepText)
			}
		}
		first, last := f.least, f.most
		if span != "*" {
			from, to, ranged := strings.Cut(span, "-")
			if first, err = f.number(from); err != nil {
				return 0, err
			}
			switch {
			case ranged:
				if last, err = f.number(to); err != nil {
					return 0, err
				}
			case !stepped:
				last = first
			}
			if last < first {
				return 0, fmt.Errorf("a range of the %s that does not end before it begins, not %q", f.name, span)
			}
		}
		for n := first; n <= last; n += step {
			set |= 1 << n
		}
	}
	return set, nil
}

func (f *cronField) number(text string) (int, error) {
	for i, w := range f.words {
		if text == w {
			return f.least + i, nil
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < f.least || n > f.most {
		return 0, fmt.Errorf("a number from %d to %d for the %s, not %q", f.least, f.most, f.name, text)
	}
	return n, nil
}

// matches reports whether a day is one of those meant. As in crontab, either of day of
// the month and day of the week is enough where both are given.
func (c *cron) matches(d time.Time) bool {
	if c.month>>d.Month()&1 == 0 {
		return false
	}
	day, weekday := c.day>>d.Day()&1 != 0, c.weekday>>d.Weekday()&1 != 0
	if c.anyDay || c.anyWeekday {
		return day && weekday
	}
	return day || weekday
}

// farthest is how many days are looked through: 29 February can be eight years away.
const farthest = 8*366 + 1

// Next implements Schedule.
func (c *cron) Next(t time.Time) time.Time {
	y, m, d := t.In(c.zone).Date()
	for i := range farthest {
		// A day of the calendar, whatever its clocks do.
		day := time.Date(y, m, d+i, 0, 0, 0, 0, time.UTC)
		if !c.matches(day) {
			continue
		}
		find := c.byClock
		if c.hourly {
			find = c.byTime
		}
		if next := find(day, t); !next.IsZero() {
			return next
		}
	}
	return time.Time{}
}

// byClock is the first moment of a day after t at which clocks show one of the times:
// once where they show it twice, and when they are put forward where they skip it.
func (c *cron) byClock(day, t time.Time) time.Time {
	for hour := range 24 {
		if c.hour>>hour&1 == 0 {
			continue
		}
		for minute := range 60 {
			if c.minute>>minute&1 == 0 {
				continue
			}
			if at := wall(c.zone, day.Year(), day.Month(), day.Day(), hour, minute, 0); at.After(t) {
				return at
			}
		}
	}
	return time.Time{}
}

// byTime is the first moment of a day after t whose minute is one of those meant.
func (c *cron) byTime(day, t time.Time) time.Time {
	at := wall(c.zone, day.Year(), day.Month(), day.Day(), 0, 0, 0)
	if !at.After(t) {
		at = t.Truncate(time.Minute).Add(time.Minute).In(c.zone)
	}
	for ; at.Day() == day.Day(); at = at.Add(time.Minute) {
		if c.minute>>at.Minute()&1 != 0 {
			return at
		}
	}
	return time.Time{}
}
