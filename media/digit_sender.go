package media

import (
	"fmt"
	"time"

	"pbx/media/rtp"
	"pbx/media/tone"
)

// digitSender makes telephone-events, or tones where the far end takes none.
type digitSender struct {
	queue    []queuedDigit
	on       bool
	code     uint8
	ts       uint32
	duration int // sent so far, in units of eventClock
	total    int
	ends     int // end packets sent
	pause    int // blocks until the next digit
	tone     Source
}

type queuedDigit struct {
	digit byte
	d     time.Duration
}

const (
	maxDigits    = 64                     // that wait to be sent
	digitTime    = 100 * time.Millisecond // when none is given
	minDigitTime = 40 * time.Millisecond
	maxDigitTime = 8 * time.Second // what a duration field holds
	digitPause   = 3               // blocks between digits

	// eventClock is that of durations: telephone-event/8000 is agreed on whatever the
	// clock of the audio.
	eventClock = 8000
	eventBlock = eventClock / int(time.Second/block)
)

func (d *digitSender) busy() bool { return d.on || d.pause > 0 || len(d.queue) > 0 }

// SendDigit sends a DTMF digit of that length (100 ms when 0) to the far end, as
// a telephone-event where it takes them and as a tone otherwise. Digits queue;
// while one is sent the session hears nothing else.
func (s *Session) SendDigit(digit byte, d time.Duration) error {
	if _, ok := rtp.Code(digit); !ok {
		return fmt.Errorf("%q is no DTMF digit", digit)
	}
	if d <= 0 {
		d = digitTime
	}
	d = min(max(d, minDigitTime), maxDigitTime)
	s.post(func() {
		if s.dead || len(s.digitOut.queue) >= maxDigits {
			return
		}
		s.digitOut.queue = append(s.digitOut.queue, queuedDigit{digit, d})
		s.l.pace(s)
	})
	return nil
}

// digitDue sends what this block has of the digit under way (RFC 4733 section
// 2.5.1): an update each block, the end three times.
func (s *Session) digitDue() {
	d := &s.digitOut
	if d.pause > 0 {
		d.pause--
		return
	}
	if !d.on {
		s.beginDigit()
	}
	if d.tone != nil {
		if _, err := s.sendFrom(d.tone, d.tone.Codec(), false); err != nil {
			s.finishDigit()
		}
		return
	}
	d.duration = min(d.duration+eventBlock, d.total)
	end := d.duration >= d.total
	if end {
		d.ends++
	}
	if s.sendable() {
		h := rtp.Header{Type: s.far.dtmfSend, Sequence: s.send.seq, Timestamp: d.ts, SSRC: s.send.ssrc}
		if d.duration > eventBlock || d.ends > 1 {
			s.send.seq++
			h.Sequence++
		} else {
			h = s.send.make(s.far.dtmfSend, 0, s.l.now, s.far.clock)
			h.Marker, d.ts = true, h.Timestamp
		}
		h.Put(s.l.out[:])
		rtp.Event{Code: d.code, End: end, Volume: 10, Duration: uint16(d.duration)}.Put(s.l.out[rtp.HeaderSize:])
		s.transmit(s.l.out[:rtp.HeaderSize+rtp.EventSize])
	}
	if d.ends == 3 {
		s.finishDigit()
	}
}

func (s *Session) beginDigit() {
	d := &s.digitOut
	q := d.queue[0]
	d.queue = append(d.queue[:0], d.queue[1:]...)
	d.on, d.duration, d.ends, d.tone = true, 0, 0, nil
	d.code, _ = rtp.Code(q.digit)
	d.total = min(int(q.d*eventClock/time.Second), 65535)
	s.send.gap = true
	if s.far.dtmfSend == 0 {
		d.tone = tone.Digit(q.digit, q.d)
	}
}

func (s *Session) finishDigit() {
	s.digitOut.on, s.digitOut.tone = false, nil
	s.digitOut.pause = digitPause
	s.send.gap = true
}
