package media

import (
	"errors"
	"net/netip"
	"time"

	pbxio "pbx/io"
)

// PlayID identifies one sound that a session was asked to play; it is never 0.
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
	// Silent tells that no RTP came for the session's timeout; with 0, that the
	// session failed and is gone.
	Silent(d time.Duration)
}

// Source is the audio of one playback. Its codec never changes; Read is called
// on the media loop, one block of 20 ms at a time, and must not block.
type Source interface {
	// Codec is the form of the audio: "ulaw", "alaw", "slin" (16-bit little
	// endian, 8 kHz), or any other format for a session that sends that one.
	Codec() string
	// Read fills block, BlockSize(Codec()) bytes long. A last, shorter block
	// is filled up with silence. io.EOF ends the playback; a Source may return it
	// with its last bytes or after them.
	Read(block []byte) (n int, err error)
}

// Rewinder is a Source that can begin again, so that it may be looped.
type Rewinder interface {
	Source
	Rewind()
}

// Tap listens to a session. Its method is called on the media loop with bytes
// that are valid during the call only; it must not block.
type Tap interface {
	// Audio is one packet's payload: in is true for what the far end said and
	// false for what it hears. ts is the RTP timestamp as it came or went.
	Audio(in bool, codec string, ts uint32, payload []byte)
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

// Sends reports whether we may send.
func (d Direction) Sends() bool { return d == SendRecv || d == SendOnly }

// Receives reports whether the far end may send.
func (d Direction) Receives() bool { return d == SendRecv || d == RecvOnly }

// Payload maps a payload type number to a codec.
type Payload struct {
	Type  uint8
	Codec string // ulaw, alaw, gsm, g722 …
}

// Remote is what the far end's SDP said, or the answer we gave to it.
type Remote struct {
	RTP, RTCP netip.AddrPort // RTCP: invalid means the port above RTP
	// Send is the codec we send; Recv are those that may come (Send alone when
	// empty).
	Send Payload
	Recv []Payload
	// DTMFSend and DTMFRecv are the telephone-event payload types, 0 for none.
	DTMFSend, DTMFRecv uint8
	// Offered and DTMFOffered are what an offer of ours had: the far end may number
	// what it sends as that did, whatever its answer says (RFC 3264 section 5.1). Types
	// that are in Recv too mean what they do there.
	Offered     []Payload
	DTMFOffered uint8
	// Inband has digits looked for in the audio itself (µ-law and A-law); what is
	// found is taken out of it.
	Inband    bool
	Relaxed   bool // less clean ones than ITU-T Q.24 wants are digits too
	Direction Direction
	Ptime     time.Duration // of the packets we make, 20 ms when 0
	// Symmetric sends to where RTP comes from (comedia) instead of RTP.
	Symmetric bool
	// Away says that the far end exchanges its audio with somebody else: that none
	// comes means nothing, and the path need not be kept open.
	Away bool
}

// SessionOptions are fixed for the life of a session.
type SessionOptions struct {
	// Bind is the local address; its zero value takes the engine's.
	Bind netip.Addr
	// Near is a session on whose loop this one should live, or nil.
	Near   *Session
	Events Events // nil drops them
	// Timeout and HoldTimeout tell Events.Silent after so long without RTP; 0
	// means never. Keepalive sends a comfort packet when we sent nothing so long.
	Timeout, HoldTimeout, Keepalive time.Duration
	// Marks are those of the packets.
	Marks pbxio.Marks
	// Ptime is the packet time we send by default, 20 ms when 0.
	Ptime time.Duration
	// Opaque sessions carry no RTP: what comes from the far end to the even port is
	// relayed as it is to the session they are joined to. UDPTL (T.38) travels so.
	Opaque bool
}

// The errors that callers tell apart.
var (
	ErrNoPorts = errors.New("no RTP port is free")
	ErrNoPath  = errors.New("no translation path between the codecs")
	ErrStopped = errors.New("stopped")
	ErrClosed  = errors.New("session is closed")
)
