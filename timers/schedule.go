package timers

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Schedule says when something is due. Times of day are those of the zone that it was
// made for.
type Schedule interface {
	// Next is the first moment after t; the zero Time is that none comes.
	Next(t time.Time) time.Time
}

// Union is due whenever one of its parts is.
type Union []Schedule

// Next implements Schedule.
func (u Union) Next(t time.Time) (first time.Time) {
	for _, s := range u {
		if n := s.Next(t); !n.IsZero() && (first.IsZero() || n.Before(first)) {
			first = n
		}
	}
	return first
}

// once is due at one moment.
type once time.Time

func (o once) Next(t time.Time) time.Time {
	if at := time.Time(o); at.After(t) {
		return at
	}
	return time.Time{}
}

// atForms are the ways to write a date with its time.
var atForms = []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04"}

var errAt = errors.New("a time such as 2026-12-24 08:00, or 08:00 for every day")

// ParseAt reads a date with a time of day, or a time of day, which is one of every day.
func ParseAt(text string, zone *time.Location) (Schedule, error) {
	text = strings.TrimSpace(text)
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return once(t), nil
	}
	for _, form := range atForms {
		if t, err := time.Parse(form, text); err == nil {
			return once(wall(zone, t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second())), nil
		}
	}
	if t, err := time.Parse("15:04", text); err == nil {
		return ParseCron(fmt.Sprintf("%d %d * * *", t.Minute(), t.Hour()), zone)
	}
	return nil, errAt
}

// interval is due at the multiples of itself since 1970-01-01 00:00 UTC.
type interval time.Duration

func (i interval) Next(t time.Time) time.Time {
	step := int64(i) / int64(time.Second)
	n := t.Unix() / step * step
	return time.Unix(n+step, 0).In(t.Location())
}

// longest is the longest interval, a year.
const longest = 366 * 24 * time.Hour

var errEvery = errors.New("a time from 1s to 366d such as 90, 15m, 1h30m or 2d")

// ParseEvery reads an interval: seconds, or numbers with units.
func ParseEvery(text string) (Schedule, error) {
	text = strings.ToLower(strings.Join(strings.Fields(text), ""))
	d, err := parseDuration(text)
	if err != nil || d < time.Second || d > longest || d%time.Second != 0 {
		return nil, errEvery
	}
	return interval(d), nil
}

// parseDuration is time.ParseDuration that knows days, and seconds without a unit.
func parseDuration(text string) (time.Duration, error) {
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(n) * time.Second, nil
	}
	days, rest, ok := strings.Cut(text, "d")
	if !ok {
		return time.ParseDuration(text)
	}
	n, err := strconv.ParseUint(days, 10, 10)
	if err != nil || rest == "" {
		return time.Duration(n) * 24 * time.Hour, err
	}
	d, err := time.ParseDuration(rest)
	return time.Duration(n)*24*time.Hour + d, err
}

// wall is the moment when the clocks of a zone show a time. Of two, when clocks are
// put back, it is the first; where there is none, when they are put forward, it is the
// moment at which they are.
func wall(zone *time.Location, y int, m time.Month, d, hour, minute, second int) time.Time {
	shown := time.Date(y, m, d, hour, minute, second, 0, time.UTC)
	const far = 24 * time.Hour // no zone changes twice in two days
	var found time.Time
	var before time.Time
	for i, near := range [...]time.Time{shown.Add(-far), shown.Add(far)} {
		_, offset := near.In(zone).Zone()
		t := shown.Add(-time.Duration(offset) * time.Second).In(zone)
		if i == 0 {
			before = t
		}
		_, there := t.Zone()
		if there == offset && (found.IsZero() || t.Before(found)) {
			found = t
		}
	}
	if found.IsZero() {
		// By the offset from before the change it lies after it.
		found, _ = before.ZoneBounds()
	}
	return found
}
