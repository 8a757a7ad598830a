package media

import (
	"time"

	"pbx/media/rtp"
)

// stream is what a session sends: one SSRC whose sequence numbers and timestamps
// go on, whatever the packets are made of (RFC 3550 section 5.1).
type stream struct {
	ssrc uint32
	seq  uint16    // of the last packet
	ts   uint32    // of the last packet, or of the digit it belonged to
	at   time.Time // when that timestamp was, or was due
	any  bool      // something was sent

	// What is passed on at present: packets of one SSRC of one session, by a
	// fixed offset so that the receiver sees what got lost on the way to us.
	from     *Session
	fromSSRC uint32
	seqOff   uint16
	tsOff    uint32
	fresh    uint16 // packets since from began, up to freshLimit
	first    uint16 // sequence number of the first of them

	gap    bool // the next packet that we make begins a talkspurt,
	begins bool // or does so if it comes too late to follow on the last
}

const (
	// maxDropout and maxMisorder are RFC 3550 appendix A.1's: a sequence number
	// farther off is a source that began again.
	maxDropout  = 3000
	maxMisorder = 100
	freshLimit  = 1000
	// maxRest is how much later than its timestamp says a sound may begin behind
	// another: beyond it a talkspurt begins, so that the receiver knows that there was
	// nothing and does not take the network for slow.
	maxRest = 10 * time.Millisecond
)

// elapsed is the timestamp that now has in the stream.
func (st *stream) elapsed(now time.Time, clock int) uint32 {
	if !st.any {
		return st.ts
	}
	d := now.Sub(st.at)
	if d > time.Hour {
		d = time.Hour
	}
	return st.ts + uint32(int64(d)*int64(clock)/int64(time.Second))
}

// pass rewrites the header of a packet that came to from. It reports false for
// one that is older than the beginning of what is passed on.
func (st *stream) pass(from *Session, h *rtp.Header, now time.Time, clock int) bool {
	seq := h.Sequence + st.seqOff
	d := int16(seq - st.seq)
	if st.from != from || st.fromSSRC != h.SSRC || d > maxDropout || d < -maxMisorder {
		st.from, st.fromSSRC = from, h.SSRC
		seq = st.seq + 1
		st.seqOff = seq - h.Sequence
		st.tsOff = st.after(now, clock) - h.Timestamp
		st.fresh, st.first = 0, seq
		h.Marker = true
		d = 1
	}
	if st.fresh < freshLimit {
		if int16(seq-st.first) < 0 {
			return false
		}
		st.fresh++
	}
	h.Sequence, h.Timestamp, h.SSRC = seq, h.Timestamp+st.tsOff, st.ssrc
	if d > 0 {
		st.seq, st.ts, st.at, st.any = seq, h.Timestamp, now, true
	}
	return true
}

// after is the timestamp of a talkspurt that begins now: at least one packet
// after the last.
func (st *stream) after(now time.Time, clock int) uint32 {
	ts := st.elapsed(now, clock)
	if least := st.ts + uint32(clock/50); st.any && int32(ts-least) < 0 {
		ts = least
	}
	return ts
}

// make is the header of the next packet that we make ourselves; samples is what
// the packet before it held, if that was one of the same talkspurt.
func (st *stream) make(pt uint8, samples int, now time.Time, clock int) rtp.Header {
	h := rtp.Header{Type: pt, SSRC: st.ssrc}
	due := st.at.Add(time.Duration(samples) * time.Second / time.Duration(max(clock, 1)))
	if st.from != nil || st.gap || !st.any || st.begins && now.Sub(due) > maxRest {
		h.Marker = true
		h.Timestamp, st.at = st.after(now, clock), now
	} else {
		h.Timestamp, st.at = st.ts+uint32(samples), due
	}
	st.from, st.gap, st.begins = nil, false, false
	st.seq++
	h.Sequence = st.seq
	st.ts, st.any = h.Timestamp, true
	return h
}
