package graph

import (
	"cmp"
	"slices"
)

// The measures of a drawing, in units of SVG.
const (
	charWidth  = 7.3 // of a line of an extension
	nameWidth  = 9.6 // of a character of a name
	lineHeight = 16.0
	padding    = 10.0
	nodeGap    = 22.0  // between the boxes of a layer
	wireGap    = 14.0  // between lines that pass
	layerGap   = 110.0 // between layers
	partGap    = 40.0  // between parts that nothing joins
)

// box is a node, or a place where a long arrow passes a layer.
type box struct {
	node  int // -1: an arrow passes
	layer int
	w, h  float64
	x, y  float64 // of its middle on the left
	// Of the order within the layer.
	at       int
	up, down []*box // neighbours in the layers before and after
}

// wire is an arrow as it is drawn: boxes from left to right.
type wire struct {
	edge     int
	path     []*box
	backward bool // the arrow points to the left
}

// drawing is a graph with places.
type drawing struct {
	boxes  []*box
	layers [][]*box
	wires  []wire
	w, h   float64
}

// arrange gives every node a place: each part that hangs together in layers of its
// own, one part below the other, and those that nothing leads to or from in rows
// at the end.
func (g *Graph) arrange() *drawing {
	all := &drawing{}
	var alone []int
	for _, part := range g.parts() {
		if len(part) == 1 {
			alone = append(alone, part[0])
			continue
		}
		d := g.part(part)
		d.move(all.h)
		all.boxes, all.wires = append(all.boxes, d.boxes...), append(all.wires, d.wires...)
		all.w, all.h = max(all.w, d.w), all.h+d.h+partGap
	}
	g.rows(all, alone)
	return all
}

func (d *drawing) move(down float64) {
	for _, b := range d.boxes {
		b.y += down
	}
}

// rows puts nodes side by side.
func (g *Graph) rows(d *drawing, nodes []int) {
	width := max(d.w, 1000)
	x, row := 0.0, 0.0
	for _, n := range nodes {
		b := g.box(n)
		if x > 0 && x+b.w > width {
			x, d.h, row = 0, d.h+row+nodeGap, 0
		}
		b.x, b.y = x, d.h+b.h/2
		x += b.w + nodeGap
		row, d.w = max(row, b.h), max(d.w, x-nodeGap)
		d.boxes = append(d.boxes, b)
	}
	d.h += row
}

func (g *Graph) box(n int) *box {
	node := &g.Nodes[n]
	b := &box{node: n, w: float64(len([]rune(node.Name))+2) * nameWidth, h: lineHeight + 2*padding}
	for _, l := range node.text() {
		b.w = max(b.w, float64(len([]rune(l)))*charWidth)
		b.h += lineHeight
	}
	b.w = max(b.w+2*padding, 90)
	return b
}

// text is what stands in a node below its name.
func (n *Node) text() []string {
	if n.Missing {
		return []string{"is not there"}
	}
	if n.Entry != "" {
		return append([]string{"← " + n.Entry}, n.Lines...)
	}
	return n.Lines
}

// parts are the nodes that hang together, in the order of the graph.
func (g *Graph) parts() (parts [][]int) {
	next := make([][]int, len(g.Nodes))
	for _, e := range g.Edges {
		next[e.From], next[e.To] = append(next[e.From], e.To), append(next[e.To], e.From)
	}
	seen := make([]bool, len(g.Nodes))
	for n := range g.Nodes {
		if seen[n] {
			continue
		}
		seen[n] = true
		part := []int{n}
		for i := 0; i < len(part); i++ {
			for _, m := range next[part[i]] {
				if !seen[m] {
					seen[m] = true
					part = append(part, m)
				}
			}
		}
		slices.Sort(part)
		parts = append(parts, part)
	}
	return parts
}

