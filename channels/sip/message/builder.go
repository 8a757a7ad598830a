package message

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// Builder writes one message into a buffer of the caller's. Values cannot break
// out of their line: CR and LF in them become blanks.
//
//	b.Reset(buf)
//	b.Response(req, 200, "OK", tag)
//	b.Header(HeaderContact, "<sip:100@192.0.2.1>")
//	b.Body("application/sdp", answer)
//	out := b.Bytes()
type Builder struct {
	// Compact writes the names of one letter where there are (RFC 3261 7.3.3). Reset
	// leaves it as it is.
	Compact bool

	buf   []byte
	start int // where the message begins in buf
	done  bool
	err   error
}

// errHeaderName is what Err says of a header that was left out.
var errHeaderName = errors.New("malformed header name")

// NewBuilder returns a Builder that appends to buf, which may be nil.
func NewBuilder(buf []byte) *Builder {
	b := &Builder{}
	b.Reset(buf)
	return b
}

// Reset begins a new message after what buf holds.
func (b *Builder) Reset(buf []byte) { *b = Builder{Compact: b.Compact, buf: buf, start: len(buf)} }

// Request writes the request line.
func (b *Builder) Request(method Method, uri string) {
	b.buf = appendToken(b.buf, string(method))
	b.buf = append(b.buf, ' ')
	b.buf = appendRequestURI(b.buf, uri)
	b.buf = append(b.buf, " SIP/2.0\r\n"...)
}

// Response writes the status line and the headers a response takes from its
// request: Via, From, To, Call-ID, CSeq (RFC 3261 8.2.6.2), and Record-Route
// where the response can create a dialog (12.1.1). toTag is added to a To that
// has no tag, except in a 100. An empty reason stands for the status' own.
func (b *Builder) Response(req *Message, status int, reason, toTag string) {
	b.buf = append(b.buf, "SIP/2.0 "...)
	b.buf = strconv.AppendInt(b.buf, int64(status), 10)
	b.buf = append(b.buf, ' ')
	if reason == "" {
		reason = StatusText(status)
	}
	b.buf = appendClean(b.buf, reason)
	b.buf = append(b.buf, '\r', '\n')

	b.vias(req)
	b.Copy(req, HeaderFrom)
	if to := req.Header(HeaderTo); to != nil {
		b.name(HeaderTo)
		b.buf = appendClean(b.buf, to)
		if toTag != "" && status != 100 && req.ToTag() == nil {
			b.buf = append(b.buf, ";tag="...)
			b.buf = appendClean(b.buf, toTag)
		}
		b.buf = append(b.buf, '\r', '\n')
	}
	b.Copy(req, HeaderCallID)
	b.Copy(req, HeaderCSeq)
	if status > 100 && status < 300 && createsDialog(req.method) {
		b.Copy(req, HeaderRecordRoute)
	}
	if status == 100 { // RFC 3261 8.2.6.1
		b.Copy(req, HeaderTimestamp)
	}
}

func createsDialog(m Method) bool {
	return m == INVITE || m == SUBSCRIBE || m == REFER || m == NOTIFY
}

// vias copies the Via lines; the top value is completed with where the request
// came from.
func (b *Builder) vias(req *Message) {
	first := true
	for line := range req.Lines(HeaderVia) {
		b.name(HeaderVia)
		if first && req.source.IsValid() {
			top, rest, more := cutList(line)
			b.topVia(req, top)
			if more {
				b.buf = append(b.buf, ", "...)
				b.buf = appendClean(b.buf, trimLeft(rest))
			}
		} else {
			b.buf = appendClean(b.buf, line)
		}
		b.buf = append(b.buf, '\r', '\n')
		first = false
	}
}

// topVia writes a Via with received and, where it is wanted, rport (RFC 3261
// 18.2.1, RFC 3581 4). What the sender wrote there itself is replaced. received
// is added even where it says nothing new, which every client expects by now.
func (b *Builder) topVia(req *Message, value []byte) {
	via, err := ParseVia(value)
	if err != nil {
		b.buf = appendClean(b.buf, value)
		return
	}
	addr := req.source.Addr().Unmap().WithZone("")
	rport := via.HasRPort || req.forceRPort
	// sent-by ends where the parameters begin; both are tails of value.
	b.buf = append(b.buf, trimRight(value[:len(value)-len(via.Params)])...)
	for p := via.Params; len(p) > 0; {
		name, val, rest, ok := p.cut()
		if !ok {
			break
		}
		p = rest
		if equalFold(name, "received") || equalFold(name, "rport") {
			continue
		}
		b.buf = append(b.buf, ';')
		b.buf = append(b.buf, name...)
		if val != nil {
			b.buf = append(b.buf, '=')
			b.buf = append(b.buf, val...)
		}
	}
	b.buf = append(b.buf, ";received="...)
	b.buf = addr.WithZone("").AppendTo(b.buf)
	if rport {
		b.buf = append(b.buf, ";rport="...)
		b.buf = strconv.AppendUint(b.buf, uint64(req.source.Port()), 10)
	}
}

