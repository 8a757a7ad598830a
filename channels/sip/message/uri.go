package message

import (
	"bytes"
	"errors"
	"strconv"
)

// errBadURI is what ParseURI says of text that is no URI.
var errBadURI = errors.New("malformed URI")

// URI is a SIP, SIPS or tel URI taken apart, or any other absolute URI with its
// text in Opaque (RFC 3261 19.1, RFC 3966). The parts are slices of the text
// that was parsed, escapes and all.
type URI struct {
	Scheme   []byte // as written; compare with IsSIP and IsTel
	User     []byte // user part, or the number of a tel URI; see Unescape
	Password []byte
	Host     []byte // an IPv6 address without its brackets
	Port     uint16 // 0 if none was given
	Params   Params // ";name=value..." or empty
	Headers  []byte // after "?", without it
	Opaque   []byte // what follows the colon, when the scheme is another one
}

// ParseURI takes a URI apart. The result refers to s.
func ParseURI(s []byte) (URI, error) {
	colon := bytes.IndexByte(s, ':')
	if colon <= 0 || !isAlpha(s[0]) || !all(s[:colon], classScheme) {
		return URI{}, errBadURI
	}
	u := URI{Scheme: s[:colon]}
	rest := s[colon+1:]
	var ok bool
	switch {
	case u.IsSIP():
		ok = u.parseSIP(rest)
	case u.IsTel():
		ok = u.parseTel(rest)
	default:
		u.Opaque = rest
		ok = len(rest) > 0 && isOpaque(rest)
	}
	if !ok {
		return URI{}, errBadURI
	}
	return u, nil
}

func isAlpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// isOpaque reports whether s holds no octet that a URI cannot.
func isOpaque(s []byte) bool {
	for _, c := range s {
		if c <= ' ' || c == 0x7f || c == '<' || c == '>' || c == '"' {
			return false
		}
	}
	return true
}

// parseSIP reads [ userinfo ] hostport uri-parameters [ headers ] (RFC 3261 25.1).
func (u *URI) parseSIP(s []byte) bool {
	if at := bytes.IndexByte(s, '@'); at >= 0 {
		u.User = s[:at]
		if colon := bytes.IndexByte(u.User, ':'); colon >= 0 {
			u.User, u.Password = s[:colon], s[colon+1:at]
		}
		if len(u.User) == 0 || !escaped(u.User, classUser) || !escaped(u.Password, classUser) {
			return false
		}
		s = s[at+1:]
	}
	var ok bool
	if u.Host, u.Port, s, ok = cutHostPort(s); !ok {
		return false
	}
	return u.parseTail(s)
}

// parseTel reads a subscriber number with its parameters (RFC 3966 3).
func (u *URI) parseTel(s []byte) bool {
	i := 0
	for i < len(s) && s[i] != ';' && s[i] != '?' {
		if c := s[i]; classes[c]&classHex == 0 && c != '+' && c != '-' && c != '.' &&
			c != '(' && c != ')' && c != '*' && c != '#' && c != 'p' && c != 'w' {
			return false
		}
		i++
	}
	u.User = s[:i]
	return i > 0 && u.parseTail(s[i:])
}

// parseTail reads *(";" pname [ "=" pvalue ]) [ "?" headers ] (RFC 3261 25.1).
func (u *URI) parseTail(s []byte) bool {
	i, n := 0, 0
	for i < len(s) && s[i] == ';' {
		name := spanEscaped(s[i+1:], classParam)
		if n++; name <= 0 || n > MaxParams {
			return false
		}
		if i += 1 + name; i < len(s) && s[i] == '=' {
			value := spanEscaped(s[i+1:], classParam|classEqual)
			if value == 0 && i+1 < len(s) && s[i+1] == '"' {
				value = quotedValue(s[i+1:])
			}
			if value < 0 {
				return false
			}
			i += 1 + value
		}
	}
	u.Params = Params(s[:i])
	if i == len(s) {
		return true
	}
	u.Headers = s[i+1:]
	return s[i] == '?' && len(u.Headers) > 0 && isOpaque(u.Headers) && escapesWhole(u.Headers) &&
		bytes.Count(u.Headers, []byte{'&'}) < MaxParams
}

