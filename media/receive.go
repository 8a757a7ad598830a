package media

import (
	"errors"
	"net/netip"
	"time"

	pbxio "pbx/io"
	"pbx/media/codec/g711"
	"pbx/media/rtp"
)

// rtpReady takes what came to the RTP port. The packets lie in the loop's buffer,
// which each of them overwrites.
func (s *Session) rtpReady(pbxio.ID, pbxio.Events) bool {
	defer s.guard()
	l := s.l
	l.stamp()
	for i := range maxDrain {
		n, from, err := s.rtp.Recv(l.in[:])
		if err != nil {
			if errors.Is(err, pbxio.ErrAgain) {
				break
			}
			s.stats.refused() // an ICMP error for a packet of ours
			continue
		}
		l.packets++
		if s.opt.Opaque {
			s.pipe(l.in[:n], from)
		} else {
			s.receive(l.in[:n], from)
		}
		if s.l != l || l.busy && i == 0 {
			// The session moved or ended; or, under load, a second packet is rare:
			// what there is will be found by the next poll of this drain.
			break
		}
	}
	return true
}

// pipe relays a datagram as it is, from the far end's address: the one its SDP
// named, or, behind a NAT, the first that speaks.
func (s *Session) pipe(b []byte, from netip.AddrPort) {
	if from != s.source.from {
		if s.source.from.IsValid() || from != s.far.rtp && !s.far.symmetric {
			s.stats.stranger()
			return
		}
		s.source.from, s.source.learned = from, from != s.far.rtp
		s.follow(from)
	}
	s.heard = s.l.now
	if s.e.pipes.Load().wants(from) {
		s.tracePipe("Got", from, b)
	}
	if p := s.peer; p != nil && p.opt.Opaque && p.sendable() {
		err := p.rtp.Send(b, p.dest)
		p.sentAt = s.l.now
		p.stats.sent(len(b), err)
		if s.e.pipes.Load().wants(p.dest) {
			s.tracePipe("Sent", p.dest, b)
		}
	}
}

// tracePipe logs one datagram for `udptl set debug`. It begins with its number (ITU-T T.38,
// 9.1).
func (s *Session) tracePipe(what string, far netip.AddrPort, b []byte) {
	seq := -1
	if len(b) >= 2 {
		seq = int(b[0])<<8 | int(b[1])
	}
	s.e.opt.Log.Info(what+" UDPTL packet", "far", far, "seq", seq, "len", len(b))
}

// receive takes one packet: strict source, statistics, digits, relay.
func (s *Session) receive(b []byte, from netip.AddrPort) {
	h, ok := rtp.Parse(b)
	if !ok {
		if rtp.IsRTCP(b) { // RFC 5761
			s.receiveRTCP(b, from)
			return
		}
		s.stats.garbage()
		return
	}
	now := s.l.now
	ok, changed := s.source.accept(from, &h, now, s.e.opt.Probation, s.e.opt.LaxRTP)
	if !ok {
		s.stats.stranger()
		return
	}
	if changed {
		s.recv.restart()
		s.stats.believed(from)
		s.follow(from)
	}
	if s.e.debug.Load().wants(from) {
		s.trace("Got", from, &h)
	}
	s.heard = now
	if s.far.event(h.Type) {
		s.count(&h, s.far.clock, false)
		s.digit(b, &h)
		return
	}
	codec, known := s.far.codecOf(h.Type)
	if !known && h.Type == comfortNoise {
		s.count(&h, s.far.clock, false) // silence takes its sequence number and no more
		return
	}
	if !known {
		s.stats.garbage()
		return
	}
	s.count(&h, formats[max(codec, 0)].Clock, true)
	if s.inband != nil {
		s.detect(codec, b[h.Start:h.End])
	}
	for _, t := range s.taps {
		t.Audio(true, name(codec), h.Timestamp, b[h.Start:h.End])
	}
	if s.muteIn && !hush(codec, b[h.Start:h.End]) {
		return
	}
	switch p := s.peer; {
	case p != nil:
		p.relay(s, b, &h, codec)
	case s.voice != nil:
		s.voice.say(name(codec), b[h.Start:h.End])
	}
}

func name(codec int8) string {
	if codec < 0 {
		return ""
	}
	return formats[codec].Name
}

// follow makes the source that is believed the place to send to, where that is
// wanted.
func (s *Session) follow(from netip.AddrPort) {
	if !s.far.symmetric {
		return
	}
	s.dest = from
	switch {
	case s.far.rtcp == s.far.rtp:
		s.rtcpDest = from
	case s.source.learned && from.Port() < 65535:
		s.rtcpDest = netip.AddrPortFrom(from.Addr(), from.Port()+1)
	}
}

