package dialplan

import (
	"slices"
	"strings"

	"pbx/channel"
	"pbx/config"
)

// Plan is one reading of extensions.conf. It never changes.
type Plan struct {
	// Files are the files that were read.
	Files []string
	// Settings are those of [general].
	Settings Settings
	// Globals are the variables of [globals], substituted, in order.
	Globals []Global

	contexts map[string]*Context
	order    []*Context
	edits    edits
	callers  bool // some extension matches on the caller's number
	timed    bool // some include has times
	tables   Tables
	globals  *globals // of the exchange, nil for a plan that runs in none
}

// Settings are the options of [general] that change how the plan runs.
type Settings struct {
	// Static and WriteProtect say who may write the file back.
	Static, WriteProtect bool
	// AutoFallthrough hangs up when the priorities run out; otherwise the call
	// waits for digits.
	AutoFallthrough bool
	// ClearGlobals drops the global variables that the file does not have when
	// it is read again.
	ClearGlobals bool
	UsersContext string
}

// global reads a global variable.
func (p *Plan) global(name string) channel.Value {
	if p.globals != nil {
		v, _ := p.globals.get(name)
		return v
	}
	for _, g := range slices.Backward(p.Globals) {
		if n, _ := channel.SplitInherit(g.Name); n == name {
			return channel.Clean(g.Value)
		}
	}
	return channel.Value{}
}

// Global is a variable of [globals].
type Global struct {
	Name, Value string
	Pos         config.Pos
}

// Context is a set of extensions.
type Context struct {
	Name     string
	Pos      config.Pos
	Includes []Include
	Switches []Switch
	// IgnorePatterns keep the dial tone after the digits that match them.
	IgnorePatterns []IgnorePattern
	AutoHints      bool

	plan     *Plan
	literals map[string][]*Extension // by name without dashes
	sorted   []string                // the keys of literals
	patterns node
	count    int
	ignore   []*matcher
	broken   []*Extension // patterns with a set that matches nothing

	registrar string // who made it beside the file, "" for the file
}

// Include is a context that is searched after the one that includes it.
type Include struct {
	// Text is the line as it was written, with its times.
	Text    string
	Context string
	Timing  *Timing // nil: always
	Pos     config.Pos

	context *Context // nil: there is none of that name
}

// Switch asks another engine for extensions.
type Switch struct {
	Name, Args string
	// Each asks for substitution at every call (eswitch).
	Each bool
	Pos  config.Pos

	loopback *loopback // nil: another engine's
	realtime *realtime // nil: not Realtime
}

// IgnorePattern is the line ignorepat => pattern.
type IgnorePattern struct {
	Pattern string
	Pos     config.Pos
}

// Extension is one name, or pattern, of a context, for all callers or for some.
type Extension struct {
	// Name is as it was written, with its underscore and dashes.
	Name    string
	Context *Context
	// Caller is the literal or pattern of the caller's number; AnyCaller tells
	// that there is none.
	Caller    string
	AnyCaller bool
	// Priorities are in order of their numbers; there may be gaps.
	Priorities []*Priority
	// Hint is the priority hint, nil without one.
	Hint *Priority

	caller *matcher
}

// Priority is one step of an extension.
type Priority struct {
	Number    int
	Label     string
	App, Args string
	Pos       config.Pos

	extension *Extension
	registrar string               // who made it beside the file, "" for the file
	app       *channel.Application // nil: there is none of that name
	template  *template
}

// Extension is the extension that the priority belongs to.
func (p *Priority) Extension() *Extension { return p.extension }

// Pattern reports whether the name is one.
func (e *Extension) Pattern() bool { return strings.HasPrefix(e.Name, "_") }

// Priority returns the step of that number, nil where there is none.
func (e *Extension) Priority(number int) *Priority {
	ps := e.Priorities
	if i := number - 1; i >= 0 && i < len(ps) && ps[i].Number == number {
		return ps[i]
	}
	i, ok := slices.BinarySearchFunc(ps, number, func(p *Priority, n int) int { return p.Number - n })
	if !ok {
		return nil
	}
	return ps[i]
}

// Label returns the step of that label, nil where there is none.
func (e *Extension) Label(label string) *Priority {
	for _, p := range e.Priorities {
		if p.Label == label {
			return p
		}
	}
	return nil
}

// matches reports whether a caller of that number is meant.
func (e *Extension) matches(caller string) bool {
	switch {
	case e.AnyCaller:
		return true
	case caller == "" || e.Caller == "":
		return caller == e.Caller
	}
	return e.caller.match(caller)
}

// Contexts returns all of them in the order of the file.
func (p *Plan) Contexts() []*Context { return p.order }

// Context finds a context; names are case-sensitive.
func (p *Plan) Context(name string) (*Context, bool) {
	c, ok := p.contexts[name]
	return c, ok
}

// Extensions returns the extensions in the order in which they are tried: the
// literals by name, then the patterns.
func (c *Context) Extensions() []*Extension {
	out := make([]*Extension, 0, c.count)
	for _, name := range c.sorted {
		out = append(out, c.literals[name]...)
	}
	return append(c.patterns.collect(out), c.broken...)
}

func (n *node) collect(out []*Extension) []*Extension {
	// Single characters are sets of one; a set that is empty does not occur, so
	// they come before all others.
	for _, s := range n.singles {
		out = s.next.collect(out)
	}
	for _, s := range n.sets {
		out = s.next.collect(out)
	}
	out = append(out, n.dot...)
	out = append(out, n.bang...)
	return append(out, n.end...)
}
