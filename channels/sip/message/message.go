package message

import (
	"iter"
	"net/netip"
)

// Message is a SIP request or response indexed in the buffer it was received
// into. The zero value is ready for Parse.
type Message struct {
	buf    []byte
	body   []byte
	fields []field
	first  [numHeaders]uint8 // number of the first field of a header, 0 = none
	last   [numHeaders]uint8

	request bool
	method  Method // empty for a response
	uri     span
	status  int
	reason  span

	source     netip.AddrPort
	forceRPort bool

	// Typed headers read so far.
	read readFlags
	from Address
	to   Address
	via  Via
	cseq uint32
	seqm Method
}

// span is a piece of the buffer.
type span struct{ start, end uint32 }

// field is one header line. Lines of one header are chained.
type field struct {
	name  span
	value span
	id    HeaderID
	next  uint8
}

type readFlags uint8

const (
	readFrom readFlags = 1 << iota
	readTo
	readVia
	readCSeq
)

func (m *Message) text(s span) []byte { return m.buf[s.start:s.end:s.end] }

// Bytes returns the whole message as it was parsed, folded lines joined.
func (m *Message) Bytes() []byte { return m.buf }

// Clone returns the message on memory of its own.
func (m *Message) Clone() *Message {
	c := &Message{}
	*c = *m
	c.buf = append([]byte(nil), m.buf...)
	bodyStart := len(m.buf) - len(m.body)
	c.body = c.buf[bodyStart:]
	c.fields = append([]field(nil), m.fields...)
	c.read, c.from, c.to, c.via = 0, Address{}, Address{}, Via{}
	return c
}

// IsRequest reports whether the message is a request.
func (m *Message) IsRequest() bool { return m.request }

// IsResponse reports whether the message is a response.
func (m *Message) IsResponse() bool { return m.status != 0 }

// Method returns the method of a request, "" for a response.
func (m *Message) Method() Method { return m.method }

// Status returns the code of a response, 0 for a request.
func (m *Message) Status() int { return m.status }

// Reason returns the phrase of a response.
func (m *Message) Reason() []byte { return m.text(m.reason) }

// RequestURIBytes returns the text of the Request-URI.
func (m *Message) RequestURIBytes() []byte { return m.text(m.uri) }

// RequestURI returns the Request-URI taken apart, the zero URI if it is
// malformed.
func (m *Message) RequestURI() URI {
	u, _ := ParseURI(m.text(m.uri))
	return u
}

// Has reports whether the message has the header.
func (m *Message) Has(id HeaderID) bool { return m.first[id] != 0 }

// Header returns the value of the first line of a header, nil if there is none.
// An empty header gives an empty slice that is not nil.
func (m *Message) Header(id HeaderID) []byte {
	if i := m.first[id]; i != 0 {
		return m.text(m.fields[i-1].value)
	}
	return nil
}

// Lines yields the value of each line of a header, in order.
func (m *Message) Lines(id HeaderID) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for i := m.first[id]; i != 0; {
			f := &m.fields[i-1]
			if i = f.next; !yield(m.text(f.value)) {
				return
			}
		}
	}
}

// Values yields the values of a header in order. Lines of a header that is
// a list are divided at their commas, empty values left out.
func (m *Message) Values(id HeaderID) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) { m.eachValue(id, yield) }
}

func (m *Message) eachValue(id HeaderID, yield func([]byte) bool) {
	for line := range m.Lines(id) {
		if !headers[id].list {
			if !yield(line) {
				return
			}
		} else if !eachValue(line, yield) {
			return
		}
	}
}

// Headers yields name and value of every header line in the order received.
func (m *Message) Headers() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		for i := range m.fields {
			if !yield(m.text(m.fields[i].name), m.text(m.fields[i].value)) {
				return
			}
		}
	}
}

// Named yields the value of each line of the header with the name, in any case
// and full or compact.
func (m *Message) Named(name string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) { m.eachNamed(name, yield) }
}

func (m *Message) eachNamed(name string, yield func([]byte) bool) {
	id := HeaderIDOf(name)
	for i := range m.fields {
		f := &m.fields[i]
		if f.id == id && (id != HeaderOther || equalFold(m.text(f.name), name)) && !yield(m.text(f.value)) {
			return
		}
	}
}

// HeaderNamed returns the value of the first line of the header with the name,
// nil if there is none.
func (m *Message) HeaderNamed(name string) []byte {
	for v := range m.Named(name) {
		return v
	}
	return nil
}

// SetSource tells where the message came from. Builder.Response then completes
// the top Via with received and rport (RFC 3261 18.2.1, RFC 3581 4); with
// forceRPort it does so even when the sender did not ask for rport.
func (m *Message) SetSource(from netip.AddrPort, forceRPort bool) {
	m.source, m.forceRPort = from, forceRPort
}

// Source returns what SetSource was told.
func (m *Message) Source() netip.AddrPort { return m.source }
