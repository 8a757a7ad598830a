package sip

import (
	"fmt"
	"strings"
	"testing"
	"time"

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

// Reason headers (RFC 3326) with Q.850 causes, in and out.
func TestReason(t *testing.T) {
	for name, tt := range map[string]struct{ conf, script, want string }{
		"a CANCEL says that another phone took it": {"", `
			alice > INVITE 1002 sdp
			alice < 100
			alice < 180
			alice > CANCEL | Reason: Q.850;cause=16, SIP;cause=200;text="Call completed elsewhere"
			alice < 200
			alice < 487
			alice > ACK`, "26"},
		"… in Q.850": {"", `
			alice > INVITE 1002 sdp
			alice < 100
			alice < 180
			alice > CANCEL | Reason: Q.850;cause=26
			alice < 200
			alice < 487
			alice > ACK`, "26"},
		"a CANCEL with a cause": {"use_q850_reason=yes", `
			alice > INVITE 1002 sdp
			alice < 100
			alice < 180
			alice > CANCEL | Reason: SIP;cause=487 | Reason: Q.850;cause=31
			alice < 200
			alice < 487
			alice > ACK`, "31"},
		"a BYE with a cause": {"use_q850_reason=yes", `
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > ACK
			alice > BYE | Reason: Q.850 ;cause=38 ;text="out of order"
			alice < 200`, "38"},
		"causes are believed only when asked to": {"", `
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > ACK
			alice > BYE | Reason: Q.850;cause=38
			alice < 200`, "16"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			note := func(f func(*channel.Channel)) func(*channel.Channel) {
				return func(ch *channel.Channel) {
					f(ch)
					got = fmt.Sprint(int(ch.Cause()))
				}
			}
			plan := map[string]func(*channel.Channel){"1000": note(answerAndWait), "1002": note(indicate(channel.ControlRinging))}
			runFlow(t, strings.Replace(office, "rtptimeout=0", "rtptimeout=0\n"+tt.conf, 1), plan, tt.script+"\nwait 1s")
			if got != tt.want {
				t.Errorf("the cause is %s, want %s", got, tt.want)
			}
		})
	}
	t.Run("out", func(t *testing.T) {
		conf := strings.Replace(office, "rtptimeout=0", "rtptimeout=0\nuse_q850_reason=yes", 1)
		runFlow(t, conf, map[string]func(*channel.Channel){"2000": dial(nil, "SIP/bob", "SIP/carol")}, `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp
			carol < INVITE sdp
			bob > 180
			alice < 180
			carol > 200 sdp
			carol < ACK
			bob < CANCEL | Reason: SIP;cause=200;text="Call completed elsewhere", Q.850;cause=26
			bob > 200
			alice < 200 sdp
			alice > ACK
			alice > BYE | Reason: Q.850;cause=16
			alice < 200
			carol < BYE | Reason: Q.850;cause=16
			carol > 200`)
	})
}

// What CANCEL and BYE do when they cross other things (RFC 3261 9, 15).
func TestRaces(t *testing.T) {
	for name, script := range map[string]string{
		"CANCEL after the answer": `
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > CANCEL
			alice < 200 | CANCEL
			alice > ACK
			alice > BYE
			alice < 200 | BYE`,
		"CANCEL again": `
			alice > INVITE 1002 sdp
			alice < 100
			alice < 180
			alice > CANCEL
			alice < 200
			alice < 487
			alice > again
			alice < 200
			alice > ACK`,
		"BYE before the answer": `
			alice > INVITE 1002 sdp
			alice < 100
			alice < 180
			alice > BYE
			alice < 487
			alice < 200
			alice > ACK`,
		"re-INVITE after BYE": `
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > ACK
			alice > BYE
			alice < 200
			alice > INVITE sdp
			alice < 481
			alice > ACK`,
		"UPDATE after BYE": `
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > ACK
			alice > BYE
			alice < 200
			alice > UPDATE
			alice < 481`,
		"re-INVITE while ours says goodbye": `
			alice > INVITE 1001 sdp
			alice < 100
			alice < 200 sdp
			alice > ACK
			alice < BYE @1s
			alice > INVITE sdp
			alice < 481
			alice > ACK
			alice < BYE @@600ms
			alice > 200`,
	} {
		t.Run(name, func(t *testing.T) {
			runFlow(t, office, map[string]func(*channel.Channel){
				"1000": answerAndWait, "1001": answerFor(time.Second), "1002": indicate(channel.ControlRinging),
			}, script)
		})
	}
}
