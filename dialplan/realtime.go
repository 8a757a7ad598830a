package dialplan

import (
	"cmp"
	"strings"
)

// Tables finds the extensions that a family of the database has, as they were when
// they were read last; nil when there are none. It is called on the loops of drivers
// and does not block.
type Tables func(family string) *Plan

// realtime is "switch => Realtime/context@family/options": extensions that are kept
// in a database. They run in the context with the switch.
type realtime struct{ args *template }

// target reads the arguments: without a context the one with the switch is looked
// for, without a family it is "extensions". The option p leaves patterns out.
func (r *realtime) target(q *query, c *Context) (context, family string, literal bool) {
	text := newExpander(loopbackSource{q.exten, c, q.priority}, nil).expand(r.args).S
	text, options, _ := strings.Cut(text, "/")
	context, family, found := strings.Cut(text, "@")
	if !found {
		context = ""
	}
	return cmp.Or(context, c.Name), cmp.Or(family, "extensions"), strings.Contains(options, "p")
}

// Family is the one that a switch of c to Realtime asks; false for another switch, and
// for one that is told for each call.
func (s *Switch) Family(c *Context) (string, bool) {
	if s.realtime == nil || s.Each {
		return "", false
	}
	_, family, _ := s.realtime.target(&query{}, c)
	return family, true
}

// Families are those that the switches of the plan ask for. One that is told for each
// call (eswitch) is not among them.
func (p *Plan) Families() (all []string) {
	seen := make(map[string]bool)
	for _, c := range p.order {
		for _, s := range c.Switches {
			if s.realtime == nil {
				continue
			}
			_, family, _ := s.realtime.target(&query{}, c)
			if !seen[family] {
				seen[family] = true
				all = append(all, family)
			}
		}
	}
	return all
}

// inTable searches the extensions of a family.
func (q *query) inTable(r *realtime, c *Context, search func(q *query, c *Context) bool) bool {
	if c.plan.tables == nil {
		return false
	}
	context, family, literal := r.target(q, c)
	plan := c.plan.tables(family)
	if plan == nil {
		return false
	}
	other := plan.contexts[context]
	if other == nil {
		return false
	}
	if literal {
		other = &Context{Name: other.Name, plan: plan, literals: other.literals, sorted: other.sorted}
	}
	inner := *q
	inner.loops, inner.entered, inner.many = q.loops+1, 0, nil
	if !search(&inner, other) {
		return false
	}
	q.moved, q.first, q.reached, q.context = inner.moved, inner.first, inner.reached, c
	return true
}
