package dial

import (
	"strconv"
	"time"

	"pbx/channel"
)

// failures counts how the devices that are out of the race failed.
type failures struct{ busy, congestion, unavailable int }

// count files a cause. Causes of a call that rang and was not answered, or that
// ended in the normal way, say nothing about the device.
func (f *failures) count(cause channel.Cause) {
	switch cause {
	case channel.CauseUserBusy:
		f.busy++
	case channel.CauseCongestion:
		f.congestion++
	case channel.CauseNoAnswer, channel.CauseNormalClearing:
	default:
		f.unavailable++
	}
}

// status is DIALSTATUS when all of lines devices are out.
func (f *failures) status(lines int) string {
	switch {
	case f.busy+f.congestion+f.unavailable != lines:
		return "NOANSWER"
	case f.busy > 0:
		return "BUSY"
	case f.congestion > 0:
		return "CONGESTION"
	}
	return "CHANUNAVAIL"
}

// legStatus is the word of DialEnd for a leg that ended with cause.
func legStatus(cause channel.Cause) string {
	switch cause {
	case channel.CauseUserBusy:
		return "BUSY"
	case channel.CauseCongestion:
		return "CONGESTION"
	case channel.CauseNoRouteDestination, channel.CauseSubscriberAbsent:
		return "CHANUNAVAIL"
	}
	return "NOANSWER"
}

// clearVariables empties what an earlier Dial left.
func (c *call) clearVariables() {
	for _, name := range [...]string{
		"DIALSTATUS", "DIALEDPEERNUMBER", "DIALEDPEERNAME",
		"ANSWEREDTIME", "ANSWEREDTIME_MS", "DIALEDTIME", "DIALEDTIME_MS",
		"RINGTIME", "RINGTIME_MS", "PROGRESSTIME", "PROGRESSTIME_MS",
	} {
		c.set(name, "")
	}
}

func (c *call) set(name, value string) { c.caller.SetVar(name, channel.Clean(value)) }

// setTime sets NAME in whole seconds and NAME_MS in milliseconds.
func (c *call) setTime(name string, d time.Duration) {
	c.set(name, strconv.FormatInt(int64(d/time.Second), 10))
	c.set(name+"_MS", strconv.FormatInt(d.Milliseconds(), 10))
}
