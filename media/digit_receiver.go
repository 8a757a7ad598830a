package media

import (
	"time"

	"pbx/media/codec/g711"
	"pbx/media/rtp"
	"pbx/media/tone"
	"pbx/sched"
)

// digitReceiver turns telephone-event packets into one beginning and one end for
// each digit (RFC 4733 section 2.5). A digit is told from the one before by its
// timestamp, as the end of that may be lost.
type digitReceiver struct {
	active   bool
	any      bool
	second   bool // the digit before has a timestamp of its own, last
	digit    byte
	ssrc     uint32
	seq      uint16 // of the last packet that counted
	ts       uint32 // of the event, or of its last segment
	duration uint16 // of it
	before   uint32 // of the segments before it
	last     uint32
	timer    sched.ID
}

// digit takes a telephone-event packet, and passes it on.
func (s *Session) digit(b []byte, h *rtp.Header) {
	ev, ok := rtp.ParseEvent(b[h.Start:h.End])
	if !ok {
		s.stats.garbage()
		return
	}
	if digit, ok := rtp.Digit(ev.Code); ok {
		s.digitEvent(digit, ev, h)
	}
	if p := s.peer; p != nil && !s.noDigits && p.far.dtmfSend != 0 {
		p.passEvent(s, b, h)
	}
}

func (s *Session) digitEvent(digit byte, ev rtp.Event, h *rtp.Header) {
	in := &s.digitIn
	known := in.any && h.SSRC == in.ssrc // the numbers of another source are its own
	switch {
	case known && (in.overtook(h) || in.second && h.Timestamp == in.last):
		return // of a digit before this one
	case known && h.Timestamp == in.ts && digit == in.digit:
		if !in.active {
			return // the end was sent three times, or the digit was given up
		}
	case known && in.active && digit == in.digit && in.continues(h):
		in.before += h.Timestamp - in.ts
		in.ts, in.duration = h.Timestamp, 0
	default:
		if in.active {
			s.endDigit() // its end was lost
		}
		*in = digitReceiver{active: true, digit: digit, ssrc: h.SSRC, ts: h.Timestamp, any: true, last: in.ts, second: known && in.ts != h.Timestamp}
		if s.opt.Events != nil {
			s.opt.Events.DigitBegin(digit)
		}
	}
	in.seq = h.Sequence
	if ev.Duration < in.duration && in.duration-ev.Duration > 1<<15 {
		in.before += 1 << 16 // the sender counts on in the same segment
	} else {
		ev.Duration = max(ev.Duration, in.duration)
	}
	in.duration = ev.Duration
	if ev.End {
		s.endDigit()
		return
	}
	if in.timer != 0 {
		s.l.sched.Delete(in.timer)
	}
	in.arm(s)
}

// overtook reports whether a packet comes late: a source that counts anew is farther
// away than that.
func (in *digitReceiver) overtook(h *rtp.Header) bool {
	seq, ts := int16(in.seq-h.Sequence), int32(in.ts-h.Timestamp)
	return seq > 0 && seq <= maxMisorder && ts >= 0 && ts < 5*8000
}

// continues reports whether a packet is of the next segment of a digit that lasts
// longer than a duration field holds: it begins where the one before ends (RFC 4733
// section 2.5.1.3).
func (in *digitReceiver) continues(h *rtp.Header) bool {
	const least = 0xf000 // what the last packets may have told of the full 0xffff
	gone := h.Timestamp - in.ts
	return !h.Marker && in.duration >= least && gone >= least && gone <= 0xffff+160
}

func (s *Session) endDigit() {
	in := &s.digitIn
	in.active = false
	if in.timer != 0 {
		s.l.sched.Delete(in.timer)
		in.timer = 0
	}
	if s.opt.Events != nil {
		s.opt.Events.DigitEnd(in.digit, time.Duration(in.before+uint32(in.duration))*time.Second/8000)
	}
}

// arm sets the time after which a digit whose end does not come is over.
func (in *digitReceiver) arm(s *Session) {
	in.timer = s.l.sched.Add(s.e.opt.DTMFTimeout, s.onDigitTimeout)
}

func (s *Session) digitTimedOut() time.Duration {
	defer s.guard()
	s.digitIn.timer = 0
	if s.digitIn.active {
		s.endDigit()
	}
	return sched.Done
}

// detect looks for digits in the audio of a far end that sends no
// telephone-events, and silences what it finds: who hears the audio is told the
// digit.
func (s *Session) detect(codec int8, payload []byte) {
	d := s.inband
	quiet := byte(0xff)
	for i, c := range payload {
		var v int16
		switch codec {
		case fmtUlaw:
			v = g711.DecodeUlawFrame(c)
		case fmtAlaw:
			v, quiet = g711.DecodeAlawFrame(c), 0xd5
		default:
			return
		}
		if d.Digit() != 0 {
			payload[i] = quiet
		}
		change, digit, samples := d.Push(v)
		if s.opt.Events == nil {
			continue
		}
		switch change {
		case tone.Began:
			s.opt.Events.DigitBegin(digit)
		case tone.Ended:
			s.opt.Events.DigitEnd(digit, time.Duration(samples)*time.Second/8000)
		}
	}
}

// passEvent relays a telephone-event packet to s.
func (s *Session) passEvent(from *Session, b []byte, h *rtp.Header) {
	if s.digitOut.busy() || !s.sendable() {
		return
	}
	out := *h
	out.Type = s.far.dtmfSend
	if !s.send.pass(from, &out, s.l.now, s.far.clock) {
		return
	}
	b = b[h.Start-rtp.HeaderSize : h.End]
	out.Put(b)
	s.transmit(b)
}
