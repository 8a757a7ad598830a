// Package gruu makes and reads globally routable user agent URIs (RFC 5627): one
// public for each instance of a device, and temporary ones that tell strangers
// neither the device nor its owner.
//
// It does no I/O. A Sealer may be used by one goroutine at a time.
package gruu

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
)

// KeySize and NonceSize are the bytes of a key and of a nonce.
const (
	KeySize   = 32
	NonceSize = 12
)

// Binding is what a temporary GRUU leads to: an instance, as long as it goes on
// with one registration. A registration with another Call-ID has others (RFC 5627
// 3.2).
type Binding [8]byte

// BindingOf is the binding of an instance that registers with a Call-ID.
func BindingOf(instance, callID string) (b Binding) {
	sum := sha256.Sum256([]byte(instance + "\x00" + callID))
	copy(b[:], sum[:])
	return b
}

// prefix marks the user part of a temporary GRUU.
const prefix = "tgruu."

// encoding has letters that stand in a user part as they are (RFC 3261 25.1).
var encoding = base64.RawURLEncoding

// Sealer makes temporary GRUUs that only it can read.
type Sealer struct {
	aead cipher.AEAD
	buf  []byte
}

// New makes a Sealer. Those of one key read each other's.
func New(key [KeySize]byte) (*Sealer, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("gruu: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("gruu: %w", err)
	}
	return &Sealer{aead: aead}, nil
}

// AppendUser appends the user part of a temporary GRUU for a binding of an address
// of record. Two with different nonces have nothing in common.
func (s *Sealer) AppendUser(dst []byte, nonce [NonceSize]byte, name string, b Binding) []byte {
	text := append(append(s.buf[:0], b[:]...), name...)
	s.buf = text
	sealed := s.aead.Seal(nonce[:len(nonce):len(nonce)], nonce[:], text, nil)
	dst = append(dst, prefix...)
	return encoding.AppendEncode(dst, sealed)
}

// Temporary reports whether a user part looks like one of AppendUser's.
func Temporary(user []byte) bool {
	return len(user) > len(prefix) && string(user[:len(prefix)]) == prefix
}

// Open reads the user part of a temporary GRUU.
func (s *Sealer) Open(user []byte) (name string, b Binding, ok bool) {
	if !Temporary(user) {
		return "", b, false
	}
	sealed, err := encoding.AppendDecode(nil, user[len(prefix):])
	if err != nil || len(sealed) < NonceSize {
		return "", b, false
	}
	text, err := s.aead.Open(nil, sealed[:NonceSize], sealed[NonceSize:], nil)
	if err != nil || len(text) <= len(b) {
		return "", b, false
	}
	copy(b[:], text)
	return string(text[len(b):]), b, true
}

// AppendPublic appends the public GRUU of an instance: its address of record with
// the instance in the gr parameter (RFC 5627 4.2). user is escaped already.
func AppendPublic(dst []byte, user, hostport, instance string) []byte {
	dst = append(append(dst, "sip:"...), user...)
	dst = append(append(dst, '@'), hostport...)
	dst = append(dst, ";gr="...)
	for i := range len(instance) {
		if c := instance[i]; plain(c) {
			dst = append(dst, c)
		} else {
			const digits = "0123456789ABCDEF"
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		}
	}
	return dst
}

// plain reports whether c may stand in a parameter of a URI as it is (RFC 3261
// 25.1, paramchar).
func plain(c byte) bool {
	switch {
	case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		return true
	}
	return strings.IndexByte("-_.!~*'()[]/:&+$", c) >= 0
}
