package feed

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"pbx/decl"
)

// Commands are the console commands of the sinks.
func (s *Sinks) Commands() []decl.Command {
	return []decl.Command{
		{
			Words: "events show", Synopsis: "Show who is told of events", Run: s.show,
			Help: "Lists the sinks of events.conf: where they are, what they are told of, how many programs are connected, or how much waits on disk for a server.",
		},
		{Words: "events show kinds", Synopsis: "List the events that sinks can ask for", Run: s.showKinds, Help: "Those that are marked often come only to who asks for them by name."},
	}
}

func (s *Sinks) show(_ context.Context, r *decl.Request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := tabwriter.NewWriter(r.Out, 0, 1, 2, ' ', 0)
	fmt.Fprintln(w, "Sink\tType\tWhere\tEvents\tState")
	for _, name := range slices.Sorted(maps.Keys(s.open)) {
		o := s.open[name]
		events := strings.Join(o.sink.Events, ",")
		if events == "" {
			events = "(the usual)"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", o.sink.Name, o.sink.Type, o.sink.where(), events, o.state())
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(r.Out, "%d sinks\n", len(s.open))
	return nil
}

// where is where a sink is, or goes; an address of the web without what may be secret in
// it.
func (x *sink) where() string {
	switch {
	case x.Type == typeUnix:
		return x.Path
	case x.Type == typeTCP && x.Bind.IsValid():
		return x.Bind.String()
	case x.Type == typeTCP:
		return "to " + x.Connect.String()
	case x.Type == typeNATS:
		return hostOf(x.Server)
	}
	return hostOf(x.URL)
}

func (s *Sinks) showKinds(_ context.Context, r *decl.Request) error {
	w := tabwriter.NewWriter(r.Out, 0, 1, 2, ' ', 0)
	for _, k := range Kinds() {
		often := ""
		if k.Often {
			often = "often"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", k.Name, often, k.Help)
	}
	return w.Flush()
}
