// Package media carries the audio: RTP sessions on media loops, codecs, sound
// files and tones. A Session belongs to the goroutine of its loop; its methods
// may be called from any goroutine and post to that loop.
package media

import (
	"net/netip"
	"time"
)

// PlayID identifies one sound that a session was asked to play.
type PlayID uint64

// Events receives what happens on a session. Its methods are called on the media
// loop: they must not block.
type Events interface {
	// DigitBegin and DigitEnd tell of an RFC 4733 telephone-event.
	DigitBegin(digit byte)
	DigitEnd(digit byte, d time.Duration)
	// Played tells that a sound ended; err is nil at its end, ErrStopped when it
	// was cut, or what went wrong.
	Played(id PlayID, err error)
	// Silent tells that no RTP came for the session's timeout.
	Silent(d time.Duration)
}

// Direction says which way audio may flow, as seen from us (RFC 3264).
type Direction uint8

// The directions; the zero value is both ways.
const (
	SendRecv Direction = iota
	SendOnly
	RecvOnly
	Inactive
)

// Payload maps a payload type number to a codec.
type Payload struct {
	Type  uint8
	Codec string // ulaw, alaw, gsm, g722 …
}

// Remote is what the far end's SDP said, or the answer we gave to it.
type Remote struct {
	RTP, RTCP netip.AddrPort
	// Send is the codec we send; Recv are those that may come.
	Send Payload
	Recv []Payload
	// DTMFSend and DTMFRecv are the telephone-event payload types, 0 for none.
	DTMFSend, DTMFRecv uint8
	Direction          Direction
	Ptime              time.Duration
	// Symmetric sends to where RTP comes from (comedia) instead of RTP.
	Symmetric bool
}

// SessionOptions are fixed for the life of a session.
type SessionOptions struct {
	// Bind is the local address; its zero value takes the engine's.
	Bind netip.Addr
	// Near is a session on whose loop this one should live, or nil.
	Near   *Session
	Events Events
	// Timeout and HoldTimeout tell Events.Silent after so long without RTP; 0
	// means never. Keepalive sends a comfort packet when we sent nothing so long.
	Timeout, HoldTimeout, Keepalive time.Duration
	// TOS is the IP type-of-service byte.
	TOS int
	// Ptime is the packet time we send by default, 20 ms when 0.
	Ptime time.Duration
}
