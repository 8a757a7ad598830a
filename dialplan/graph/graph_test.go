package graph

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"pbx/dialplan"
	"pbx/dialplan/flow"
)

func draw(t *testing.T, text string) *Graph {
	t.Helper()
	p, _, err := dialplan.Parse("extensions.conf", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return Of(flow.New(p, dialplan.NewCatalog()), map[string]string{"office": "101, 102"})
}

const office = `
[office]
exten => 1,1,Goto(menu,s,1)
exten => 2,1,Gosub(sub-${X},s,1)
exten => 3,1,Dial(Local/4@menu)
exten => 5,1,Background(hello,,,menu)
exten => _6[<&>]X,1,Hangup()
include => menu
include => gone
[menu]
exten => s,1,Goto(office,1,1)
[sub-a]
exten => s,1,Return()
[sub-b]
exten => s,1,Macro(m)
[macro-m]
exten => s,1,NoOp()
[alone]
exten => s,1,Hangup()
`

// TestOf holds which arrows a plan has.
func TestOf(t *testing.T) {
	g := draw(t, office)
	var got []string
	for _, e := range g.Edges {
		got = append(got, fmt.Sprintf("%s %s %s %s", g.Nodes[e.From].Name, kinds[e.Kind].name, g.Nodes[e.To].Name, strings.Join(e.Places, " ")))
	}
	want := []string{
		"office includes menu extensions.conf:8",
		"office includes gone extensions.conf:9",
		"office goes to menu extensions.conf:3",
		"office calls, and comes back sub-a extensions.conf:4",
		"office calls, and comes back sub-b extensions.conf:4",
		"office has a Local leg in menu extensions.conf:5",
		"office lets the caller dial in menu extensions.conf:6",
		"menu goes to office extensions.conf:11",
		"sub-b calls, and comes back macro-m extensions.conf:15",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got:\n%s", strings.Join(got, "\n"))
	}
	for _, n := range g.Nodes {
		if n.Missing != (n.Name == "gone") || (n.Entry != "") != (n.Name == "office") {
			t.Errorf("%+v", n)
		}
	}
}

// TestSVG holds that the file is XML, and that every context and arrow is in it.
func TestSVG(t *testing.T) {
	g := draw(t, office)
	d := xml.NewDecoder(strings.NewReader(string(g.SVG())))
	texts, arrows := "", 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch x := token.(type) {
		case xml.CharData:
			texts += string(x)
		case xml.StartElement:
			for _, a := range x.Attr {
				if a.Name.Local == "marker-end" {
					arrows++
				}
			}
		}
	}
	for _, n := range []string{"[office]", "[menu]", "[gone]", "is not there", "[alone]", "_6[<&>]X", "← 101, 102", "lets the caller dial in"} {
		if !strings.Contains(texts, n) {
			t.Errorf("no %s", n)
		}
	}
	if want := len(g.Edges) + 5; arrows != want { // and the legend's
		t.Errorf("%d arrows, want %d", arrows, want)
	}
}

func TestDOT(t *testing.T) {
	text := string(draw(t, office).DOT())
	for _, want := range []string{`n0 [label="[office]\n1\n2`, `[color="#15803d", style=solid`, "n0 -> n1", "n1 -> n0"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

// TestLayout holds, of random graphs, that no two boxes overlap, that arrows run to
// the right but for those that close a round, and that the drawing is the same
// each time.
func TestLayout(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 7))
		g := &Graph{}
		for i := range 1 + r.IntN(40) {
			g.Nodes = append(g.Nodes, Node{Name: fmt.Sprintf("context-%d", i), Lines: make([]string, r.IntN(8))})
		}
		for range r.IntN(2 * len(g.Nodes)) {
			g.Edges = append(g.Edges, Edge{From: r.IntN(len(g.Nodes)), To: r.IntN(len(g.Nodes)), Kind: Kind(r.IntN(len(kinds)))})
		}
		d := g.arrange()
		placed := 0
		for i, a := range d.boxes {
			if a.node >= 0 {
				placed++
			}
			if a.x < 0 || a.y-a.h/2 < -0.5 || a.y+a.h/2 > d.h+0.5 {
				t.Errorf("seed %d: a box is outside: %+v of %v×%v", seed, a, d.w, d.h)
			}
			for _, b := range d.boxes[:i] {
				if a.node >= 0 && b.node >= 0 && a.x < b.x+b.w && b.x < a.x+a.w && a.y-a.h/2 < b.y+b.h/2-0.01 && b.y-b.h/2 < a.y+a.h/2-0.01 {
					t.Errorf("seed %d: %s and %s overlap", seed, g.Nodes[a.node].Name, g.Nodes[b.node].Name)
				}
			}
		}
		if placed != len(g.Nodes) {
			t.Errorf("seed %d: %d of %d nodes have a place", seed, placed, len(g.Nodes))
		}
		for _, w := range d.wires {
			for i := 1; i < len(w.path); i++ {
				if w.path[i].layer != w.path[i-1].layer+1 {
					t.Errorf("seed %d: a line jumps over a layer", seed)
				}
			}
		}
		if one, other := g.SVG(), g.SVG(); !bytes.Equal(one, other) {
			t.Errorf("seed %d: two drawings differ", seed)
		}
	}
}
