package sip

import (
	"fmt"
	"testing"

	"pbx/channel"
)

// The table that a running exchange of the field answered with, for every cause.
func TestStatusOfCause(t *testing.T) {
	want := map[int]string{
		1: "404 Not Found", 2: "404 Not Found", 3: "404 Not Found", 17: "486 Busy here", 18: "408 Request Timeout",
		19: "480 Temporarily unavailable", 20: "480 Temporarily unavailable", 31: "480 Temporarily unavailable",
		21: "403 Forbidden", 22: "410 Gone", 27: "502 Bad Gateway", 28: "484 Address incomplete", 29: "501 Not Implemented",
		34: "503 Service Unavailable", 42: "503 Service Unavailable", 66: "503 Service Unavailable",
		38: "500 Server internal failure", 58: "488 Not Acceptable Here", 127: "500 Network error",
	}
	for c := range 128 {
		w, ok := want[c]
		if !ok {
			w = "603 Declined"
		}
		status, reason := statusOfCause(channel.Cause(c))
		if got := fmt.Sprint(status, " ", reason); got != w {
			t.Errorf("cause %d answers %q, want %q", c, got, w)
		}
	}
}

// What a callee's refusal makes of the caller's leg, as captured.
func TestRefusals(t *testing.T) {
	const busy, congestion, hangup = channel.ControlBusy, channel.ControlCongestion, channel.ControlHangup
	for _, tt := range []struct {
		status  int
		cause   channel.Cause
		control channel.Control
	}{
		{400, 127, hangup},
		{401, 21, congestion},
		{402, 127, hangup},
		{403, 21, hangup},
		{404, 1, hangup},
		{405, 127, hangup},
		{406, 127, hangup},
		{407, 21, congestion},
		{408, 18, hangup},
		{409, 41, hangup},
		{410, 22, congestion},
		{411, 127, hangup},
		{413, 127, hangup},
		{415, 127, hangup},
		{420, 3, hangup},
		{421, 127, hangup},
		{480, 19, busy},
		{481, 127, hangup},
		{482, 127, congestion},
		{483, 19, hangup},
		{484, 28, hangup},
		{485, 1, hangup},
		{486, 17, busy},
		{487, 16, hangup},
		{488, 58, hangup},
		{489, 127, hangup},
		{491, 127, hangup},
		{493, 127, hangup},
		{500, 38, congestion},
		{501, 29, hangup},
		{502, 27, congestion},
		{503, 34, congestion},
		{504, 102, congestion},
		{505, 127, hangup},
		{513, 34, congestion},
		{600, 17, busy},
		{603, 21, busy},
		{604, 1, hangup},
		{606, 58, hangup},
		{699, 127, hangup},
	} {
		if got := causeOfStatus(tt.status); got != tt.cause {
			t.Errorf("%d is cause %d, want %d", tt.status, got, tt.cause)
		}
		if got := controlOfStatus(tt.status); got != tt.control {
			t.Errorf("%d is %v, want %v", tt.status, got, tt.control)
		}
	}
}
