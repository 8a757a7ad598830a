package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"pbx/media/codec/g711"
	"pbx/media/rtp"
	"pbx/sched"
)

const (
	// maxPacketBlocks bounds the packet time that we make, maxBlock the payload
	// of one packet, to what fits an Ethernet frame.
	maxPacketBlocks = 8
	maxBlock        = 1408
)

// playback is a sound on its way to a session.
type playback struct {
	id    PlayID
	src   Source
	loop  bool
	codec string
	wait  int  // blocks until the next packet
	ended bool // the last one was sent, and takes its time
}

// Play starts src, in place of what plays; Events.Played tells of its end. A
// loop needs a Rewinder, and plays until it is stopped. What is played takes the
// place of what is relayed to the session, and takes its time even while nothing
// may be sent.
func (s *Session) Play(src Source, loop bool) PlayID {
	id := PlayID(s.e.plays.Add(1))
	s.post(func() { s.startPlay(&playback{id: id, src: src, loop: loop, codec: src.Codec()}) })
	return id
}

// Stop ends a playback, or whatever plays when id is 0. Events.Played tells of
// it with ErrStopped, unless it had ended by itself.
func (s *Session) Stop(id PlayID) {
	s.post(func() {
		if s.play != nil && (id == 0 || s.play.id == id) {
			s.stopPlay(ErrStopped)
		}
	})
}

func (s *Session) startPlay(p *playback) {
	switch {
	case s.dead:
		s.played(p.id, ErrClosed)
		return
	case BlockSize(p.codec) == 0:
		s.played(p.id, fmt.Errorf("%w: %q cannot be played", ErrNoPath, p.codec))
		return
	case s.far.codec >= 0 && s.far.name != "" && !playable(p.codec, s.far.codec):
		s.played(p.id, fmt.Errorf("%w: %s to %s", ErrNoPath, p.codec, s.far.name))
		return
	}
	s.stopPlay(ErrStopped)
	s.play = p
	s.send.begins = true
	s.l.pace(s)
}

// playable reports whether we can make to out of a source's codec.
func playable(from string, to int8) bool {
	linear := func(name string) bool { return name == "ulaw" || name == "alaw" || name == "slin" }
	return from == name(to) || linear(from) && linear(name(to))
}

func (s *Session) stopPlay(err error) {
	p := s.play
	if p == nil {
		return
	}
	s.play = nil
	s.played(p.id, err)
}

func (s *Session) played(id PlayID, err error) {
	if s.opt.Events != nil {
		s.opt.Events.Played(id, err)
	}
}

// pace has the block timer serve s.
func (l *loop) pace(s *Session) {
	if s.paced {
		return
	}
	s.paced = true
	l.paced = append(l.paced, s)
	if !l.pacing {
		l.pacing = true
		l.sched.Add(0, l.blockDue)
	}
}

func (l *loop) unpace(s *Session) {
	if !s.paced {
		return
	}
	s.paced = false
	for i := range l.paced {
		if l.paced[i] == s {
			last := len(l.paced) - 1
			l.paced[i], l.paced[last] = l.paced[last], nil
			l.paced = l.paced[:last]
			return
		}
	}
}

// paces reports whether the session makes packets of its own accord.
func (s *Session) paces() bool { return s.play != nil || s.voice != nil || s.digitOut.busy() }

// blockDue sends one block to every session that is paced. The
// scheduler keeps to the times of the first: a late turn makes no slow sound.
func (l *loop) blockDue() time.Duration {
	for i := len(l.paced) - 1; i >= 0; i-- {
		if i >= len(l.paced) {
			continue
		}
		s := l.paced[i]
		s.blockDue()
		if s.l == l && !s.paces() {
			l.unpace(s)
		}
	}
	if len(l.paced) == 0 {
		l.pacing = false
		return sched.Done
	}
	return block
}

func (s *Session) blockDue() {
	defer s.guard()
	if s.digitOut.busy() {
		s.digitDue()
		return
	}
	switch p := s.play; {
	case p != nil:
		if p.wait--; p.wait > 0 {
			return
		}
		if p.ended {
			s.stopPlay(nil)
			return
		}
		n, err := s.sendFrom(p.src, p.codec, p.loop)
		switch p.wait = n; {
		case err == nil || s.play != p:
		case !errors.Is(err, io.EOF):
			s.stopPlay(err)
		case n > 0: // what comes next must not be early
			p.ended = true
		default:
			s.stopPlay(nil)
		}
	case s.voice != nil:
		s.voice.due()
	}
}

