package dialplan

import "strings"

// Shape is what is known of a text before a call runs: its characters, sets of
// them, and stretches that only a call decides.
type Shape []shapeItem

type shapeItem struct {
	set  charset // one of these, unless
	many bool    // any number of any characters
}

// Known returns the text of a shape that a call decides nothing of.
func (s Shape) Known() (string, bool) {
	b := make([]byte, 0, len(s))
	for i := range s {
		c, ok := s[i].only()
		if !ok {
			return "", false
		}
		b = append(b, c)
	}
	return string(b), true
}

// only is the one character that an item is.
func (i *shapeItem) only() (c byte, ok bool) {
	if i.many {
		return 0, false
	}
	for n := range 256 {
		if i.set.has(byte(n)) {
			if ok {
				return 0, false
			}
			c, ok = byte(n), true
		}
	}
	return c, ok
}

// Open reports whether nothing at all is known of the text.
func (s Shape) Open() bool { return len(s) == 1 && s[0].many }

// Anything is the shape of a text that only a call knows.
func Anything() Shape { return Shape{{many: true}} }

// Literal is the shape of a text that is known.
func Literal(text string) Shape {
	s := make(Shape, len(text))
	for i := range s {
		s[i].set.add(text[i])
	}
	return s
}

// PatternShape is the shape of the numbers that an extension's name matches.
func PatternShape(name string) Shape {
	p, ok := strings.CutPrefix(name, "_")
	if !ok {
		return Literal(undash(name))
	}
	var s Shape
	for _, e := range parsePattern(p) {
		switch e.rank {
		case rankDot:
			var any shapeItem
			for i := range any.set {
				any.set[i] = ^uint64(0)
			}
			s = append(s, any, shapeItem{many: true})
		case rankBang:
			s = append(s, shapeItem{many: true})
		case rankEnd:
		case rankBad:
			return append(s, shapeItem{}) // a set that nothing is in
		default:
			s = append(s, shapeItem{set: e.set})
		}
	}
	return s
}

// ShapeOf is the shape of a text. known tells the shapes of variables, by their
// names; it may be nil.
func ShapeOf(text string, known func(name string) (Shape, bool)) Shape {
	var s Shape
	at := 0
	for _, r := range References(text) {
		s = append(s, Literal(text[at:r.Start])...)
		at = r.End
		inner := Anything()
		if !r.Expression && !r.Function && known != nil {
			if k, ok := known(r.Name); ok {
				inner = k.cut(r)
			}
		}
		s = append(s, inner...)
	}
	return append(s, Literal(text[at:])...)
}

// cut is what :offset:length leaves of a shape.
func (s Shape) cut(r Reference) Shape {
	if !r.Cut {
		return s
	}
	if r.CutDepends {
		return Anything()
	}
	fixed := 0 // the items before the first of unknown length
	for fixed < len(s) && !s[fixed].many {
		fixed++
	}
	if fixed == len(s) {
		from, to := cut{r.Offset, r.Length, true}.bounds(len(s))
		return s[from:to]
	}
	if r.Offset < 0 || r.Length < 0 {
		return Anything()
	}
	from := min(r.Offset, fixed)
	if r.Length <= fixed-from {
		return s[from : from+r.Length]
	}
	return s[from:]
}

// CouldBe reports whether an extension of that name, or pattern, could be what
// the text becomes. Dashes do not count.
func (s Shape) CouldBe(name string) bool {
	var number Shape
	for i := range s {
		if c, ok := s[i].only(); !ok || c != '-' {
			number = append(number, s[i])
		}
	}
	return overlap(number, PatternShape(name))
}

// CouldEqual reports whether the text could become a word.
func (s Shape) CouldEqual(word string) bool { return overlap(s, Literal(word)) }

// overlap reports whether some text has both shapes.
func overlap(a, b Shape) bool {
	// row[j]: the items of a so far and the first j of b can be one text.
	row := make([]bool, len(b)+1)
	row[0] = true
	for j := range b {
		row[j+1] = row[j] && b[j].many
	}
	for i := range a {
		next := make([]bool, len(b)+1)
		next[0] = row[0] && a[i].many
		for j := range b {
			switch {
			case a[i].many:
				next[j+1] = row[j+1] || next[j]
			case b[j].many:
				next[j+1] = row[j+1] || next[j]
			default:
				next[j+1] = row[j] && a[i].set.meets(&b[j].set)
			}
		}
		// An item of unknown length in both may end in either order.
		for j := range b {
			if b[j].many && next[j] {
				next[j+1] = true
			}
		}
		row = next
	}
	return row[len(b)]
}

func (s *charset) meets(o *charset) bool {
	for i := range s {
		if s[i]&o[i] != 0 {
			return true
		}
	}
	return false
}

// Covered reports whether every number that the pattern matches is matched by one
// of the others. It gives up, and says no, where there is too much to compare.
func Covered(name string, others []string) bool {
	want := PatternShape(name)
	var have []Shape
	for _, o := range others {
		have = append(have, PatternShape(o))
	}
	if len(want) == 0 || len(have) == 0 {
		return false
	}
	c := cover{want: want, have: have, seen: make(map[string]bool)}
	start := make([]bool, c.size())
	at := 0
	for _, h := range have {
		c.enter(start, h, at, 0)
		at += len(h) + 1
	}
	return c.all(0, start)
}

// cover walks the numbers of a pattern with the places where the other patterns
// are, as one automaton of all of them.
type cover struct {
	want Shape
	have []Shape
	seen map[string]bool
}

// maxCover bounds the states that one comparison looks at.
const maxCover = 20000

func (c *cover) size() (n int) {
	for _, h := range c.have {
		n += len(h) + 1
	}
	return n
}

// enter marks item i of a shape that begins at base, and what follows for nothing.
func (c *cover) enter(state []bool, h Shape, base, i int) {
	for {
		state[base+i] = true
		if i == len(h) || !h[i].many {
			return
		}
		i++
	}
}

// step is where the others are after a character.
func (c *cover) step(state []bool, char byte) []bool {
	next := make([]bool, len(state))
	base := 0
	for _, h := range c.have {
		for i := range h {
			switch {
			case !state[base+i]:
			case h[i].many:
				c.enter(next, h, base, i)
			case h[i].set.has(char):
				c.enter(next, h, base, i+1)
			}
		}
		base += len(h) + 1
	}
	return next
}

func (c *cover) accepts(state []bool) bool {
	base := 0
	for _, h := range c.have {
		if base += len(h); state[base] {
			return true
		}
		base++
	}
	return false
}

// all reports whether all numbers from item i of want on are matched.
func (c *cover) all(i int, state []bool) bool {
	key := string(rune(i)) + bits(state)
	if c.seen[key] {
		return true
	}
	if len(c.seen) > maxCover {
		return false
	}
	c.seen[key] = true
	if i == len(c.want) {
		return c.accepts(state)
	}
	if c.want[i].many && !c.all(i+1, state) {
		return false
	}
	tried := make(map[string]bool)
	for n := range 256 {
		if !c.want[i].many && !c.want[i].set.has(byte(n)) || n == '-' {
			continue
		}
		next := c.step(state, byte(n))
		k := bits(next)
		if tried[k] {
			continue
		}
		tried[k] = true
		j := i + 1
		if c.want[i].many {
			j = i
		}
		if !c.all(j, next) {
			return false
		}
	}
	return true
}

func bits(state []bool) string {
	b := make([]byte, len(state))
	for i, on := range state {
		if on {
			b[i] = 1
		}
	}
	return string(b)
}
