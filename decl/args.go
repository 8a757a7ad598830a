package decl

import "strings"

// Span is a range [Start,End) of bytes.
type Span struct{ Start, End int }

// Args is the argument text of one application or function call, after
// substitution.
type Args struct {
	// Raw is the whole text between the parentheses.
	Raw string
	// Pos are the positional arguments by Split; nil for Raw declarations.
	Pos []string
	// Tainted says that some of the text came from the network; see Taint.
	Tainted bool
	// Taint are the parts of Raw that did, in order.
	Taint []Span
	// NameTaint are, on a Write, the parts of Raw that did; Tainted and Taint are of
	// the value then.
	NameTaint []Span

	// Unclosed is the option letter whose parenthesis ParseOptions found open at the
	// end of its text, 0 for none. It and what follows it are not given.
	Unclosed byte

	options map[byte]string
	given   string
	origin  origin
}

// Arg returns positional argument i or "".
func (a *Args) Arg(i int) string {
	if i < 0 || i >= len(a.Pos) {
		return ""
	}
	return a.Pos[i]
}

// Has reports whether positional argument i is there and not empty.
func (a *Args) Has(i int) bool { return a.Arg(i) != "" }

// TaintedAt reports whether byte i of Raw came from the network. Applications
// for which a separator is power (Dial, Originate) do not honour one there.
func (a *Args) TaintedAt(i int) bool {
	for _, s := range a.Taint {
		if i >= s.Start && i < s.End {
			return true
		}
	}
	return false
}

// Split divides an argument text at its commas as the field's standard parser
// does: commas inside "", () or [] do not divide, a backslash protects the next
// character, quotes and backslashes are removed from every argument but the
// last of max, which takes the rest of the line as it stands. max <= 0 means no
// limit. Brackets within quotes count, too: one that is not closed holds the text
// behind the quotes together. (golden/corrections.md, row 7.)
func Split(text string, max int) []string {
	return AppendSplit(nil, text, max)
}

// AppendSplit is Split into a slice that the caller owns.
func AppendSplit(dst []string, text string, max int) []string {
	if text == "" {
		return dst
	}
	start, parens, brackets, quoted, dirty := 0, 0, 0, false, false
	for i := 0; i < len(text); i++ {
		if max > 0 && len(dst) == max-1 {
			break
		}
		switch c := text[i]; {
		case c == '\\':
			dirty = true
			i++
		case c == '"':
			quoted, dirty = !quoted, true
		case c == '(':
			parens++
		case c == ')':
			if parens > 0 {
				parens--
			}
		case c == '[':
			brackets++
		case c == ']':
			if brackets > 0 {
				brackets--
			}
		case c == ',' && !quoted && parens == 0 && brackets == 0:
			dst = append(dst, unquote(text[start:i], dirty))
			start, dirty = i+1, false
		}
	}
	if max > 0 && len(dst) == max-1 {
		return append(dst, text[start:])
	}
	return append(dst, unquote(text[start:], dirty))
}

func unquote(s string, dirty bool) string {
	if !dirty {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
		case '\\':
			if i++; i < len(s) {
				b.WriteByte(s[i])
			}
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// ParseOptions reads option letters with their sub-arguments in parentheses,
// such as "gr(us)L(60000:5000)". Letters that opts does not declare are
// returned, in order, for a warning.
func (a *Args) ParseOptions(text string, opts []Option) (unknown []byte) {
	a.given, a.Unclosed = text, 0
	a.options = make(map[byte]string, 4)
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == ' ' || c == '\t' {
			continue
		}
		sub := ""
		if i+1 < len(text) && text[i+1] == '(' {
			var n int
			var closed bool
			if sub, n, closed = optionArgument(text[i+2:]); !closed {
				a.Unclosed = c
				return unknown
			}
			i += 1 + n
		}
		if !declared(opts, c) {
			unknown = append(unknown, c)
			continue
		}
		a.options[c] = sub
	}
	return unknown
}

// optionArgument reads text up to the parenthesis that closes it, and tells how many
// bytes that are with it. A backslash protects the next character; quotes do only
// where the argument begins with one, and are removed then.
func optionArgument(text string) (argument string, n int, closed bool) {
	quotes, quoted, depth := strings.HasPrefix(text, `"`), false, 1
	var b strings.Builder
	for ; n < len(text); n++ {
		c := text[n]
		switch {
		case c == '(' && !quoted:
			depth++
		case c == ')' && !quoted:
			if depth--; depth == 0 {
				return b.String(), n + 1, true
			}
		case c == '"' && quotes:
			quoted = !quoted
			continue
		case c == '\\' && n+1 < len(text):
			if n++; quoted && text[n] != '"' {
				b.WriteByte('\\')
			}
			c = text[n]
		}
		b.WriteByte(c)
	}
	return b.String(), n, false
}

func declared(opts []Option, c byte) bool {
	for i := range opts {
		if opts[i].Letter == c {
			return true
		}
	}
	return false
}

// Option reports whether letter was given, and the text of its parentheses.
func (a *Args) Option(letter byte) (sub string, ok bool) {
	sub, ok = a.options[letter]
	return sub, ok
}

// OptionText is the option argument as it was given.
func (a *Args) OptionText() string { return a.given }
