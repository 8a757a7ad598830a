package toll

import (
	"testing"
	"time"
)

func TestCosts(t *testing.T) {
	prefixes, free, err := ParsePrefixes("00, +,0900 , !0049, !+49,+4990")
	if err != nil {
		t.Fatal(err)
	}
	r := &Rules{Prefixes: prefixes, Free: free}
	for number, want := range map[string]bool{
		"0044123": true, "+44 (123)": true, "+4930123": false, "00 49-30 123": false, "+49900123": true, "0900111": true, "030123": false, "": false, "0-0-1": true,
	} {
		if r.Costs(number) != want {
			t.Errorf("Costs(%q) = %t", number, !want)
		}
	}
	if (&Rules{Free: []string{"1"}}).Costs("1") {
		t.Error("a number costs without a prefix that says so")
	}
	for _, bad := range []string{"x", "!", "00,abc-", "1 2"} {
		if _, _, err := ParsePrefixes(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestHours(t *testing.T) {
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 11, day, hour, minute, 0, 0, time.UTC) } // the 1st is a Sunday
	hours, err := ParseHours("08:00-18:00 mon-fri, 22:00-02:00 sat")
	if err != nil {
		t.Fatal(err)
	}
	r := &Rules{Hours: hours}
	for when, want := range map[time.Time]bool{
		at(2, 8, 0): true, at(2, 7, 59): false, at(2, 17, 59): true, at(2, 18, 0): false, at(1, 12, 0): false, at(6, 12, 0): true,
		at(7, 12, 0): false, at(7, 22, 0): true, at(8, 1, 59): true, at(8, 2, 0): false, at(7, 1, 0): false,
	} {
		if r.Open(when) != want {
			t.Errorf("%v: open %t", when.Format("Mon 15:04"), !want)
		}
	}
	if !(&Rules{}).Open(at(1, 3, 0)) {
		t.Error("without hours it is not always open")
	}
	if all, err := ParseHours("00:00-24:00"); err != nil || !(&Rules{Hours: all}).Open(at(1, 23, 59)) {
		t.Errorf("all day: %v", err)
	}
	for _, bad := range []string{"8-18", "08:00", "08:00-08:00", "08:00-18:00 foo", "25:00-26:00", "08:60-09:00", "-1:00-02:00"} {
		if _, err := ParseHours(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestMeter(t *testing.T) {
	var m Meter
	r := &Rules{Total: 30 * time.Minute}
	now := time.Date(2026, 11, 1, 23, 0, 0, 0, time.UTC)
	spent := func(device string) bool { return m.Spent(r, device, 10*time.Minute, now) }
	if spent("a") {
		t.Error("spent before anything was said")
	}
	one, two := m.Begin("a", now), m.Begin("a", now)
	now = now.Add(4 * time.Minute)
	if own, total := m.Used("a", now); own != 8*time.Minute || total != own || spent("a") {
		t.Errorf("two calls of four minutes: %v, %v", own, total)
	}
	now = now.Add(time.Minute)
	if !spent("a") || spent("b") {
		t.Error("ten minutes of two calls are not counted as such")
	}
	m.End(one, now)
	m.End(one, now) // once
	m.End(two, now)
	if own, _ := m.Used("a", now); own != 10*time.Minute || m.Counting() != 0 {
		t.Errorf("after the end: %v, %d calls", own, m.Counting())
	}
	three := m.Begin("b", now)
	now = now.Add(21 * time.Minute)
	if !spent("c") {
		t.Error("the time of all is not counted")
	}
	// Midnight: what was talked before is over.
	now = now.Add(40 * time.Minute)
	if own, total := m.Used("b", now); own != 6*time.Minute || total != own || spent("a") {
		t.Errorf("after midnight: %v, %v", own, total)
	}
	m.End(three, now)
}
