package sip

import (
	"fmt"
	"strings"

	"pbx/event"
	"pbx/media"
)

// WantsReports implements media.ReportEvents.
func (e *legEvents) WantsReports() bool {
	return e.d.bus.Wants(event.RTCPSent) || e.d.bus.Wants(event.RTCPReceived)
}

// Reported implements media.ReportEvents: programs hear of RTCP in the headers of the
// field.
func (e *legEvents) Reported(r *media.Report) {
	kind, side, name := event.RTCPReceived, "From", "201(RR)"
	if r.Sent {
		kind, side = event.RTCPSent, "To"
	}
	if r.Sender {
		name = "200(SR)"
	}
	if !e.d.bus.Wants(kind) {
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "SSRC: 0x%08x\nPT: %s\nReportCount: %d\n%s: %s\n", r.SSRC, name, len(r.Blocks), side, r.Far)
	if !r.Sent {
		fmt.Fprintf(&b, "RTT: %.4f\n", r.RTT.Seconds())
	}
	if r.Sender {
		seconds, fraction := r.NTP>>32, r.NTP&(1<<32-1)
		fmt.Fprintf(&b, "SentNTP: %d.%06d\nSentRTP: %d\nSentPackets: %d\nSentOctets: %d\n", seconds-ntpEpoch, fraction*1e6>>32, r.Timestamp, r.Packets, r.Octets)
	}
	for i, k := range r.Blocks {
		fmt.Fprintf(&b, "Report%dSourceSSRC: 0x%08x\nReport%dFractionLost: %d\nReport%dCumulativeLost: %d\nReport%dHighestSequence: %d\nReport%dSequenceNumberCycles: %d\nReport%dIAJitter: %d\nReport%dLSR: %d\nReport%dDLSR: %.4f\n",
			i, k.SSRC, i, k.FractionLost, i, k.Lost, i, k.Highest&0xffff, i, k.Highest>>16, i, k.Jitter, i, k.LSR, i, float64(k.DLSR)/65536)
	}
	e.line.Load().Publish(event.Event{Kind: kind, AppData: strings.TrimSuffix(b.String(), "\n")})
}

// ntpEpoch are the seconds from 1900, where NTP begins, to 1970.
const ntpEpoch = 2208988800
