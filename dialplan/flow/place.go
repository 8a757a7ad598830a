package flow

import (
	"strconv"

	"pbx/dialplan"
)

// Place is where a jump leads, as far as the plan tells.
type Place struct {
	Text string
	// Context and Exten are empty shapes for those that run.
	Context, Exten dialplan.Shape
	// Priority is a number or a label; "" is one that only a call knows.
	Priority string
	// Offset is a priority that is counted from the step: +2, -1.
	Offset int
	// Implied places are not written: where digits lead, where a call ends. That
	// nothing is there is no mistake.
	Implied bool
}

// place reads [[context,]extension,]priority as step p writes it. A blank is part of
// a name, as it is for the call.
func (f *Flow) place(p *dialplan.Priority, text string) Place {
	l := Place{Text: text}
	parts := Split(text, ',')
	if len(parts) > 3 {
		parts = parts[:3]
	}
	n := len(parts)
	if n == 3 && parts[0] != "" && parts[0] != "${CONTEXT}" {
		l.Context = f.Shape(p, parts[0])
	}
	if n > 1 && parts[n-2] != "" && parts[n-2] != "${EXTEN}" {
		l.Exten = f.Shape(p, parts[n-2])
	}
	if n > 1 && parts[n-2] == "${EXTEN}" && l.Context != nil {
		l.Exten = f.Shape(p, parts[n-2])
	}
	if Dynamic(text) && n == 1 {
		// Any of the three may come out of it.
		if known, ok := f.Shape(p, text).Known(); ok {
			return f.place(p, known)
		}
		l.Context, l.Exten = dialplan.Anything(), dialplan.Anything()
		return l
	}
	priority := parts[n-1]
	if known, ok := f.Shape(p, priority).Known(); ok {
		priority = known
	}
	switch {
	case Dynamic(priority):
	case priority != "" && (priority[0] == '+' || priority[0] == '-'):
		l.Offset, _ = strconv.Atoi(priority)
	default:
		l.Priority = priority
		if n, ok := dialplan.LeadingNumber(priority); ok { // what follows the number is not looked at
			l.Priority = strconv.Itoa(n)
		}
	}
	return l
}

// Shape is what is known of a text at a step.
func (f *Flow) Shape(p *dialplan.Priority, text string) dialplan.Shape {
	return dialplan.ShapeOf(text, func(name string) (dialplan.Shape, bool) {
		switch name {
		case "EXTEN":
			return dialplan.PatternShape(p.Extension().Name), true
		case "CONTEXT":
			if runs := f.runs[p.Extension().Context]; len(runs) == 1 {
				return dialplan.Literal(runs[0].Name), true
			}
			return nil, false
		}
		value, ok := f.constants[name]
		return dialplan.Literal(value), ok
	})
}

// Certain reports whether a place is one whatever happens in a call.
func (l Place) Certain() bool {
	_, context := l.Context.Known()
	_, exten := l.Exten.Known()
	return context && exten && (l.Priority != "" || l.Offset != 0)
}

// Spot is a step, and the context that the call is in when it runs there: that
// of the step, or one that includes it.
type Spot struct {
	Step *dialplan.Priority
	In   *dialplan.Context
}

// Resolve are the steps that a place can be, for a call that is at a spot.
func (f *Flow) Resolve(l Place, from Spot) []Spot {
	contexts := []*dialplan.Context{from.In}
	if l.Context != nil {
		contexts = f.contexts(l.Context)
	}
	exten := l.Exten
	e := from.Step.Extension()
	if exten == nil {
		exten = dialplan.PatternShape(e.Name)
	}
	priority := l.Priority
	if l.Offset != 0 {
		priority = strconv.Itoa(from.Step.Number + l.Offset)
	}
	var out []Spot
	for _, c := range contexts {
		if l.Exten == nil && l.Context == nil {
			// The extension itself comes before what else the number matches.
			if own := stepsOf(e, priority); len(own) > 0 {
				for _, p := range own {
					out = append(out, Spot{p, c})
				}
				continue
			}
		}
		for _, p := range f.find(c, exten, priority) {
			out = append(out, Spot{p, c})
		}
	}
	return out
}

// contexts are those that a name could be.
func (f *Flow) contexts(name dialplan.Shape) []*dialplan.Context {
	if known, ok := name.Known(); ok {
		if c, there := f.plan.Context(known); there {
			return []*dialplan.Context{c}
		}
		return nil
	}
	if name.Open() {
		return nil // anywhere: says nothing
	}
	var out []*dialplan.Context
	for _, c := range f.plan.Contexts() {
		if name.CouldEqual(c.Name) {
			out = append(out, c)
		}
	}
	return out
}

// find are the steps of a priority, "" for any, of the extensions that a number of
// that shape finds in a context.
func (f *Flow) find(c *dialplan.Context, exten dialplan.Shape, priority string) []*dialplan.Priority {
	var out []*dialplan.Priority
	if known, ok := exten.Known(); ok && priority != "" {
		seen := make(map[*dialplan.Priority]bool)
		for _, caller := range f.callers {
			if p := f.lookup(c.Name, known, priority, caller); p != nil && !seen[p] {
				seen[p] = true
				out = append(out, p)
			}
		}
		if f.timed { // an include that holds at other times
			for _, e := range f.visible[c] {
				for _, p := range stepsOf(e, priority) {
					if exten.CouldBe(e.Name) && !seen[p] {
						out = append(out, p)
					}
				}
			}
		}
		return out
	}
	open := exten.Open()
	for _, e := range f.visible[c] {
		if ps := stepsOf(e, priority); len(ps) > 0 && (open || exten.CouldBe(e.Name)) {
			out = append(out, ps...)
		}
	}
	return out
}

func (f *Flow) lookup(context, exten, priority, caller string) *dialplan.Priority {
	if n, err := strconv.Atoi(priority); err == nil {
		p, _ := f.plan.Find(context, exten, n, caller, f.at)
		return p
	}
	p, _ := f.plan.FindLabel(context, exten, priority, caller, f.at)
	return p
}

// stepsOf is the step of a number or label, or each that a jump could mean where
// the priority is not known.
func stepsOf(e *dialplan.Extension, priority string) []*dialplan.Priority {
	if priority == "" {
		return e.Priorities
	}
	if n, err := strconv.Atoi(priority); err == nil {
		if p := e.Priority(n); p != nil {
			return []*dialplan.Priority{p}
		}
	} else if p := e.Label(priority); p != nil {
		return []*dialplan.Priority{p}
	}
	return nil
}
