package main

import (
	"flag"
	"fmt"
	"io"

	"pbx/server"
)

// drawGraph draws the dialplan.
func drawGraph(args []string, out, errs io.Writer) error {
	f := flag.NewFlagSet("graph", flag.ContinueOnError)
	var p places
	p.flags(f)
	svg := f.Bool("svg", false, "write SVG, which a browser shows (the default)")
	dot := f.Bool("dot", false, "write the language of Graphviz")
	if err := p.parse(f, args, errs); err != nil {
		return err
	}
	if *svg && *dot {
		fmt.Fprintln(errs, "pbx graph: either --svg or --dot")
		return errUsage
	}
	done, err := p.written()
	if err != nil {
		return err
	}
	defer done()
	a, err := server.ReadRoutes(server.Options{ConfigDir: p.config, StateDir: p.state, Version: version})
	if err != nil {
		return err
	}
	g := a.Graph()
	text := g.SVG()
	if *dot {
		text = g.DOT()
	}
	_, err = out.Write(text)
	return err
}
