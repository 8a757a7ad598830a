package missed

import (
	"strings"
	"time"

	"pbx/channel"
)

// Reason says why nobody answered.
type Reason string

// The reasons.
const (
	NoAnswer    Reason = "no answer"
	Cancelled   Reason = "cancelled" // the caller hung up first
	Busy        Reason = "busy"      // or the user declined
	Unreachable Reason = "unreachable"
	Failed      Reason = "failed" // something between here and the phone
)

// reasons are all of them, that which tells most of a user first.
var reasons = []Reason{NoAnswer, Cancelled, Busy, Failed, Unreachable}

// reasonOf is the reason that a hang-up cause (Q.850) stands for.
func reasonOf(c channel.Cause) Reason {
	switch c {
	case channel.CauseNone, channel.CauseNormalClearing, channel.CauseNoAnswer, channel.CauseNormalUnspecified:
		return NoAnswer
	case channel.CauseUserBusy, channel.CauseCallRejected:
		return Busy
	case channel.CauseUnallocated, channel.CauseNoRouteDestination, channel.CauseNoUserResponse, channel.CauseSubscriberAbsent, channel.CauseNumberChanged:
		return Unreachable
	}
	return Failed
}

// Record is one call that one device missed.
type Record struct {
	// ID is unique for ever.
	ID string `json:"id"`
	// Device is Technology/name.
	Device string `json:"device"`
	// User and Name are who it is, once that is looked up.
	User string `json:"user"`
	Name string `json:"name,omitempty"`
	// CallerNum and CallerName are who called, Dialled what he dialled.
	CallerNum  string `json:"caller_num"`
	CallerName string `json:"caller_name,omitempty"`
	Dialled    string `json:"dialled"`
	Reason     Reason `json:"reason"`
	// Time is when the device was called first, Rang for how many seconds it rang in
	// all, in so many Attempts.
	Time     time.Time `json:"time"`
	Rang     int       `json:"rang"`
	Attempts int       `json:"attempts"`
	Linkedid string    `json:"linkedid"`
}

// Caller is who called, as a person reads it.
func (r *Record) Caller() string {
	name, num := oneLine(r.CallerName), oneLine(r.CallerNum)
	switch {
	case name != "" && num != "":
		return name + " <" + num + ">"
	case name+num != "":
		return name + num
	}
	return "unknown"
}

// oneLine keeps what came from the network from being more than a word in a line.
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, s))
}
