package decl

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
	return []Span{{0, len(value)}}
}

// Pieces is what came from the network of a text that is made of pieces of what the
// call saw, changed in nothing but the case of letters, and of text of the office's
// own: wherever one of its characters is also one that came from there, it is taken
// to be that one. A caller who dials 109 has therefore no part in the slash of
// SIP/109, and one who dials 1/9 has.
func (a *Args) Pieces(text string) (taint []Span) {
	if !a.Tainted {
		return nil
	}
	for i := 0; i < len(text); i++ {
		switch n := len(taint); {
		case !a.origin.has(text[i]):
		case n > 0 && taint[n-1].End == i:
			taint[n-1].End++
		default:
			taint = append(taint, Span{i, i + 1})
		}
	}
	return taint
}

func (o *origin) add(c byte) {
	o.foreign[c>>6] |= 1 << (c & 63)
	if letter := c | 0x20; letter >= 'a' && letter <= 'z' {
		c ^= 0x20
		o.foreign[c>>6] |= 1 << (c & 63)
	}
}

func (o *origin) has(c byte) bool { return o.foreign[c>>6]&(1<<(c&63)) != 0 }
