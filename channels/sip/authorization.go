package sip

import (
	"bytes"

	"pbx/channels/sip/message"
)

// authorization is the content of an Authorization header (RFC 7616 section
// 3.4), as views into the header. A quoted value with a backslash, which is
// rare, is unescaped into a copy.
type authorization struct {
	username, realm, nonce, uri []byte
	response, algorithm         []byte
	qop, nc, cnonce             []byte
}

// parseAuthorization reads a Digest credential. It reports false for another
// scheme and for one that lacks a part the digest needs.
func parseAuthorization(b []byte) (a authorization, ok bool) {
	auth := message.ParseAuth(b)
	if !auth.IsDigest() {
		return a, false
	}
	for name, value := range auth.All() {
		var to *[]byte
		switch {
		case equalFold(name, "username"):
			to = &a.username
		case equalFold(name, "realm"):
			to = &a.realm
		case equalFold(name, "nonce"):
			to = &a.nonce
		case equalFold(name, "uri"):
			to = &a.uri
		case equalFold(name, "response"):
			to = &a.response
		case equalFold(name, "algorithm"):
			to = &a.algorithm
		case equalFold(name, "qop"):
			to = &a.qop
		case equalFold(name, "nc"):
			to = &a.nc
		case equalFold(name, "cnonce"):
			to = &a.cnonce
		default:
			continue
		}
		*to = unescapeQuoted(value)
	}
	return a, a.username != nil && a.nonce != nil && a.response != nil
}

// challenge is the content of a WWW-Authenticate or Proxy-Authenticate header.
type challenge struct {
	realm, nonce, opaque, algorithm, qop []byte
	stale                                bool
}

func parseChallenge(b []byte) (c challenge, ok bool) {
	auth := message.ParseAuth(b)
	if !auth.IsDigest() {
		return c, false
	}
	for name, value := range auth.All() {
		switch {
		case equalFold(name, "realm"):
			c.realm = value // as it was quoted: it goes back the same way
		case equalFold(name, "nonce"):
			c.nonce = value
		case equalFold(name, "opaque"):
			c.opaque = value
		case equalFold(name, "algorithm"):
			c.algorithm = value
		case equalFold(name, "qop"):
			c.qop = value
		case equalFold(name, "stale"):
			c.stale = equalFold(value, "true")
		}
	}
	return c, c.nonce != nil
}

func unescapeQuoted(b []byte) []byte {
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
