package toll

import (
	"testing"
	"time"
)

// TestRecord: a record brings back what was talked today, calls that are up with it,
// and nothing of another day.
func TestRecord(t *testing.T) {
	var m Meter
	now := time.Date(2026, 11, 1, 23, 0, 0, 0, time.UTC)
	m.End(m.Begin("a b", now), now.Add(1500*time.Millisecond))
	m.Begin("", now) // it is up
	now = now.Add(time.Minute)
	record := m.Record(now)
	used := func(m *Meter, device string, now time.Time) time.Duration {
		own, _ := m.Used(device, now)
		return own
	}
	var again Meter
	if err := again.Restore(record, now.Add(58*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if a, program := used(&again, "a b", now), used(&again, "", now); a != 1500*time.Millisecond || program != time.Minute {
		t.Errorf("a b talked %v, programs %v", a, program)
	}
	if _, total := again.Used("", now); total != 61500*time.Millisecond || again.Counting() != 0 {
		t.Errorf("all talked %v, %d calls are up", total, again.Counting())
	}
	if s := string(again.Record(now)); len(s) != len(record) {
		t.Errorf("written again:\n%s", s)
	}
	var tomorrow Meter
	if err := tomorrow.Restore(record, now.Add(time.Hour)); err != nil || len(tomorrow.Devices(now.Add(time.Hour))) != 0 {
		t.Errorf("on the next day: %v, %v", err, tomorrow.Devices(now))
	}
	for _, bad := range []string{"", "today\n", "2026-11-01\nx\ta\n", "2026-11-01\n-1\ta\n", "2026-11-01\n1\n"} {
		if err := (&Meter{}).Restore([]byte(bad), now); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func FuzzRestore(f *testing.F) {
	f.Add([]byte("2026-11-01\n1500\ta\n60000\t\n"))
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, record []byte) {
		var m, again Meter
		if m.Restore(record, now) != nil {
			return
		}
		if err := again.Restore(m.Record(now), now); err != nil {
			t.Fatalf("what was written is not read: %v", err)
		}
		_, total := m.Used("", now)
		if _, got := again.Used("", now); got != total {
			t.Errorf("%v became %v", total, got)
		}
	})
}
