package sdp

import (
	"net/netip"
	"strconv"
)

// Description is an offer or answer to be written. The zero values of its
// optional parts are left out of the text.
type Description struct {
	User    string // o= user, "-" if empty
	ID      uint64 // o= session
	Version uint64 // o= version: one more than before when anything changed (RFC 3264 8)
	Addr    netip.Addr
	Conn    netip.Addr // c=, if it is not Addr
	Name    string     // s=, "-" if empty
	Media   []Stream
	// Attributes are a= lines at session level without "a=".
	Attributes []string
}

// Stream is one media of a Description.
type Stream struct {
	Kind       string     // "audio" if empty
	Port       uint16     // 0 refuses or removes the stream
	Proto      string     // "RTP/AVP" if empty
	Addr       netip.Addr // c= of its own, if it is not that of the session
	Formats    []StreamFormat
	Fmt        string // the fmt list as it is, where there are no Formats ("t38")
	PTime      int    // milliseconds
	MaxPTime   int
	RTCP       uint16 // a=rtcp, if it is not the port after Port
	Direction  Direction
	Attributes []string // further a= lines without "a="
}

// StreamFormat is a payload format of a Stream.
type StreamFormat struct {
	PT       uint8
	Name     string
	Rate     int
	Channels int    // left out if 0 or 1
	Params   string // a=fmtp, left out if empty
}

// AppendTo appends the description.
func (d *Description) AppendTo(dst []byte) []byte {
	dst = d.appendSession(dst)
	for i := range d.Media {
		dst = d.Media[i].appendTo(dst)
	}
	return dst
}

func (d *Description) appendSession(dst []byte) []byte {
	dst = append(dst, "v=0\r\no="...)
	dst = appendWord(dst, d.User)
	dst = append(dst, ' ')
	dst = strconv.AppendUint(dst, d.ID, 10)
	dst = append(dst, ' ')
	dst = strconv.AppendUint(dst, d.Version, 10)
	dst = append(dst, ' ')
	dst = appendConnection(dst, d.Addr)
	dst = append(dst, "\r\ns="...)
	dst = appendText(dst, d.Name)
	dst = append(dst, "\r\nc="...)
	if d.Conn.IsValid() {
		dst = appendConnection(dst, d.Conn)
	} else {
		dst = appendConnection(dst, d.Addr)
	}
	dst = append(dst, "\r\nt=0 0\r\n"...)
	for _, a := range d.Attributes {
		dst = appendAttribute(dst, a)
	}
	return dst
}

func (s *Stream) appendTo(dst []byte) []byte {
	dst = append(dst, "m="...)
	dst = append(dst, or(s.Kind, "audio")...)
	dst = append(dst, ' ')
	dst = strconv.AppendUint(dst, uint64(s.Port), 10)
	dst = append(dst, ' ')
	dst = append(dst, or(s.Proto, "RTP/AVP")...)
	if len(s.Formats) == 0 { // the grammar wants one
		dst = append(dst, ' ')
		dst = append(dst, or(s.Fmt, "0")...)
	}
	for i := range s.Formats {
		dst = append(dst, ' ')
		dst = strconv.AppendUint(dst, uint64(s.Formats[i].PT), 10)
	}
	dst = append(dst, "\r\n"...)
	if s.Addr.IsValid() {
		dst = append(dst, "c="...)
		dst = appendConnection(dst, s.Addr)
		dst = append(dst, "\r\n"...)
	}
	if s.Port == 0 { // nothing more is said of a stream that is not there
		return dst
	}
	for i := range s.Formats {
		dst = s.Formats[i].appendTo(dst)
	}
	dst = appendNumber(dst, "a=ptime:", s.PTime)
	dst = appendNumber(dst, "a=maxptime:", s.MaxPTime)
	dst = appendNumber(dst, "a=rtcp:", int(s.RTCP))
	for _, a := range s.Attributes {
		dst = appendAttribute(dst, a)
	}
	if s.Fmt != "" { // directions are of RTP
		return dst
	}
	dst = append(dst, "a="...)
	dst = append(dst, s.Direction.String()...)
	return append(dst, "\r\n"...)
}

func (f *StreamFormat) appendTo(dst []byte) []byte {
	if f.Name != "" {
		dst = append(dst, "a=rtpmap:"...)
		dst = strconv.AppendUint(dst, uint64(f.PT), 10)
		dst = append(dst, ' ')
		dst = appendText(dst, f.Name)
		dst = append(dst, '/')
		dst = strconv.AppendInt(dst, int64(f.Rate), 10)
		if f.Channels > 1 {
			dst = append(dst, '/')
			dst = strconv.AppendInt(dst, int64(f.Channels), 10)
		}
		dst = append(dst, "\r\n"...)
	}
	if f.Params != "" {
		dst = append(dst, "a=fmtp:"...)
		dst = strconv.AppendUint(dst, uint64(f.PT), 10)
		dst = append(dst, ' ')
		dst = appendText(dst, f.Params)
		dst = append(dst, "\r\n"...)
	}
	return dst
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func appendNumber(dst []byte, name string, n int) []byte {
	if n <= 0 {
		return dst
	}
	dst = append(dst, name...)
	dst = strconv.AppendInt(dst, int64(n), 10)
	return append(dst, "\r\n"...)
}

func appendAttribute(dst []byte, a string) []byte {
	dst = append(dst, "a="...)
	dst = appendText(dst, a)
	return append(dst, "\r\n"...)
}

// appendText appends text that stays inside its line, "-" if it is empty
// (RFC 8866 5.3).
func appendText(dst []byte, s string) []byte {
	if s == "" {
		return append(dst, '-')
	}
	for i := range len(s) {
		c := s[i]
		if c == '\r' || c == '\n' || c == 0 {
			c = ' '
		}
		dst = append(dst, c)
	}
	return dst
}

// appendWord appends text that stays inside its field.
func appendWord(dst []byte, s string) []byte {
	n := len(dst)
	dst = appendText(dst, s)
	for i := n; i < len(dst); i++ {
		if dst[i] == ' ' {
			dst[i] = '-'
		}
	}
	return dst
}

// appendConnection appends "IN IP4 address" or "IN IP6 address".
func appendConnection(dst []byte, a netip.Addr) []byte {
	a = a.Unmap().WithZone("")
	switch {
	case !a.IsValid():
		return append(dst, "IN IP4 0.0.0.0"...)
	case a.Is4():
		dst = append(dst, "IN IP4 "...)
	default:
		dst = append(dst, "IN IP6 "...)
	}
	return a.AppendTo(dst)
}
