package media

import (
	"time"

	"pbx/media/codec/g711"
	"pbx/media/rtp"
	"pbx/media/tone"
	"pbx/sched"
)

// digitReceiver turns telephone-event packets into one beginning and one end for
// each digit (RFC 4733 section 2.5).
type digitReceiver struct {
	active   bool
	digit    byte
	ts       uint32 // of the event; of the last one when not active
	any      bool
	duration uint16
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
		s.digitEvent(digit, ev, h.Timestamp)
	}
	if p := s.peer; p != nil && !s.noDigits && p.far.dtmfSend != 0 {
		p.passEvent(s, b, h)
	}
}

func (s *Session) digitEvent(digit byte, ev rtp.Event, ts uint32) {
	in := &s.digitIn
	if in.any && ts == in.ts {
		if !in.active {
			return // the end was sent three times, or came late
		}
	} else {
		if in.any && int32(ts-in.ts) < 0 && int32(in.ts-ts) < 8000*5 {
			return // a packet of an earlier digit, out of order
		}
		if in.active {
			s.endDigit() // its end was lost
		}
		*in = digitReceiver{active: true, digit: digit, ts: ts, any: true}
		in.arm(s)
		if s.opt.Events != nil {
			s.opt.Events.DigitBegin(digit)
		}
	}
	in.duration = max(in.duration, ev.Duration)
	if ev.End {
		s.endDigit()
		return
	}
	s.l.sched.Delete(in.timer)
	in.arm(s)
}

func (s *Session) endDigit() {
	in := &s.digitIn
	in.active = false
	if in.timer != 0 {
		s.l.sched.Delete(in.timer)
		in.timer = 0
	}
	if s.opt.Events != nil {
		s.opt.Events.DigitEnd(in.digit, time.Duration(in.duration)*time.Second/8000)
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