// quotedValue returns the length of the quoted string that s begins with, -1 if it is
// none or holds what a Request-URI cannot carry. The grammar has no quotes in a URI;
// there are phones that put what they want to see again between them.
func quotedValue(s []byte) int {
	for i, c := range s[1:] {
		switch {
		case c == '"':
			return i + 2
		case c <= ' ' || c == 0x7f || c == '\\':
			return -1
		}
	}
	return -1
}

// spanEscaped returns how many octets of the classes s begins with, -1 if one is a
// "%" without two hexadecimal digits after it.
func spanEscaped(s []byte, class uint16) int {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case classes[c]&class == 0:
			return i
		case c == '%':
			if len(s) < i+3 || classes[s[i+1]]&classes[s[i+2]]&classHex == 0 {
				return -1
			}
			i += 2
		}
	}
	return len(s)
}

// escaped reports whether s consists of octets of the class and whole escapes.
func escaped(s []byte, class uint16) bool { return spanEscaped(s, class) == len(s) }

// escapesWhole reports whether each "%" is followed by two hexadecimal digits.
func escapesWhole(s []byte) bool {
	for i, c := range s {
		if c == '%' && (len(s) < i+3 || classes[s[i+1]]&classes[s[i+2]]&classHex == 0) {
			return false
		}
	}
	return true
}

// cutHostPort takes host [ ":" port ] off the beginning of s. The brackets of
// an IPv6 reference are taken off the host.
func cutHostPort(s []byte) (host []byte, port uint16, rest []byte, ok bool) {
	if len(s) > 0 && s[0] == '[' {
		end := bytes.IndexByte(s, ']')
		if end < 0 || !isIPv6(s[1:end]) {
			return nil, 0, nil, false
		}
		host, s = s[1:end], s[end+1:]
	} else {
		i := 0
		for i < len(s) && classes[s[i]]&classHost != 0 {
			i++
		}
		if !isHostname(s[:i]) {
			return nil, 0, nil, false
		}
		host, s = s[:i], s[i:]
	}
	if len(s) == 0 || s[0] != ':' {
		return host, 0, s, true
	}
	i := 1
	for i < len(s) && classes[s[i]]&classDigit != 0 {
		i++
	}
	n, ok := number(s[1:i], 65535)
	return host, uint16(n), s[i:], ok
}

// isIPv6 accepts an IPv6 address, also one with three colons in a row:
// RFC 5118 4.10 asks to tolerate "2001:db8:::192.0.2.1", which the grammar of
// RFC 3261 produced.
func isIPv6(s []byte) bool {
	groups, gap := 0, false
	for len(s) > 0 {
		colons := 0
		for colons < len(s) && s[colons] == ':' {
			colons++
		}
		if colons > 3 || colons > 1 && gap || colons == 0 && groups > 0 || colons == 1 && groups == 0 {
			return false
		}
		gap = gap || colons > 1
		if s = s[colons:]; len(s) == 0 {
			return colons != 1 && groups < 8 // the address ends in the gap
		}
		n := 0
		for n < len(s) && classes[s[n]]&classHex != 0 {
			n++
		}
		if n < len(s) && s[n] == '.' {
			groups += 2
			return isIPv4(s) && (groups == 8 && !gap || groups < 8 && gap)
		}
		if n == 0 || n > 4 {
			return false
		}
		groups++
		s = s[n:]
	}
	return groups == 8 && !gap || groups < 8 && gap
}

// isIPv4 accepts four numbers up to 255 with dots between them.
func isIPv4(s []byte) bool {
	for i := range 4 {
		part, rest, dot := bytes.Cut(s, []byte{'.'})
		if _, ok := number(part, 255); !ok || len(part) > 3 || dot != (i < 3) {
			return false
		}
		s = rest
	}
	return true
}

