package sdp

import (
	"bytes"
	"iter"
)

// Media is one m-line with what follows it.
type Media struct {
	Kind       []byte // "audio", "video", "image" ...
	Port       uint16 // 0: refused or removed (RFC 3264 6, 8.2)
	Proto      []byte // "RTP/AVP", "RTP/SAVP" ...
	Formats    []byte // the fmt list as written; see Format and All
	Connection Connection
	Direction  Direction
	PTime      int // milliseconds a packet, 0 if not said
	MaxPTime   int
	RTCP       uint16 // port of a=rtcp (RFC 3605), 0 if not said
	RTCPMux    bool   // a=rtcp-mux (RFC 5761)

	lines lines
}

// maxFormats is how many payload types RTP has.
const maxFormats = 128

// parseMedia reads the media description at the beginning of l.
func (s *Session) parseMedia(l lines) (m Media, rest lines, err error) {
	_, value, rest := l.next()
	if err := m.parseLine(value); err != nil {
		return Media{}, nil, err
	}
	m.Connection, m.Direction = s.Connection, s.Direction
	start, own := rest, false
	for len(rest) > 0 {
		key, value, after := rest.next()
		if key == 'm' {
			break
		}
		switch key {
		case 'c':
			// Several c= lines are layers of a multicast session; the first counts.
			if c, err := parseConnection(value); err != nil {
				return Media{}, nil, err
			} else if !own {
				m.Connection, own = c, true
			}
		case 'a':
			m.attribute(value)
		}
		rest = after
	}
	m.lines = start[:len(start)-len(rest)]
	return m, rest, nil
}

// parseLine reads media port ["/" count] proto 1*fmt.
func (m *Media) parseLine(s []byte) error {
	m.Kind, s = cutField(s)
	port, s := cutField(s)
	if i := bytes.IndexByte(port, '/'); i >= 0 {
		port = port[:i]
	}
	n, ok := number(port, 65535)
	m.Port = uint16(n)
	m.Proto, m.Formats = cutField(s)
	m.Formats = bytes.TrimRight(m.Formats, " ")
	if !ok || !isText(m.Kind) || !isText(m.Proto) || !isText(m.Formats) ||
		bytes.Count(m.Formats, []byte{' '}) >= maxFormats {
		return ErrMedia
	}
	return nil
}

// isText reports whether s has characters, and no controls among them.
func isText(s []byte) bool {
	for _, c := range s {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return len(s) > 0
}

// attribute keeps the attributes that have a field of their own.
func (m *Media) attribute(s []byte) {
	if d, ok := directionOf(s); ok {
		m.Direction = d
		return
	}
	name, value, _ := bytes.Cut(s, []byte{':'})
	switch string(name) {
	case "ptime":
		m.PTime = milliseconds(value)
	case "maxptime":
		m.MaxPTime = milliseconds(value)
	case "rtcp":
		port, _ := cutField(value)
		if n, ok := number(port, 65535); ok {
			m.RTCP = uint16(n)
		}
	case "rtcp-mux":
		m.RTCPMux = true
	}
}

// milliseconds reads a packet time, 0 if it makes no sense. Some phones write
// "20.0".
func milliseconds(s []byte) int {
	if i := bytes.IndexByte(s, '.'); i >= 0 {
		s = s[:i]
	}
	n, _ := number(bytes.TrimRight(s, " "), 10000)
	return n
}

// Is reports whether the media has the kind, such as "audio".
func (m *Media) Is(kind string) bool { return string(m.Kind) == kind }

// Secure reports whether the profile is one of SRTP (RTP/SAVP, RTP/SAVPF and
// their DTLS forms).
func (m *Media) Secure() bool { return bytes.Contains(m.Proto, []byte("RTP/SAVP")) }

// RTP reports whether the media is carried by RTP, secure or not.
func (m *Media) RTP() bool {
	return bytes.Contains(m.Proto, []byte("RTP/AVP")) || m.Secure()
}

// OnHold reports whether the other side asks to be sent nothing: sendonly or
// inactive (RFC 3264 8.4), or the address 0.0.0.0 of RFC 2543.
func (m *Media) OnHold() bool { return !m.Direction.Receives() || m.Connection.OnHold() }

// Attribute returns the value of the first a= line of the media with the name,
// and whether there is one; the value of a property is empty.
func (m *Media) Attribute(name string) ([]byte, bool) { return m.lines.attribute(name) }

// Attributes yields name and value of the a= lines of the media.
func (m *Media) Attributes() iter.Seq2[[]byte, []byte] { return m.lines.attributes() }

// All yields the payload formats of an RTP media in the order of preference.
// What is no payload type is left out.
func (m *Media) All() iter.Seq[Format] {
	return func(yield func(Format) bool) { m.eachFormat(yield) }
}

func (m *Media) eachFormat(yield func(Format) bool) {
	for list := m.Formats; len(list) > 0; {
		var word []byte
		word, list = cutField(list)
		if pt, ok := number(word, maxFormats-1); ok && !yield(m.Format(uint8(pt))) {
			return
		}
	}
}

// Format returns what the media says of a payload type; the static assignment of
// RFC 3551 where it says nothing. If it says something twice, the first counts:
// there are phones that give a second codec the payload type of their
// telephone-event.
func (m *Media) Format(pt uint8) Format {
	f := staticFormat(pt)
	mapped, params := false, false
	for rest := m.lines; len(rest) > 0 && (!mapped || !params); {
		var key byte
		var value []byte
		key, value, rest = rest.next()
		if key != 'a' || len(value) == 0 {
			continue
		}
		switch value[0] {
		case 'r':
			if v, ok := cutMap(value, "rtpmap:", pt); ok && !mapped {
				mapped = f.parseMap(v)
			}
		case 'f':
			if v, ok := cutMap(value, "fmtp:", pt); ok && !params {
				f.Params, params = v, true
			}
		}
	}
	return f
}

// cutMap returns what follows "name:pt ".
func cutMap(s []byte, name string, pt uint8) ([]byte, bool) {
	if len(s) <= len(name) || string(s[:len(name)]) != name {
		return nil, false
	}
	word, rest := cutField(s[len(name):])
	n, ok := number(word, maxFormats-1)
	return rest, ok && uint8(n) == pt
}
