package agi

import "strings"

// maxLine is the longest command that is read, in bytes.
const maxLine = 64 << 10

// words divides a command at its blanks. Quotes keep blanks together, and a
// backslash makes the next character a plain one; a quote that is not closed ends
// with the line.
func words(line string) []string {
	var list []string
	var b strings.Builder
	word, quoted := false, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\' && i+1 < len(line):
			i++
			b.WriteByte(line[i])
			word = true
		case c == '"':
			quoted, word = !quoted, true
		case (c == ' ' || c == '\t') && !quoted:
			if word {
				list = append(list, b.String())
				b.Reset()
				word = false
			}
		default:
			b.WriteByte(c)
			word = true
		}
	}
	if word {
		list = append(list, b.String())
	}
	return list
}

// clean takes out what would end a line or a reply early.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == 0 {
			return ' '
		}
		return r
	}, s)
}
