package channel

import (
	"strings"

	"pbx/decl"
)

// Value is the value of a variable and the parts of it that came from the
// network.
type Value struct {
	S     string
	Taint []decl.Span
}

// Clean is a value of the office's own.
func Clean(s string) Value { return Value{S: s} }

// Tainted is a value that came from the network as a whole.
func Tainted(s string) Value {
	if s == "" {
		return Value{}
	}
	return Value{S: s, Taint: Whole(len(s))}
}

// Whole is the taint of a value of n bytes that came from the network as a whole. It
// may be one that others have too: a Taint is not written to.
func Whole(n int) []decl.Span {
	if n < len(wholes) {
		return wholes[n : n+1 : n+1]
	}
	return []decl.Span{{Start: 0, End: n}}
}

// wholes spares short values an allocation each.
var wholes = func() (s [64]decl.Span) {
	for n := range s {
		s[n].End = n
	}
	return s
}()

// Inheritance says how far a variable travels to the channels that this one
// dials.
type Inheritance uint8

// The degrees of inheritance.
const (
	Own         Inheritance = iota // not at all
	Children                       // _NAME: to the next channel, where it is its own
	Descendants                    // __NAME: to all
)

// Variable is a channel variable.
type Variable struct {
	Name    string
	Value   Value
	Inherit Inheritance
}

// Prefixed is the name with its underscores, as lists of variables show it.
func (v Variable) Prefixed() string { return "__"[:v.Inherit] + v.Name }

// SplitInherit divides a name as Set() takes it, with up to two leading
// underscores, into the name and how it is inherited.
func SplitInherit(name string) (string, Inheritance) {
	switch {
	case strings.HasPrefix(name, "__"):
		return name[2:], Descendants
	case strings.HasPrefix(name, "_"):
		return name[1:], Children
	}
	return name, Own
}
