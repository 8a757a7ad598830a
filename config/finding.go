package config

import (
	"fmt"
	"strconv"
	"strings"
)

// Pos is where something is written.
type Pos struct {
	// File is relative to the configuration directory where it lies inside.
	File string
	Line int
	// Template is the section that a value was inherited from, "" for one of the
	// section's own.
	Template string
}

// String is "file:line" and, for a value that was inherited, the template.
func (p Pos) String() string {
	s := p.File
	if p.Line > 0 {
		s += ":" + strconv.Itoa(p.Line)
	}
	if p.Template != "" {
		s += " [" + p.Template + "]"
	}
	return s
}

// Severity says how bad a finding is.
type Severity int

// A Note is advice, a Warning something that does not do what it seems to, an
// Error something that will not work.
const (
	Note Severity = iota
	Warning
	Error
)

func (s Severity) String() string {
	return [...]string{"note", "warning", "error"}[s]
}

// Finding is one thing to tell about a configuration.
type Finding struct {
	Pos    Pos
	Column int // from 1; 0 is the whole line
	// Token is the text of the line that is at fault, from which pbx check
	// tells the column; "" where it is the whole line.
	Token    string
	Severity Severity
	// Rule is the name of what was broken, such as "unknown-option".
	Rule string
	// Message says what was found and what was expected, Hint what to do about
	// it.
	Message, Hint string
}

// String is one line: "sip.conf:12: warning: what [rule]".
func (f Finding) String() string {
	var b strings.Builder
	b.WriteString(f.Pos.File)
	if f.Pos.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Pos.Line)
	}
	if f.Column > 0 {
		fmt.Fprintf(&b, ":%d", f.Column)
	}
	fmt.Fprintf(&b, ": %s: %s", f.Severity, f.Message)
	if f.Pos.Template != "" {
		fmt.Fprintf(&b, " (from template %s)", f.Pos.Template)
	}
	if f.Hint != "" {
		fmt.Fprintf(&b, "; %s", f.Hint)
	}
	if f.Rule != "" {
		fmt.Fprintf(&b, " [%s]", f.Rule)
	}
	return b.String()
}

// Refusal is the error of a file that cannot be used at all: it says why as a
// finding of severity Error.
type Refusal struct{ Finding }

func (r *Refusal) Error() string { return r.String() }
