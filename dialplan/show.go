package dialplan

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"pbx/decl"
)

// shown counts what dialplan show printed.
type shown struct{ contexts, extensions, priorities int }

const planLine = "  %-17s %-45s [%s]\n"

// registrar is who made the contexts: they come from the file.
const registrar = "pbx_config"

func (e *Engine) showPlan(_ context.Context, r *decl.Request) error {
	p := e.Plan()
	var n shown
	what := r.Arg(0)
	exten, name, search := strings.Cut(what, "@")
	switch {
	case what == "":
		for _, c := range p.order {
			n.context(r.Out, c)
		}
	case search && exten != "":
		c, ok := p.contexts[name]
		if !ok {
			return fmt.Errorf("There is no existence of '%s' context", name)
		}
		var visited []*Context
		n.search(r.Out, c, exten, &visited)
		if n.extensions == 0 {
			return fmt.Errorf("There is no existence of %s extension", what)
		}
	default:
		if search {
			what = name
		}
		c, ok := p.contexts[what]
		if !ok {
			return fmt.Errorf("There is no existence of '%s' context", what)
		}
		n.context(r.Out, c)
	}
	fmt.Fprintf(r.Out, "-= %d %s (%d %s) in %d %s. =-\n", n.extensions, plural(n.extensions, "extension", "extensions"),
		n.priorities, plural(n.priorities, "priority", "priorities"), n.contexts, plural(n.contexts, "context", "contexts"))
	return nil
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func (n *shown) context(w io.Writer, c *Context) {
	n.contexts++
	fmt.Fprintf(w, "[ Context '%s' created by '%s' ]\n", c.Name, cmp.Or(c.registrar, registrar))
	for _, e := range c.Extensions() {
		n.extension(w, e)
	}
	for _, i := range c.Includes {
		fmt.Fprintf(w, planLine, "Include =>", "'"+i.Text+"'", registrar)
	}
	for _, i := range c.IgnorePatterns {
		fmt.Fprintf(w, planLine, "Ignore pattern =>", "'"+i.Pattern+"'", registrar)
	}
	for _, s := range c.Switches {
		fmt.Fprintf(w, planLine, "Alt. Switch =>", "'"+s.Name+"/"+s.Args+"'", registrar)
	}
	fmt.Fprintln(w)
}

// search shows what a call to exten can find in c and what it includes.
func (n *shown) search(w io.Writer, c *Context, exten string, visited *[]*Context) {
	if slices.Contains(*visited, c) {
		return
	}
	included := len(*visited) > 0
	*visited = append(*visited, c)
	found := false
	for _, e := range c.Extensions() {
		if e.Name != exten && !Matches(e.Name, exten) {
			continue
		}
		if !found {
			kind := "Context"
			if included {
				kind = "Included context"
			}
			fmt.Fprintf(w, "[ %s '%s' created by '%s' ]\n", kind, c.Name, cmp.Or(c.registrar, registrar))
			n.contexts++
			found = true
		}
		n.extension(w, e)
	}
	if found {
		fmt.Fprintln(w)
	}
	for i := range c.Includes {
		if inner := c.Includes[i].context; inner != nil {
			n.search(w, inner, exten, visited)
		}
	}
}

func (n *shown) extension(w io.Writer, e *Extension) {
	n.extensions++
	name := fmt.Sprintf("'%s' =>", e.Name)
	if !e.AnyCaller {
		name = fmt.Sprintf("'%s' (CID match '%s') => ", e.Name, e.Caller)
	}
	first := true
	line := func(label, text string, p *Priority) {
		if !first {
			name = ""
			if label != "" {
				name = "   [" + label + "]"
			}
		}
		first = false
		n.priorities++
		from := p.registrar
		if p.Pos == editPos {
			from = registrar
		}
		fmt.Fprintf(w, planLine, name, text, cmp.Or(from, fmt.Sprintf("%s:%d", p.Pos.File, p.Pos.Line)))
	}
	if e.Hint != nil {
		line("", "hint: "+e.Hint.App, e.Hint)
	}
	for _, p := range e.Priorities {
		line(p.Label, fmt.Sprintf("%d. %s(%s)", p.Number, p.App, p.Args), p)
	}
}
