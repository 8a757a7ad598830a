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
		{
			Words: "stasis show topics", Synopsis: "List the events inside the exchange",
			Help: "They are those of 'events show kinds'; 'stasis show topic' tells how many parts and programs listen to one.",
			Run: func(_ context.Context, r *decl.Request) error {
				const format = "%-64s %-64s\n"
				fmt.Fprintf(r.Out, "\n"+format, "Name", "Detail")
				for _, f := range forms() {
					fmt.Fprintf(r.Out, format, f.name, f.help)
				}
				fmt.Fprintf(r.Out, "\n%d Total topics\n\n", len(forms()))
				return nil
			},
		},
		{
			Words: "stasis show topic", Synopsis: "Show how many listen to an event", Args: []decl.Arg{{Name: "event"}},
			Run: func(_ context.Context, r *decl.Request) error {
				for _, f := range forms() {
					if strings.EqualFold(f.name, r.Arg(0)) {
						fmt.Fprintf(r.Out, "Name: %s\nDetail: %s\nSubscribers count: %d\n", f.name, f.help, s.deps.Hub.bus.Listeners(f.kind))
						return nil
					}
				}
				return fmt.Errorf("Topic '%s' not found", r.Arg(0))
			},
			Complete: func(args []string, _ string) (names []string) {
				if len(args) == 0 {
					for _, f := range forms() {
						names = append(names, f.name)
					}
				}
				return names
			},
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
