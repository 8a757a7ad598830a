package toll

import "time"

// Meter counts the time that devices have talked to numbers that cost, by the day. The
// zero Meter is ready.
type Meter struct {
	day    time.Time // midnight before what it counts
	used   map[string]time.Duration
	total  time.Duration
	calls  map[*Call]struct{}
	warned map[string]bool
}

// Call is a call that is being counted.
type Call struct {
	device string
	since  time.Time
}

// turn begins a new day.
func (m *Meter) turn(now time.Time) {
	y, mo, d := now.Date()
	if midnight := time.Date(y, mo, d, 0, 0, 0, 0, now.Location()); !midnight.Equal(m.day) {
		m.day, m.total = midnight, 0
		clear(m.used)
		clear(m.warned)
		for c := range m.calls { // of those that are up, the part of yesterday is over
			c.since = midnight
		}
	}
}

// Begin counts a call from now on.
func (m *Meter) Begin(device string, now time.Time) *Call {
	m.turn(now)
	if m.calls == nil {
		m.calls = make(map[*Call]struct{})
	}
	c := &Call{device, now}
	m.calls[c] = struct{}{}
	return c
}

// End takes in how long a call was.
func (m *Meter) End(c *Call, now time.Time) {
	if _, ok := m.calls[c]; !ok {
		return
	}
	m.turn(now)
	talked := max(now.Sub(c.since), 0)
	if m.used == nil {
		m.used = make(map[string]time.Duration)
	}
	m.used[c.device] += talked
	m.total += talked
	delete(m.calls, c)
}

// Used is how long a device, and all together, have talked today.
func (m *Meter) Used(device string, now time.Time) (own, total time.Duration) {
	m.turn(now)
	own, total = m.used[device], m.total
	for c := range m.calls {
		talks := max(now.Sub(c.since), 0)
		total += talks
		if c.device == device {
			own += talks
		}
	}
	return own, total
}

// Spent reports whether a device has no time left: its own is limited to limit, 0 for
// not at all, that of all to the rules'.
func (m *Meter) Spent(r *Rules, device string, limit time.Duration, now time.Time) bool {
	own, total := m.Used(device, now)
	return limit > 0 && own >= limit || r.Total > 0 && total >= r.Total
}

// Counting is how many calls are being counted.
func (m *Meter) Counting() int { return len(m.calls) }

// Warns reports, once a day for a device, that it has talked to percent of its limit.
func (m *Meter) Warns(device string, limit time.Duration, percent int, now time.Time) bool {
	if limit <= 0 || percent <= 0 || m.warned[device] {
		return false
	}
	own, _ := m.Used(device, now)
	if own*100 < limit*time.Duration(percent) {
		return false
	}
	if m.warned == nil {
		m.warned = make(map[string]bool)
	}
	m.warned[device] = true
	return true
}

// Devices are those that have talked today, in no order.
func (m *Meter) Devices(now time.Time) (list []string) {
	m.turn(now)
	seen := make(map[string]bool)
	for d := range m.used {
		seen[d] = true
	}
	for c := range m.calls {
		seen[c.device] = true
	}
	for d := range seen {
		list = append(list, d)
	}
	return list
}
