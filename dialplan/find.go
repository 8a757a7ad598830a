package dialplan

import (
	"slices"
	"strings"
	"time"

	"pbx/channel"
)

// hintPriority asks a search for the hint of an extension.
const hintPriority = -1

// maxIncludes bounds the contexts that one search looks into.
const maxIncludes = 128

// query is one search of a plan.
type query struct {
	exten    string // without dashes
	priority int
	label    string // instead of priority
	caller   string
	at       time.Time // for includes with times

	// The contexts that were searched: the first few, and those after them.
	entered int
	few     [16]*Context
	many    []*Context
	// context is where the answer was found.
	context *Context
	// first is the first extension that matches, whatever its priorities.
	first *Extension
	// ranking collects, when it is not nil, every extension that matches, in the
	// order in which they are tried; the search goes through all of them then.
	ranking *[]*Extension
	// moved is where the answer stands when a switch led to it; loops are the
	// switches so far.
	moved *channel.Location
	loops int
	// reached is how far the search came, for messages.
	reached reach
}

type reach uint8

const (
	noContext reach = iota
	noExtension
	noPriority
	noLabel
)

func (q *query) wants(e *Extension) *Priority {
	if !e.matches(q.caller) {
		return nil
	}
	if q.first == nil {
		q.first = e
	}
	if q.ranking != nil {
		*q.ranking = append(*q.ranking, e)
		return nil
	}
	var p *Priority
	switch {
	case q.label != "":
		q.reached = max(q.reached, noLabel)
		p = e.Label(q.label)
	case q.priority == hintPriority:
		p = e.Hint
	default:
		p = e.Priority(q.priority)
	}
	q.reached = max(q.reached, noPriority)
	return p
}

func (q *query) any(es []*Extension) *Priority {
	for _, e := range es {
		if p := q.wants(e); p != nil {
			return p
		}
	}
	return nil
}

// find returns the first step that the number has: of the literal, of the
// matching patterns in their order, then of the contexts that are included. A
// priority that the best match does not have is looked for in the next one
// (spec: "whole extension is chosen first").
func (q *query) find(c *Context) *Priority {
	q.reached = max(q.reached, noExtension)
	if p := q.any(c.literals[q.exten]); p != nil {
		q.context = c
		return p
	}
	if strings.HasPrefix(q.exten, "_") {
		if p := q.named(c); p != nil {
			q.context = c
			return p
		}
	} else if p := q.walk(&c.patterns, q.exten); p != nil {
		q.context = c
		return p
	}
	if len(c.Switches) > 0 {
		if p := q.findThrough(c); p != nil {
			return p
		}
	}
	if len(c.Includes) == 0 || !q.enter(c) {
		return nil
	}
	for i := range c.Includes {
		if inner := q.include(&c.Includes[i]); inner != nil {
			if p := q.find(inner); p != nil {
				return p
			}
		}
	}
	return nil
}

// named is the search for a pattern by itself, as Goto(context,_X.,1) does.
func (q *query) named(c *Context) *Priority {
	for _, e := range c.Extensions() {
		if e.Pattern() && (strings.EqualFold(undash(e.Name), q.exten) || Matches(e.Name, q.exten)) {
			if p := q.wants(e); p != nil {
				return p
			}
		}
	}
	return nil
}

// enter marks c as searched; it is false when too many were.
func (q *query) enter(c *Context) bool {
	if q.entered >= maxIncludes {
		return false
	}
	if q.entered < len(q.few) {
		q.few[q.entered] = c
	} else {
		q.many = append(q.many, c)
	}
	q.entered++
	return true
}

func (q *query) visited(c *Context) bool {
	return slices.Contains(q.few[:min(q.entered, len(q.few))], c) || slices.Contains(q.many, c)
}

// include returns the context of an include that holds now and was not searched
// yet.
func (q *query) include(i *Include) *Context {
	if i.context == nil || q.visited(i.context) {
		return nil
	}
	if i.Timing != nil && !i.Timing.Matches(q.at) {
		return nil
	}
	return i.context
}

func (q *query) walk(n *node, rest string) *Priority {
	if rest == "" {
		if p := q.any(n.bang); p != nil {
			return p
		}
		return q.any(n.end)
	}
	c := rest[0]
	if next := n.child(c); next != nil {
		if p := q.walk(next, rest[1:]); p != nil {
			return p
		}
	}
	for i := range n.sets {
		if s := &n.sets[i]; s.element.set.has(c) {
			if p := q.walk(s.next, rest[1:]); p != nil {
				return p
			}
		}
	}
	if p := q.any(n.dot); p != nil {
		return p
	}
	return q.any(n.bang)
}

