package media

import (
	"encoding/hex"
	"errors"
	"net/netip"
	"time"

	pbxio "pbx/io"
	"pbx/media/rtp"
	"pbx/sched"
)

// reporter is what the reports of one session need to remember.
type reporter struct {
	lsr    uint32    // middle of the far end's last sender report
	lsrAt  time.Time // when it came
	rx, tx uint64    // packet counts at our last report
	cname  string
}

// startReports arms the report timer; a session without traffic has none.
func (s *Session) startReports() {
	if s.reportID == 0 && s.l != nil && s.e.opt.RTCPInterval > 0 {
		s.reportID = s.l.sched.Add(s.reportInterval(2), s.onReport)
	}
}

// reportInterval is random between half and one and a half times the configured
// one (RFC 3550 section 6.3.1), and shorter by part for the first report.
func (s *Session) reportInterval(part int64) time.Duration {
	d := int64(s.e.opt.RTCPInterval) / part
	return time.Duration(d/2 + s.l.rand.Int64N(d+1))
}

// reportDue sends a report, or ends the timer when nothing was sent or received
// since the last.
func (s *Session) reportDue() time.Duration {
	defer s.guard()
	s.stats.mu.Lock()
	rx, tx, octets := s.stats.RxPackets, s.stats.TxPackets, s.stats.TxOctets
	s.stats.mu.Unlock()
	if rx == s.report.rx && tx == s.report.tx {
		s.reportID = 0
		return sched.Done
	}
	sender := tx != s.report.tx
	s.report.rx, s.report.tx = rx, tx
	s.sendRTCP(s.appendReport(s.l.out[:0], sender, tx, octets))
	return s.reportInterval(1)
}

func (s *Session) sendRTCP(b []byte) {
	if !s.rtcpDest.IsValid() || s.rtcpDest.Port() == 0 || s.rtcpDest.Addr().IsUnspecified() {
		return
	}
	sock := s.rtcp
	if s.rtcpDest == s.dest {
		sock = s.rtp // both on one port (RFC 5761)
	}
	if err := sock.Send(b, s.rtcpDest); err != nil {
		s.stats.refused()
	}
}

// appendReport builds SR or RR with the canonical name.
func (s *Session) appendReport(b []byte, sender bool, packets, octets uint64) []byte {
	now := s.l.now
	r := rtp.Report{SSRC: s.send.ssrc, Sender: sender}
	if sender {
		r.NTP, r.Timestamp = rtp.NTP(now), s.send.elapsed(now, s.far.clock)
		r.Packets, r.Octets = uint32(packets), uint32(octets)
	}
	if s.recv.any {
		k := s.receptionBlock(now)
		b = rtp.AppendReport(b, r, k)
		s.tellSent(r, k)
	} else {
		b = rtp.AppendReport(b, r)
		s.tellSent(r)
	}
	if s.report.cname == "" {
		// A random name for each session (RFC 7022 section 4.2).
		var id [12]byte
		for i := range id {
			id[i] = byte(s.l.rand.Uint32())
		}
		s.report.cname = hex.EncodeToString(id[:])
	}
	return rtp.AppendCNAME(b, s.send.ssrc, s.report.cname)
}

func (s *Session) receptionBlock(now time.Time) rtp.Block {
	r := &s.recv
	k := rtp.Block{SSRC: r.ssrc, Lost: r.lost(), Highest: r.highest(), Jitter: r.jitter >> 4, LSR: s.report.lsr}
	expected := r.expected()
	if d := expected - r.expectedPrior; d > 0 {
		if lost := int64(d) - int64(r.got-r.gotPrior); lost > 0 {
			k.FractionLost = uint8(min(lost<<8/int64(d), 255))
		}
	}
	s.stats.reporting(max(int64(expected-r.expectedPrior)-int64(r.got-r.gotPrior), 0))
	r.expectedPrior, r.gotPrior = expected, r.got
	if s.report.lsr != 0 {
		k.DLSR = uint32(now.Sub(s.report.lsrAt) << 16 / time.Second)
	}
	return k
}

