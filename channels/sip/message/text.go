package message

// The character classes of RFC 3261 25.1.
const (
	classToken    = 1 << iota // token
	classUser                 // user and password, beyond escapes
	classHost                 // hostname; the underscore is common in practice
	classParam                // URI parameters and headers
	classScheme               // scheme after its first letter
	classDigit                // 0-9
	classHex                  // 0-9 a-f A-F
	classReserved             // reserved (RFC 3261 19.1.4 compares it as it is written)
	classEqual                // the equals sign, which parameter values are let have
)

var classes = buildClasses()

func buildClasses() (t [256]uint16) {
	set := func(class uint16, chars string) {
		for i := range len(chars) {
			t[chars[i]] |= class
		}
	}
	const digit = "0123456789"
	const alnum = digit + "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	const mark = "-_.!~*'()"
	set(classToken, alnum+"-.!%*_+`'~")
	// '#' must be escaped in a user part, and half the world's phones do not.
	set(classUser, alnum+mark+"&=+$,;?/:#%")
	set(classHost, alnum+"-._")
	set(classParam, alnum+mark+"[]/:&+$%`{}|^")
	set(classScheme, alnum+"+-.")
	set(classDigit, digit)
	set(classHex, digit+"abcdefABCDEF")
	set(classReserved, ";/?:@&=+$,")
	set(classEqual, "=")
	for c := 0x80; c < 0x100; c++ { // UTF-8 is let through where it can do no harm
		t[c] |= classUser | classParam
	}
	return t
}

// all reports whether every octet of s is in the class.
func all(s []byte, class uint16) bool {
	for _, c := range s {
		if classes[c]&class == 0 {
			return false
		}
	}
	return true
}

// IsToken reports whether s is a token (RFC 3261 25.1).
func IsToken(s string) bool { return isToken(s) }

func isToken[T ~string | ~[]byte](s T) bool {
	for i := range len(s) {
		if classes[s[i]]&classToken == 0 {
			return false
		}
	}
	return len(s) > 0
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// trim cuts blanks from both ends.
func trim(s []byte) []byte { return trimLeft(trimRight(s)) }

func trimLeft(s []byte) []byte {
	for len(s) > 0 && isBlank(s[0]) {
		s = s[1:]
	}
	return s
}

func trimRight(s []byte) []byte {
	for len(s) > 0 && isBlank(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// equalFold compares ASCII text without regard to case.
func equalFold[A, B ~string | ~[]byte](a A, b B) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if a[i] != b[i] && lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

// number reads 1*DIGIT that is at most limit. More than limit, and any other
// text, is not ok.
func number(s []byte, limit uint64) (n uint64, ok bool) {
	if len(s) == 0 {
		return 0, false
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n = n*10 + uint64(c-'0'); n > limit {
			return 0, false
		}
	}
	return n, true
}

// quotedEnd returns the offset after the quoted string that begins at s[0], or
// -1 if it is not closed or has a control character in it. A backslash protects
// the next octet, whatever it is (RFC 3261 25.1).
func quotedEnd(s []byte) int {
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case c == '"':
			return i + 1
		case c < ' ' && c != '\t' || c == 0x7f:
			return -1
		}
	}
	return -1
}

// Unquote returns the text of a quoted string without its quotes and
// backslashes; text that is not quoted comes back as it is.
func Unquote(s []byte) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return string(s)
	}
	return unescapeQuoted(s[1 : len(s)-1])
}

func unescapeQuoted(s []byte) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		out = append(out, s[i])
	}
	return string(out)
}

// AppendQuoted appends s as a quoted string. Line breaks become blanks.
func AppendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\r', '\n', 0:
			dst = append(dst, ' ')
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
