// Package graph draws a dialplan: its contexts as boxes, in layers from where calls
// come in to where they end, and the includes and jumps between them as arrows. It
// writes SVG by itself, and the language of Graphviz for those who want another
// layout. Its functions keep no state; any goroutine may call them.
package graph

import (
	"fmt"
	"strings"

	"pbx/dialplan"
	"pbx/dialplan/flow"
)

// Kind says what an arrow means.
type Kind uint8

// The kinds of arrows.
const (
	Include Kind = iota
	Goto
	Call   // a subroutine or macro, which comes back
	Leg    // a leg of its own begins there: Local/
	Digits // the caller dials there
)

// kinds are what is written in the legend, and how it is drawn.
var kinds = [...]struct{ name, colour, dash string }{
	Include: {"includes", "#64748b", ""},
	Goto:    {"goes to", "#15803d", ""},
	Call:    {"calls, and comes back", "#c2410c", "6 4"},
	Leg:     {"has a Local leg in", "#7e22ce", "2 4"},
	Digits:  {"lets the caller dial in", "#0369a1", "9 3"},
}

// Node is a context.
type Node struct {
	Name string
	// Lines are what stands below the name: its extensions.
	Lines []string
	// Entry says who comes in here: the devices, and calls that are nobody's.
	Entry string
	// Missing contexts are named and not there.
	Missing bool
}

// Edge is an arrow between two nodes, by their places in the list.
type Edge struct {
	From, To int
	Kind     Kind
	// Places are the lines that it stands for.
	Places []string
}

// Graph is what is drawn.
type Graph struct {
	Nodes []Node
	Edges []Edge
}

// mostLines is how many extensions of a context are shown.
const mostLines = 8

// Of is the graph of a plan. entries tells, by context, who comes in there.
func Of(f *flow.Flow, entries map[string]string) *Graph {
	b := &builder{graph: &Graph{}, index: make(map[string]int), edges: make(map[arrow]int)}
	for _, c := range f.Plan().Contexts() {
		n := b.node(c.Name)
		b.graph.Nodes[n].Missing, b.graph.Nodes[n].Entry = false, entries[c.Name]
		b.graph.Nodes[n].Lines = lines(c)
	}
	for _, c := range f.Plan().Contexts() {
		for _, i := range c.Includes {
			b.edge(c.Name, i.Context, Include, i.Pos.String())
		}
	}
	f.Steps(func(p *dialplan.Priority) {
		from := p.Extension().Context.Name
		for _, e := range f.Edges(p) {
			for _, to := range targets(f, e.Place) {
				if kind, ok := kindOf(e.Kind); ok && (to != from || e.Kind == flow.Local) {
					b.edge(from, to, kind, p.Pos.String())
				}
			}
		}
	})
	return b.graph
}

// targets are the names of the contexts that a place may be in; none where it is
// that of the step, or any.
func targets(f *flow.Flow, l flow.Place) (names []string) {
	if l.Context == nil || l.Context.Open() {
		return nil
	}
	if known, ok := l.Context.Known(); ok {
		return []string{known}
	}
	for _, c := range f.Plan().Contexts() {
		if l.Context.CouldEqual(c.Name) {
			names = append(names, c.Name)
		}
	}
	return names
}

func kindOf(k flow.Kind) (Kind, bool) {
	switch k {
	case flow.Goto:
		return Goto, true
	case flow.Gosub, flow.Macro:
		return Call, true
	case flow.Local:
		return Leg, true
	case flow.Digits:
		return Digits, true
	}
	return 0, false
}

// lines are the extensions of a context, those for some callers once.
func lines(c *dialplan.Context) (out []string) {
	var names []string
	for _, e := range c.Extensions() {
		if len(names) == 0 || names[len(names)-1] != e.Name {
			names = append(names, e.Name)
		}
	}
	if len(names) > mostLines {
		more := len(names) - mostLines + 1
		names = append(names[:mostLines-1:mostLines-1], fmt.Sprintf("… %d more", more))
	}
	for _, n := range names {
		if r := []rune(n); len(r) > 28 {
			n = string(r[:27]) + "…"
		}
		out = append(out, n)
	}
	for _, s := range c.Switches {
		out = append(out, "switch "+s.Name)
	}
	return out
}

// arrow tells one arrow from another.
type arrow struct {
	from, to int
	kind     Kind
}

type builder struct {
	graph *Graph
	index map[string]int
	edges map[arrow]int
}

func (b *builder) node(name string) int {
	if n, ok := b.index[name]; ok {
		return n
	}
	n := len(b.graph.Nodes)
	b.index[name] = n
	b.graph.Nodes = append(b.graph.Nodes, Node{Name: name, Missing: true})
	return n
}

func (b *builder) edge(from, to string, k Kind, place string) {
	key := arrow{b.node(from), b.node(to), k}
	n, ok := b.edges[key]
	if !ok {
		n = len(b.graph.Edges)
		b.edges[key] = n
		b.graph.Edges = append(b.graph.Edges, Edge{From: key.from, To: key.to, Kind: k})
	}
	b.graph.Edges[n].Places = append(b.graph.Edges[n].Places, place)
}

// DOT is the graph in the language of Graphviz.
func (g *Graph) DOT() []byte {
	var b strings.Builder
	b.WriteString("digraph dialplan {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n")
	for i, n := range g.Nodes {
		label := quoteDOT("[" + n.Name + "]")
		for _, l := range n.Lines {
			label += `\n` + quoteDOT(l)
		}
		style := ""
		if n.Missing {
			style = ", color=red, style=\"rounded,dashed\""
		} else if n.Entry != "" {
			style = ", penwidth=2, tooltip=\"" + quoteDOT(n.Entry) + "\""
		}
		fmt.Fprintf(&b, "  n%d [label=\"%s\"%s];\n", i, label, style)
	}
	for _, e := range g.Edges {
		k := kinds[e.Kind]
		style := "solid"
		if k.dash != "" {
			style = "dashed"
		}
		fmt.Fprintf(&b, "  n%d -> n%d [color=%q, style=%s, tooltip=\"%s %s\"];\n", e.From, e.To, k.colour, style, quoteDOT(k.name), quoteDOT(strings.Join(e.Places, ", ")))
	}
	b.WriteString("}\n")
	return []byte(b.String())
}

func quoteDOT(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ").Replace(s)
}
