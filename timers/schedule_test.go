package timers

import (
	"strings"
	"testing"
	"time"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	l, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// parse reads "at …", "every …" or "cron …".
func parse(text string, l *time.Location) (Schedule, error) {
	kind, text, _ := strings.Cut(text, " ")
	switch kind {
	case "at":
		return ParseAt(text, l)
	case "every":
		return ParseEvery(text)
	}
	return ParseCron(text, l)
}

func TestNext(t *testing.T) {
	const stamp = "2006-01-02 15:04:05 MST"
	for _, c := range []struct{ name, zone, schedule, from, want string }{
		{"a date", "Europe/Vienna", "at 2026-12-24 08:00", "2026-12-01 00:00", "2026-12-24 08:00:00 CET"},
		{"a date with a zone of its own", "Europe/Vienna", "at 2026-12-24T08:00:00+05:00", "2026-12-01 00:00", "2026-12-24 04:00:00 CET"},
		{"a date comes once", "Europe/Vienna", "at 2026-12-24 08:00", "2026-12-24 08:00", ""},
		{"a time of every day", "Europe/Vienna", "at 08:00", "2026-12-24 08:00", "2026-12-25 08:00:00 CET"},
		{"every quarter of an hour", "Europe/Vienna", "every 15m", "2026-12-24 08:01", "2026-12-24 08:15:00 CET"},
		{"seconds", "Europe/Vienna", "every 90", "2026-12-24 08:00", "2026-12-24 08:01:30 CET"},
		{"days and hours", "UTC", "every 1d12h", "1970-01-01 00:00", "1970-01-02 12:00:00 UTC"},
		{"cron", "Europe/Vienna", "cron 30 8 * * mon-fri", "2026-11-27 08:30", "2026-11-30 08:30:00 CET"},
		{"steps", "Europe/Vienna", "cron */20 8-9 * * *", "2026-11-27 08:41", "2026-11-27 09:00:00 CET"},
		{"a step from a number", "Europe/Vienna", "cron 5/20 * * * *", "2026-11-27 08:26", "2026-11-27 08:45:00 CET"},
		{"either day will do", "Europe/Vienna", "cron 0 0 13 * fri", "2026-11-07 00:00", "2026-11-13 00:00:00 CET"},
		{"Sunday is 7 too", "Europe/Vienna", "cron 0 0 * * 7", "2026-11-27 08:00", "2026-11-29 00:00:00 CET"},
		{"29 February", "UTC", "cron 0 0 29 feb *", "2096-03-01 00:00", "2104-02-29 00:00:00 UTC"},
		{"never", "UTC", "cron 0 0 30 feb *", "2026-01-01 00:00", ""},
		{"a nickname", "UTC", "cron @monthly", "2026-12-02 00:00", "2027-01-01 00:00:00 UTC"},

		// Clocks go forward on 2026-03-29 from 02:00 to 03:00.
		{"a skipped time is when clocks go forward", "Europe/Vienna", "cron 30 2 * * *", "2026-03-29 00:00", "2026-03-29 03:00:00 CEST"},
		{"two skipped times are one", "Europe/Vienna", "cron 10,30 2 * * *", "2026-03-29 03:00", "2026-03-30 02:10:00 CEST"},
		{"a skipped date", "Europe/Vienna", "at 2026-03-29 02:15", "2026-03-28 00:00", "2026-03-29 03:00:00 CEST"},
		{"every hour goes on", "Europe/Vienna", "cron 30 * * * *", "2026-03-29 01:30", "2026-03-29 03:30:00 CEST"},
		// They go back on 2026-10-25 from 03:00 to 02:00.
		{"a time shown twice is the first", "Europe/Vienna", "cron 30 2 * * *", "2026-10-25 00:00", "2026-10-25 02:30:00 CEST"},
		{"and only that", "Europe/Vienna", "cron 30 2 * * *", "2026-10-25 02:30", "2026-10-26 02:30:00 CET"},
		{"every hour comes twice", "Europe/Vienna", "cron 30 * * * *", "2026-10-25 02:30", "2026-10-25 02:30:00 CET"},
		{"an interval passes", "Europe/Vienna", "every 1h", "2026-10-25 02:00", "2026-10-25 02:00:00 CET"},
		{"a zone of half an hour", "Australia/Lord_Howe", "cron 15 2 * * *", "2026-10-04 00:00", "2026-10-04 02:30:00 +11"},
		{"midnight is skipped", "America/Havana", "cron 0 0 * * *", "2026-03-07 12:00", "2026-03-08 01:00:00 CDT"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := zone(t, c.zone)
			s, err := parse(c.schedule, l)
			if err != nil {
				t.Fatal(err)
			}
			at, err := time.Parse("2006-01-02 15:04", c.from)
			if err != nil {
				t.Fatal(err)
			}
			from := wall(l, at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), 0)
			got := ""
			if next := s.Next(from); !next.IsZero() {
				got = next.In(l).Format(stamp)
			}
			if got != c.want {
				t.Errorf("after %s comes %q, want %q", from.Format(stamp), got, c.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"at", "at noon", "at 25:00", "at 2026-02-30 08:00", "every", "every 0", "every -5s", "every 400d", "every 1.5s", "every 5x", "every d", "every 1dx",
		"cron", "cron * * * *", "cron 60 * * * *", "cron * 24 * * *", "cron * * 0 * *", "cron * * * 13 *", "cron * * * * 8", "cron a * * * *",
		"cron 5-1 * * * *", "cron */0 * * * *", "cron */99999999999999999999 * * * *", "cron 1,, * * * *", "cron @reboot", "cron 1- * * * *",
	} {
		if s, err := parse(text, time.UTC); err == nil {
			t.Errorf("%q is %#v", text, s)
		}
	}
}

// FuzzSchedule: whatever is written, what comes next comes later, and no panic.
func FuzzSchedule(f *testing.F) {
	for _, s := range []string{"at 08:00", "every 1d12h", "cron */5 8-18/2 1,15 jan-mar mon", "cron 30 2 29 2 *", "at 2026-03-29 02:30", "cron @weekly"} {
		f.Add(s, int64(1774746000))
	}
	l := zone(f, "Europe/Vienna")
	f.Fuzz(func(t *testing.T, text string, unix int64) {
		s, err := parse(text, l)
		if err != nil || unix < 0 || unix > 1<<33 {
			return
		}
		from := time.Unix(unix, 0)
		next := s.Next(from)
		if !next.IsZero() && !next.After(from) {
			t.Fatalf("%q: after %v comes %v", text, from, next)
		}
		// Nothing lies between: asked from just before, it is the same one.
		if !next.IsZero() && !s.Next(next.Add(-time.Nanosecond)).Equal(next) {
			t.Fatalf("%q: before %v comes %v", text, next, s.Next(next.Add(-time.Nanosecond)))
		}
	})
}
