package dialplan

import (
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

// maxLoopbacks bounds switches that lead into each other.
const maxLoopbacks = 8

// loopback is "lswitch => Loopback/exten@context:priority/pattern": the number, as
// it is rewritten, is looked up in another context, and the call goes on there.
// What is left out stays as it is; a pattern must match the number as it was. Global
// variables may stand in it, too.
type loopback struct{ args *template }

// target is where a search goes on, false when the switch is not for it.
func (l *loopback) target(q *query, c *Context) (place channel.Location, ok bool) {
	x := newExpander(loopbackSource{q.exten, c, q.priority}, nil)
	text := x.expand(l.args).S
	text, pattern, extra := strings.Cut(text, "/")
	text, priority, _ := strings.Cut(text, ":")
	exten, context, _ := strings.Cut(text, "@")
	place = channel.Location{Context: context, Exten: exten, Priority: q.priority}
	if place.Exten == "" {
		place.Exten = q.exten
	}
	if place.Context == "" {
		place.Context = c.Name
	}
	if n, err := strconv.Atoi(priority); err == nil && q.priority > 0 {
		place.Priority = n
	}
	if extra && pattern != "" && !Matches(pattern, q.exten) {
		return place, false
	}
	return place, true
}

// through searches by the switches of a context.
func (q *query) through(c *Context, search func(q *query, c *Context) bool) bool {
	if q.loops >= maxLoopbacks {
		return false
	}
	for i := range c.Switches {
		if r := c.Switches[i].realtime; r != nil {
			if q.inTable(r, c, search) {
				return true
			}
			continue
		}
		l := c.Switches[i].loopback
		if l == nil {
			continue
		}
		place, ok := l.target(q, c)
		other := c.plan.contexts[place.Context]
		if !ok || other == nil {
			continue
		}
		inner := *q
		inner.exten, inner.priority, inner.loops = undash(place.Exten), place.Priority, q.loops+1
		inner.entered, inner.many = 0, nil
		if search(&inner, other) {
			if inner.moved == nil {
				inner.moved = &place
			}
			q.moved, q.context, q.first, q.reached = inner.moved, inner.context, inner.first, inner.reached
			return true
		}
	}
	return false
}

// findThrough is find by the switches of a context.
func (q *query) findThrough(c *Context) (p *Priority) {
	q.through(c, func(q *query, c *Context) bool {
		p = q.find(c)
		return p != nil
	})
	return p
}

// loopbackSource is the number, context and priority that are looked for, and the
// global variables.
type loopbackSource struct {
	exten    string
	context  *Context
	priority int
}

func (s loopbackSource) variable(name string, _ builtin) channel.Value {
	switch name {
	case "EXTEN":
		return channel.Clean(s.exten)
	case "CONTEXT":
		return channel.Clean(s.context.Name)
	case "PRIORITY":
		return channel.Clean(strconv.Itoa(s.priority))
	}
	return s.context.plan.global(name)
}

func (s loopbackSource) function(name, args string, _ []decl.Span) (channel.Value, bool) {
	if name == "GLOBAL" {
		return s.context.plan.global(args), true
	}
	return channel.Value{}, false
}

func (loopbackSource) warn(string) {}
