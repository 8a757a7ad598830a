package message

import (
	"bytes"
	"errors"
)

var errBadVia = errors.New("malformed Via")

// Via is one value of the Via header (RFC 3261 20.42).
type Via struct {
	Version   []byte // "2.0"
	Transport []byte // "UDP", "TCP", ... or any token
	Host      []byte // sent-by; an IPv6 address without its brackets
	Port      uint16 // 0 if none was given
	Params    Params
	Branch    []byte // nil if missing (RFC 2543)
	Received  []byte // address the request came from, without brackets
	RPort     uint16 // the port it came from, if it says one
	HasRPort  bool   // rport was asked for or given (RFC 3581)
}

// MagicCookie begins every branch that identifies a transaction (RFC 3261 8.1.1.7).
const MagicCookie = "z9hG4bK"

// ParseVia reads one Via value. The result refers to s.
func ParseVia(s []byte) (Via, error) {
	var v Via
	// sent-protocol = protocol-name SLASH protocol-version SLASH transport,
	// with blanks around the slashes if the sender likes.
	name, s, ok := cutToken(trimLeft(s))
	if !ok || !equalFold(name, "SIP") || len(s) == 0 || s[0] != '/' {
		return Via{}, errBadVia
	}
	v.Version, s, ok = cutToken(trimLeft(s[1:]))
	if !ok || len(s) == 0 || s[0] != '/' {
		return Via{}, errBadVia
	}
	s = trimLeft(s[1:])
	n := tokenLen(s)
	if n == 0 || n == len(s) || !isBlank(s[n]) {
		return Via{}, errBadVia
	}
	v.Transport = s[:n]
	s = trimLeft(s[n:])
	var port []byte
	if v.Host, v.Port, s, ok = cutHostPort(s); !ok {
		return Via{}, errBadVia
	}
	s = trimLeft(s)
	if len(s) > 0 && s[0] == ':' && v.Port == 0 { // blanks around the colon (COLON = SWS ":" SWS)
		s = trimLeft(s[1:])
		i := 0
		for i < len(s) && classes[s[i]]&classDigit != 0 {
			i++
		}
		port, s = s[:i], trimLeft(s[i:])
		p, ok := number(port, 65535)
		if !ok {
			return Via{}, errBadVia
		}
		v.Port = uint16(p)
	}
	v.Params = Params(s)
	for p := v.Params; len(p) > 0; {
		name, value, rest, ok := p.cut()
		if !ok || !wellFormedParam(name, value) || !v.take(name, value) {
			return Via{}, errBadVia
		}
		p = rest
	}
	return v, nil
}

// take keeps the parameters that have a field of their own.
func (v *Via) take(name, value []byte) bool {
	switch {
	case equalFold(name, "branch"):
		// A branch is a token and stands once.
		if v.Branch != nil || len(value) == 0 || value[0] == '"' {
			return false
		}
		v.Branch = value
	case equalFold(name, "received"):
		// RFC 5118 4.5: with or without brackets.
		v.Received = bytes.TrimSuffix(bytes.TrimPrefix(value, []byte{'['}), []byte{']'})
	case equalFold(name, "rport"):
		v.HasRPort = true
		if len(value) > 0 {
			port, ok := number(value, 65535)
			if !ok {
				return false
			}
			v.RPort = uint16(port)
		}
	}
	return true
}

func tokenLen(s []byte) int {
	i := 0
	for i < len(s) && classes[s[i]]&classToken != 0 {
		i++
	}
	return i
}

// cutToken takes a token and the blanks after it off the beginning of s.
func cutToken(s []byte) (token, rest []byte, ok bool) {
	i := tokenLen(s)
	return s[:i], trimLeft(s[i:]), i > 0
}

// Unique reports whether the branch alone identifies the transaction: it begins
// with the magic cookie and something follows. A bare cookie, and what RFC 2543
// elements send, does not (RFC 3261 17.2.3).
func (v *Via) Unique() bool {
	return len(v.Branch) > len(MagicCookie) && string(v.Branch[:len(MagicCookie)]) == MagicCookie
}
