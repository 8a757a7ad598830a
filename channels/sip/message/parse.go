package message

import (
	"bytes"
	"net/netip"
)

// Parse indexes the message in b. It keeps b and joins folded header lines in
// it by blanking the line breaks (RFC 3261 7.3.1). What follows the octets that
// Content-Length counts is left out.
//
// On error, which is a *ParseError, the headers that were found are kept.
func (m *Message) Parse(b []byte) error {
	m.reset(b)
	if err := m.parse(); err != nil {
		return m.verdict(err)
	}
	return nil
}

// reset forgets the message before; the typed headers are forgotten with their
// flags.
func (m *Message) reset(b []byte) {
	if m.fields == nil {
		m.fields = make([]field, 0, 24)
	}
	m.buf, m.body, m.fields = b, nil, m.fields[:0]
	m.first, m.last = [numHeaders]uint8{}, [numHeaders]uint8{}
	m.request, m.method, m.uri = false, "", span{}
	m.status, m.reason = 0, span{}
	m.source, m.forceRPort = netip.AddrPort{}, false
	m.read = 0
}

// parse returns the first thing that is wrong, after indexing all it can.
func (m *Message) parse() *ParseError {
	if len(m.buf) > MaxSize {
		m.buf = m.buf[:MaxSize:MaxSize]
		_ = m.parse() // for the headers to answer with
		return errTooLarge
	}
	b := m.buf
	pos := 0
	for pos < len(b) && (b[pos] == '\r' || b[pos] == '\n') {
		pos++ // RFC 3261 7.5: empty lines before the start line are ignored
	}
	if pos == len(b) {
		return errEmpty
	}
	line, pos, _ := m.line(pos, false)
	startErr := m.startLine(line)
	if startErr != nil && !m.request {
		return startErr
	}
	pos, err := m.headerLines(pos)
	m.body = b[pos:]
	switch {
	case startErr != nil:
		return startErr
	case err != nil:
		return err
	}
	return m.contentLength()
}

// line returns the line that begins at pos and where the next one begins.
// Folded lines are joined to it if folds is set.
func (m *Message) line(pos int, folds bool) (l span, next int, whole bool) {
	b := m.buf
	start := pos
	for {
		n := bytes.IndexByte(b[pos:], '\n')
		if n < 0 {
			end := len(b)
			if end > start && b[end-1] == '\r' {
				end--
			}
			return span{uint32(start), uint32(end)}, len(b), false
		}
		end := pos + n
		next = end + 1
		if end > start && b[end-1] == '\r' {
			end--
		}
		// An empty line ends the headers whatever follows it.
		if !folds || end == start || next == len(b) || !isBlank(b[next]) {
			return span{uint32(start), uint32(end)}, next, true
		}
		for i := end; i < next; i++ {
			b[i] = ' '
		}
		pos = next
	}
}

// startLine reads the request line or status line.
func (m *Message) startLine(l span) *ParseError {
	s := m.text(l)
	if len(s) >= 4 && equalFold(s[:4], "SIP/") {
		return m.statusLine(l)
	}
	// What looks like a request is one, whatever else is wrong with it, so that
	// an answer can be made.
	n := tokenLen(s)
	if n == 0 || n == len(s) || !isBlank(s[n]) {
		if i := bytes.LastIndexByte(s, ' '); i < 0 || len(s) < i+5 || !equalFold(s[i+1:i+5], "SIP/") {
			return errNotSIP
		}
		m.request = true
		return errStartLine
	}
	m.request = true
	m.method = methodOf(s[:n])
	version := bytes.LastIndexByte(s, ' ')
	start, end := n+1, version
	if end < start {
		end = len(s)
	}
	m.uri = span{l.start + uint32(start), l.start + uint32(end)}
	switch {
	case len(s) > MaxLine:
		return errURILong
	case version <= n+1:
		return errStartLine
	case !bytes.Equal(s[version+1:], []byte("SIP/2.0")):
		return wrongVersion(s[version+1:])
	case s[n] != ' ' || !isOpaque(s[start:end]):
		return errStartLine
	}
	return nil
}

