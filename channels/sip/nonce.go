package sip

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"time"
)

// nonceLife is how long a nonce may be used.
const nonceLife = 60 * time.Second

// nonceLen is the length of a nonce as it is sent: hex of an 8-byte serial and
// the first 12 bytes of its MAC.
const nonceLen = 2 * (8 + 12)

// nonces makes and checks the nonces of challenges. A nonce is a serial number,
// which begins with the time it was made, and an HMAC-SHA256 over the serial and
// the address that it was made for: nothing is remembered for a challenge. Only
// a right answer leaves a trace, the highest count that its nonce was used with,
// so that none is used twice; the traces are bounded, and when one has to go
// early every nonce as old as it becomes stale.
type nonces struct {
	key   [64]byte // the HMAC key, padded to the block
	epoch time.Time
	last  uint64
	used  map[uint64]uint32 // serial → highest nc
	order []uint64          // ring of used serials, in the order of first use
	head  int               // of order, when it is full
	floor uint64            // serials up to here that are not in used are stale
}

// nonceMemory bounds the traces: 60 s of 270 right answers a second.
const nonceMemory = 1 << 14

func newNonces(random []byte, now time.Time) nonces {
	n := nonces{epoch: now, used: make(map[uint64]uint32)}
	copy(n.key[:32], random)
	return n
}

// append writes a new nonce for addr.
func (n *nonces) append(dst []byte, now time.Time, addr netip.Addr) []byte {
	// Milliseconds in the upper bits; the lower ones keep serials distinct.
	serial := uint64(now.Sub(n.epoch)/time.Millisecond+1) << 20
	if serial <= n.last {
		serial = n.last + 1
	}
	n.last = serial
	mac := n.mac(serial, addr)
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], serial)
	dst = hex.AppendEncode(dst, b[:])
	return hex.AppendEncode(dst, mac[:12])
}

// verdict is what a nonce is worth.
type verdict uint8

const (
	nonceForeign verdict = iota // not one of ours for this address
	nonceStale                  // ours, but too old or used before
	nonceFresh
)

// check judges a nonce; it does not note the use.
func (n *nonces) check(nonce []byte, now time.Time, addr netip.Addr, nc uint32) (uint64, verdict) {
	var b [nonceLen / 2]byte
	if len(nonce) != nonceLen {
		return 0, nonceForeign
	}
	if _, err := hex.Decode(b[:], nonce); err != nil {
		return 0, nonceForeign
	}
	serial := binary.BigEndian.Uint64(b[:8])
	mac := n.mac(serial, addr)
	if !constantEqual(mac[:12], b[8:]) {
		return 0, nonceForeign
	}
	age := now.Sub(n.epoch) - time.Duration(serial>>20-1)*time.Millisecond
	if age > nonceLife {
		return serial, nonceStale
	}
	if highest, ok := n.used[serial]; ok {
		if nc <= highest {
			return serial, nonceStale
		}
	} else if serial <= n.floor {
		return serial, nonceStale
	}
	return serial, nonceFresh
}

// use notes that a right answer came with count nc.
func (n *nonces) use(serial uint64, nc uint32) {
	if _, ok := n.used[serial]; ok {
		n.used[serial] = nc
		return
	}
	if len(n.order) < nonceMemory {
		n.order = append(n.order, serial)
	} else {
		old := n.order[n.head]
		delete(n.used, old)
		n.floor = max(n.floor, old)
		n.order[n.head] = serial
		n.head = (n.head + 1) % nonceMemory
	}
	n.used[serial] = nc
}

// mac is HMAC-SHA256 (RFC 2104) of serial and address, spelled out because
// crypto/hmac allocates.
func (n *nonces) mac(serial uint64, addr netip.Addr) [32]byte {
	var in [64 + 8 + 16]byte
	for i, k := range n.key {
		in[i] = k ^ 0x36
	}
	binary.BigEndian.PutUint64(in[64:], serial)
	a := addr.As16() // an IPv4 address and its mapped form are the same
	copy(in[72:], a[:])
	inner := sha256.Sum256(in[:])
	var out [64 + 32]byte
	for i, k := range n.key {
		out[i] = k ^ 0x5c
	}
	copy(out[64:], inner[:])
	return sha256.Sum256(out[:])
}

// constantEqual compares without telling where the difference is.
func constantEqual(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	var d byte
	for i := range a {
		d |= a[i] ^ b[i]
	}
	return d == 0
}
