package media

import (
	"net/netip"
	"time"

	"pbx/media/rtp"
)

// ReportEvents is an Events that may want to hear of RTCP. Its methods are called on
// the media loop: they must not block.
type ReportEvents interface {
	// WantsReports reports whether anybody listens; Reported is not called then.
	WantsReports() bool
	// Reported tells of a report that was sent or came in, which is valid during the
	// call only.
	Reported(r *Report)
}

// Report is one RTCP sender or receiver report (RFC 3550 6.4).
type Report struct {
	rtp.Report
	// Sent tells one of ours; Far is where it went to, or came from.
	Sent bool
	Far  netip.AddrPort
	// Blocks are what it says of the sources that its sender hears.
	Blocks []rtp.Block
	// RTT is the round trip that one that came in tells of, 0 where it tells none.
	RTT time.Duration
}

// listener is who wants to hear of reports now, nil for nobody.
func (s *Session) listener() ReportEvents {
	if e, ok := s.opt.Events.(ReportEvents); ok && e.WantsReports() {
		return e
	}
	return nil
}

// tellSent tells of a report of ours.
func (s *Session) tellSent(r rtp.Report, blocks ...rtp.Block) {
	if e := s.listener(); e != nil {
		e.Reported(&Report{Report: r, Sent: true, Far: s.rtcpDest, Blocks: blocks})
	}
}

// tellReceived tells of a report of the far end's.
func (s *Session) tellReceived(r rtp.Report, from netip.AddrPort, now time.Time) {
	e := s.listener()
	if e == nil {
		return
	}
	t := &Report{Report: r, Far: from}
	for k := range r.Blocks() {
		t.Blocks = append(t.Blocks, k)
		if k.SSRC == s.send.ssrc {
			t.RTT, _ = rtp.RoundTrip(now, k.LSR, k.DLSR)
		}
	}
	e.Reported(t)
}