// wrongVersion tells a version this element does not speak (505) from text that
// is none (400). The name may be written in any case (RFC 3261 7.1).
func wrongVersion(v []byte) *ParseError {
	if len(v) < 4 || !equalFold(v[:4], "SIP/") {
		return errStartLine
	}
	major, minor, ok := bytes.Cut(v[4:], []byte{'.'})
	if !ok || len(major) == 0 || len(minor) == 0 || !all(major, classDigit) || !all(minor, classDigit) {
		return errStartLine
	}
	if string(v[4:]) == "2.0" {
		return nil
	}
	return errVersion
}

// statusLine reads "SIP/2.0 SP 3DIGIT SP reason". The blank before an empty
// reason may be missing.
func (m *Message) statusLine(l span) *ParseError {
	s := m.text(l)
	if len(s) < 11 || !equalFold(s[:8], "SIP/2.0 ") || len(s) > 11 && s[11] != ' ' || len(s) > MaxLine {
		return errStatusLine
	}
	code, ok := number(s[8:11], 699)
	if !ok || code < 100 {
		return errStatusLine
	}
	m.status = int(code)
	if len(s) > 12 {
		m.reason = span{l.start + 12, l.end}
	}
	return nil
}

// headerLines indexes headers up to the empty line and returns where the body
// begins.
func (m *Message) headerLines(pos int) (int, *ParseError) {
	var first *ParseError
	fail := func(e *ParseError) {
		if first == nil {
			first = e
		}
	}
	for {
		l, next, whole := m.line(pos, true)
		if l.start == l.end && whole {
			return next, first
		}
		if len(m.fields) == MaxHeaders {
			return len(m.buf), errManyHeaders
		}
		if l.start != l.end {
			if err := m.header(l); err != nil {
				fail(err)
			}
		}
		if !whole {
			fail(errNoBlankLine)
			return len(m.buf), first
		}
		pos = next
	}
}

// header indexes one header line.
func (m *Message) header(l span) *ParseError {
	s := m.text(l)
	colon := bytes.IndexByte(s, ':')
	if colon < 0 {
		return errHeaderLine
	}
	name := trimRight(s[:colon])
	id := HeaderIDOf(name)
	if id == HeaderOther && !isToken(name) {
		if len(name) == 0 || !isBlank(name[0]) {
			return errHeaderLine
		}
		// The first header line begins with a blank: a fold of nothing.
		n := uint32(len(s) - len(trimLeft(s)))
		_ = m.header(span{l.start + n, l.end})
		return errHeaderLine
	}
	v := colon + 1
	for v < len(s) && isBlank(s[v]) {
		v++
	}
	end := v + len(trimRight(s[v:]))
	m.fields = append(m.fields, field{
		id:    id,
		name:  span{l.start, l.start + uint32(len(name))},
		value: span{l.start + uint32(v), l.start + uint32(end)},
	})
	n := uint8(len(m.fields))
	if id != HeaderOther {
		if last := m.last[id]; last != 0 {
			m.fields[last-1].next = n
		} else {
			m.first[id] = n
		}
		m.last[id] = n
	}
	switch {
	case len(s) > MaxLine:
		return errLineLong
	case bytes.IndexByte(s, '\r') >= 0:
		return errLoneCR
	}
	return nil
}

// contentLength cuts the body to its length (RFC 3261 18.3). Equal repetitions
// are let pass, because trunks send them.
func (m *Message) contentLength() *ParseError {
	if !m.Has(HeaderContentLength) {
		return nil
	}
	length := -1
	for v := range m.Lines(HeaderContentLength) {
		n, ok := number(v, 1<<31)
		switch {
		case !ok:
			return errLength
		case length >= 0 && length != int(n):
			return errLengths
		}
		length = int(n)
	}
	if length > len(m.body) {
		return errBodyShort
	}
	start := len(m.buf) - len(m.body)
	m.buf = m.buf[: start+length : start+length]
	m.body = m.buf[start:]
	return nil
}

// verdict turns an error into one that is not answered, where RFC 3261 allows
// no answer: to a response, to an ACK (17.1.1.3), and to what names no sender.
func (m *Message) verdict(e *ParseError) *ParseError {
	if e.Status == 0 || m.IsRequest() && m.method != ACK && m.Has(HeaderVia) {
		return e
	}
	return &ParseError{Reason: e.Reason}
}