// verdict is what a search for longer numbers finds.
type verdict uint8

const (
	nothing verdict = iota
	more            // a longer number leads to the priority
	final           // a pattern that ends in "!" settles it: no more digits
)

// findMore reports whether a number that begins with the one asked for, and is
// longer, could match.
func (q *query) findMore(c *Context) verdict {
	at, _ := slices.BinarySearch(c.sorted, q.exten)
	for ; at < len(c.sorted) && strings.HasPrefix(c.sorted[at], q.exten); at++ {
		if len(c.sorted[at]) > len(q.exten) && q.any(c.literals[c.sorted[at]]) != nil {
			return more
		}
	}
	if v := q.walkMore(&c.patterns, q.exten); v != nothing {
		return v
	}
	if len(c.Switches) > 0 && q.through(c, func(q *query, c *Context) bool { return q.findMore(c) == more }) {
		return more
	}
	if len(c.Includes) == 0 || !q.enter(c) {
		return nothing
	}
	for i := range c.Includes {
		if inner := q.include(&c.Includes[i]); inner != nil {
			if q.findMore(inner) == more {
				return more
			}
		}
	}
	return nothing
}

func (q *query) walkMore(n *node, rest string) verdict {
	if rest == "" {
		for _, s := range n.singles {
			if q.below(s.next) {
				return more
			}
		}
		for i := range n.sets {
			if q.below(n.sets[i].next) {
				return more
			}
		}
		return q.openEnd(n)
	}
	c := rest[0]
	if next := n.child(c); next != nil {
		if v := q.walkMore(next, rest[1:]); v != nothing {
			return v
		}
	}
	for i := range n.sets {
		if s := &n.sets[i]; s.element.set.has(c) {
			if v := q.walkMore(s.next, rest[1:]); v != nothing {
				return v
			}
		}
	}
	return q.openEnd(n)
}

// openEnd looks at the patterns that end here in "." or "!".
func (q *query) openEnd(n *node) verdict {
	if q.any(n.dot) != nil {
		return more
	}
	for _, e := range n.bang {
		if e.matches(q.caller) {
			return final
		}
	}
	return nothing
}

// below reports whether any pattern of n has the priority.
func (q *query) below(n *node) bool {
	if q.any(n.dot) != nil || q.any(n.bang) != nil || q.any(n.end) != nil {
		return true
	}
	for _, s := range n.singles {
		if q.below(s.next) {
			return true
		}
	}
	for i := range n.sets {
		if q.below(n.sets[i].next) {
			return true
		}
	}
	return false
}

// Find returns the step that a caller of that number reaches with exten in
// context, and the context in which it stands.
func (p *Plan) Find(context, exten string, priority int, caller string, now time.Time) (*Priority, *Context) {
	c, ok := p.contexts[context]
	if !ok {
		return nil, nil
	}
	q := query{exten: undash(exten), priority: priority, caller: caller, at: now}
	return q.find(c), q.context
}

// Ranking returns every extension that matches exten for a caller of that number,
// those of the contexts that are included too, in the order in which they are
// tried. A call runs the first one that has the priority it asks for.
func (p *Plan) Ranking(context, exten, caller string, now time.Time) (all []*Extension) {
	c, ok := p.contexts[context]
	if !ok {
		return nil
	}
	q := query{exten: undash(exten), priority: 1, caller: caller, at: now, ranking: &all}
	q.find(c)
	return all
}

// FindLabel is Find for the label of a step.
func (p *Plan) FindLabel(context, exten, label, caller string, now time.Time) (*Priority, *Context) {
	c, ok := p.contexts[context]
	if !ok {
		return nil, nil
	}
	q := query{exten: undash(exten), label: label, caller: caller, at: now}
	return q.find(c), q.context
}

// Match tells whether the digits reach a step, and whether more of them could.
func (p *Plan) Match(context, exten string, priority int, caller string, now time.Time) channel.Match {
	var m channel.Match
	c, ok := p.contexts[context]
	if !ok {
		return m
	}
	q := query{exten: undash(exten), priority: priority, caller: caller, at: now}
	if q.find(c) != nil {
		m |= channel.MatchExists
	}
	q = query{exten: q.exten, priority: priority, caller: caller, at: now}
	if q.findMore(c) == more {
		m |= channel.MatchPartial
	}
	for _, i := range c.ignore {
		if i.match(exten) {
			m |= channel.MatchIgnore
		}
	}
	return m
}
