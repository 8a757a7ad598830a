package ael

import (
	"fmt"
	"strings"

	"pbx/config"
)

// reader goes through the text of a file.
type reader struct {
	name string
	text string
	at   int
	line int
}

// syntax is the error that ends the reading of a file.
type syntax struct {
	pos     config.Pos
	message string
}

func (e *syntax) Error() string { return e.pos.String() + ": " + e.message }

func (r *reader) pos() config.Pos { return config.Pos{File: r.name, Line: r.line} }

// fail ends the reading; Parse recovers it.
func (r *reader) fail(format string, args ...any) {
	panic(&syntax{r.pos(), fmt.Sprintf(format, args...)})
}

// advance goes n bytes on.
func (r *reader) advance(n int) {
	r.line += strings.Count(r.text[r.at:r.at+n], "\n")
	r.at += n
}

// skip goes over blanks and comments.
func (r *reader) skip() {
	for r.at < len(r.text) {
		rest := r.text[r.at:]
		switch {
		case rest[0] <= ' ':
			r.advance(1)
		case strings.HasPrefix(rest, "//"):
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest)
			}
			r.advance(n)
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest, "*/")
			if n < 0 {
				r.fail("the comment is not closed")
			}
			r.advance(n + 2)
		default:
			return
		}
	}
}

// peek is the next character that is no blank, 0 at the end.
func (r *reader) peek() byte {
	r.skip()
	if r.at >= len(r.text) {
		return 0
	}
	return r.text[r.at]
}

// accept takes a text if it is next.
func (r *reader) accept(s string) bool {
	r.skip()
	if !strings.HasPrefix(r.text[r.at:], s) {
		return false
	}
	r.advance(len(s))
	return true
}

func (r *reader) expect(s, where string) {
	if !r.accept(s) {
		r.fail("%q is expected %s, not %s", s, where, r.found())
	}
}

// found names what is next, for messages.
func (r *reader) found() string {
	r.skip()
	rest := r.text[r.at:]
	if rest == "" {
		return "the end of the file"
	}
	if n := strings.IndexFunc(rest, func(c rune) bool { return c <= ' ' }); n > 0 {
		rest = rest[:n]
	}
	if len(rest) > 30 {
		rest = rest[:30]
	}
	return fmt.Sprintf("%q", rest)
}

// word takes characters up to a blank or one of ends; ${…}, $[…] and [sets] are
// taken as a whole.
func (r *reader) word(ends string) string {
	r.skip()
	start := r.at
	for r.at < len(r.text) {
		c := r.text[r.at]
		switch {
		case c == '$' && r.at+1 < len(r.text) && (r.text[r.at+1] == '{' || r.text[r.at+1] == '['):
			r.advance(1)
			r.balanced()
			continue
		case c == '[' && strings.IndexByte(ends, '[') < 0:
			r.balanced()
			continue
		case c == '"':
			r.quoted()
			continue
		case c <= ' ' || strings.IndexByte(ends, c) >= 0:
			return r.text[start:r.at]
		case c == '/' && strings.HasPrefix(r.text[r.at:], "/*"):
			return r.text[start:r.at]
		}
		r.advance(1)
	}
	return r.text[start:r.at]
}

// quoted takes a text in double quotes.
func (r *reader) quoted() {
	r.advance(1)
	for r.at < len(r.text) {
		switch r.text[r.at] {
		case '\\':
			r.advance(min(2, len(r.text)-r.at))
		case '"':
			r.advance(1)
			return
		default:
			r.advance(1)
		}
	}
	r.fail("the quotes are not closed")
}

// balanced takes a bracketed text, the brackets and what is in them.
func (r *reader) balanced() {
	open := r.text[r.at]
	closing := map[byte]byte{'(': ')', '{': '}', '[': ']'}[open]
	depth := 0
	for start := r.line; r.at < len(r.text); {
		switch c := r.text[r.at]; c {
		case '\\':
			r.advance(min(2, len(r.text)-r.at))
			continue
		case open:
			depth++
		case closing:
			if depth--; depth == 0 {
				r.advance(1)
				return
			}
		}
		r.advance(1)
		if r.at == len(r.text) {
			r.line = start
		}
	}
	r.fail("%q is not closed", string(open))
}

// parens takes "( … )" and returns what is in it, on one line.
func (r *reader) parens(what string) string {
	if r.peek() != '(' {
		r.fail("%q is expected behind %s, not %s", "(", what, r.found())
	}
	start := r.at
	r.balanced()
	return oneLine(r.text[start+1 : r.at-1])
}

// upTo takes the text up to one of ends outside of brackets and quotes.
func (r *reader) upTo(ends string) string {
	r.skip()
	start := r.at
	for r.at < len(r.text) {
		switch c := r.text[r.at]; {
		case c == '(' || c == '{' && r.at > start && r.text[r.at-1] == '$' || c == '[':
			r.balanced()
		case c == '"':
			r.quoted()
		case c == '\\':
			r.advance(min(2, len(r.text)-r.at))
		case strings.IndexByte(ends, c) >= 0:
			return oneLine(r.text[start:r.at])
		default:
			r.advance(1)
		}
	}
	return oneLine(r.text[start:r.at])
}

// oneLine is a text without line ends: what is on several lines is one argument.
func oneLine(s string) string {
	s = strings.TrimSpace(s)
	if !strings.ContainsAny(s, "\r\n") {
		return s
	}
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, " ")
}
