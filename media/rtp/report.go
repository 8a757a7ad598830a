package rtp

import (
	"encoding/binary"
	"iter"
	"time"
)

// The RTCP packet types (RFC 3550 section 12.1).
const (
	TypeSR   = 200
	TypeRR   = 201
	TypeSDES = 202
	TypeBYE  = 203
)

// Report is one sender or receiver report of a compound packet.
type Report struct {
	SSRC uint32
	// Sender tells a sender report; NTP, Timestamp, Packets and Octets are its.
	Sender          bool
	NTP             uint64
	Timestamp       uint32
	Packets, Octets uint32

	blocks []byte
}

// Block is what a report says of one source that its sender hears.
type Block struct {
	SSRC         uint32
	FractionLost uint8
	Lost         int32 // cumulative, 24 bits with sign
	Highest      uint32
	Jitter       uint32 // in timestamp units
	LSR, DLSR    uint32 // units of 1/65536 s
}

const blockSize = 24

// Blocks yields the report blocks.
func (r Report) Blocks() iter.Seq[Block] {
	return func(yield func(Block) bool) {
		for b := r.blocks; len(b) >= blockSize; b = b[blockSize:] {
			if !yield(Block{
				SSRC:         binary.BigEndian.Uint32(b),
				FractionLost: b[4],
				Lost:         int32(binary.BigEndian.Uint32(b[4:])<<8) >> 8,
				Highest:      binary.BigEndian.Uint32(b[8:]),
				Jitter:       binary.BigEndian.Uint32(b[12:]),
				LSR:          binary.BigEndian.Uint32(b[16:]),
				DLSR:         binary.BigEndian.Uint32(b[20:]),
			}) {
				return
			}
		}
	}
}

// ValidCompound checks a compound packet as RFC 3550 appendix A.2 does: version
// 2, a report first, no padding but on the last, lengths that add up.
func ValidCompound(b []byte) bool {
	if len(b) < 8 || len(b)%4 != 0 || b[0]&0xe0 != 0x80 || (b[1] != TypeSR && b[1] != TypeRR) {
		return false
	}
	for len(b) > 0 {
		if len(b) < 4 || b[0]>>6 != 2 {
			return false
		}
		n := 4 + 4*int(binary.BigEndian.Uint16(b[2:]))
		if n > len(b) || (b[0]&0x20 != 0 && n != len(b)) {
			return false
		}
		b = b[n:]
	}
	return true
}

// Reports yields the sender and receiver reports of a compound packet that
// ValidCompound accepted; a report whose count does not fit its length is left
// out.
func Reports(b []byte) iter.Seq[Report] {
	return func(yield func(Report) bool) {
		for len(b) >= 4 {
			n := 4 + 4*int(binary.BigEndian.Uint16(b[2:]))
			if n > len(b) {
				return
			}
			if r, ok := parseReport(b[:n]); ok && !yield(r) {
				return
			}
			b = b[n:]
		}
	}
}

func parseReport(b []byte) (r Report, ok bool) {
	start := 8
	if b[1] == TypeSR {
		start = 28
	} else if b[1] != TypeRR {
		return r, false
	}
	end := start + blockSize*int(b[0]&0x1f)
	if len(b) < end {
		return r, false
	}
	r.SSRC = binary.BigEndian.Uint32(b[4:])
	r.blocks = b[start:end]
	if b[1] == TypeSR {
		r.Sender = true
		r.NTP = binary.BigEndian.Uint64(b[8:])
		r.Timestamp = binary.BigEndian.Uint32(b[16:])
		r.Packets = binary.BigEndian.Uint32(b[20:])
		r.Octets = binary.BigEndian.Uint32(b[24:])
	}
	return r, true
}

// AppendReport appends a sender report (r.Sender) or a receiver report with the
// blocks given, at most 31.
func AppendReport(b []byte, r Report, blocks ...Block) []byte {
	kind, words := byte(TypeRR), 1+6*len(blocks)
	if r.Sender {
		kind, words = TypeSR, words+5
	}
	b = append(b, 2<<6|byte(len(blocks)), kind, byte(words>>8), byte(words))
	b = binary.BigEndian.AppendUint32(b, r.SSRC)
	if r.Sender {
		b = binary.BigEndian.AppendUint64(b, r.NTP)
		b = binary.BigEndian.AppendUint32(b, r.Timestamp)
		b = binary.BigEndian.AppendUint32(b, r.Packets)
		b = binary.BigEndian.AppendUint32(b, r.Octets)
	}
	for _, k := range blocks {
		lost := min(max(k.Lost, -1<<23), 1<<23-1)
		b = binary.BigEndian.AppendUint32(b, k.SSRC)
		b = binary.BigEndian.AppendUint32(b, uint32(k.FractionLost)<<24|uint32(lost)&0xffffff)
		b = binary.BigEndian.AppendUint32(b, k.Highest)
		b = binary.BigEndian.AppendUint32(b, k.Jitter)
		b = binary.BigEndian.AppendUint32(b, k.LSR)
		b = binary.BigEndian.AppendUint32(b, k.DLSR)
	}
	return b
}

// AppendCNAME appends a source description with the canonical name, which every
// compound packet must have (RFC 3550 section 6.5.1); name is at most 255 bytes.
func AppendCNAME(b []byte, ssrc uint32, name string) []byte {
	size := 4 + 4 + 2 + len(name) + 1
	pad := -size & 3
	words := (size+pad)/4 - 1
	b = append(b, 2<<6|1, TypeSDES, byte(words>>8), byte(words))
	b = binary.BigEndian.AppendUint32(b, ssrc)
	b = append(b, 1, byte(len(name)))
	b = append(b, name...)
	b = append(b, 0)
	return append(b, "\x00\x00\x00"[:pad]...)
}

// AppendBYE appends a goodbye (RFC 3550 section 6.6).
func AppendBYE(b []byte, ssrc uint32) []byte {
	b = append(b, 2<<6|1, TypeBYE, 0, 1)
	return binary.BigEndian.AppendUint32(b, ssrc)
}

// ntpEpoch is how many seconds before 1970 NTP's time begins.
const ntpEpoch = 2208988800

// NTP is t as a 64-bit NTP timestamp.
func NTP(t time.Time) uint64 {
	return uint64(t.Unix()+ntpEpoch)<<32 | uint64(t.Nanosecond())<<32/1e9
}

// Short is the middle of an NTP timestamp, as LSR has it: units of 1/65536 s.
func Short(ntp uint64) uint32 { return uint32(ntp >> 16) }

// RoundTrip is the time that a report with these LSR and DLSR was on the way
// both ways (RFC 3550 section 6.4.1), false when it cannot be told.
func RoundTrip(now time.Time, lsr, dlsr uint32) (time.Duration, bool) {
	if lsr == 0 {
		return 0, false
	}
	d := Short(NTP(now)) - lsr - dlsr
	if d > 1<<31 { // clocks ran differently for a moment
		return 0, false
	}
	return time.Duration(d) * time.Second >> 16, true
}
