package flow

import (
	"slices"
	"strings"

	"pbx/decl"
	"pbx/dialplan"
)

// Quotes counts the double quotes of a text that no backslash stands before.
func Quotes(text string) (n int) {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			n++
		}
	}
	return n
}

// Loop is a round of steps that a call, once in it, never leaves, and in which
// nothing waits.
type Loop struct {
	// Step goes back To an earlier one.
	Step, To *dialplan.Priority
	// Condition decides whether the round is left, and nothing in it changes
	// that; "" where there is no way out.
	Condition string
}

// Loops finds them.
func (f *Flow) Loops() []Loop {
	c := &components{f: f, index: make(map[*dialplan.Priority]int), low: make(map[*dialplan.Priority]int), on: make(map[*dialplan.Priority]bool)}
	f.Steps(func(p *dialplan.Priority) {
		if c.index[p] == 0 {
			c.connect(p)
		}
	})
	var out []Loop
	for _, part := range c.found {
		if l, ok := f.loop(part); ok {
			out = append(out, l)
		}
	}
	return out
}

// steps are those that may follow one, in whatever context it runs; ends says that
// a call may also end there.
func (f *Flow) steps(p *dialplan.Priority) (next []*dialplan.Priority, ends bool) {
	for _, at := range f.Runs(p) {
		after := f.After(at)
		ends = ends || len(after) == 0 || f.falls[p] && len(f.Next(at)) == 0
		for _, s := range after {
			next = append(next, s.Step)
		}
		for _, e := range f.edges[p] {
			ends = ends || e.Kind == Block && len(f.Resolve(e.Place, at)) == 0 // behind the last step
		}
	}
	return next, ends || f.digits[p]
}

// components are the strongly connected parts of the plan (Tarjan).
type components struct {
	f     *Flow
	n     int
	index map[*dialplan.Priority]int
	low   map[*dialplan.Priority]int
	on    map[*dialplan.Priority]bool
	stack []*dialplan.Priority
	found [][]*dialplan.Priority
}

func (c *components) connect(p *dialplan.Priority) {
	c.n++
	c.index[p], c.low[p] = c.n, c.n
	c.stack = append(c.stack, p)
	c.on[p] = true
	self := false
	next, _ := c.f.steps(p)
	for _, q := range next {
		self = self || q == p
		if c.index[q] == 0 {
			c.connect(q)
			c.low[p] = min(c.low[p], c.low[q])
		} else if c.on[q] {
			c.low[p] = min(c.low[p], c.index[q])
		}
	}
	if c.low[p] != c.index[p] {
		return
	}
	var part []*dialplan.Priority
	for {
		q := c.stack[len(c.stack)-1]
		c.stack = c.stack[:len(c.stack)-1]
		c.on[q] = false
		part = append(part, q)
		if q == p {
			break
		}
	}
	if len(part) > 1 || self {
		c.found = append(c.found, part)
	}
}

// loop looks whether a part of the plan that goes round is never left.
func (f *Flow) loop(part []*dialplan.Priority) (l Loop, ok bool) {
	in := make(map[*dialplan.Priority]bool)
	for _, p := range part {
		in[p] = true
	}
	changed := make(map[string]bool)
	for name, steps := range f.vars.Set {
		for _, p := range steps {
			changed[name] = changed[name] || in[p]
		}
	}
	var conditions []string
	for _, p := range part {
		calls := f.Calls(p)
		if len(calls) == 0 {
			return l, false
		}
		for _, c := range calls {
			if c.App == nil || c.App.Wait {
				return l, false
			}
		}
		for _, e := range f.edges[p] {
			if e.Kind != Mention && !e.Place.Certain() {
				return l, false // where it leads is decided by the call
			}
		}
		next, ends := f.steps(p)
		leaves := ends
		for _, q := range next {
			leaves = leaves || !in[q]
		}
		if leaves {
			condition, ok := f.condition(p, changed)
			if !ok || ends && !calls[0].Is("while", "gotoif") {
				return l, false
			}
			conditions = append(conditions, condition)
		}
		// The last step that goes back is where the round is written.
		for _, q := range next {
			if in[q] && (l.Step == nil || p.Pos.Line > l.Step.Pos.Line) && q.Pos.Line <= p.Pos.Line {
				l.Step, l.To = p, q
			}
		}
	}
	l.Condition = strings.Join(conditions, " and ")
	return l, l.Step != nil
}

// condition is what decides at a step, where nothing in a round changes it.
func (f *Flow) condition(p *dialplan.Priority, changed map[string]bool) (text string, ok bool) {
	switch strings.ToLower(p.App) {
	case "gotoif":
		text, _, _ = Cut(p.Args, '?')
	case "while":
		text = p.Args
	default:
		return "", false
	}
	return text, f.fixed(text, changed)
}

// pure are functions whose value depends on their arguments alone.
func pure(name string) bool {
	switch name {
	case "LEN", "CUT", "FIELDQTY", "ISNULL", "EXISTS", "TOUPPER", "TOLOWER", "FILTER", "REGEX", "IF", "MATH", "MD5", "SHA1":
		return true
	}
	return false
}

func (f *Flow) fixed(text string, changed map[string]bool) bool {
	for _, r := range dialplan.References(text) {
		switch {
		case r.Expression:
		case r.Function && !pure(r.Name), Dynamic(r.Name):
			return false
		case !r.Function && (changed[r.Name] || r.Name == "EPOCH" || r.Name == "PRIORITY" || r.Name == "HANGUPCAUSE"):
			return false
		}
		if !f.fixed(r.Inner, changed) {
			return false
		}
	}
	return len(f.vars.Made) == 0
}

// Fills reports whether a step gives a variable a value that is not nothing.
func (f *Flow) Fills(p *dialplan.Priority, name string) bool {
	for _, c := range f.Calls(p) {
		if c.Conditional {
			continue
		}
		if !c.Is("set", "mset") {
			return c.App != nil && slices.ContainsFunc(c.App.Variables, func(v decl.Variable) bool { return v.Name == name && len(v.Values) > 0 })
		}
		list := []string{c.Args}
		if c.Is("mset") {
			list = Split(c.Args, ',')
		}
		for _, a := range list {
			n, value, _ := Cut(a, '=')
			n = strings.TrimLeft(strings.TrimSpace(n), "_")
			if n != name && n != "LOCAL("+name+")" && n != "GLOBAL("+name+")" {
				continue
			}
			if !Dynamic(value) {
				return value != ""
			}
			return f.nonempty(value)
		}
	}
	return false
}

// nonempty reports whether a text has characters that no call decides, or an
// expression, which always is something.
func (f *Flow) nonempty(text string) bool {
	at := 0
	for _, r := range dialplan.References(text) {
		if r.Start > at || r.Expression {
			return true
		}
		if r.Function && (r.Name == "LEN" || r.Name == "MATH" || r.Name == "STRFTIME") || r.Name == "EXTEN" && !r.Cut || r.Name == "EPOCH" {
			return true
		}
		at = r.End
	}
	return at < len(text)
}

// AlwaysFilled reports whether some step sets a variable, and every one that does
// gives it a value.
func (f *Flow) AlwaysFilled(name string) bool {
	for _, p := range f.vars.Set[name] {
		if !f.Fills(p, name) {
			return false
		}
	}
	return len(f.vars.Set[name]) > 0
}
