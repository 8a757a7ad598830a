package dialplan

import (
	"time"

	"pbx/channel"
)

// testTimeKey keeps on a channel the moment that TESTTIME() set, a time.Time.
type testTimeKey struct{}

// SetTestTime has the clock of a channel stand still at a moment for GotoIfTime,
// ExecIfTime and IFTIME: a caller tries what the plan does at night. The zero
// time lets it run again.
func SetTestTime(ch *channel.Channel, at time.Time) { ch.SetData(testTimeKey{}, at) }

// Clock is the moment that conditions on the time look at: now, or that of
// SetTestTime.
func Clock(ch *channel.Channel, now time.Time) time.Time {
	if at, ok := ch.Data(testTimeKey{}).(time.Time); ok && !at.IsZero() {
		return at
	}
	return now
}
