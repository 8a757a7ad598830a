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
	if len(r.Args) > 1 {
		return decl.ErrUsage
	}
	exten, name, search := strings.Cut(r.Arg(0), "@")
	if !search {
		exten, name = "", r.Arg(0)
	}
	contexts := e.Plan().order
	if name != "" {
		contexts = nil
		if c, ok := e.Plan().contexts[name]; ok {
			contexts = []*Context{c}
		}
		if contexts == nil {
			return noContextNamed(name)
		}
	}
	var n shown
	for _, c := range contexts {
		if exten == "" {
			n.context(r.Out, c)
		} else {
			n.search(r.Out, c, exten, nil)
		}
	}
	switch {
	case exten == "" || n.extensions > 0:
	case name == "":
		return fmt.Errorf("There is no existence of '%s' extension in all contexts", exten)
	default:
		return fmt.Errorf("There is no existence of %s extension", r.Arg(0))
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

// head is the line above what a context has.
func (n *shown) head(w io.Writer, c *Context, included bool) {
	n.contexts++
	kind := "Context"
	if included {
		kind = "Included context"
	}
	fmt.Fprintf(w, "[ %s '%s' created by '%s' ]\n", kind, c.Name, cmp.Or(c.registrar, registrar))
	if c.AutoHints && !included {
		fmt.Fprintln(w, "Autohints support enabled")
	}
}

func (n *shown) context(w io.Writer, c *Context) {
	n.head(w, c, false)
	for _, e := range c.Extensions() {
		n.extension(w, e)
	}
	for _, i := range c.Includes {
		fmt.Fprintf(w, planLine, "Include =>", "'"+i.Text+"'", registrar)
	}
	for _, i := range c.IgnorePatterns {
		i.show(w)
	}
	for _, s := range c.Switches {
		s.show(w)
	}
	fmt.Fprintln(w)
}

func (i *IgnorePattern) show(w io.Writer) {
	fmt.Fprintf(w, planLine, "Ignore pattern =>", "'"+i.Pattern+"'", registrar)
}

func (s *Switch) show(w io.Writer) {
	fmt.Fprintf(w, planLine, "Alt. Switch =>", "'"+s.Name+"/"+s.Args+"'", registrar)
}

// search shows what a call to exten can find in c and what it includes. above are the
// contexts that led to it; it returns all that were searched.
func (n *shown) search(w io.Writer, c *Context, exten string, above []*Context) (searched []*Context) {
	included := len(above) > 0
	searched = append(above, c)
	found := false
	for _, e := range c.Extensions() {
		if e.Name != exten && !Matches(e.Name, exten) {
			continue
		}
		if !found {
			n.head(w, c, included)
			found = true
		}
		n.extension(w, e)
	}
	for i := range c.Includes {
		if inner := c.Includes[i].context; inner != nil && !slices.Contains(searched, inner) {
			searched = n.search(w, inner, exten, searched)
		}
	}
	for _, i := range c.IgnorePatterns {
		if Matches("_"+strings.TrimPrefix(i.Pattern, "_")+".", exten) {
			i.show(w)
		}
	}
	if !included {
		for _, s := range c.Switches {
			s.show(w)
		}
	}
	if found {
		fmt.Fprintln(w)
	}
	return searched
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
