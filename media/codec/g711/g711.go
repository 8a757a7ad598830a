// Package g711 converts between 16-bit linear PCM, µ-law and A-law (ITU-T
// G.711).
//
// Its functions have the names and signatures of github.com/zaf/g711, so that an
// import line is all that separates the two: the plain names convert slices, in
// which linear samples are little endian, and return new ones; the …Frame forms
// convert one sample and allocate nothing. The tables are constant: every
// goroutine may call everything.
package g711

import (
	"encoding/binary"
	"math/bits"
)

// DecodeUlawFrame is the linear value of a µ-law sample.
func DecodeUlawFrame(frame uint8) int16 { return ulawToLinear[frame] }

// DecodeAlawFrame is the linear value of an A-law sample.
func DecodeAlawFrame(frame uint8) int16 { return alawToLinear[frame] }

// Ulaw2AlawFrame is the A-law sample nearest to a µ-law one.
func Ulaw2AlawFrame(frame uint8) uint8 { return ulawToAlaw[frame] }

// Alaw2UlawFrame is the µ-law sample nearest to an A-law one.
func Alaw2UlawFrame(frame uint8) uint8 { return alawToUlaw[frame] }

// EncodeUlawFrame is the µ-law sample nearest to a linear one. The law works on
// 14 bits: the magnitude, plus a bias of 33, has its highest bit in the segment
// and the four bits below it in the interval.
func EncodeUlawFrame(frame int16) uint8 {
	v, sign := int(frame), 0
	if v < 0 {
		// -1 is the first value below zero, as 0 is the first above.
		v, sign = ^v, 0x80
	}
	v = min(v>>2, 8158) + 33
	segment := segmentOf(v >> 5)
	return ^uint8(sign | segment<<4 | v>>(segment+1)&0xf)
}

// EncodeAlawFrame is the A-law sample nearest to a linear one. The law works on
// 13 bits, without a bias; its even bits are inverted.
func EncodeAlawFrame(frame int16) uint8 {
	v, sign := int(frame), 0x80
	if v < 0 {
		v, sign = ^v, 0
	}
	v >>= 3
	if v < 32 {
		return uint8(sign|v>>1) ^ 0x55
	}
	// From the second segment on the bit above the interval is implied.
	segment := segmentOf(v>>5) + 1
	return uint8(sign|segment<<4|v>>segment&0xf) ^ 0x55
}

// segmentOf is the number of the highest bit in v, 0 to 7, 0 for none.
func segmentOf(v int) int { return max(bits.Len8(uint8(v)), 1) - 1 }

// EncodeUlaw encodes little-endian samples; an odd last byte is left out.
func EncodeUlaw(lpcm []byte) []byte {
	out := make([]byte, len(lpcm)/2)
	for i := range out {
		out[i] = EncodeUlawFrame(int16(binary.LittleEndian.Uint16(lpcm[2*i:])))
	}
	return out
}

// EncodeAlaw encodes little-endian samples; an odd last byte is left out.
func EncodeAlaw(lpcm []byte) []byte {
	out := make([]byte, len(lpcm)/2)
	for i := range out {
		out[i] = EncodeAlawFrame(int16(binary.LittleEndian.Uint16(lpcm[2*i:])))
	}
	return out
}

// DecodeUlaw decodes to little-endian samples.
func DecodeUlaw(pcm []byte) []byte {
	out := make([]byte, 0, 2*len(pcm))
	for _, b := range pcm {
		out = binary.LittleEndian.AppendUint16(out, uint16(ulawToLinear[b]))
	}
	return out
}

// DecodeAlaw decodes to little-endian samples.
func DecodeAlaw(pcm []byte) []byte {
	out := make([]byte, 0, 2*len(pcm))
	for _, b := range pcm {
		out = binary.LittleEndian.AppendUint16(out, uint16(alawToLinear[b]))
	}
	return out
}

// Ulaw2Alaw translates a slice of µ-law samples.
func Ulaw2Alaw(ulaw []byte) []byte {
	out := make([]byte, len(ulaw))
	for i, b := range ulaw {
		out[i] = ulawToAlaw[b]
	}
	return out
}

// Alaw2Ulaw translates a slice of A-law samples.
func Alaw2Ulaw(alaw []byte) []byte {
	out := make([]byte, len(alaw))
	for i, b := range alaw {
		out[i] = alawToUlaw[b]
	}
	return out
}
