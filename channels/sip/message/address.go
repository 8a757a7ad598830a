package message

import (
	"bytes"
	"errors"
	"strings"
)

var errBadAddress = errors.New("malformed address")

// Address is the value of From, To, Contact, Route and their like: a URI with
// an optional display name and header parameters (RFC 3261 20.10).
type Address struct {
	Display  []byte // as written, a quoted one without the quotes; see Name
	URI      URI
	Params   Params // header parameters, such as ";tag=x"
	Wildcard bool   // the "*" of a Contact that removes all bindings

	tag    []byte
	quoted bool // Display stood in quotes
}

// ParseAddress reads one name-addr or addr-spec with its parameters. The result
// refers to s.
func ParseAddress(s []byte) (Address, error) {
	var a Address
	s = trim(s)
	switch {
	case len(s) == 0:
		return Address{}, errBadAddress
	case s[0] == '"':
		end := quotedEnd(s)
		if end < 0 {
			return Address{}, errBadAddress
		}
		a.Display, a.quoted = s[1:end-1], true
		if s = trimLeft(s[end:]); len(s) == 0 || s[0] != '<' {
			return Address{}, errBadAddress
		}
	default:
		if n := displayTokens(s); n < len(s) && s[n] == '<' {
			a.Display = trimRight(s[:n])
			s = s[n:]
		}
	}
	var uri []byte
	bare := s[0] != '<'
	if !bare {
		end := bracketEnd(s)
		if end < 0 {
			return Address{}, errBadAddress
		}
		uri, s = s[1:end], trimLeft(s[end+1:])
	} else {
		// Without brackets a semicolon begins the header parameters.
		end := bytes.IndexByte(s, ';')
		if end < 0 {
			end = len(s)
		}
		uri, s = trimRight(s[:end]), s[end:]
	}
	var err error
	if a.URI, err = ParseURI(uri); err != nil {
		return Address{}, err
	}
	// Neither a comma nor a question mark may stand in a URI without brackets
	// (RFC 3261 20); the question mark is let pass where it begins no headers.
	if bare && (len(a.URI.Headers) > 0 || bytes.IndexByte(uri, ',') >= 0) {
		return Address{}, errBadAddress
	}
	a.Params = Params(s)
	for p := a.Params; len(p) > 0; {
		name, value, rest, ok := p.cut()
		if !ok || !wellFormedParam(name, value) {
			return Address{}, errBadAddress
		}
		if len(name) == 3 && equalFold(name, "tag") {
			// A tag is a token, and a parameter stands once (RFC 3261 7.3.1).
			if a.tag != nil || len(value) == 0 || value[0] == '"' {
				return Address{}, errBadAddress
			}
			a.tag = value
		}
		p = rest
	}
	return a, nil
}

// bracketEnd returns where the bracket closes that s begins with, -1 if it does not. One
// between quotes does not close it.
func bracketEnd(s []byte) int {
	end := bytes.IndexByte(s, '>')
	if end < 0 || bytes.IndexByte(s[:end], '"') < 0 {
		return end
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '>':
			return i
		case '"':
			n := quotedEnd(s[i:])
			if n < 0 {
				return end
			}
			i += n - 1
		}
	}
	return -1
}

// displayTokens returns the length of the unquoted display name at the
// beginning of s: tokens and blanks, and the UTF-8 that the grammar would have
// in quotes.
func displayTokens(s []byte) int {
	for i, c := range s {
		if classes[c]&classToken == 0 && !isBlank(c) && c < 0x80 {
			return i
		}
	}
	return len(s)
}

// Name returns the display name without backslashes. Between the words of one without
// quotes stands one blank, however wide or folded it is (RFC 3261 7.3.1).
func (a *Address) Name() string {
	if !a.quoted && (bytes.IndexByte(a.Display, '\t') >= 0 || bytes.Contains(a.Display, []byte("  "))) {
		return strings.Join(strings.FieldsFunc(string(a.Display), func(r rune) bool { return r == ' ' || r == '\t' }), " ")
	}
	if bytes.IndexByte(a.Display, '\\') < 0 {
		return string(a.Display)
	}
	return unescapeQuoted(a.Display)
}

// Tag returns the tag parameter, nil if there is none.
func (a *Address) Tag() []byte { return a.tag }

// AppendAddress appends a name-addr: the display name quoted, left out if
// empty, and the URI in angle brackets.
func AppendAddress(dst []byte, display, uri string) []byte {
	if display != "" {
		dst = AppendQuoted(dst, display)
		dst = append(dst, ' ')
	}
	dst = append(dst, '<')
	dst = appendClean(dst, uri)
	return append(dst, '>')
}
