// Package stun asks a STUN server (RFC 8489) under which address it sees us: the
// Binding method, without authentication, over UDP.
//
// It does no I/O and reads no clock: it writes requests, reads responses and says
// when to repeat. Nothing in it is shared between goroutines.
package stun

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"net/netip"
	"time"
)

// DefaultPort is where servers listen (RFC 8489 18.6).
const DefaultPort = 3478

// The numbers of RFC 8489 5, 14 and 18.
const (
	cookie      = 0x2112A442
	headerLen   = 20
	request     = 0x0001 // Binding request
	success     = 0x0101 // Binding success response
	failure     = 0x0111 // Binding error response
	mapped      = 0x0001 // MAPPED-ADDRESS
	errorCode   = 0x0009 // ERROR-CODE
	xorMapped   = 0x0020 // XOR-MAPPED-ADDRESS
	fingerprint = 0x8028 // FINGERPRINT
	optional    = 0x8000 // attributes from here on need not be understood
	crcMask     = 0x5354554e
)

// ID is a transaction ID; it has to be random (RFC 8489 5).
type ID [12]byte

// Is reports whether a datagram is a STUN message, among others on the same port
// (RFC 8489 5 and RFC 7983): SIP never begins with such bytes.
func Is(b []byte) bool {
	return len(b) >= headerLen && b[0]&0xC0 == 0 && binary.BigEndian.Uint32(b[4:]) == cookie &&
		len(b) == headerLen+int(binary.BigEndian.Uint16(b[2:])) && len(b)%4 == 0
}

// AppendRequest appends a Binding request.
func AppendRequest(dst []byte, id ID) []byte {
	dst = binary.BigEndian.AppendUint16(dst, request)
	dst = append(dst, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, cookie)
	return append(dst, id[:]...)
}

// Why a message is no answer.
var (
	ErrForeign   = errors.New("stun: not the answer to our request")
	ErrMalformed = errors.New("stun: malformed message")
	ErrNoAddress = errors.New("stun: no address in the response")
)

// Refusal is an error response (RFC 8489 14.8).
type Refusal struct {
	Code   int // 300 to 699
	Reason string
}

func (r *Refusal) Error() string { return fmt.Sprintf("stun: refused: %d %s", r.Code, r.Reason) }

// Parse reads the response to the request with that ID: the address the server saw,
// or a *Refusal. Other errors mean that the message has to be ignored and the
// request goes on (RFC 8489 6.3.3 and 6.3.4).
func Parse(b []byte, id ID) (netip.AddrPort, error) {
	if !Is(b) {
		return netip.AddrPort{}, ErrMalformed
	}
	if ID(b[8:headerLen]) != id {
		return netip.AddrPort{}, ErrForeign
	}
	kind := binary.BigEndian.Uint16(b)
	if kind != success && kind != failure {
		return netip.AddrPort{}, ErrForeign
	}
	var plain, hidden netip.AddrPort
	var refused *Refusal
	for rest := b[headerLen:]; len(rest) > 0; {
		if len(rest) < 4 {
			return netip.AddrPort{}, ErrMalformed
		}
		attr, n := binary.BigEndian.Uint16(rest), int(binary.BigEndian.Uint16(rest[2:]))
		padded := 4 + (n+3)&^3
		if padded > len(rest) {
			return netip.AddrPort{}, ErrMalformed
		}
		value := rest[4 : 4+n]
		var err error
		switch attr {
		case mapped:
			plain, err = first(plain)(parseAddress(value, nil))
		case xorMapped:
			hidden, err = first(hidden)(parseAddress(value, b[4:headerLen]))
		case errorCode:
			if len(value) < 4 || value[2]&7 < 3 || value[2]&7 > 6 || value[3] > 99 {
				return netip.AddrPort{}, ErrMalformed
			}
			refused = &Refusal{Code: int(value[2]&7)*100 + int(value[3]), Reason: printable(value[4:])}
		case fingerprint:
			at := len(b) - len(rest)
			if n != 4 || padded != len(rest) || binary.BigEndian.Uint32(value) != crc32.ChecksumIEEE(b[:at])^crcMask {
				return netip.AddrPort{}, ErrMalformed
			}
		default:
			if attr < optional {
				return netip.AddrPort{}, fmt.Errorf("%w: attribute %#04x is not understood", ErrMalformed, attr)
			}
		}
		if err != nil {
			return netip.AddrPort{}, err
		}
		rest = rest[padded:]
	}
	switch {
	case kind == failure && refused != nil:
		return netip.AddrPort{}, refused
	case kind == failure:
		return netip.AddrPort{}, ErrMalformed
	case hidden.IsValid():
		return hidden, nil
	case plain.IsValid():
		return plain, nil
	}
	return netip.AddrPort{}, ErrNoAddress
}

// first keeps the first of several attributes of a kind (RFC 8489 14).
func first(had netip.AddrPort) func(netip.AddrPort, error) (netip.AddrPort, error) {
	return func(a netip.AddrPort, err error) (netip.AddrPort, error) {
		if had.IsValid() {
			return had, nil
		}
		return a, err
	}
}

// parseAddress reads MAPPED-ADDRESS, or with the mask XOR-MAPPED-ADDRESS (14.1 and
// 14.2); mask is the cookie and the transaction ID.
func parseAddress(b, mask []byte) (netip.AddrPort, error) {
	if len(b) < 4 {
		return netip.AddrPort{}, ErrMalformed
	}
	n := 0
	switch b[1] {
	case 1:
		n = 4
	case 2:
		n = 16
	}
	if n == 0 || len(b) != 4+n {
		return netip.AddrPort{}, ErrMalformed
	}
	port := binary.BigEndian.Uint16(b[2:])
	var raw [16]byte
	copy(raw[:], b[4:])
	if mask != nil {
		port ^= binary.BigEndian.Uint16(mask)
		for i := range n {
			raw[i] ^= mask[i]
		}
	}
	a := netip.AddrFrom16(raw)
	if n == 4 {
		a = netip.AddrFrom4([4]byte(raw[:4]))
	}
	if port == 0 || a.IsUnspecified() || a.IsMulticast() {
		return netip.AddrPort{}, ErrNoAddress
	}
	return netip.AddrPortFrom(a.Unmap(), port), nil
}

// printable is a reason phrase as a log may have it.
func printable(b []byte) string {
	const limit = 128
	out := make([]byte, 0, limit)
	for _, c := range b[:min(len(b), limit)] {
		if c < ' ' || c > '~' {
			c = '?'
		}
		out = append(out, c)
	}
	return string(out)
}

// Requests is how many are sent before a server counts as one that does not answer (RFC
// 8489 6.2.1).
const Requests = 7

// The timers of RFC 8489 6.2.1.
const (
	rto      = 500 * time.Millisecond
	lastWait = 16 * rto
)

// Wait is how long to wait for a response after the nth request, from 1; more says
// that another request follows then, else the server did not answer.
func Wait(n int) (d time.Duration, more bool) {
	if n >= Requests {
		return lastWait, false
	}
	return rto << (n - 1), true
}