// part lays out nodes that hang together (Sugiyama: layers, order, places).
func (g *Graph) part(nodes []int) *drawing {
	d := &drawing{}
	layer, back := g.layers(nodes)
	byNode := make(map[int]*box)
	for _, n := range nodes {
		b := g.box(n)
		b.layer = layer[n]
		byNode[n] = b
		d.add(b)
	}
	for i, e := range g.Edges {
		from, to := byNode[e.From], byNode[e.To]
		if from == nil || to == nil || from == to {
			continue
		}
		w := wire{edge: i, backward: back[i]}
		if w.backward {
			from, to = to, from
		}
		w.path = append(w.path, from)
		for l := from.layer + 1; l < to.layer; l++ {
			b := &box{node: -1, layer: l}
			d.add(b)
			w.path = append(w.path, b)
		}
		w.path = append(w.path, to)
		for j := 1; j < len(w.path); j++ {
			a, b := w.path[j-1], w.path[j]
			a.down, b.up = append(a.down, b), append(b.up, a)
		}
		d.wires = append(d.wires, w)
	}
	d.order()
	d.place()
	return d
}

func (d *drawing) add(b *box) {
	for len(d.layers) <= b.layer {
		d.layers = append(d.layers, nil)
	}
	b.at = len(d.layers[b.layer])
	d.layers[b.layer] = append(d.layers[b.layer], b)
	d.boxes = append(d.boxes, b)
}

// layers numbers the layers of nodes from the left, each behind all that lead to
// it. Edges that would close a round are turned; back tells which.
func (g *Graph) layers(nodes []int) (layer map[int]int, back map[int]bool) {
	layer, back = make(map[int]int), make(map[int]bool)
	out := make(map[int][]int) // edges by node
	in := make(map[int]int)
	for i, e := range g.Edges {
		if e.From != e.To {
			out[e.From] = append(out[e.From], i)
			in[e.To]++
		}
	}
	state := make(map[int]int) // 1: on the way, 2: done
	var order []int            // backwards
	var visit func(int)
	visit = func(n int) {
		state[n] = 1
		for _, i := range out[n] {
			switch to := g.Edges[i].To; state[to] {
			case 0:
				visit(to)
			case 1:
				back[i] = true
			}
		}
		state[n] = 2
		order = append(order, n)
	}
	// From where calls come in, and from what nothing leads to.
	for _, first := range []func(int) bool{
		func(n int) bool { return in[n] == 0 },
		func(n int) bool { return g.Nodes[n].Entry != "" },
		func(int) bool { return true },
	} {
		for _, n := range nodes {
			if state[n] == 0 && first(n) {
				visit(n)
			}
		}
	}
	slices.Reverse(order)
	ends := func(i int) (from, to int) {
		if back[i] {
			return g.Edges[i].To, g.Edges[i].From
		}
		return g.Edges[i].From, g.Edges[i].To
	}
	following := make(map[int][]int)
	for i := range g.Edges {
		if from, to := ends(i); from != to {
			following[from] = append(following[from], to)
		}
	}
	for _, n := range order {
		for _, m := range following[n] {
			layer[m] = max(layer[m], layer[n]+1)
		}
	}
	// A node that could stand nearer to what it leads to does.
	for _, n := range slices.Backward(order) {
		if len(following[n]) == 0 || in[n] > 0 {
			continue
		}
		nearest := -1
		for _, m := range following[n] {
			if nearest < 0 || layer[m] < nearest {
				nearest = layer[m]
			}
		}
		layer[n] = max(layer[n], nearest-1)
	}
	return layer, back
}

// order sorts the layers so that few lines cross: by the middle of the neighbours,
// to and fro, and keeps the best.
func (d *drawing) order() {
	best, least := d.snapshot(), d.crossings()
	for round := range 24 {
		for i := range d.layers {
			l, up := i, true
			if round%2 == 1 {
				l, up = len(d.layers)-1-i, false
			}
			sortLayer(d.layers[l], up)
		}
		if n := d.crossings(); n < least {
			best, least = d.snapshot(), n
		}
	}
	for i, l := range best {
		d.layers[i] = l
		for at, b := range l {
			b.at = at
		}
	}
}

