package presence

import (
	"strconv"
	"unicode/utf8"
)

// appendText appends s as text or attribute value of an XML document. All but
// ASCII is written as a reference, so that it is right whatever encoding the
// document declares; what XML cannot have is left out.
func appendText(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			i++
			switch {
			case c == '<':
				dst = append(dst, "&lt;"...)
			case c == '>':
				dst = append(dst, "&gt;"...)
			case c == '&':
				dst = append(dst, "&amp;"...)
			case c == '"':
				dst = append(dst, "&quot;"...)
			case c >= ' ' && c != 0x7f:
				dst = append(dst, c)
			case c == '\t' || c == '\n' || c == '\r':
				dst = append(dst, ' ')
			}
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		if r == utf8.RuneError || r == 0xfffe || r == 0xffff {
			r = '?'
		}
		dst = append(dst, "&#"...)
		dst = strconv.AppendInt(dst, int64(r), 10)
		dst = append(dst, ';')
	}
	return dst
}
