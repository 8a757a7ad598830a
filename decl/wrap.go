package decl

import "strings"

// Wrap breaks text into lines of at most 79 characters that begin with indent.
// Lines of their own stay so.
func Wrap(text, indent string) string {
	var b strings.Builder
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			b.WriteByte('\n')
		}
		column := 0
		for _, word := range strings.Fields(line) {
			switch {
			case column == 0:
				b.WriteString(indent)
				column = len(indent)
			case column+1+len(word) > 79:
				b.WriteString("\n" + indent)
				column = len(indent)
			default:
				b.WriteByte(' ')
				column++
			}
			b.WriteString(word)
			column += len(word)
		}
	}
	return b.String()
}
