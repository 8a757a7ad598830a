package toll

import (
	"bytes"
	"fmt"
	"strconv"
	"time"
)

// A record is what was talked in a day: the day in a line, then a line a device with
// its milliseconds, a tab, and its name. Calls that are up are in it with their time
// so far.

// Record writes the day.
func (m *Meter) Record(now time.Time) []byte {
	m.turn(now)
	b := append(now.AppendFormat(nil, time.DateOnly), '\n')
	for _, device := range m.Devices(now) {
		own, _ := m.Used(device, now)
		b = strconv.AppendInt(b, own.Milliseconds(), 10)
		b = append(append(append(b, '\t'), device...), '\n')
	}
	return b
}

// Restore takes up what a record tells, before anything else is counted. One of
// another day tells nothing.
func (m *Meter) Restore(record []byte, now time.Time) error {
	day, rest, _ := bytes.Cut(record, []byte("\n"))
	if _, err := time.Parse(time.DateOnly, string(day)); err != nil {
		return fmt.Errorf("the day: %w", err)
	}
	if string(day) != now.Format(time.DateOnly) {
		return nil
	}
	m.turn(now)
	used, total := make(map[string]time.Duration), time.Duration(0)
	for line := range bytes.Lines(rest) {
		number, device, ok := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte("\t"))
		ms, err := strconv.ParseUint(string(number), 10, 40)
		if !ok || err != nil {
			return fmt.Errorf("a line %q", line)
		}
		talked := time.Duration(ms) * time.Millisecond
		used[string(device)] += talked
		total += talked
	}
	m.used, m.total = used, total
	return nil
}
