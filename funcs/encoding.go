package funcs

import (
	"crypto/md5"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

func encodingFunctions() []channel.Function {
	hash := func(name, synopsis string, sum func(s string) []byte) channel.Function {
		return channel.Function{
			Name: name, Synopsis: synopsis, Help: "In hexadecimal.", Raw: true, Args: []decl.Arg{arg("data", "the text")},
			Read: func(_ channel.Thread, a *decl.Args) (string, error) {
				if a.Raw == "" {
					return "", errors.New("an argument is required")
				}
				return hex.EncodeToString(sum(a.Raw)), nil
			},
		}
	}
	return []channel.Function{
		hash("MD5", "MD5 digest of a text", func(s string) []byte { d := md5.Sum([]byte(s)); return d[:] }),
		hash("SHA1", "SHA-1 digest of a text", func(s string) []byte { d := sha1.Sum([]byte(s)); return d[:] }),
		recoded("BASE64_ENCODE", "Text in base64", "", "string", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }),
		recoded("BASE64_DECODE", "Text from base64", "The padding may be missing.", "string", decodeBase64),
		text("URIENCODE", "Text for a URI", "Every byte but letters, digits and -_.!~*'() is written %XX.", "data", EncodeURI),
		recoded("URIDECODE", "Text from a URI", "", "data", decodeURI),
	}
}

// decodeBase64 reads text up to its padding or its end, which may be missing. What
// base64 does not have counts as its last digit, as in the field.
func decodeBase64(s string) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	s, _, _ = strings.Cut(s, "=")
	var b strings.Builder
	held, bits := uint(0), 0
	for i := 0; i < len(s); i++ {
		digit := strings.IndexByte(digits, s[i])
		if digit < 0 {
			digit = len(digits) - 1
		}
		held = held<<6 | uint(digit)
		if bits += 6; bits >= 8 {
			bits -= 8
			b.WriteByte(byte(held >> bits))
		}
	}
	text, _, _ := strings.Cut(b.String(), "\x00")
	return text
}

// EncodeURI is a text as URIENCODE has it, and AMI what an AGI program says.
func EncodeURI(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("-_.!~*'()", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'%', digits[c>>4], digits[c&15]})
	}
	return b.String()
}

func decodeURI(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && hexDigit(s[i+1]) >= 0 {
			c := hexDigit(s[i+1])
			if low := hexDigit(s[i+2]); low >= 0 {
				c = c<<4 | low
			}
			b.WriteByte(byte(c))
			i += 2
			continue
		}
		b.WriteByte(s[i])
	}
	text, _, _ := strings.Cut(b.String(), "\x00")
	return text
}
