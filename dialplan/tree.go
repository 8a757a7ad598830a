package dialplan

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"pbx/decl"
)

// treeLegend explains the lines of `dialplan debug`, which are those of the field.
const treeLegend = `
     Extensions in the order in which a dialled number is held against them:

           A line is <character(s)>:<pattern?>:<specificity>[:EXTEN:<extension>]
                <character(s)>   any of them matches the next digit; . is one or more, ! none or more of whatever comes
                <pattern?>       Y in a pattern, N in an extension that is written as it is dialled
                <specificity>    the lower it is, the earlier the line is tried; how many characters match, times 256, and the lowest of them
                EXTEN            what the number matches when it ends here
           A line is followed, one + to the right, by what may come after it.

`

// showTree is `dialplan debug`: how the numbers of a context are searched.
func (e *Engine) showTree(_ context.Context, r *decl.Request) error {
	p := e.Plan()
	list := p.order
	if name := r.Arg(0); name != "" {
		c, ok := p.contexts[name]
		if !ok {
			return fmt.Errorf("There is no existence of '%s' context", name)
		}
		list = []*Context{c}
	}
	fmt.Fprint(r.Out, treeLegend)
	for _, c := range list {
		fmt.Fprintf(r.Out, "[ Context '%s' created by '%s' ]\n", c.Name, cmp.Or(c.registrar, registrar))
		c.writeTree(r.Out)
		fmt.Fprintln(r.Out)
	}
	return nil
}

// writeTree prints the numbers of a context, then its patterns, then where the search
// goes on.
func (c *Context) writeTree(w io.Writer) {
	var numbers node
	for _, number := range c.sorted {
		elements := make([]element, 0, len(number)+1)
		for _, digit := range []byte(number) {
			elements = append(elements, element{rank: 0x100 | int(digit)})
		}
		*numbers.insert(append(elements, element{rank: rankEnd})) = c.literals[number]
	}
	numbers.write(w, 0, 'N')
	c.patterns.write(w, 0, 'Y')
	for _, e := range c.broken {
		fmt.Fprintf(w, " %s has a set that nothing matches\n", e.Name)
	}
	for _, s := range c.Switches {
		fmt.Fprintf(w, " then the switch %s/%s\n", s.Name, s.Args)
	}
	for _, i := range c.Includes {
		fmt.Fprintf(w, " then the context %s\n", i.Text)
	}
}

// write prints the edges of a node, best first. What ends at the node itself is told on
// the line that leads there.
func (n *node) write(w io.Writer, depth int, pattern byte) {
	line := func(characters string, specificity int, ends []*Extension) {
		fmt.Fprintf(w, " %s%s:%c:%d%s\n", strings.Repeat("+", depth), characters, pattern, specificity, endings(ends))
	}
	for _, s := range n.singles {
		line(string(s.c), 0x100|int(s.c), s.next.end)
		s.next.write(w, depth+1, pattern)
	}
	for i := range n.sets {
		s := &n.sets[i]
		line(s.element.set.String(), s.element.rank, s.next.end)
		s.next.write(w, depth+1, pattern)
	}
	if len(n.dot) > 0 {
		line(".", rankDot, n.dot)
	}
	if len(n.bang) > 0 {
		line("!", rankBang, n.bang)
	}
}

// endings names the extensions that a number matches at a place, with the callers that
// they are for.
func endings(list []*Extension) string {
	var b strings.Builder
	for _, e := range list {
		b.WriteString(":EXTEN:" + e.Name)
		if !e.AnyCaller {
			b.WriteString("/" + e.Caller)
		}
	}
	return b.String()
}

// String is the characters of the set.
func (s *charset) String() string {
	var b []byte
	for c := range 256 {
		if s.has(byte(c)) {
			b = append(b, byte(c))
		}
	}
	return string(b)
}
