package dialplan

import (
	"fmt"
	"slices"
)

// Difference says in what two plans differ that changes how calls run, "" when
// they do not. Where their lines stand does not matter.
func Difference(a, b *Plan) string {
	if a.Settings != b.Settings {
		return fmt.Sprintf("[general]: %+v, %+v", a.Settings, b.Settings)
	}
	if d := differ("globals", a.Globals, b.Globals, func(g Global) string { return g.Name + "=" + g.Value }); d != "" {
		return d
	}
	if d := differ("contexts", a.order, b.order, func(c *Context) string { return c.Name }); d != "" {
		return d
	}
	for i := range a.order {
		if d := differentContext(a.order[i], b.order[i]); d != "" {
			return d
		}
	}
	return ""
}

func differentContext(a, b *Context) string {
	in := "[" + a.Name + "] "
	for _, d := range []string{
		differ(in+"includes", a.Includes, b.Includes, func(i Include) string { return i.Text }),
		differ(in+"switches", a.Switches, b.Switches, func(s Switch) string { return fmt.Sprint(s.Name, "/", s.Args, s.Each) }),
		differ(in+"ignorepat", a.IgnorePatterns, b.IgnorePatterns, func(p IgnorePattern) string { return p.Pattern }),
		differ(in+"extensions", a.Extensions(), b.Extensions(), func(e *Extension) string { return fmt.Sprint(e.Name, "/", e.Caller, e.AnyCaller) }),
	} {
		if d != "" {
			return d
		}
	}
	if a.AutoHints != b.AutoHints {
		return in + "autohints"
	}
	theirs := b.Extensions()
	for i, e := range a.Extensions() {
		o := theirs[i]
		if d := differ(in+e.Name, e.Priorities, o.Priorities, step); d != "" {
			return d
		}
		if (e.Hint == nil) != (o.Hint == nil) || e.Hint != nil && step(e.Hint) != step(o.Hint) {
			return in + e.Name + ": the hint"
		}
	}
	return ""
}

func step(p *Priority) string {
	return fmt.Sprintf("%d(%s) %s(%s)", p.Number, p.Label, p.App, p.Args)
}

// differ compares two lists by what text makes of their elements.
func differ[T any](what string, a, b []T, text func(T) string) string {
	words := func(l []T) (out []string) {
		for _, x := range l {
			out = append(out, text(x))
		}
		return out
	}
	x, y := words(a), words(b)
	if slices.Equal(x, y) {
		return ""
	}
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("%s: %s, %s", what, x[i], y[i])
		}
	}
	return fmt.Sprintf("%s: %d, %d", what, len(x), len(y))
}
