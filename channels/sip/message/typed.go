package message

import "iter"

// CallID returns the Call-ID, nil if it is missing.
func (m *Message) CallID() []byte { return m.Header(HeaderCallID) }

// From returns the From header, the zero Address if it is missing or malformed.
func (m *Message) From() *Address { return m.address(HeaderFrom, readFrom, &m.from) }

// To returns the To header, the zero Address if it is missing or malformed.
func (m *Message) To() *Address { return m.address(HeaderTo, readTo, &m.to) }

// FromTag returns the tag of the From header, nil if it has none.
func (m *Message) FromTag() []byte { return m.From().Tag() }

// ToTag returns the tag of the To header, nil if it has none.
func (m *Message) ToTag() []byte { return m.To().Tag() }

func (m *Message) address(id HeaderID, flag readFlags, a *Address) *Address {
	if m.read&flag == 0 {
		m.read |= flag
		*a, _ = ParseAddress(m.Header(id))
	}
	return a
}

// Via returns the top Via, the zero Via if it is missing or malformed.
func (m *Message) Via() *Via {
	if m.read&readVia == 0 {
		m.read |= readVia
		m.via = Via{}
		for value := range m.Values(HeaderVia) {
			m.via, _ = ParseVia(value)
			break
		}
	}
	return &m.via
}

// maxCSeq is the largest sequence number: below 2**31 (RFC 3261 8.1.1.5).
const maxCSeq = 1<<31 - 1

// CSeq returns the sequence number and method, 0 and "" if the header is
// missing or malformed.
func (m *Message) CSeq() (uint32, Method) {
	if m.read&readCSeq == 0 {
		m.read |= readCSeq
		m.cseq, m.seqm, _ = parseCSeq(m.Header(HeaderCSeq))
	}
	return m.cseq, m.seqm
}

// parseCSeq reads 1*DIGIT LWS Method (RFC 3261 20.16).
func parseCSeq(s []byte) (uint32, Method, bool) {
	i := 0
	for i < len(s) && !isBlank(s[i]) {
		i++
	}
	n, ok := number(s[:i], maxCSeq)
	method := trimLeft(s[i:])
	if !ok || !isToken(method) {
		return 0, "", false
	}
	return uint32(n), methodOf(method), true
}

// RAck returns the response number, sequence number and method that a PRACK
// acknowledges (RFC 3262 7.2); ok is false if the header is missing or malformed.
func (m *Message) RAck() (rseq, cseq uint32, method Method, ok bool) {
	value := m.Header(HeaderRAck)
	i := 0
	for i < len(value) && !isBlank(value[i]) {
		i++
	}
	n, good := number(value[:i], maxRSeq)
	if !good || n == 0 {
		return 0, 0, "", false
	}
	cseq, method, ok = parseCSeq(trimLeft(value[i:]))
	return uint32(n), cseq, method, ok
}

// maxRSeq is the largest response number (RFC 3262 7.1).
const maxRSeq = 1<<32 - 1

// Addresses yields the well-formed values of a header that holds addresses:
// Contact, Route, Record-Route, P-Asserted-Identity, Diversion and their like.
func (m *Message) Addresses(id HeaderID) iter.Seq[Address] {
	return func(yield func(Address) bool) { m.eachAddress(id, yield) }
}

func (m *Message) eachAddress(id HeaderID, yield func(Address) bool) {
	for v := range m.Values(id) {
		if len(v) == 1 && v[0] == '*' && id == HeaderContact {
			if !yield(Address{Wildcard: true}) {
				return
			}
		} else if a, err := ParseAddress(v); err == nil && !yield(a) {
			return
		}
	}
}

// Address returns the first well-formed address of a header.
func (m *Message) Address(id HeaderID) (Address, bool) {
	for a := range m.Addresses(id) {
		return a, true
	}
	return Address{}, false
}

// Contacts yields the Contact values; "*" is an Address with Wildcard set.
func (m *Message) Contacts() iter.Seq[Address] { return m.Addresses(HeaderContact) }

// Contact returns the first Contact.
func (m *Message) Contact() (Address, bool) { return m.Address(HeaderContact) }

// maxSeconds is the largest delta-seconds (RFC 3261 20.19).
const maxSeconds = 1<<32 - 1

// Expires returns the seconds of the Expires header, -1 if it is missing or not
// a number. Larger numbers than fit count as the largest.
func (m *Message) Expires() int64 { return m.Seconds(HeaderExpires) }

// Seconds returns the number a header begins with (Expires, Min-Expires,
// Session-Expires, Min-SE, Retry-After ...), -1 if it does not. Parameters and
// comments after it are left alone; numbers above 2**32-1 count as 2**32-1.
func (m *Message) Seconds(id HeaderID) int64 { return ParseSeconds(m.Header(id)) }

// ParseSeconds reads delta-seconds as Seconds does, for values that stand
// elsewhere, such as the expires parameter of a Contact.
func ParseSeconds(s []byte) int64 {
	n, i := int64(0), 0
	for i < len(s) && classes[s[i]]&classDigit != 0 {
		n = min(n*10+int64(s[i]-'0'), maxSeconds)
		i++
	}
	if i == 0 || i < len(s) && s[i] != ';' && s[i] != '(' && !isBlank(s[i]) {
		return -1
	}
	return n
}

// MaxForwards returns the number of hops left, -1 if the header is missing or
// malformed.
func (m *Message) MaxForwards() int {
	if n, ok := number(m.Header(HeaderMaxForwards), 255); ok {
		return int(n)
	}
	return -1
}

// HasToken reports whether a header that is a list of tokens (Supported,
// Require, Allow ...) holds the token, in any case.
func (m *Message) HasToken(id HeaderID, token string) bool {
	for v := range m.Values(id) {
		if equalFold(v, token) {
			return true
		}
	}
	return false
}