func (d *drawing) snapshot() (out [][]*box) {
	for _, l := range d.layers {
		out = append(out, slices.Clone(l))
	}
	return out
}

func sortLayer(layer []*box, up bool) {
	key := make(map[*box]float64)
	for _, b := range layer {
		near := b.down
		if up {
			near = b.up
		}
		key[b] = float64(b.at)
		if len(near) > 0 {
			sum := 0.0
			for _, n := range near {
				sum += float64(n.at)
			}
			key[b] = sum / float64(len(near))
		}
	}
	slices.SortStableFunc(layer, func(a, b *box) int { return cmp.Compare(key[a], key[b]) })
	for at, b := range layer {
		b.at = at
	}
}

func (d *drawing) crossings() (n int) {
	for _, l := range d.layers {
		var ends []int // of the lines to the next layer, in the order of their beginnings
		for _, b := range l {
			var at []int
			for _, m := range b.down {
				at = append(at, m.at)
			}
			slices.Sort(at)
			for _, a := range at {
				for _, e := range ends {
					if e > a {
						n++
					}
				}
			}
			ends = append(ends, at...)
		}
	}
	return n
}

// place gives the boxes coordinates: layers from the left, and in each as near to
// their neighbours as the order allows.
func (d *drawing) place() {
	x := 0.0
	for _, l := range d.layers {
		w := 0.0
		for _, b := range l {
			w = max(w, b.w)
		}
		y := 0.0
		for _, b := range l {
			b.x, b.y = x, y+b.h/2
			if b.node < 0 {
				b.w = w // it passes below or above the boxes
			}
			y += b.h + nodeGap
		}
		x += w + layerGap
	}
	d.w = x - layerGap
	for round := range 16 {
		for i := range d.layers {
			l := i
			if round%2 == 1 {
				l = len(d.layers) - 1 - i
			}
			settle(d.layers[l], round)
		}
	}
	top, bottom := d.boxes[0].y, d.boxes[0].y
	for _, b := range d.boxes {
		top, bottom = min(top, b.y-b.h/2), max(bottom, b.y+b.h/2)
	}
	d.move(-top)
	d.h = bottom - top
}

// settle moves the boxes of a layer to the middle of their neighbours, or as near
// as those beside them let it: least squares in the given order (pool adjacent
// violators).
func settle(layer []*box, round int) {
	type pool struct {
		sum, weight float64
		n           int
	}
	offset := make([]float64, len(layer))
	for i := 1; i < len(layer); i++ {
		a, b := layer[i-1], layer[i]
		gap := nodeGap
		if a.node < 0 && b.node < 0 {
			gap = wireGap
		}
		offset[i] = offset[i-1] + a.h/2 + gap + b.h/2
	}
	var pools []pool
	for i, b := range layer {
		want, weight, near := b.y, 0.1, b.up
		if round%2 == 1 {
			near = b.down
		}
		if round > 11 {
			near = slices.Concat(b.up, b.down)
		}
		if len(near) > 0 {
			want, weight = 0, float64(len(near))
			for _, n := range near {
				want += n.y
			}
			want /= float64(len(near))
			if b.node < 0 {
				weight = 2 // long lines straight
			}
		}
		pools = append(pools, pool{(want - offset[i]) * weight, weight, 1})
		for len(pools) > 1 {
			a, b := pools[len(pools)-2], pools[len(pools)-1]
			if a.sum/a.weight <= b.sum/b.weight {
				break
			}
			pools = append(pools[:len(pools)-2], pool{a.sum + b.sum, a.weight + b.weight, a.n + b.n})
		}
	}
	i := 0
	for _, p := range pools {
		for range p.n {
			layer[i].y = p.sum/p.weight + offset[i]
			i++
		}
	}
}
