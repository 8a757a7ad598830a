package dialplan

import (
	"strings"

	"pbx/channel"
)

// template is a text with its substitutions taken apart.
type template struct {
	raw   string
	parts []part // nil: nothing to substitute
}

type partKind uint8

const (
	literalPart    partKind = iota
	variablePart            // ${NAME}, ${NAME:offset:length}
	functionPart            // ${NAME(args)} whose arguments are plain
	referencePart           // ${…} with a substitution inside: read when that is done
	expressionPart          // $[…]
)

type part struct {
	kind  partKind
	text  string // the literal, the name of the variable or function; of a reference the name that it may have
	args  string // of a function
	known builtin
	cut   cut
	inner *template // of a reference or an expression
}

// cut is the :offset:length of a reference.
type cut struct {
	offset, length int
	there          bool
}

const wholeLength = 1<<31 - 1

// compile takes text apart. A brace or bracket that is not closed is closed at
// the end of the text; the message says so.
func compile(text string) (t *template, complaint string) {
	t = &template{raw: text}
	if !strings.Contains(text, "${") && !strings.Contains(text, "$[") {
		return t, ""
	}
	literal := 0 // where the literal that is being read begins
	for i := 0; i+1 < len(text); {
		if text[i] != '$' || text[i+1] != '{' && text[i+1] != '[' {
			i++
			continue
		}
		if i > literal {
			t.parts = append(t.parts, part{kind: literalPart, text: text[literal:i]})
		}
		inner, next, closed := enclosed(text, i+2, text[i+1])
		if !closed {
			complaint = "missing '" + map[byte]string{'{': "}", '[': "]"}[text[i+1]] + "'"
		}
		sub, c := compile(inner)
		if c != "" {
			complaint = c
		}
		switch {
		case text[i+1] == '[':
			t.parts = append(t.parts, part{kind: expressionPart, inner: sub})
		case sub.parts != nil:
			p := part{kind: referencePart, inner: sub}
			if first := &sub.parts[0]; first.kind == literalPart {
				p.text, _, _ = strings.Cut(first.text, "(")
			}
			t.parts = append(t.parts, p)
		default:
			name, args, function, c := reference(inner)
			p := part{kind: variablePart, text: name, cut: c}
			if function {
				p.kind, p.args = functionPart, args
			} else {
				p.known = builtins[name]
			}
			t.parts = append(t.parts, p)
		}
		i, literal = next, next
	}
	if literal < len(text) {
		t.parts = append(t.parts, part{kind: literalPart, text: text[literal:]})
	}
	return t, complaint
}

// enclosed returns the text from i to the bracket that closes it, as the field
// counts them: inside ${} only braces count, inside $[] only brackets.
func enclosed(text string, i int, open byte) (inner string, next int, closed bool) {
	shut := open + 2 // '}' and ']' stand two after their openers
	depth, start := 1, i
	for i < len(text) {
		switch c := text[i]; {
		case c == '$' && i+1 < len(text) && (text[i+1] == '{' || text[i+1] == '['):
			if text[i+1] == open {
				depth++
			}
			i++
		case c == open:
			depth++
		case c == shut:
			if depth--; depth == 0 {
				return text[start:i], i + 1, true
			}
		}
		i++
	}
	return text[start:], len(text), false
}

// reference takes apart what stands between ${ and }: a name, the arguments of a
// function, offset and length.
func reference[T ~string | ~[]byte](s T) (name, args T, function bool, c cut) {
	c.length = wholeLength
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '(':
			function = true
			depth++
		case ')':
			depth--
		case ':':
			if depth == 0 {
				c = parseCut(s[i+1:])
				s = s[:i]
			}
		}
	}
	if !function {
		return s, args, false, c
	}
	name, args = call(s)
	return name, args, true, c
}

// call divides NAME(args): the arguments end at the last parenthesis.
func call[T ~string | ~[]byte](s T) (name, args T) {
	open := 0
	for open < len(s) && s[open] != '(' {
		open++
	}
	if open == len(s) {
		return s, args
	}
	last := len(s)
	for i := len(s) - 1; i > open; i-- {
		if s[i] == ')' {
			last = i
			break
		}
	}
	return s[:open], s[open+1 : last]
}

// parseCut reads "offset:length" as scanf("%d:%d") does: what does not read as a
// number ends it, and what was not read keeps its default.
func parseCut[T ~string | ~[]byte](s T) cut {
	c := cut{length: wholeLength, there: true}
	n, i, ok := scanInt(s, 0)
	if !ok {
		return c
	}
	c.offset = n
	if i >= len(s) || s[i] != ':' {
		return c
	}
	if n, _, ok = scanInt(s, i+1); ok {
		c.length = n
	}
	return c
}

// LeadingNumber is the number that a text begins with, as the field reads priorities:
// 2) is 2.
func LeadingNumber(s string) (n int, ok bool) {
	n, _, ok = scanInt(s, 0)
	return n, ok
}

func scanInt[T ~string | ~[]byte](s T, i int) (n, next int, ok bool) {
	for i < len(s) && (s[i] == ' ' || s[i] >= '\t' && s[i] <= '\r') {
		i++
	}
	negative := false
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		negative = s[i] == '-'
		i++
	}
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		n = min(n*10+int(s[i]-'0'), wholeLength)
		ok = true
	}
	if negative {
		n = -n
	}
	return n, i, ok
}

// apply cuts v.
func (c cut) apply(v channel.Value) channel.Value {
	start, end := c.bounds(len(v.S))
	return v.Slice(start, end)
}

func (c cut) bounds(n int) (start, end int) {
	if !c.there || c.offset == 0 && c.length >= n {
		return 0, n
	}
	start = c.offset
	if start < 0 {
		start = max(0, n+start)
	}
	if start >= n {
		return 0, 0
	}
	switch {
	case c.length < 0:
		return start, max(start, n+c.length)
	case c.length < n-start:
		return start, start + c.length
	}
	return start, n
}
