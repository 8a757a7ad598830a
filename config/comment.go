package config

import "strings"

// maxNesting is how deep block comments nest.
const maxNesting = 128

// comments takes the comments out of the lines of one file. It remembers the
// block comments that are open.
type comments struct {
	opened []int // the lines that opened them
}

// strip returns what is left of a line. warn is called with what is odd about
// it.
//
// A semicolon starts a comment unless a backslash stands before it, which is
// removed then; ";--" opens a block comment unless a third dash follows, and
// "--;" closes the innermost one.
func (c *comments) strip(line string, number int, warn func(rule, message string)) string {
	if strings.IndexByte(line, ';') < 0 {
		if len(c.opened) > 0 {
			return ""
		}
		return line
	}
	// kept is what lies outside of comments; from is where the text that was not
	// looked at begins, and no escape or end of block reaches before it.
	var kept strings.Builder
	from := 0
	for {
		at := strings.IndexByte(line[from:], ';')
		if at < 0 {
			break
		}
		at += from
		text, rest := line[from:at], line[at+1:]
		outside := len(c.opened) == 0
		switch {
		case at > from && line[at-1] == '\\':
			if outside {
				kept.WriteString(line[from : at-1])
				kept.WriteByte(';')
			}
		case strings.HasPrefix(rest, "--") && !strings.HasPrefix(rest, "---"):
			if len(c.opened) == maxNesting {
				warn("comment", "block comments nest more than 128 deep")
				from = at + 3
				continue
			}
			if outside {
				kept.WriteString(text)
			}
			c.opened = append(c.opened, number)
			from = at + 3
			continue
		case !outside && strings.HasSuffix(text, "--"):
			c.opened = c.opened[:len(c.opened)-1]
		case outside:
			if strings.HasSuffix(text, "--") {
				warn("comment", `"--;" closes a block comment that was not opened`)
			}
			kept.WriteString(text)
			return kept.String()
		}
		from = at + 1
	}
	if len(c.opened) == 0 {
		kept.WriteString(line[from:])
	}
	return kept.String()
}