// relay sends a packet that came to from, rewritten where it lies.
func (s *Session) relay(from *Session, b []byte, h *rtp.Header, codec int8) {
	if s.play != nil || s.digitOut.busy() || !s.sendable() {
		return
	}
	payload := b[h.Start:h.End]
	if s.muteOut && !hush(codec, payload) {
		return
	}
	pt := s.far.pt
	if codec != s.far.codec {
		same, has := s.far.typeOf(codec)
		switch {
		case codec == fmtUlaw && s.far.codec == fmtAlaw:
			for i, c := range payload {
				payload[i] = g711.Ulaw2AlawFrame(c)
			}
		case codec == fmtAlaw && s.far.codec == fmtUlaw:
			for i, c := range payload {
				payload[i] = g711.Alaw2UlawFrame(c)
			}
		case has:
			pt = same // not what we send by choice, but it was agreed on
		default:
			s.stats.unsent()
			return
		}
	} else if codec < 0 {
		s.stats.unsent()
		return
	}
	out := *h
	out.Type = pt
	if !s.send.pass(from, &out, s.l.now, s.far.clock) {
		return
	}
	for _, t := range s.taps {
		t.Audio(false, s.far.nameOf(pt), out.Timestamp, payload)
	}
	b = b[h.Start-rtp.HeaderSize : h.End]
	out.Put(b)
	s.transmit(b)
	if s.e.debug.Load().wants(s.dest) {
		s.trace("Sent", s.dest, &out)
	}
}

// trace logs one packet for `rtp set debug`.
func (s *Session) trace(what string, far netip.AddrPort, h *rtp.Header) {
	s.e.opt.Log.Info(what+" RTP packet", "far", far, "type", h.Type, "seq", h.Sequence, "ts", h.Timestamp, "len", h.End-h.Start)
}

// receiver keeps what RFC 3550 section 6.4 reports about a source (appendix A.1,
// A.3 and A.8).
type receiver struct {
	ssrc    uint32
	any     bool
	base    uint16
	max     uint16
	cycles  uint32
	got     uint32
	transit int64
	timed   bool   // transit is known
	jitter  uint32 // scaled by 16
	clock   int
	began   time.Time
	// of the last report
	expectedPrior, gotPrior uint32
	earlierLost             uint32 // by sources that were replaced
	earlierGot              uint32
}

// restart is told that another source took over.
func (r *receiver) restart() { r.any = false }

// count takes a packet into the statistics. Only of packets that are timed is it known
// when they were sent: those of a digit all have the timestamp of its beginning.
func (s *Session) count(h *rtp.Header, clock int, timed bool) {
	r := &s.recv
	now := s.l.now
	if !r.any || r.ssrc != h.SSRC {
		lost, got := r.earlierLost+uint32(max(r.lost(), 0)), r.earlierGot+r.got
		*r = receiver{ssrc: h.SSRC, any: true, base: h.Sequence, max: h.Sequence - 1, clock: clock, began: now, earlierLost: lost, earlierGot: got}
	}
	switch d := h.Sequence - r.max; {
	case d == 0:
	case d < maxDropout:
		if h.Sequence < r.max {
			r.cycles += 1 << 16
		}
		r.max = h.Sequence
	case d <= 65535-maxMisorder:
		// The source began again: what was lost in between cannot be told.
		lost, got := r.earlierLost+uint32(max(r.lost(), 0)), r.earlierGot+r.got
		*r = receiver{ssrc: h.SSRC, any: true, base: h.Sequence, max: h.Sequence, clock: clock, began: now, earlierLost: lost, earlierGot: got}
	}
	r.got++
	if timed {
		r.time(now, h.Timestamp, clock)
	}
	s.stats.received(h, r)
	s.startReports()
}

// time takes what the arrival of a packet says of the jitter.
func (r *receiver) time(now time.Time, timestamp uint32, clock int) {
	arrival := int64(now.Sub(r.began)) * int64(clock) / int64(time.Second)
	transit := arrival - int64(timestamp)
	if r.timed {
		d := int64(int32(transit - r.transit))
		if d < 0 {
			d = -d
		}
		if d < int64(clock)*10 { // a jump of the timestamp is no jitter
			r.jitter += uint32(d) - (r.jitter+8)>>4
		}
	}
	r.transit, r.timed = transit, true
}

// highest is the extended highest sequence number.
func (r *receiver) highest() uint32 { return r.cycles + uint32(r.max) }

// expected is how many packets there should have been.
func (r *receiver) expected() uint32 {
	if !r.any {
		return 0
	}
	return r.highest() - uint32(r.base) + 1
}

// lost is how many of them are missing; duplicates make it negative.
func (r *receiver) lost() int32 { return int32(r.expected() - r.got) }
