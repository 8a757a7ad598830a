package dialplan

import (
	"fmt"
	"slices"
	"strings"

	"pbx/config"
)

// Changes lists in what a plan differs from one before it: contexts, extensions,
// hints, globals, in the order of the file, what is gone last. Where lines stand
// does not matter.
func Changes(before, after *Plan) (list []config.Change) {
	if before.Settings != after.Settings {
		list = append(list, config.Change{How: config.Changed, Name: "[general]", Section: "general"})
	}
	list = append(list, changedGlobals(before, after)...)
	for _, c := range after.order {
		old, ok := before.contexts[c.Name]
		if !ok {
			list = append(list, config.Change{
				How: config.Added, Name: "[" + c.Name + "]", Section: c.Name, Pos: c.Pos, Detail: fmt.Sprintf("%d extensions", len(c.Extensions())),
			})
			continue
		}
		list = append(list, changedContext(old, c)...)
	}
	for _, c := range before.order {
		if _, ok := after.contexts[c.Name]; !ok {
			list = append(list, config.Change{How: config.Gone, Name: "[" + c.Name + "]", Section: c.Name, Pos: c.Pos})
		}
	}
	return list
}

func changedGlobals(before, after *Plan) (list []config.Change) {
	values := func(p *Plan) map[string]Global {
		m := make(map[string]Global, len(p.Globals))
		for _, g := range p.Globals {
			m[g.Name] = g
		}
		return m
	}
	was, is := values(before), values(after)
	told := make(map[string]bool)
	for _, g := range append(slices.Clone(after.Globals), before.Globals...) {
		a, had := was[g.Name]
		b, has := is[g.Name]
		if told[g.Name] || had && has && a.Value == b.Value {
			continue
		}
		told[g.Name] = true
		c := config.Change{How: config.Changed, Name: "${" + g.Name + "}", Section: "globals", Pos: b.Pos, Detail: fmt.Sprintf("%q, was %q", b.Value, a.Value)}
		switch {
		case !had:
			c.How, c.Detail = config.Added, fmt.Sprintf("%q", b.Value)
		case !has:
			c.How, c.Detail, c.Pos = config.Gone, "", a.Pos
		}
		list = append(list, c)
	}
	return list
}

// extenKey is what makes an extension the same in two plans.
type extenKey struct {
	name, caller string
	any          bool
}

func (e *Extension) key() extenKey { return extenKey{e.Name, e.Caller, e.AnyCaller} }

// title is an extension as it is written.
func (e *Extension) title() string {
	if e.AnyCaller {
		return e.Name
	}
	return e.Name + "/" + e.Caller
}

func changedContext(before, after *Context) (list []config.Change) {
	in := "[" + after.Name + "]"
	change := func(how config.Difference, name, detail string, pos config.Pos) {
		list = append(list, config.Change{How: how, Name: name, Section: after.Name, Detail: detail, Pos: pos})
	}
	for _, d := range []string{
		differentList("include", before.Includes, after.Includes, func(i Include) string { return i.Text }),
		differentList("switch", before.Switches, after.Switches, func(s Switch) string { return s.Name + "/" + s.Args + map[bool]string{true: " (eswitch)"}[s.Each] }),
		differentList("ignorepat", before.IgnorePatterns, after.IgnorePatterns, func(p IgnorePattern) string { return p.Pattern }),
	} {
		if d != "" {
			change(config.Changed, in, d, after.Pos)
		}
	}
	if before.AutoHints != after.AutoHints {
		change(config.Changed, in, "autohints", after.Pos)
	}
	was := make(map[extenKey]*Extension, before.count)
	for _, e := range before.Extensions() {
		was[e.key()] = e
	}
	for _, e := range after.Extensions() {
		old := was[e.key()]
		delete(was, e.key())
		name := e.title() + " in " + in
		switch old {
		case nil:
			change(config.Added, name, "", e.pos())
		default:
			if d := changedExtension(old, e); d != "" {
				change(config.Changed, name, d, e.pos())
			}
		}
	}
	for _, e := range before.Extensions() {
		if was[e.key()] != nil {
			change(config.Gone, e.title()+" in "+in, "", e.pos())
		}
	}
	return list
}

// pos is where an extension stands.
func (e *Extension) pos() config.Pos {
	switch {
	case len(e.Priorities) > 0:
		return e.Priorities[0].Pos
	case e.Hint != nil:
		return e.Hint.Pos
	}
	return e.Context.Pos
}

// changedExtension says in what the steps differ first, "" if in nothing.
func changedExtension(before, after *Extension) string {
	for i := range max(len(before.Priorities), len(after.Priorities)) {
		switch {
		case i >= len(before.Priorities):
			return "new " + written(after.Priorities[i])
		case i >= len(after.Priorities):
			return "without " + written(before.Priorities[i])
		case step(before.Priorities[i]) != step(after.Priorities[i]):
			return written(after.Priorities[i]) + ", was " + written(before.Priorities[i])
		}
	}
	switch {
	case before.Hint == nil && after.Hint == nil:
	case before.Hint == nil:
		return "new hint " + after.Hint.App
	case after.Hint == nil:
		return "without its hint"
	case step(before.Hint) != step(after.Hint):
		return "hint " + after.Hint.App + ", was " + before.Hint.App
	}
	return ""
}

// written is a step as a person writes it.
func written(p *Priority) string {
	label := ""
	if p.Label != "" {
		label = "(" + p.Label + ")"
	}
	return fmt.Sprintf("%d%s,%s(%s)", p.Number, label, p.App, p.Args)
}

// differentList says what a list of lines is now, and was; "" if it is the same.
func differentList[T any](what string, before, after []T, text func(T) string) string {
	line := func(list []T) string {
		words := make([]string, len(list))
		for i, x := range list {
			words[i] = text(x)
		}
		if len(words) == 0 {
			return "nothing"
		}
		return strings.Join(words, " ")
	}
	if is, was := line(after), line(before); is != was {
		return fmt.Sprintf("%s %s, was %s", what, is, was)
	}
	return ""
}
