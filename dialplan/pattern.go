package dialplan

import (
	"cmp"
	"slices"
	"strings"
)

// charset is a set of bytes.
type charset [4]uint64

func (s *charset) add(c byte)      { s[c>>6] |= 1 << (c & 63) }
func (s *charset) has(c byte) bool { return s[c>>6]&(1<<(c&63)) != 0 }

// element is one position of a pattern. rank orders the elements as the field
// does: sets by the number of their characters and the lowest of them, then ".",
// then "!", then the end of the pattern, then a set that matches nothing.
type element struct {
	rank int
	set  charset
}

const (
	rankDot  = 0x18000
	rankBang = 0x28000
	rankEnd  = 0x30000
	rankBad  = 0x40000
)

func compareElements(a, b *element) int {
	if a.rank != b.rank {
		return cmp.Compare(a.rank, b.rank)
	}
	// Of two sets of equal rank the one that has the lowest character which only
	// one has comes first.
	for i := range a.set {
		if d := a.set[i] ^ b.set[i]; d != 0 {
			if low := d & -d; a.set[i]&low != 0 {
				return -1
			}
			return 1
		}
	}
	return 0
}

func (e *element) single() (byte, bool) {
	return byte(e.rank), e.rank>>8 == 1
}

var (
	digitsX = rangeSet('0', '9')
	digitsZ = rangeSet('1', '9')
	digitsN = rangeSet('2', '9')
)

func rangeSet(from, to byte) (s charset) {
	for c := from; c <= to; c++ {
		s.add(c)
	}
	return s
}

// parsePattern reads what follows the underscore. "-" is ignored outside of
// sets, and so is an empty set; what follows "." or "!" is never reached.
func parsePattern(p string) []element {
	var out []element
	for i := 0; i < len(p); i++ {
		var e element
		switch c := p[i]; c {
		case '-':
			continue
		case 'x', 'X':
			e = element{0x0a00 | '0', digitsX}
		case 'z', 'Z':
			e = element{0x0900 | '1', digitsZ}
		case 'n', 'N':
			e = element{0x0800 | '2', digitsN}
		case '.':
			return append(out, element{rank: rankDot})
		case '!':
			return append(out, element{rank: rankBang})
		case '[':
			end := strings.IndexByte(p[i:], ']')
			if end < 0 {
				return append(out, element{rank: rankBad})
			}
			set := p[i+1 : i+end]
			i += end
			if set == "" {
				continue
			}
			if e = parseSet(set); e.rank == 0 { // ranges that run backwards
				return append(out, element{rank: rankBad})
			}
		default:
			e.rank = 0x0100 | int(c)
			e.set.add(c)
		}
		out = append(out, e)
	}
	return append(out, element{rank: rankEnd})
}

// parseSet reads the inside of [...]: characters and ranges such as "15-7a".
func parseSet(s string) (e element) {
	count, lowest := 0, byte(0xff)
	for i := 0; i < len(s); i++ {
		from, to := s[i], s[i]
		if i+2 < len(s) && s[i+1] == '-' {
			to = s[i+2]
			i += 2
		}
		if from <= to {
			lowest = min(lowest, from)
		}
		for c := int(from); c <= int(to); c++ {
			if !e.set.has(byte(c)) {
				e.set.add(byte(c))
				count++
			}
		}
	}
	if count > 0 {
		e.rank = count<<8 | int(lowest)
	}
	return e
}

func comparePatterns(a, b []element) int {
	for i := range min(len(a), len(b)) {
		if c := compareElements(&a[i], &b[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

// undash takes the dashes out of a number.
func undash(s string) string {
	if strings.IndexByte(s, '-') < 0 {
		return s
	}
	return strings.ReplaceAll(s, "-", "")
}

// compareNames orders extension names, and caller numbers, as the field sorts
// them: literals by their characters, then patterns.
func compareNames(a, b string) int {
	pa, pb := strings.HasPrefix(a, "_"), strings.HasPrefix(b, "_")
	switch {
	case !pa && !pb:
		return strings.Compare(undash(a), undash(b))
	case !pa:
		return -1
	case !pb:
		return 1
	}
	return comparePatterns(parsePattern(a[1:]), parsePattern(b[1:]))
}

// matcher is a literal or a pattern that one number is held against.
type matcher struct {
	literal string
	pattern []element // nil for a literal
}

func newMatcher(s string) *matcher {
	if p, ok := strings.CutPrefix(s, "_"); ok {
		return &matcher{pattern: parsePattern(p)}
	}
	return &matcher{literal: undash(s)}
}

func (m *matcher) match(number string) bool {
	if m.pattern == nil {
		return m.literal == undash(number)
	}
	return matchElements(m.pattern, number)
}

func matchElements(p []element, number string) bool {
	at := 0
	for i := 0; i < len(number); i++ {
		if number[i] == '-' {
			continue
		}
		e := &p[at]
		switch {
		case e.rank == rankDot, e.rank == rankBang:
			return true
		case e.rank >= rankEnd || !e.set.has(number[i]):
			return false
		}
		at++
	}
	return p[at].rank == rankEnd || p[at].rank == rankBang
}

// Matches reports whether number matches the extension name or pattern, such as
// "_9NXX" or "100", by itself.
func Matches(pattern, number string) bool { return newMatcher(pattern).match(number) }

// node is one place in the tree of a context's patterns. The edges are in the
// order in which patterns are tried, so a walk from left to right meets the
// matching patterns best first.
type node struct {
	singles []singleEdge // one character; by character
	sets    []setEdge    // by compareElements
	dot     []*Extension // patterns that end here in "."
	bang    []*Extension // in "!"
	end     []*Extension // here
}

type singleEdge struct {
	c    byte
	next *node
}

type setEdge struct {
	element element
	next    *node
}

// insert adds an extension under its pattern, keeping the variants of one
// pattern in the order of their caller matches. It returns the variants.
func (n *node) insert(p []element) *[]*Extension {
	for i := range p {
		e := &p[i]
		switch e.rank {
		case rankDot:
			return &n.dot
		case rankBang:
			return &n.bang
		case rankEnd:
			return &n.end
		case rankBad:
			return nil
		}
		if c, ok := e.single(); ok {
			at, found := slices.BinarySearchFunc(n.singles, c, func(s singleEdge, c byte) int { return cmp.Compare(s.c, c) })
			if !found {
				n.singles = slices.Insert(n.singles, at, singleEdge{c, new(node)})
			}
			n = n.singles[at].next
			continue
		}
		at, found := slices.BinarySearchFunc(n.sets, e, func(s setEdge, e *element) int { return compareElements(&s.element, e) })
		if !found {
			n.sets = slices.Insert(n.sets, at, setEdge{*e, new(node)})
		}
		n = n.sets[at].next
	}
	return nil
}

func (n *node) child(c byte) *node {
	if len(n.singles) > 8 {
		if at, ok := slices.BinarySearchFunc(n.singles, c, func(s singleEdge, c byte) int { return cmp.Compare(s.c, c) }); ok {
			return n.singles[at].next
		}
		return nil
	}
	for i := range n.singles {
		if n.singles[i].c == c {
			return n.singles[i].next
		}
	}
	return nil
}
