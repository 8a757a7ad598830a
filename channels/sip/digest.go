package sip

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
)

// Digest authentication (RFC 7616, RFC 8760; RFC 2617 where a phone answers
// without qop).

// String is the word for the algorithm in a header.
func (a Algorithm) String() string { return [...]string{"MD5", "SHA-256", "SHA-512-256"}[a] }

func parseAlgorithm(b []byte) (Algorithm, bool) {
	switch {
	case len(b) == 0, equalFold(b, "md5"):
		return MD5, true
	case equalFold(b, "sha-256"):
		return SHA256, true
	case equalFold(b, "sha-512-256"):
		return SHA512256, true
	}
	return MD5, false
}

// sum appends the hex hash of text.
func (a Algorithm) sum(dst, text []byte) []byte {
	switch a {
	case SHA256:
		h := sha256.Sum256(text)
		return hex.AppendEncode(dst, h[:])
	case SHA512256:
		h := sha512.Sum512_256(text)
		return hex.AppendEncode(dst, h[:])
	}
	h := md5.Sum(text)
	return hex.AppendEncode(dst, h[:])
}

// credentials are the HA1 of one user in one realm, per algorithm; "" where the
// section gives only the hash of another one.
type credentials struct {
	realm string
	ha1   [3]string
}

// newCredentials computes them. A stored hash wins over the secret.
func newCredentials(user, realm, secret, md5secret, sha256secret string) credentials {
	c := credentials{realm: realm}
	if secret != "" {
		text := []byte(user + ":" + realm + ":" + secret)
		for a := MD5; a <= SHA512256; a++ {
			c.ha1[a] = string(a.sum(nil, text))
		}
	}
	if md5secret != "" {
		c.ha1[MD5] = md5secret
	}
	if sha256secret != "" {
		c.ha1[SHA256] = sha256secret
	}
	return c
}

// digester computes responses in a buffer of its own.
type digester struct{ buf, out []byte }

// response is the value that a right answer has (RFC 7616 section 3.4.1). The
// result is valid until the next call.
func (g *digester) response(alg Algorithm, ha1 string, method string, a *authorization) []byte {
	b := append(g.buf[:0], method...)
	b = append(b, ':')
	b = append(b, a.uri...)
	g.out = alg.sum(g.out[:0], b)
	ha2 := len(g.out)

	b = append(b[:0], ha1...)
	b = append(b, ':')
	b = append(b, a.nonce...)
	b = append(b, ':')
	if len(a.qop) > 0 {
		b = append(b, a.nc...)
		b = append(b, ':')
		b = append(b, a.cnonce...)
		b = append(b, ':')
		b = append(b, a.qop...)
		b = append(b, ':')
	}
	b = append(b, g.out[:ha2]...)
	g.buf = b
	g.out = alg.sum(g.out[:0], b)
	return g.out
}

// parseNC reads a nonce count: eight hex digits (RFC 7616 section 3.4).
func parseNC(b []byte) (uint32, bool) {
	if len(b) == 0 || len(b) > 8 {
		return 0, false
	}
	var n uint32
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		n = n<<4 | uint32(c)
	}
	return n, true
}
