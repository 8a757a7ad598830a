// Package field divides the argument text of an application into fields without
// losing sight of where its bytes came from: a separator, quote or bracket that
// came from the network is a character like any other. A caller who names himself
// "x,,g" or dials "100&SIP/trunk/900" therefore adds neither an option nor a leg.
//
// field is a set of pure functions; any goroutine may call them.
package field

import (
	"strings"

	"pbx/channel"
	"pbx/decl"
)

// Of is the whole argument text of a call with its taint.
func Of(a *decl.Args) channel.Value {
	v := channel.Value{S: a.Raw, Taint: a.Taint}
	if a.Tainted && len(a.Taint) == 0 {
		return channel.Tainted(a.Raw)
	}
	return v
}

// TaintedAt reports whether byte i of v came from the network.
func TaintedAt(v channel.Value, i int) bool {
	for _, s := range v.Taint {
		if i >= s.Start && i < s.End {
			return true
		}
	}
	return false
}

// Index is the first byte of v that is one of chars and not tainted, or -1.
func Index(v channel.Value, chars string) int {
	if len(v.Taint) == 0 {
		return strings.IndexAny(v.S, chars)
	}
	for i := 0; i < len(v.S); i++ {
		if strings.IndexByte(chars, v.S[i]) >= 0 && !TaintedAt(v, i) {
			return i
		}
	}
	return -1
}

// LastIndex is the last byte of v that is c and not tainted, or -1.
func LastIndex(v channel.Value, c byte) int {
	for i := len(v.S) - 1; i >= 0; i-- {
		if v.S[i] == c && !TaintedAt(v, i) {
			return i
		}
	}
	return -1
}

// Cut divides v at the first untainted sep.
func Cut(v channel.Value, sep byte) (before, after channel.Value, found bool) {
	for i := 0; ; i++ {
		n := strings.IndexByte(v.S[i:], sep)
		if n < 0 {
			return v, channel.Value{}, false
		}
		if i += n; !TaintedAt(v, i) {
			return v.Slice(0, i), v.Slice(i+1, len(v.S)), true
		}
	}
}

// Trim removes the blanks around v.
func Trim(v channel.Value) channel.Value {
	start, end := 0, len(v.S)
	for start < end && blank(v.S[start]) {
		start++
	}
	for end > start && blank(v.S[end-1]) {
		end--
	}
	return v.Slice(start, end)
}

func blank(c byte) bool { return c == ' ' || c == '\t' }

// Split divides v at sep as decl.Split does at commas, but for what is tainted:
// no separator inside "", () or [] counts, quotes and backslashes are removed, and
// field max takes the rest of the text as it stands (max <= 0: no limit).
func Split(v channel.Value, sep byte, max int) []channel.Value {
	return split(v, sep, max, false)
}

// Halves divides v at the first sep that Split would divide it at. Both halves keep
// their quotes and backslashes. found is false where there is no such sep.
func Halves(v channel.Value, sep byte) (before, after channel.Value, found bool) {
	i := next(v, sep, 0)
	if i == len(v.S) {
		return v, channel.Value{}, false
	}
	return v.Slice(0, i), v.Slice(i+1, len(v.S)), true
}

// SplitRaw is Split without the removal: the arguments of Gosub keep their
// quotes. (golden rule: ARGn is what was written.)
func SplitRaw(v channel.Value, sep byte) []channel.Value {
	return split(v, sep, 0, true)
}

func split(v channel.Value, sep byte, max int, raw bool) []channel.Value {
	if v.S == "" {
		return nil
	}
	fields := strings.Count(v.S, string([]byte{sep})) + 1
	if max > 0 {
		fields = min(fields, max)
	}
	out := make([]channel.Value, 0, min(fields, 16))
	for start := 0; ; {
		if max > 0 && len(out) == max-1 {
			return append(out, v.Slice(start, len(v.S)))
		}
		i := next(v, sep, start)
		out = append(out, finish(v.Slice(start, i), raw))
		if i == len(v.S) {
			return out
		}
		start = i + 1
	}
}

// next is where the field ends that begins at i.
func next(v channel.Value, sep byte, i int) int {
	parens, brackets, quoted := 0, 0, false
	for ; i < len(v.S); i++ {
		c := v.S[i]
		switch c {
		case sep, '\\', '"', '(', ')', '[', ']':
			if TaintedAt(v, i) {
				continue
			}
		default:
			continue
		}
		switch {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == sep:
			if !quoted && parens == 0 && brackets == 0 {
				return i
			}
		case c == '(':
			parens++
		case c == ')' && parens > 0:
			parens--
		case c == '[':
			brackets++
		case c == ']' && brackets > 0:
			brackets--
		}
	}
	return len(v.S)
}

func finish(v channel.Value, raw bool) channel.Value {
	if raw {
		return v
	}
	return Unquote(v)
}

// Unquote removes the quotes and backslashes of v that are not tainted.
func Unquote(v channel.Value) channel.Value {
	if Index(v, "\\\"") < 0 {
		return v
	}
	var b Builder
	for i := 0; i < len(v.S); i++ {
		tainted := TaintedAt(v, i)
		if !tainted && v.S[i] == '"' {
			continue
		}
		if !tainted && v.S[i] == '\\' {
			if i++; i == len(v.S) {
				break
			}
			tainted = TaintedAt(v, i)
		}
		b.Add(v.S[i], tainted)
	}
	return b.Value()
}

// Builder puts a value together byte by byte.
type Builder struct {
	text  []byte
	taint []decl.Span
}

// Add appends c.
func (b *Builder) Add(c byte, tainted bool) {
	if tainted {
		n := len(b.text)
		if k := len(b.taint) - 1; k >= 0 && b.taint[k].End == n {
			b.taint[k].End++
		} else {
			b.taint = append(b.taint, decl.Span{Start: n, End: n + 1})
		}
	}
	b.text = append(b.text, c)
}

// AddValue appends v with its origin.
func (b *Builder) AddValue(v channel.Value) {
	for i := 0; i < len(v.S); i++ {
		b.Add(v.S[i], TaintedAt(v, i))
	}
}

// Value is what was written.
func (b *Builder) Value() channel.Value {
	return channel.Value{S: string(b.text), Taint: b.taint}
}
