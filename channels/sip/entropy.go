package sip

import (
	"encoding/binary"
	"fmt"
	"io"

	"pbx/channels/sip/transaction"
)

// entropy is the exchange's random source, read in large pieces so that a tag
// does not cost a system call. The monitor loop owns it.
type entropy struct {
	source io.Reader
	buf    [4096]byte
	next   int
}

func newEntropy(source io.Reader) *entropy {
	e := &entropy{source: source}
	e.next = len(e.buf)
	return e
}

// Read fills p.
func (e *entropy) Read(p []byte) (int, error) {
	for n := 0; n < len(p); {
		if e.next == len(e.buf) {
			if _, err := io.ReadFull(e.source, e.buf[:]); err != nil {
				return n, fmt.Errorf("random source: %w", err)
			}
			e.next = 0
		}
		k := copy(p[n:], e.buf[e.next:])
		clear(e.buf[e.next : e.next+k]) // what was handed out is not found in memory again
		e.next += k
		n += k
	}
	return len(p), nil
}

// uint64 returns 64 random bits. A source of randomness that fails leaves no call
// safe: it ends the message in hand.
func (e *entropy) uint64() uint64 {
	var b [8]byte
	if _, err := e.Read(b[:]); err != nil {
		panic(err)
	}
	return binary.BigEndian.Uint64(b[:])
}

// below returns a number of 0 to n-1. The bias of the division is less than one in
// 2^32.
func (e *entropy) below(n uint32) uint32 { return uint32(e.uint64() % uint64(n)) }

const hexDigits = "0123456789abcdef"

// tag returns a new tag in the field's form, "as" and hexadecimal digits; 64 bits
// of them, more than the 32 that RFC 3261 19.3 asks for.
func (e *entropy) tag() string {
	var b [18]byte
	b[0], b[1] = 'a', 's'
	appendHex(b[2:2], e.uint64())
	return string(b[:])
}

func (e *entropy) branch() transaction.Branch { return transaction.Branch(e.uint64()) }

// callID returns a new Call-ID for a host.
func (e *entropy) callID(host string) string {
	b := make([]byte, 0, 33+len(host))
	b = appendHex(b, e.uint64())
	b = appendHex(b, e.uint64())
	b = append(b, '@')
	return string(append(b, host...))
}

func appendHex(dst []byte, v uint64) []byte {
	for i := 60; i >= 0; i -= 4 {
		dst = append(dst, hexDigits[v>>uint(i)&15])
	}
	return dst
}
