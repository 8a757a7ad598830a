package config

import "fmt"

// Change is one difference between two readings of a file.
type Change struct {
	// How is Added, Changed or Gone.
	How Difference
	// Name is what changed, as a person writes it: [office], 102 in [office].
	Name string
	// Section is the section that it is part of: a context, a peer.
	Section string
	// Detail says in what it changed, "" where Name says all.
	Detail string
	// Pos is where it stands now, or stood.
	Pos Pos
}

// Difference says how something differs.
type Difference byte

// The differences, as they are shown.
const (
	Added   Difference = '+'
	Changed Difference = '~'
	Gone    Difference = '-'
)

// String is one line: "~ 102 in [office] (extensions.conf:16): 1 was …".
func (c Change) String() string {
	text := fmt.Sprintf("%c %s", c.How, c.Name)
	if c.Pos.File != "" {
		text += fmt.Sprintf(" (%s)", c.Pos)
	}
	if c.Detail != "" {
		text += ": " + c.Detail
	}
	return text
}
