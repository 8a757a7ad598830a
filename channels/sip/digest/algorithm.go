package digest

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
)

// Algorithm is a hash function of the digest (RFC 7616 3.3), the stronger the
// greater.
type Algorithm uint8

// The algorithms.
const (
	MD5 Algorithm = iota
	SHA256
	SHA512256
	// NumAlgorithms is how many there are, for tables indexed by them.
	NumAlgorithms
)

// String is the word for the algorithm in a header.
func (a Algorithm) String() string { return [NumAlgorithms]string{"MD5", "SHA-256", "SHA-512-256"}[a] }

// ParseAlgorithm reads the word of a header; none means MD5.
func ParseAlgorithm(b []byte) (Algorithm, bool) {
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

// AppendSum appends the hex hash of text.
func (a Algorithm) AppendSum(dst, text []byte) []byte {
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

// HA1 is the hash that stands for a secret in one realm (RFC 7616 3.4.2).
func (a Algorithm) HA1(user, realm, secret string) string {
	return string(a.AppendSum(nil, []byte(user+":"+realm+":"+secret)))
}

// Keys are the HA1 of one user in one realm, per algorithm; "" where only the hash
// of another one is known.
type Keys struct {
	Realm string
	HA1   [NumAlgorithms]string
}

// NewKeys computes them from a secret. A stored hash, "" for none, wins over it.
func NewKeys(user, realm, secret, md5secret, sha256secret string) Keys {
	k := Keys{Realm: realm}
	if secret != "" {
		for a := range NumAlgorithms {
			k.HA1[a] = a.HA1(user, realm, secret)
		}
	}
	if md5secret != "" {
		k.HA1[MD5] = md5secret
	}
	if sha256secret != "" {
		k.HA1[SHA256] = sha256secret
	}
	return k
}
