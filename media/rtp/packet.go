// Package rtp reads and writes RTP and RTCP packets in the buffers that they
// arrived in (RFC 3550), and the telephone-events inside them (RFC 4733).
//
// It keeps nothing and allocates nothing: every value refers to the caller's
// bytes, and every goroutine may call it.
package rtp

import "encoding/binary"

// HeaderSize is the length of a header without contributing sources and
// extension, the only kind that is sent.
const HeaderSize = 12

// Header is the fixed header of one packet and where its payload lies.
type Header struct {
	Type      uint8 // payload type
	Marker    bool
	Sequence  uint16
	Timestamp uint32
	SSRC      uint32
	// Start and End delimit the payload in the packet: contributing sources, a
	// header extension and padding are left out.
	Start, End int
}

// Parse reads the header of b. It reports false for what is no RTP version 2
// packet (RFC 3550 section 5.1) or whose lengths do not add up, and for RTCP that
// came to the wrong port (RFC 5761 section 4).
func Parse(b []byte) (h Header, ok bool) {
	if len(b) < HeaderSize || b[0]>>6 != 2 || IsRTCP(b) {
		return h, false
	}
	h.Marker = b[1]&0x80 != 0
	h.Type = b[1] & 0x7f
	h.Sequence = binary.BigEndian.Uint16(b[2:])
	h.Timestamp = binary.BigEndian.Uint32(b[4:])
	h.SSRC = binary.BigEndian.Uint32(b[8:])
	h.Start, h.End = HeaderSize+4*int(b[0]&0xf), len(b)
	if b[0]&0x10 != 0 {
		if len(b) < h.Start+4 {
			return h, false
		}
		h.Start += 4 + 4*int(binary.BigEndian.Uint16(b[h.Start+2:]))
	}
	if h.Start > len(b) {
		return h, false
	}
	if b[0]&0x20 != 0 {
		pad := int(b[len(b)-1])
		if pad == 0 || h.End-pad < h.Start {
			return h, false
		}
		h.End -= pad
	}
	return h, true
}

// Put writes a plain header into the first HeaderSize bytes of b.
func (h Header) Put(b []byte) {
	b[0] = 2 << 6
	b[1] = h.Type & 0x7f
	if h.Marker {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], h.Sequence)
	binary.BigEndian.PutUint32(b[4:], h.Timestamp)
	binary.BigEndian.PutUint32(b[8:], h.SSRC)
}

// IsRTCP tells an RTCP packet from RTP by its type: 192 to 223 are RTCP's (RFC
// 5761 section 4).
func IsRTCP(b []byte) bool {
	return len(b) >= 4 && b[0]>>6 == 2 && b[1] >= 192 && b[1] <= 223
}
