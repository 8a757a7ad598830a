// Package hep writes packets of the Homer Encapsulation Protocol, version 3
// ("HEP3 Protocol Specification", revision 36): a copy of a message with where it
// came from and went to and when, for a capture server such as Homer.
//
// It does no I/O and reads no clock; an Encoder belongs to one goroutine.
package hep

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// Chunk is the type of a chunk of the generic vendor, 0.
type Chunk uint16

// The chunks that are written.
const (
	ChunkFamily      Chunk = 0x01 // 2 for IPv4, 10 for IPv6
	ChunkProtocol    Chunk = 0x02 // of IP: 17 for UDP, 6 for TCP
	ChunkSource4     Chunk = 0x03
	ChunkDest4       Chunk = 0x04
	ChunkSource6     Chunk = 0x05
	ChunkDest6       Chunk = 0x06
	ChunkSourcePort  Chunk = 0x07
	ChunkDestPort    Chunk = 0x08
	ChunkSeconds     Chunk = 0x09 // of the Unix epoch
	ChunkMicros      Chunk = 0x0a
	ChunkType        Chunk = 0x0b // what the payload is
	ChunkAgent       Chunk = 0x0c // the number of the capture agent
	ChunkKey         Chunk = 0x0e // the password of the capture server
	ChunkPayload     Chunk = 0x0f
	ChunkCorrelation Chunk = 0x11 // what joins packets to a call
	ChunkName        Chunk = 0x13 // of the capture agent
)

// Payload types of ChunkType.
const (
	TypeSIP  = 1
	TypeRTCP = 5
)

const (
	headerSize = 6
	chunkSize  = 6
	// MaxPacket is the largest packet: its length is 16 bits.
	MaxPacket = 65535
)

// Packet is one message that was captured.
type Packet struct {
	Source, Dest netip.AddrPort
	TCP          bool
	Time         time.Time
	Type         uint8
	Correlation  string
	Payload      []byte
}

// Encoder writes packets of one capture agent.
type Encoder struct {
	Agent    uint32
	Name     string // "" leaves it out
	Password string // "" leaves it out
}

// Append appends the packet to dst. It reports false, and appends nothing, when the
// packet would be too long or its addresses are not of one family.
func (e *Encoder) Append(dst []byte, p *Packet) ([]byte, bool) {
	src, to := p.Source.Addr().Unmap(), p.Dest.Addr().Unmap()
	if !src.IsValid() || src.Is4() != to.Is4() || !to.IsValid() {
		return dst, false
	}
	start := len(dst)
	b := append(dst, "HEP3\x00\x00"...)
	if src.Is4() {
		s, d := src.As4(), to.As4()
		b = appendByte(b, ChunkFamily, 2)
		b = appendBytes(b, ChunkSource4, s[:])
		b = appendBytes(b, ChunkDest4, d[:])
	} else {
		s, d := src.As16(), to.As16()
		b = appendByte(b, ChunkFamily, 10)
		b = appendBytes(b, ChunkSource6, s[:])
		b = appendBytes(b, ChunkDest6, d[:])
	}
	protocol := byte(17)
	if p.TCP {
		protocol = 6
	}
	b = appendByte(b, ChunkProtocol, protocol)
	b = appendUint16(b, ChunkSourcePort, p.Source.Port())
	b = appendUint16(b, ChunkDestPort, p.Dest.Port())
	b = appendUint32(b, ChunkSeconds, uint32(p.Time.Unix()))
	b = appendUint32(b, ChunkMicros, uint32(p.Time.Nanosecond()/1000))
	b = appendByte(b, ChunkType, p.Type)
	b = appendUint32(b, ChunkAgent, e.Agent)
	b = appendText(b, ChunkName, e.Name)
	b = appendText(b, ChunkKey, e.Password)
	b = appendText(b, ChunkCorrelation, p.Correlation)
	b = appendBytes(b, ChunkPayload, p.Payload)
	if len(b)-start > MaxPacket {
		return dst, false
	}
	binary.BigEndian.PutUint16(b[start+4:], uint16(len(b)-start))
	return b, true
}

// appendChunk appends the head of a chunk with n bytes of content.
func appendChunk(b []byte, c Chunk, n int) []byte {
	b = append(b, 0, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(c))
	return binary.BigEndian.AppendUint16(b, uint16(chunkSize+n))
}

func appendByte(b []byte, c Chunk, v byte) []byte { return append(appendChunk(b, c, 1), v) }

func appendUint16(b []byte, c Chunk, v uint16) []byte {
	return binary.BigEndian.AppendUint16(appendChunk(b, c, 2), v)
}

func appendUint32(b []byte, c Chunk, v uint32) []byte {
	return binary.BigEndian.AppendUint32(appendChunk(b, c, 4), v)
}

func appendBytes(b []byte, c Chunk, v []byte) []byte {
	return append(appendChunk(b, c, len(v)), v...)
}

func appendText(b []byte, c Chunk, v string) []byte {
	if v == "" {
		return b
	}
	return append(appendChunk(b, c, len(v)), v...)
}
