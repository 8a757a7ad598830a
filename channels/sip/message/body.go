package message

import (
	"bytes"
	"iter"
)

// Body returns the body; it may be empty.
func (m *Message) Body() []byte { return m.body }

// ContentLength returns the length of the body in octets.
func (m *Message) ContentLength() int { return len(m.body) }

// ContentType returns the Content-Type header.
func (m *Message) ContentType() ContentType { return ParseContentType(m.Header(HeaderContentType)) }

// ContentType is a media type with its parameters (RFC 3261 20.15).
type ContentType struct {
	Type, Subtype []byte // empty if malformed
	Params        Params
}

// ParseContentType reads m-type SLASH m-subtype *(SEMI m-parameter), the zero
// ContentType if s is malformed.
func ParseContentType(s []byte) ContentType {
	t, s, ok := cutToken(trimLeft(s))
	if !ok || len(s) == 0 || s[0] != '/' {
		return ContentType{}
	}
	sub, s, ok := cutToken(trimLeft(s[1:]))
	p := Params(s)
	if !ok || !p.wellFormed() {
		return ContentType{}
	}
	return ContentType{Type: t, Subtype: sub, Params: p}
}

// Is reports whether the media type is the named one, such as "application/sdp".
func (c ContentType) Is(name string) bool {
	n := len(c.Type)
	return len(name) == n+1+len(c.Subtype) && n > 0 && name[n] == '/' &&
		equalFold(c.Type, name[:n]) && equalFold(c.Subtype, name[n+1:])
}

// Part is one part of a multipart body (RFC 2046 5.1).
type Part struct {
	Headers []byte // the header lines
	Body    []byte // opaque octets
}

// Parts yields the parts of a multipart body; none if the body is not multipart.
func (m *Message) Parts() iter.Seq[Part] {
	return func(yield func(Part) bool) { eachPart(m.ContentType(), m.body, yield) }
}

// Content returns the body if it has the media type, or the first part of
// a multipart body, nested ones included, that has it.
func (m *Message) Content(mediaType string) (body []byte, ok bool) {
	return content(m.ContentType(), m.body, mediaType, 0)
}

// maxNesting limits multipart inside multipart.
const maxNesting = 4

func content(t ContentType, body []byte, mediaType string, depth int) (found []byte, ok bool) {
	if t.Is(mediaType) {
		return body, true
	}
	if !equalFold(t.Type, "multipart") || depth == maxNesting {
		return nil, false
	}
	eachPart(t, body, func(p Part) bool {
		found, ok = content(p.ContentType(), p.Body, mediaType, depth+1)
		return !ok
	})
	return found, ok
}

// eachPart divides a multipart body at its boundary.
func eachPart(t ContentType, body []byte, yield func(Part) bool) {
	boundary, ok := t.Params.Get("boundary")
	if !equalFold(t.Type, "multipart") || !ok {
		return
	}
	if len(boundary) >= 2 && boundary[0] == '"' {
		boundary = boundary[1 : len(boundary)-1]
	}
	if len(boundary) == 0 || len(boundary) > 70 { // RFC 2046 5.1.1
		return
	}
	_, rest, last := cutBoundary(body, boundary) // what comes before the first is preamble
	for n := 0; rest != nil && !last && n < MaxParts; n++ {
		var text []byte
		text, rest, last = cutBoundary(rest, boundary)
		if rest == nil { // the closing delimiter is missing; what is there is a part
			last = true
		}
		if !yield(parsePart(text)) {
			return
		}
	}
}

// cutBoundary returns the text before the next delimiter line and what follows
// that line, nil if there is no delimiter. last tells the closing delimiter.
func cutBoundary(s, boundary []byte) (text, rest []byte, last bool) {
	for from := 0; ; {
		i := bytes.Index(s[from:], boundary)
		if i < 0 {
			return s, nil, false
		}
		i += from
		from = i + 1
		if i < 2 || s[i-1] != '-' || s[i-2] != '-' || i > 2 && s[i-3] != '\n' {
			continue
		}
		rest = s[i+len(boundary):]
		if bytes.HasPrefix(rest, []byte("--")) {
			rest, last = rest[2:], true
		}
		// Only padding may follow on the line, else it is a longer boundary.
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			end = len(rest)
		}
		if len(bytes.Trim(rest[:end], " \t\r")) > 0 {
			last = false
			continue
		}
		rest = rest[min(end+1, len(rest)):]
		// The line break before the delimiter belongs to it.
		text = bytes.TrimSuffix(bytes.TrimSuffix(s[:i-2], []byte{'\n'}), []byte{'\r'})
		return text, rest, last
	}
}

func parsePart(text []byte) Part {
	if h, b, ok := cutBlankLine(text); ok {
		return Part{Headers: h, Body: b}
	}
	return Part{Headers: text}
}

// cutBlankLine divides a part at its first empty line.
func cutBlankLine(s []byte) (head, body []byte, ok bool) {
	for pos := 0; pos < len(s); {
		n := bytes.IndexByte(s[pos:], '\n')
		if n < 0 {
			return nil, nil, false
		}
		if n == 0 || n == 1 && s[pos] == '\r' {
			return s[:pos], s[pos+n+1:], true
		}
		pos += n + 1
	}
	return nil, nil, false
}

// Header returns the value of the first header of the part with the name, nil
// if there is none. Folded lines are not joined.
func (p Part) Header(name string) []byte {
	for s := p.Headers; len(s) > 0; {
		var line []byte
		line, s, _ = bytes.Cut(s, []byte{'\n'})
		if n, v, ok := bytes.Cut(line, []byte{':'}); ok && equalFold(trim(n), name) {
			return trim(bytes.TrimSuffix(v, []byte{'\r'}))
		}
	}
	return nil
}

// ContentType returns the media type of the part, text/plain if it names none
// (RFC 2046 5.1).
func (p Part) ContentType() ContentType {
	v := p.Header("Content-Type")
	if v == nil {
		v = p.Header("c")
	}
	if v == nil {
		return ContentType{Type: []byte("text"), Subtype: []byte("plain")}
	}
	return ParseContentType(v)
}
