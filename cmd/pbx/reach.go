package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"

	"pbx/server"
)

// reach prints what a caller can get to.
func reach(args []string, out, errs io.Writer) error {
	f := flag.NewFlagSet("reach", flag.ContinueOnError)
	var p places
	p.flags(f)
	from := f.String("from", "", "the `context` in which a caller is, or the peer of sip.conf that calls")
	asJSON := f.Bool("json", false, "print a JSON array")
	if err := p.parse(f, args, errs); err != nil {
		return err
	}
	if *from == "" {
		fmt.Fprintln(errs, "pbx reach: --from CONTEXT, or --from PEER")
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
	context, all, err := a.Reach(*from)
	if err != nil {
		return err
	}
	list := make([]reached, len(all))
	for i, r := range all {
		x := reached{Class: r.Class.String(), What: r.What, Chosen: r.Chosen, Path: []reachedStep{}}
		for _, s := range r.Path {
			e := s.Extension()
			x.Path = append(x.Path, reachedStep{s.Pos.File, s.Pos.Line, e.Context.Name, e.Name, s.Number, s.App})
		}
		list[i] = x
	}
	if *asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(list)
	}
	if len(list) == 0 {
		fmt.Fprintf(out, "From [%s] a caller gets to no device, and to nothing that acts outside of calls.\n", context)
		return nil
	}
	fmt.Fprintf(out, "From [%s] a caller gets to:\n", context)
	for _, r := range list {
		r.write(out)
	}
	return nil
}

// reached is a thing that a caller can get to, as --json prints it.
type reached struct {
	Class  string        `json:"class"`
	What   string        `json:"what"`
	Chosen bool          `json:"chosen"` // the caller has a say in it
	Path   []reachedStep `json:"path"`
}

type reachedStep struct {
	File        string `json:"file"`
	Line        int    `json:"line"`
	Context     string `json:"context"`
	Extension   string `json:"extension"`
	Priority    int    `json:"priority"`
	Application string `json:"application"`
}

func (r *reached) write(out io.Writer) {
	how := ""
	if r.Chosen && r.Class == "trunk" {
		how = "  (the number depends on the call)"
	}
	fmt.Fprintf(out, "\n%-7s %s%s\n", r.Class, r.What, how)
	for _, s := range r.Path {
		fmt.Fprintf(out, "        %s:%d  %s,%s,%d %s\n", s.File, s.Line, s.Context, s.Extension, s.Priority, s.Application)
	}
}
