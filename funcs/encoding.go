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
		text("BASE64_ENCODE", "Text in base64", "", "string", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }),
		text("BASE64_DECODE", "Text from base64", "What is no base64 ends it.", "string", decodeBase64),
		text("URIENCODE", "Text for a URI", "Every byte but letters, digits and -_.!~*'() is written %XX.", "data", encodeURI),
		text("URIDECODE", "Text from a URI", "", "data", decodeURI),
	}
}

func decodeBase64(s string) string {
	out := make([]byte, base64.StdEncoding.DecodedLen(len(s)))
	n, _ := base64.StdEncoding.Decode(out, []byte(s))
	if i := strings.IndexByte(string(out[:n]), 0); i >= 0 {
		n = i
	}
	return string(out[:n])
}

func encodeURI(s string) string {
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
		if s[i] == '%' && i+2 < len(s) && hexDigit(s[i+1]) >= 0 && hexDigit(s[i+2]) >= 0 {
			b.WriteByte(byte(hexDigit(s[i+1])<<4 | hexDigit(s[i+2])))
			i += 2
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
