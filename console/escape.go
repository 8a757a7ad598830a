package console

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// fieldLimit is how much of one field of a log line is kept, in bytes.
const fieldLimit = 1024

// Escape returns text that cannot harm a terminal or forge a line: control
// characters, C1 controls, bidirectional marks, line separators and bytes that
// are not UTF-8 become \n, \t, \xNN or \u{NNNN}. Harmless text comes back as it is.
func Escape(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c >= 0x7f {
			return string(appendEscaped(make([]byte, 0, len(s)+16), s))
		}
	}
	return s
}

// appendEscaped appends the escaped form of s.
func appendEscaped(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c < 0x7f {
			dst = append(dst, c)
			i++
			continue
		}
		switch c {
		case '\n':
			dst, i = append(dst, `\n`...), i+1
			continue
		case '\r':
			dst, i = append(dst, `\r`...), i+1
			continue
		case '\t':
			dst, i = append(dst, `\t`...), i+1
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n <= 1, c < 0x20, c == 0x7f:
			dst = fmt.Appendf(dst, `\x%02x`, c)
			n = 1
		case harmful(r):
			dst = fmt.Appendf(dst, `\u{%04x}`, r)
		default:
			dst = append(dst, s[i:i+n]...)
		}
		i += n
	}
	return dst
}

// harmful names the characters above ASCII that change what a terminal or an
// editor shows of the others.
func harmful(r rune) bool {
	switch {
	case r >= 0x80 && r < 0xa0: // C1 controls
	case r == 0x061c, r == 0x200e, r == 0x200f: // bidi marks
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069: // embeddings, overrides, isolates
	case r == 0x2028, r == 0x2029: // line and paragraph separator
	case r == 0xfeff: // zero width no-break space
	default:
		return false
	}
	return true
}

// appendField appends the escaped form of s, cut at fieldLimit.
func appendField(dst []byte, s string) []byte {
	if len(s) <= fieldLimit {
		return appendEscaped(dst, s)
	}
	cut := fieldLimit
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	dst = appendEscaped(dst, s[:cut])
	return fmt.Appendf(dst, "...(%d bytes more)", len(s)-cut)
}

// appendQuoted appends a field, in quotes when it holds a blank or is empty.
func appendQuoted(dst []byte, s string) []byte {
	if s != "" && !strings.ContainsAny(s, " \t\"=") {
		return appendField(dst, s)
	}
	dst = append(dst, '"')
	dst = appendField(dst, s)
	return append(dst, '"')
}