// sendFrom makes one packet of what src has, and tells how many blocks of time it takes:
// none where src has ended.
func (s *Session) sendFrom(src Source, codec string, loop bool) (blocks int, err error) {
	size := BlockSize(codec)
	blocks = max(1, min(s.far.blocks, maxBlock/size))
	if s.far.codec >= 0 && !playable(codec, s.far.codec) {
		return blocks, fmt.Errorf("%w: %s to %s", ErrNoPath, codec, s.far.name)
	}
	raw := s.l.made[:blocks*size]
	n := 0
	for i := 0; i < blocks && err == nil; i++ {
		var k int
		k, err = fill(src, raw[i*size:(i+1)*size], loop)
		n += k
	}
	if n == 0 {
		return 0, err
	}
	if whole := (n + size - 1) / size * size; whole > n {
		silence(codec, raw[n:whole])
		n = whole
	}
	blocks = n / size
	if !s.sendable() || s.far.codec < 0 {
		s.send.gap = true
		return blocks, err
	}
	if s.muteOut {
		silence(codec, raw[:n])
	}
	out := encode(s.l.out[rtp.HeaderSize:rtp.HeaderSize], name(s.far.codec), raw[:n], codec)
	h := s.send.make(s.far.pt, s.lastSamples, s.l.now, s.far.clock)
	s.lastSamples = s.far.samples * blocks
	h.Put(s.l.out[:])
	for _, t := range s.taps {
		t.Audio(false, s.far.name, h.Timestamp, out)
	}
	s.transmit(s.l.out[:rtp.HeaderSize+len(out)])
	return blocks, err
}

// fill reads one block, beginning again where that is wanted.
func fill(src Source, b []byte, loop bool) (n int, err error) {
	rewound := false
	for n < len(b) {
		k, err := src.Read(b[n:])
		if k < 0 || k > len(b)-n {
			return n, fmt.Errorf("source returned %d bytes for %d", k, len(b)-n)
		}
		n += k
		if k > 0 {
			rewound = false
		}
		if err == nil && k > 0 {
			continue
		}
		if err == nil {
			return n, io.ErrNoProgress
		}
		r, ok := src.(Rewinder)
		if !errors.Is(err, io.EOF) || !loop || !ok || rewound {
			return n, err
		}
		r.Rewind()
		rewound = true
	}
	return n, nil
}

// silence fills the end of a block.
func silence(codec string, b []byte) {
	var c byte
	switch codec {
	case "ulaw":
		c = 0xff
	case "alaw":
		c = 0xd5
	}
	for i := range b {
		b[i] = c
	}
}

// encode appends src, which is in codec from, in codec to. slin is little endian
// in a Source and big endian on the wire (RFC 3551 section 4.5.11).
func encode(dst []byte, to string, src []byte, from string) []byte {
	switch {
	case from == to && from != "slin":
		return append(dst, src...)
	case from == "ulaw" && to == "alaw":
		for _, c := range src {
			dst = append(dst, g711.Ulaw2AlawFrame(c))
		}
		return dst
	case from == "alaw" && to == "ulaw":
		for _, c := range src {
			dst = append(dst, g711.Alaw2UlawFrame(c))
		}
		return dst
	}
	step := 1
	if from == "slin" {
		step = 2
	}
	for i := 0; i+step <= len(src); i += step {
		var v int16
		switch from {
		case "ulaw":
			v = g711.DecodeUlawFrame(src[i])
		case "alaw":
			v = g711.DecodeAlawFrame(src[i])
		default:
			v = int16(binary.LittleEndian.Uint16(src[i:]))
		}
		switch to {
		case "ulaw":
			dst = append(dst, g711.EncodeUlawFrame(v))
		case "alaw":
			dst = append(dst, g711.EncodeAlawFrame(v))
		default:
			dst = binary.BigEndian.AppendUint16(dst, uint16(v))
		}
	}
	return dst
}