// Header writes a header with its own name.
func (b *Builder) Header(id HeaderID, value string) {
	b.name(id)
	b.buf = appendClean(b.buf, value)
	b.buf = append(b.buf, '\r', '\n')
}

// HeaderBytes is Header for a value that is a slice.
func (b *Builder) HeaderBytes(id HeaderID, value []byte) {
	b.name(id)
	b.buf = appendClean(b.buf, value)
	b.buf = append(b.buf, '\r', '\n')
}

// HeaderInt writes a header whose value is a number.
func (b *Builder) HeaderInt(id HeaderID, value int64) {
	b.name(id)
	b.buf = strconv.AppendInt(b.buf, value, 10)
	b.buf = append(b.buf, '\r', '\n')
}

// HeaderNamed writes a header with any name. A name that is no token, and the
// headers that frame the message, are left out and reported by Err.
func (b *Builder) HeaderNamed(name, value string) {
	if id := HeaderIDOf(name); !isToken(name) || id == HeaderContentLength {
		if b.err == nil {
			b.err = fmt.Errorf("header %q: %w", name, errHeaderName)
		}
		return
	}
	b.buf = append(b.buf, name...)
	b.buf = append(b.buf, ':', ' ')
	b.buf = appendClean(b.buf, value)
	b.buf = append(b.buf, '\r', '\n')
}

// Via writes a Via for a request of ours, with rport (RFC 3581 3).
func (b *Builder) Via(transport, host string, port uint16, branch string, rport bool) {
	b.name(HeaderVia)
	b.buf = append(b.buf, "SIP/2.0/"...)
	b.buf = appendToken(b.buf, transport)
	b.buf = append(b.buf, ' ')
	b.buf = AppendHostPort(b.buf, host, port)
	b.buf = append(b.buf, ";branch="...)
	b.buf = appendClean(b.buf, branch)
	if rport {
		b.buf = append(b.buf, ";rport"...)
	}
	b.buf = append(b.buf, '\r', '\n')
}

// Address writes a header that is a name-addr: From, To, Contact and their like.
// params is written as it is, such as ";tag=x".
func (b *Builder) Address(id HeaderID, display, uri, params string) {
	b.name(id)
	b.buf = AppendAddress(b.buf, display, uri)
	b.buf = appendClean(b.buf, params)
	b.buf = append(b.buf, '\r', '\n')
}

// CSeq writes the CSeq header.
func (b *Builder) CSeq(n uint32, method Method) {
	b.name(HeaderCSeq)
	b.buf = strconv.AppendUint(b.buf, uint64(n), 10)
	b.buf = append(b.buf, ' ')
	b.buf = appendToken(b.buf, string(method))
	b.buf = append(b.buf, '\r', '\n')
}

// Copy writes every line of a header of m.
func (b *Builder) Copy(m *Message, id HeaderID) {
	for line := range m.Lines(id) {
		b.HeaderBytes(id, line)
	}
}

// Body writes Content-Type unless it or the body is empty, Content-Length, the empty line and the body. No
// header can follow.
func (b *Builder) Body(contentType string, body []byte) {
	if b.done {
		return
	}
	if contentType != "" && len(body) > 0 {
		b.Header(HeaderContentType, contentType)
	}
	b.HeaderInt(HeaderContentLength, int64(len(body)))
	b.buf = append(b.buf, '\r', '\n')
	b.buf = append(b.buf, body...)
	b.done = true
}

// Bytes completes the message, with an empty body if Body was not called, and
// returns it. It shares memory with the buffer given to Reset as long as that
// was large enough.
func (b *Builder) Bytes() []byte {
	b.Body("", nil)
	return b.buf[b.start:]
}

// Len returns how long the message is so far.
func (b *Builder) Len() int { return len(b.buf) - b.start }

// Buffer returns the whole buffer, with what stood in it before the message.
func (b *Builder) Buffer() []byte { return b.buf }

// Err returns the first header that was left out, nil if all were written.
func (b *Builder) Err() error { return b.err }

func (b *Builder) name(id HeaderID) {
	if h := &headers[id]; b.Compact && h.compact != 0 {
		b.buf = append(b.buf, h.compact)
	} else {
		b.buf = append(b.buf, h.name...)
	}
	b.buf = append(b.buf, ':', ' ')
}

// appendClean appends s with CR and LF turned into blanks, so that a value
// stays inside its line.
func appendClean[T ~string | ~[]byte](dst []byte, s T) []byte {
	n := len(dst)
	dst = append(dst, s...)
	for _, c := range [...]byte{'\r', '\n'} {
		for i := n; ; {
			j := bytes.IndexByte(dst[i:], c)
			if j < 0 {
				break
			}
			dst[i+j] = ' '
			i += j + 1
		}
	}
	return dst
}

// appendToken appends the octets of s that a token may have.
func appendToken(dst []byte, s string) []byte {
	for i := range len(s) {
		if classes[s[i]]&classToken != 0 {
			dst = append(dst, s[i])
		}
	}
	return dst
}

// appendRequestURI appends s with what would end a request line as %HH.
func appendRequestURI(dst []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c == 0x7f || c == '<' || c == '>' || c == '"' {
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		} else {
			dst = append(dst, c)
		}
	}
	return dst
}
