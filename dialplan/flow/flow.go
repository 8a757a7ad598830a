package flow

import (
	"strings"
	"time"

	"pbx/dialplan"
)

// Flow is a plan with what leads where.
type Flow struct {
	plan    *dialplan.Plan
	catalog *dialplan.Catalog
	at      time.Time

	// runs are the contexts that a call may be in when it runs an extension of a
	// context: itself, and those that include it.
	runs map[*dialplan.Context][]*dialplan.Context
	// visible are the extensions that are found in a context, its includes'
	// with them, in the order in which they are tried.
	visible   map[*dialplan.Context][]*dialplan.Extension
	callers   []string          // numbers that extensions are written for, and none
	constants map[string]string // global variables that nothing changes
	timed     bool              // some include has times

	edges  map[*dialplan.Priority][]Edge
	falls  map[*dialplan.Priority]bool // whether the next priority may follow
	digits map[*dialplan.Priority]bool // whether the caller may dial there
	vars   Variables
}

// New reads a plan. The catalog says which applications and functions there are.
func New(plan *dialplan.Plan, catalog *dialplan.Catalog) *Flow {
	f := &Flow{
		plan: plan, catalog: catalog,
		runs:      make(map[*dialplan.Context][]*dialplan.Context),
		visible:   make(map[*dialplan.Context][]*dialplan.Extension),
		constants: make(map[string]string),
		edges:     make(map[*dialplan.Priority][]Edge),
		falls:     make(map[*dialplan.Priority]bool),
		digits:    make(map[*dialplan.Priority]bool),
		callers:   []string{""},
	}
	seen := map[string]bool{"": true}
	for _, c := range plan.Contexts() {
		tree := f.tree(c)
		for _, inner := range tree {
			f.runs[inner] = append(f.runs[inner], c)
			f.visible[c] = append(f.visible[c], inner.Extensions()...)
		}
		for _, i := range c.Includes {
			f.timed = f.timed || i.Timing != nil
		}
		for _, e := range c.Extensions() {
			if !e.AnyCaller && !seen[e.Caller] {
				seen[e.Caller] = true
				f.callers = append(f.callers, strings.TrimPrefix(e.Caller, "_"))
			}
		}
	}
	f.vars = f.variables()
	for _, g := range plan.Globals {
		if _, set := f.vars.Set[g.Name]; !set && !Dynamic(g.Value) {
			f.constants[g.Name] = g.Value
		}
	}
	f.Steps(func(p *dialplan.Priority) { f.read(p) })
	return f
}

// Plan is the plan that was read.
func (f *Flow) Plan() *dialplan.Plan { return f.plan }

// Catalog is what the plan may name.
func (f *Flow) Catalog() *dialplan.Catalog { return f.catalog }

// Steps calls do with every step of the plan.
func (f *Flow) Steps(do func(*dialplan.Priority)) {
	for _, c := range f.plan.Contexts() {
		for _, e := range c.Extensions() {
			for _, p := range e.Priorities {
				do(p)
			}
		}
	}
}

// tree is a context and those that it includes, in the order in which they are
// searched.
func (f *Flow) tree(c *dialplan.Context) []*dialplan.Context {
	var out []*dialplan.Context
	seen := make(map[*dialplan.Context]bool)
	var walk func(*dialplan.Context)
	walk = func(c *dialplan.Context) {
		if seen[c] {
			return
		}
		seen[c] = true
		out = append(out, c)
		for _, i := range c.Includes {
			if inner, ok := f.plan.Context(i.Context); ok {
				walk(inner)
			}
		}
	}
	walk(c)
	return out
}

// Runs are the contexts that a call may be in at a step.
func (f *Flow) Runs(p *dialplan.Priority) []Spot {
	var out []Spot
	for _, c := range f.runs[p.Extension().Context] {
		out = append(out, Spot{p, c})
	}
	return out
}

// Elsewhere reports whether a context looks beyond what is written: at another
// engine.
func (f *Flow) Elsewhere(c *dialplan.Context) bool {
	for _, inner := range f.tree(c) {
		if len(inner.Switches) > 0 {
			return true
		}
	}
	return false
}

// Variables are those that the plan sets and reads.
func (f *Flow) Variables() Variables { return f.vars }

// Edges are the jumps of a step as they are written.
func (f *Flow) Edges(p *dialplan.Priority) []Edge { return f.edges[p] }

// Falls reports whether the next priority may follow a step.
func (f *Flow) Falls(p *dialplan.Priority) bool { return f.falls[p] }

// Next are the steps that may follow one in an extension: usually the next
// priority. A priority that the extension lacks is looked for in the others that
// the number matches, as a call does.
func (f *Flow) Next(at Spot) []Spot {
	if !f.falls[at.Step] {
		return nil
	}
	l := Place{Offset: 1, Implied: true}
	return f.Resolve(l, at)
}

// After are all steps that may follow a spot: the next, and those that its jumps
// lead to.
func (f *Flow) After(at Spot) []Spot {
	out := f.Next(at)
	for _, e := range f.edges[at.Step] {
		if e.Kind != Mention {
			out = append(out, f.Resolve(e.Place, at)...)
		}
	}
	return out
}

// Before are the extensions that are tried before another in a context, for calls
// at any time: none where an include on the way has times.
func (f *Flow) Before(e *dialplan.Extension, in *dialplan.Context) []*dialplan.Extension {
	for _, c := range f.tree(in) {
		for _, i := range c.Includes {
			if i.Timing != nil {
				return nil
			}
		}
	}
	all := f.visible[in]
	for i := range all {
		if all[i] == e {
			return all[:i]
		}
	}
	return nil
}
