package rtp

import "encoding/binary"

// EventSize is the length of a telephone-event payload.
const EventSize = 4

// Event is one telephone-event payload (RFC 4733 section 2.3).
type Event struct {
	Code     uint8
	End      bool
	Volume   uint8  // -dBm0, 0-63
	Duration uint16 // in timestamp units
}

// ParseEvent reads the first event of a payload.
func ParseEvent(b []byte) (e Event, ok bool) {
	if len(b) < EventSize {
		return e, false
	}
	return Event{b[0], b[1]&0x80 != 0, b[1] & 0x3f, binary.BigEndian.Uint16(b[2:])}, true
}

// Put writes the event into the first EventSize bytes of b.
func (e Event) Put(b []byte) {
	b[0] = e.Code
	b[1] = e.Volume & 0x3f
	if e.End {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], e.Duration)
}

// digits are the DTMF digits in the order of their event codes (RFC 4733
// section 3.2).
const digits = "0123456789*#ABCD"

// Digit is the DTMF digit of an event code.
func Digit(code uint8) (digit byte, ok bool) {
	if int(code) >= len(digits) {
		return 0, false
	}
	return digits[code], true
}

// Code is the event code of a DTMF digit.
func Code(digit byte) (code uint8, ok bool) {
	if digit >= 'a' && digit <= 'd' {
		digit -= 'a' - 'A'
	}
	for i := range len(digits) {
		if digits[i] == digit {
			return uint8(i), true
		}
	}
	return 0, false
}
