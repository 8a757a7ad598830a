package sip

import (
	"strconv"

	"pbx/channel"
	"pbx/channels/sip/message"
)

// statusOfCause is the final response of a call that ends before its answer, by
// the table of the field.
func statusOfCause(c channel.Cause) (int, string) {
	switch c {
	case 1, 2, 3:
		return 404, "Not Found"
	case channel.CauseUserBusy:
		return 486, "Busy here"
	case channel.CauseNoUserResponse:
		return 408, "Request Timeout"
	case channel.CauseNoAnswer, channel.CauseSubscriberAbsent, channel.CauseNormalUnspecified:
		return 480, "Temporarily unavailable"
	case channel.CauseCallRejected:
		return 403, "Forbidden"
	case channel.CauseNumberChanged:
		return 410, "Gone"
	case channel.CauseOutOfOrder:
		return 502, "Bad Gateway"
	case channel.CauseInvalidNumberFormat:
		return 484, "Address incomplete"
	case channel.CauseFacilityRejected:
		return 501, "Not Implemented"
	case channel.CauseCongestion, channel.CauseSwitchCongestion, channel.CauseChanNotImplemented:
		return 503, "Service Unavailable"
	case channel.CauseFailure:
		return 500, "Server internal failure"
	case channel.CauseBearerNotAvailable:
		return 488, "Not Acceptable Here"
	case channel.CauseInterworking:
		return 500, "Network error"
	}
	return 603, "Declined"
}

// causeOfStatus is the cause that a final response stands for.
func causeOfStatus(status int) channel.Cause {
	switch status {
	case 401, 403, 407, 603:
		return channel.CauseCallRejected
	case 404, 485, 604:
		return channel.CauseUnallocated
	case 408:
		return channel.CauseNoUserResponse
	case 409:
		return channel.CauseTemporaryFailure
	case 410:
		return channel.CauseNumberChanged
	case 420:
		return channel.CauseNoRouteDestination
	case 423, 487: // nobody is to blame
		return channel.CauseNormalClearing
	case 480, 483:
		return channel.CauseNoAnswer
	case 484:
		return channel.CauseInvalidNumberFormat
	case 486, 600:
		return channel.CauseUserBusy
	case 488, 606:
		return channel.CauseBearerNotAvailable
	case 500:
		return channel.CauseFailure
	case 501:
		return channel.CauseFacilityRejected
	case 502:
		return channel.CauseOutOfOrder
	case 504:
		return channel.CauseTimerExpiry
	case 505:
		return channel.CauseInterworking
	}
	switch {
	case status < 400:
		return channel.CauseNormalClearing
	case status >= 500 && status < 600:
		return channel.CauseCongestion
	}
	return channel.CauseInterworking
}

// controlOfStatus is the condition that a refusal of our INVITE is for the caller;
// ControlHangup where its cause says all.
func controlOfStatus(status int) channel.Control {
	switch status {
	case 480, 486, 600, 603:
		return channel.ControlBusy
	case 401, 407, 410, 482, 500, 502, 503, 504, 513:
		return channel.ControlCongestion
	}
	return channel.ControlHangup
}

// appendQ850 writes a Reason header (RFC 3326).
func appendQ850(b *message.Builder, c channel.Cause) {
	if c != channel.CauseNone {
		b.Header(message.HeaderReason, q850(c))
	}
}

// q850 is a cause as a Reason (RFC 3326).
func q850(c channel.Cause) string { return "Q.850;cause=" + strconv.Itoa(int(c)&0x7f) }

// appendCause writes the cause in the headers that programs of the field read.
func appendCause(b *message.Builder, c channel.Cause) {
	b.HeaderNamed("X-Asterisk-HangupCause", c.String())
	b.HeaderNamed("X-Asterisk-HangupCauseCode", strconv.Itoa(int(c)))
}

// reasonCause reads the Q.850 cause of a Reason header, CauseNone without one.
func reasonCause(m *message.Message) channel.Cause {
	if n := reason(m, "Q.850"); n > 0 && n < 128 {
		return channel.Cause(n)
	}
	return channel.CauseNone
}

// reason is the cause that a Reason header gives for a protocol, 0 without one
// (RFC 3326 2). A message may have several, on a line or on lines of their own.
func reason(m *message.Message, protocol string) int {
	for value := range m.Values(message.HeaderReason) {
		p := message.Params(";" + string(value))
		if v, _ := p.Get("cause"); p.Has(protocol) {
			if n, err := strconv.Atoi(string(v)); err == nil {
				return n
			}
		}
	}
	return 0
}

// answeredElsewhere reports whether a CANCEL says that another phone took the
// call.
func answeredElsewhere(m *message.Message) bool {
	return reason(m, "SIP") == 200 || reason(m, "Q.850") == int(channel.CauseAnsweredElsewhere)
}

// completedElsewhere is the Reason of a CANCEL for phones that lost the race.
const completedElsewhere = `SIP;cause=200;text="Call completed elsewhere"`
