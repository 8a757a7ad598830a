package graph

import (
	"fmt"
	"strings"
)

const (
	margin       = 24.0
	legendHeight = 40.0
)

// SVG is the drawing as a file that a browser shows. The lines of the plan behind an
// arrow are its tooltip.
func (g *Graph) SVG() []byte {
	d := g.arrange()
	var b strings.Builder
	w, h := max(d.w, 900)+2*margin, d.h+2*margin+legendHeight
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f">`+"\n", w, h, w, h)
	b.WriteString("<title>The dialplan</title>\n<style>\n" +
		"text { font: 12px ui-monospace, Menlo, Consolas, monospace; fill: #334155 }\n" +
		".name { font: bold 14px system-ui, sans-serif; fill: #0f172a }\n" +
		".entry { font: 12px system-ui, sans-serif; fill: #0369a1 }\n.legend { font: 12px system-ui, sans-serif }\n" +
		"path { fill: none; stroke-width: 1.6 }\npath:hover { stroke-width: 4 }\n</style>\n")
	fmt.Fprintf(&b, `<rect width="%.0f" height="%.0f" fill="#ffffff"/>`+"\n<defs>\n", w, h)
	for i, k := range kinds {
		fmt.Fprintf(&b, `<marker id="m%d" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L10 5L0 10z" style="fill:%s;stroke:none"/></marker>`+"\n", i, k.colour)
	}
	b.WriteString("</defs>\n")
	fmt.Fprintf(&b, `<g transform="translate(%.0f %.0f)">`+"\n", margin, margin+legendHeight)
	ports := d.ports()
	for i, wire := range d.wires {
		g.wire(&b, wire, ports[i])
	}
	g.rounds(&b, d)
	for _, x := range d.boxes {
		if x.node >= 0 {
			g.Nodes[x.node].draw(&b, x)
		}
	}
	b.WriteString("</g>\n")
	g.legend(&b)
	b.WriteString("</svg>\n")
	return []byte(b.String())
}

// ports spreads the ends of the lines over the sides of the boxes, in the order in
// which they come from above: for each wire where it leaves and where it arrives.
func (d *drawing) ports() [][2]float64 {
	ports := make([][2]float64, len(d.wires))
	type end struct {
		wire, side int
		far        float64
	}
	ends := make(map[*box][2][]end)
	for i, w := range d.wires {
		first, last := w.path[0], w.path[len(w.path)-1]
		e := ends[first]
		e[0] = append(e[0], end{i, 0, w.path[1].y})
		ends[first] = e
		e = ends[last]
		e[1] = append(e[1], end{i, 1, w.path[len(w.path)-2].y})
		ends[last] = e
	}
	for b, sides := range ends {
		for _, list := range sides {
			for i := range list { // insertion: there are few
				for j := i; j > 0 && list[j].far < list[j-1].far; j-- {
					list[j], list[j-1] = list[j-1], list[j]
				}
			}
			for i, e := range list {
				ports[e.wire][e.side] = b.y + b.h*((float64(i)+1)/(float64(len(list))+1)-0.5)
			}
		}
	}
	return ports
}

// wire draws an arrow through the places where it passes.
func (g *Graph) wire(b *strings.Builder, w wire, port [2]float64) {
	e := g.Edges[w.edge]
	k := kinds[e.Kind]
	type point struct{ x, y float64 }
	points := []point{{w.path[0].x + w.path[0].w, port[0]}}
	for _, p := range w.path[1 : len(w.path)-1] {
		points = append(points, point{p.x, p.y}, point{p.x + p.w, p.y})
	}
	points = append(points, point{w.path[len(w.path)-1].x, port[1]})
	if w.backward {
		for i, j := 0, len(points)-1; i < j; i, j = i+1, j-1 {
			points[i], points[j] = points[j], points[i]
		}
	}
	fmt.Fprintf(b, `<path d="M%.1f %.1f`, points[0].x, points[0].y)
	for i := 1; i < len(points); i++ {
		p, q := points[i-1], points[i]
		half := (q.x - p.x) / 2
		fmt.Fprintf(b, "C%.1f %.1f %.1f %.1f %.1f %.1f", p.x+half, p.y, q.x-half, q.y, q.x, q.y)
	}
	g.finish(b, e, k.colour, k.dash)
}

// finish ends a path with its look and its tooltip.
func (g *Graph) finish(b *strings.Builder, e Edge, colour, dash string) {
	fmt.Fprintf(b, `" stroke="%s"`, colour)
	if dash != "" {
		fmt.Fprintf(b, ` stroke-dasharray="%s"`, dash)
	}
	places := e.Places
	if len(places) > 12 {
		places = append(places[:12:12], fmt.Sprintf("and %d more", len(e.Places)-12))
	}
	fmt.Fprintf(b, ` marker-end="url(#m%d)"><title>[%s] %s [%s]: %s</title></path>`+"\n", e.Kind,
		escape(g.Nodes[e.From].Name), kinds[e.Kind].name, escape(g.Nodes[e.To].Name), escape(strings.Join(places, ", ")))
}

// rounds draws the arrows from a node to itself.
func (g *Graph) rounds(b *strings.Builder, d *drawing) {
	for _, e := range g.Edges {
		if e.From != e.To {
			continue
		}
		for _, x := range d.boxes {
			if x.node == e.From {
				top := x.y - x.h/2
				fmt.Fprintf(b, `<path d="M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f`, x.x+x.w-30, top, x.x+x.w-34, top-22, x.x+x.w-6, top-22, x.x+x.w-10, top)
				g.finish(b, e, kinds[e.Kind].colour, kinds[e.Kind].dash)
			}
		}
	}
}

func (n *Node) draw(b *strings.Builder, x *box) {
	fill, stroke, width, dash := "#f8fafc", "#94a3b8", 1.0, ""
	switch {
	case n.Missing:
		fill, stroke, dash = "#fef2f2", "#b91c1c", ` stroke-dasharray="5 4"`
	case n.Entry != "":
		fill, stroke, width = "#eff6ff", "#0369a1", 2.0
	}
	top := x.y - x.h/2
	fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="7" fill="%s" stroke="%s" stroke-width="%.0f"%s/>`+"\n", x.x, top, x.w, x.h, fill, stroke, width, dash)
	y := top + padding + 12
	fmt.Fprintf(b, `<text class="name" x="%.1f" y="%.1f">%s</text>`+"\n", x.x+padding, y, escape("["+n.Name+"]"))
	for i, l := range n.text() {
		y += lineHeight
		class := ""
		if i == 0 && n.Entry != "" {
			class = ` class="entry"`
		}
		fmt.Fprintf(b, `<text%s x="%.1f" y="%.1f">%s</text>`+"\n", class, x.x+padding, y, escape(l))
	}
}

// legend tells what the arrows mean, those that there are.
func (g *Graph) legend(b *strings.Builder) {
	x := margin
	for i, k := range kinds {
		used := false
		for _, e := range g.Edges {
			used = used || int(e.Kind) == i
		}
		if !used {
			continue
		}
		fmt.Fprintf(b, `<path d="M%.0f %.0fh36" stroke="%s" stroke-dasharray="%s" marker-end="url(#m%d)"/>`+"\n", x, margin, k.colour, k.dash, i)
		fmt.Fprintf(b, `<text class="legend" x="%.0f" y="%.0f">%s</text>`+"\n", x+44, margin+4, escape(k.name))
		x += 44 + float64(len(k.name))*6.6 + 24
	}
}

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(s)
}