// goodbye tells the far end that this source ends (RFC 3550 section 6.6).
func (s *Session) goodbye() {
	s.stats.mu.Lock()
	tx, octets := s.stats.TxPackets, s.stats.TxOctets
	s.stats.mu.Unlock()
	if tx == 0 || s.opt.Opaque {
		return
	}
	s.sendRTCP(rtp.AppendBYE(s.appendReport(s.l.out[:0], true, tx, octets), s.send.ssrc))
}

// rtcpReady takes what came to the RTCP port.
func (s *Session) rtcpReady(pbxio.ID, pbxio.Events) bool {
	defer s.guard()
	s.l.stamp()
	for range maxDrain {
		n, from, err := s.rtcp.Recv(s.l.in[:])
		if err != nil {
			if errors.Is(err, pbxio.ErrAgain) {
				break
			}
			continue // an ICMP error for a report of ours
		}
		s.receiveRTCP(s.l.in[:n], from)
	}
	return true
}

func (s *Session) receiveRTCP(b []byte, from netip.AddrPort) {
	// The SDP's RTCP address, or the host that strict RTP settled on.
	if from != s.rtcpDest && from != s.far.rtcp && !s.e.opt.LaxRTP {
		if !s.source.from.IsValid() || from.Addr() != s.source.from.Addr() {
			s.stats.stranger()
			return
		}
		if s.far.symmetric {
			s.rtcpDest = from
		}
	}
	if !rtp.ValidCompound(b) {
		s.stats.garbage()
		return
	}
	now := s.l.now
	s.heard = now
	for r := range rtp.Reports(b) {
		if r.Sender {
			s.report.lsr, s.report.lsrAt = rtp.Short(r.NTP), now
		}
		s.tellReceived(r, from, now)
		for k := range r.Blocks() {
			if k.SSRC != s.send.ssrc {
				continue
			}
			rtt, _ := rtp.RoundTrip(now, k.LSR, k.DLSR)
			s.stats.reported(k, max(s.far.clock, 1), rtt)
		}
	}
}

// startWatch arms the timer for silence and keepalive, where they are wanted.
func (s *Session) startWatch() {
	if s.watchID != 0 {
		s.l.sched.Delete(s.watchID)
		s.watchID = 0
	}
	if d := s.untilWatch(); d > 0 {
		s.watchID = s.l.sched.Add(d, s.onWait)
	}
}

// limit is how long the far end may be silent now, 0 for ever.
func (s *Session) limit() time.Duration {
	if s.far.held() {
		return s.opt.HoldTimeout
	}
	return s.opt.Timeout
}

// untilWatch is when the next of the two is due, 0 for never.
func (s *Session) untilWatch() time.Duration {
	if !s.far.rtp.IsValid() || s.far.away {
		return 0
	}
	d := time.Duration(0)
	if t := s.limit(); t > 0 {
		d = max(t-s.l.now.Sub(s.heard), time.Millisecond)
	}
	if k := s.opt.Keepalive; k > 0 {
		if k = max(k-s.l.now.Sub(s.sentAt), time.Millisecond); d == 0 || k < d {
			d = k
		}
	}
	return d
}

// watch tells of silence, again after each limit, and keeps the path open.
func (s *Session) watch() time.Duration {
	defer s.guard()
	now := s.l.now
	if t := s.limit(); t > 0 {
		if idle := now.Sub(s.heard); idle >= t {
			s.heard = now
			if s.opt.Events != nil {
				s.opt.Events.Silent(idle)
			}
		}
	}
	if k := s.opt.Keepalive; k > 0 && now.Sub(s.sentAt) >= k {
		s.keepAlive()
	}
	if s.dead {
		return sched.Done
	}
	d := s.untilWatch()
	if d == 0 {
		s.watchID = 0
	}
	return d
}

// comfortNoise is the payload type of RFC 3389.
const comfortNoise = 13

func (s *Session) keepAlive() {
	s.sentAt = s.l.now
	if !s.dest.IsValid() || s.dest.Port() == 0 || s.dest.Addr().IsUnspecified() || s.far.clock == 0 {
		return
	}
	s.send.gap = true
	h := s.send.make(comfortNoise, 0, s.l.now, s.far.clock)
	s.send.gap = true
	h.Marker = false
	h.Put(s.l.out[:])
	s.l.out[rtp.HeaderSize] = 127
	s.transmit(s.l.out[:rtp.HeaderSize+1])
}