// isHostname accepts labels with dots between them and at the end.
func isHostname(s []byte) bool {
	return len(s) > 0 && s[0] != '.' && !bytes.Contains(s, []byte(".."))
}

// IsSIP reports whether the scheme is sip or sips.
func (u *URI) IsSIP() bool {
	s := u.Scheme
	return len(s) >= 3 && s[0]|0x20 == 's' && s[1]|0x20 == 'i' && s[2]|0x20 == 'p' && (len(s) == 3 || u.IsSIPS())
}

// IsSIPS reports whether the scheme is sips.
func (u *URI) IsSIPS() bool { return equalFold(u.Scheme, "sips") }

// IsTel reports whether the scheme is tel.
func (u *URI) IsTel() bool { return equalFold(u.Scheme, "tel") }

// IsZero reports whether u holds no URI.
func (u *URI) IsZero() bool { return len(u.Scheme) == 0 }

// AppendTo appends the URI as text.
func (u *URI) AppendTo(dst []byte) []byte {
	dst = append(dst, u.Scheme...)
	dst = append(dst, ':')
	if !u.IsSIP() {
		dst = append(dst, u.User...)
		dst = append(dst, u.Opaque...)
	} else {
		if len(u.User) > 0 {
			dst = append(dst, u.User...)
			if u.Password != nil {
				dst = append(dst, ':')
				dst = append(dst, u.Password...)
			}
			dst = append(dst, '@')
		}
		dst = AppendHostPort(dst, u.Host, u.Port)
	}
	dst = append(dst, u.Params...)
	if len(u.Headers) > 0 {
		dst = append(dst, '?')
		dst = append(dst, u.Headers...)
	}
	return dst
}

// AppendHostPort appends a host, an IPv6 address in brackets, and the port
// unless it is 0.
func AppendHostPort[T ~string | ~[]byte](dst []byte, host T, port uint16) []byte {
	v6 := false
	for i := range len(host) {
		v6 = v6 || host[i] == ':'
	}
	if v6 {
		dst = append(dst, '[')
	}
	dst = appendClean(dst, host)
	if v6 {
		dst = append(dst, ']')
	}
	if port != 0 {
		dst = append(dst, ':')
		dst = strconv.AppendUint(dst, uint64(port), 10)
	}
	return dst
}

// String returns the URI as text.
func (u URI) String() string {
	if u.IsZero() {
		return ""
	}
	return string(u.AppendTo(make([]byte, 0, 64)))
}

// Clone returns the URI on memory of its own.
func (u URI) Clone() URI {
	if u.IsZero() {
		return u
	}
	c, err := ParseURI(u.AppendTo(nil))
	if err != nil { // u was put together by hand out of parts that do not fit
		return URI{}
	}
	return c
}

// Unescape appends s with each %HH replaced by its octet, which may be zero.
func Unescape(dst, s []byte) []byte {
	for i := 0; i < len(s); i++ {
		if c, ok := unhex(s[i:]); ok {
			dst = append(dst, c)
			i += 2
			continue
		}
		dst = append(dst, s[i])
	}
	return dst
}

// UnescapeString is Unescape for those who want a string.
func UnescapeString(s []byte) string {
	if bytes.IndexByte(s, '%') < 0 {
		return string(s)
	}
	return string(Unescape(make([]byte, 0, len(s)), s))
}

// unhex reads %HH at the beginning of s.
func unhex(s []byte) (c byte, ok bool) {
	if len(s) < 3 || s[0] != '%' || classes[s[1]]&classes[s[2]]&classHex == 0 {
		return 0, false
	}
	return hexValue(s[1])<<4 | hexValue(s[2]), true
}

func hexValue(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return (c | 0x20 - 'a') + 10
}

// AppendEscaped appends user text (a user part or password) with every octet
// that may not stand there as %HH.
func AppendEscaped(dst []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		if classes[c]&classUser != 0 && c < 0x80 && c != '%' && c != ':' && c != '#' {
			dst = append(dst, c)
			continue
		}
		dst = append(dst, '%', hex[c>>4], hex[c&15])
	}
	return dst
}
