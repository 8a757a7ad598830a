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

// Whole is the taint of a value of n bytes that came from the network as a whole.
func Whole(n int) []decl.Span { return decl.Part(0, n) }

// Slice is the bytes from start to end with the taint that lies there.
func (v Value) Slice(start, end int) Value {
	out := Value{S: v.S[start:end]}
	first, last := 0, len(v.Taint)
	for first < last && v.Taint[first].End <= start {
		first++
	}
	for last > first && v.Taint[last-1].Start >= end {
		last--
	}
	switch spans := v.Taint[first:last:last]; {
	case len(spans) == 0 || start == end:
	case start == 0 && spans[len(spans)-1].End <= end:
		out.Taint = spans
	case len(spans) == 1:
		out.Taint = decl.Part(max(spans[0].Start-start, 0), min(spans[0].End, end)-start)
	default:
		out.Taint = make([]decl.Span, len(spans))
		for i, s := range spans {
			out.Taint[i] = decl.Span{Start: max(s.Start-start, 0), End: min(s.End, end) - start}
		}
	}
	return out
}

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
