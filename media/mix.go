package media

import (
	"encoding/binary"
	"fmt"
	"math"
	"sync"

	"pbx/media/codec/g711"
)

// The time of a mix is counted in samples of 8 kHz.
const (
	mixRing = 4096 // samples of each voice that are kept, a power of two
	// mixLead is how much later than it came a voice is heard, once it begins: what
	// its packets may be late. mixMost is where that ends and packets are dropped, so
	// that a clock that runs fast brings no delay.
	mixLead = 160
	mixMost = 960
	// mixSlack is how far a listener may be behind the others before it skips ahead.
	mixSlack = 800
)

// Mix has each of several sessions hear all the others. What is played to a session is
// heard by it alone, and instead.
type Mix struct {
	mu     sync.Mutex
	voices []*voice
	now    int64 // where the foremost listener is
}

// voice is one session's part in a mix. The session's loop owns what is not said to
// be the mix's; mixes of sessions on several loops share by the lock.
type voice struct {
	mix     *Mix
	session *Session
	ring    [mixRing]int16
	from    int64 // of what is in the ring without a gap, and its end
	to      int64
	heard   int64 // how far its own session has listened
	begun   bool
	wait    int // blocks until the session's next packet
}

// NewMix mixes sessions, in place of what each was joined to before, until Close. The
// error is ErrNoPath when one of them speaks a codec that cannot be mixed, which leaves
// everything as it was, or ErrClosed.
func NewMix(sessions ...*Session) (*Mix, error) {
	m := &Mix{}
	for _, s := range sessions {
		r, closed := s.state()
		if closed {
			return nil, ErrClosed
		}
		if r.Send.Codec != "" && !Linear(r.Send.Codec) {
			return nil, fmt.Errorf("%w: %s cannot be mixed", ErrNoPath, r.Send.Codec)
		}
		m.voices = append(m.voices, &voice{mix: m, session: s})
	}
	for _, v := range m.voices {
		v.session.post(func() { v.session.enter(v) })
	}
	return m, nil
}

// Close ends it: nobody hears anybody then.
func (m *Mix) Close() {
	for _, v := range m.voices {
		v.session.post(func() {
			if v.session.voice == v {
				v.session.part()
			}
		})
	}
}

// enter takes a session into a mix.
func (s *Session) enter(v *voice) {
	if s.dead {
		return
	}
	s.want = nil
	s.part()
	s.voice = v
	s.send.gap = true
	s.l.pace(s)
}

// say puts a packet of the session's far end into the mix.
func (v *voice) say(codec string, payload []byte) {
	m := v.mix
	m.mu.Lock()
	defer m.mu.Unlock()
	n := int64(samples(codec, payload))
	switch {
	case !Linear(codec):
		return
	case v.to < m.now+1: // it begins, or begins again
		v.from = m.now + mixLead
		v.to = v.from
	case v.to+n > m.now+mixMost:
		return
	}
	for i := range int(n) {
		v.ring[(v.to+int64(i))&(mixRing-1)] = sample(codec, payload, i)
	}
	v.to += n
}

// due sends the session what it has to hear now.
func (v *voice) due() {
	if v.wait--; v.wait > 0 {
		return
	}
	var err error
	if v.wait, err = v.session.sendFrom(v, v.Codec(), false); err != nil { // another codec was agreed on since
		v.session.stats.unsent()
	}
}

// Codec implements Source.
func (v *voice) Codec() string { return "slin" }

// Read implements Source: what all the others say.
func (v *voice) Read(block []byte) (int, error) {
	m := v.mix
	m.mu.Lock()
	defer m.mu.Unlock()
	if !v.begun || m.now-v.heard > mixSlack {
		v.begun, v.heard = true, m.now
	}
	n := len(block) / 2
	for i := range n {
		at, sum := v.heard+int64(i), int32(0)
		for _, o := range m.voices {
			if o != v && at >= o.from && at < o.to {
				sum += int32(o.ring[at&(mixRing-1)])
			}
		}
		binary.LittleEndian.PutUint16(block[2*i:], uint16(int16(max(math.MinInt16, min(math.MaxInt16, sum)))))
	}
	v.heard += int64(n)
	m.now = max(m.now, v.heard)
	return 2 * n, nil
}

// samples is how many there are in a payload of a codec that is Linear.
func samples(codec string, payload []byte) int {
	if codec == "slin" {
		return len(payload) / 2
	}
	return len(payload)
}

// sample is one of them, linear.
func sample(codec string, payload []byte, i int) int16 {
	switch codec {
	case "ulaw":
		return g711.DecodeUlawFrame(payload[i])
	case "alaw":
		return g711.DecodeAlawFrame(payload[i])
	default: // the order of the wire (RFC 3551 section 4.5.11)
		return int16(binary.BigEndian.Uint16(payload[2*i:]))
	}
}
