package decl

// Part is the taint of a text whose bytes from start to end came from the network. It
// may be one that others have too: taint is not written to.
func Part(start, end int) []Span {
	if start < len(short) && end < len(short[0]) {
		return short[start][end : end+1 : end+1]
	}
	return []Span{{Start: start, End: end}}
}

// short spares short texts an allocation each.
var short = func() (s [16][64]Span) {
	for start := range s {
		for end := range s[start] {
			s[start][end] = Span{Start: start, End: end}
		}
	}
	return s
}()

// origin is what a call of a function knows of the texts that it got: which
// characters came from the network, and, once a Read has said so, which parts of its
// value did.
type origin struct {
	foreign [4]uint64 // a set of bytes
	said    bool
	parts   []Span
}

// Saw tells of a text that the call got, such as the value of a variable that an
// argument names, and which parts of it came from the network.
func (a *Args) Saw(text string, taint []Span) {
	for _, s := range taint {
		a.Tainted = true
		for i := max(s.Start, 0); i < min(s.End, len(text)); i++ {
			a.origin.add(text[i])
		}
	}
}

// Mark says which parts of the value of a Read came from the network.
func (a *Args) Mark(taint []Span) {
	a.Tainted, a.origin.said, a.origin.parts = len(taint) > 0, true, taint
}

// MarkPieces says that a value is made of pieces of what the call saw and of text of
// the office's own.
func (a *Args) MarkPieces(value string) { a.Mark(a.Pieces(value)) }

// ValueTaint is, behind a Read, what came from the network of the value: what it
// marked, otherwise all or nothing.
func (a *Args) ValueTaint(value string) []Span {
	switch {
	case !a.Tainted || value == "":
		return nil
	case a.origin.said:
		return a.origin.parts
	}
	return Part(0, len(value))
}

// Pieces is what came from the network of a text that is made of pieces of what the
// call saw, changed in nothing but the case of letters, and of text of the office's
// own: wherever one of its characters is also one that came from there, it is taken
// to be that one. A caller who dials 109 has therefore no part in the slash of
// SIP/109, and one who dials 1/9 has. Letters, digits and dashes between two that are
// his are taken for his as well: they part nothing, and one span costs less than two.
func (a *Args) Pieces(text string) []Span {
	if !a.Tainted {
		return nil
	}
	var few [4]Span
	taint := few[:0] // the result is not of the same memory: it would not be on the stack
	parted := true   // what is between here and the last span
	for i := 0; i < len(text); i++ {
		switch {
		case !a.origin.has(text[i]):
			parted = parted || !plain(text[i])
		case parted:
			taint, parted = append(taint, Span{i, i + 1}), false
		default:
			taint[len(taint)-1].End = i + 1
		}
	}
	switch len(taint) {
	case 0:
		return nil
	case 1:
		return Part(taint[0].Start, taint[0].End)
	}
	return append([]Span(nil), taint...)
}

// plain characters part nothing wherever a text goes.
func plain(c byte) bool {
	letter := c | 0x20
	return letter >= 'a' && letter <= 'z' || c >= '0' && c <= '9' || c == '-'
}

func (o *origin) add(c byte) {
	o.foreign[c>>6] |= 1 << (c & 63)
	if letter := c | 0x20; letter >= 'a' && letter <= 'z' {
		c ^= 0x20
		o.foreign[c>>6] |= 1 << (c & 63)
	}
}

func (o *origin) has(c byte) bool { return o.foreign[c>>6]&(1<<(c&63)) != 0 }
