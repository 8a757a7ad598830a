package dryrun

import (
	"fmt"
	"strings"
	"time"
)

// ParseMoment reads when a call is made: "18:05", "Mon 18:05", "24 Dec 18:05",
// "2026-12-24 18:05", "2026-12-24 18:05:30" or "now". What is left out is taken from
// now, and a day of the week or of the year is the next one, today included.
func ParseMoment(text string, now time.Time) (time.Time, error) {
	text = strings.Join(strings.Fields(text), " ")
	if text == "" || strings.EqualFold(text, "now") {
		return now, nil
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006/01/02 15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return t, nil
		}
	}
	at := func(day time.Time, clock time.Time) time.Time {
		return time.Date(day.Year(), day.Month(), day.Day(), clock.Hour(), clock.Minute(), clock.Second(), 0, now.Location())
	}
	for _, layout := range []string{"15:04:05", "15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			return at(now, t), nil
		}
	}
	day, clock, _ := strings.Cut(text, " ")
	for _, layout := range []string{"15:04:05", "15:04"} {
		t, err := time.Parse(layout, clock)
		if err != nil {
			continue
		}
		for d := range 7 {
			date := now.AddDate(0, 0, d)
			if name := date.Weekday().String(); len(day) >= 3 && len(day) <= len(name) && strings.EqualFold(name[:len(day)], day) {
				return at(date, t), nil
			}
		}
	}
	for _, layout := range []string{"2 Jan 15:04", "Jan 2 15:04", "2 January 15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			date := time.Date(now.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), 0, 0, now.Location())
			if date.YearDay() < now.YearDay() {
				date = date.AddDate(1, 0, 0)
			}
			return date, nil
		}
	}
	return now, fmt.Errorf("%q is not a moment such as 18:05, Mon 18:05, 24 Dec 18:05 or 2026-12-24 18:05", text)
}
