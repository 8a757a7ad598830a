package digest

import (
	"bytes"

	"pbx/channels/sip/message"
)

// Authorization is the content of an Authorization header (RFC 7616 3.4), as views
// into the header. A quoted value with a backslash, which is rare, is unescaped
// into a copy.
type Authorization struct {
	Username, Realm, Nonce, URI []byte
	Response, Algorithm         []byte
	QOP, NC, CNonce             []byte
}

// ParseAuthorization reads a Digest credential. It reports false for another
// scheme and for one that lacks a part the digest needs.
func ParseAuthorization(b []byte) (a Authorization, ok bool) {
	auth := message.ParseAuth(b)
	if !auth.IsDigest() {
		return a, false
	}
	for name, value := range auth.All() {
		var to *[]byte
		switch {
		case equalFold(name, "username"):
			to = &a.Username
		case equalFold(name, "realm"):
			to = &a.Realm
		case equalFold(name, "nonce"):
			to = &a.Nonce
		case equalFold(name, "uri"):
			to = &a.URI
		case equalFold(name, "response"):
			to = &a.Response
		case equalFold(name, "algorithm"):
			to = &a.Algorithm
		case equalFold(name, "qop"):
			to = &a.QOP
		case equalFold(name, "nc"):
			to = &a.NC
		case equalFold(name, "cnonce"):
			to = &a.CNonce
		default:
			continue
		}
		*to = Unescape(value)
	}
	return a, a.Username != nil && a.Nonce != nil && a.Response != nil
}

// Challenge is the content of a WWW-Authenticate or Proxy-Authenticate header, as
// views into it. Quoted values stand as they were quoted: they go back the same
// way.
type Challenge struct {
	Realm, Nonce, Opaque, Algorithm, QOP []byte
	Stale                                bool
}

// ParseChallenge reads a Digest challenge. It reports false for another scheme and
// for one without a nonce.
func ParseChallenge(b []byte) (c Challenge, ok bool) {
	auth := message.ParseAuth(b)
	if !auth.IsDigest() {
		return c, false
	}
	for name, value := range auth.All() {
		switch {
		case equalFold(name, "realm"):
			c.Realm = value
		case equalFold(name, "nonce"):
			c.Nonce = value
		case equalFold(name, "opaque"):
			c.Opaque = value
		case equalFold(name, "algorithm"):
			c.Algorithm = value
		case equalFold(name, "qop"):
			c.QOP = value
		case equalFold(name, "stale"):
			c.Stale = equalFold(value, "true")
		}
	}
	return c, c.Nonce != nil && quotable(c.Realm) && quotable(c.Nonce) && quotable(c.Opaque)
}

// quotable reports whether b can stand between quotes as it is.
func quotable(b []byte) bool {
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return false
		}
		if i == len(b) || b[i] < ' ' && b[i] != '\t' || b[i] == 0x7f {
			return false
		}
	}
	return true
}

// Offers reports whether the challenge takes a quality of protection: "auth" or
// "auth-int".
func (c *Challenge) Offers(qop string) bool {
	for w := range bytes.SplitSeq(c.QOP, []byte(",")) {
		if equalFold(bytes.TrimSpace(w), qop) {
			return true
		}
	}
	return false
}

// Unescape removes the backslashes of a quoted string; b itself when there are
// none.
func Unescape(b []byte) []byte {
	if bytes.IndexByte(b, '\\') < 0 {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '\\' && i+1 < len(b) {
			i++
		}
		out = append(out, b[i])
	}
	return out
}

// AppendQuoted appends the inside of a quoted string.
func AppendQuoted(dst []byte, s string) []byte {
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, s[i])
	}
	return dst
}

// equalFold compares with a lower-case ASCII word.
func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
