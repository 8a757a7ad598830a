package timers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"pbx/decl"
)

// Commands are the console commands of the timers.
func (t *Timers) Commands() []decl.Command {
	return []decl.Command{
		{
			Words: "timers show", Synopsis: "Show the timers and when they are due", Run: t.showAll,
			Help: "Times are those of the timer's zone. Last tells how its last call went since the exchange was started.",
		},
		{
			Words: "timers run", Synopsis: "Run a timer now", Run: t.runNow,
			Args:     []decl.Arg{{Name: "name", Help: "the section of timers.conf"}},
			Complete: t.names,
		},
	}
}

func (t *Timers) names(args []string, _ string) (names []string) {
	if len(args) > 0 {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, x := range t.list {
		names = append(names, x.Name)
	}
	return names
}

func (t *Timers) showAll(_ context.Context, r *decl.Request) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := tabwriter.NewWriter(r.Out, 0, 1, 2, ' ', 0)
	fmt.Fprintln(w, "Timer\tNext\tSchedule\tCalls\tLast")
	for _, x := range t.list {
		next, last := "never", "-"
		if !x.next.IsZero() {
			next = show(x.next, x.Zone)
		}
		if x.last != "" {
			last = show(x.lastAt, x.Zone) + " " + x.last
		}
		calls := x.File.Purpose()
		if x.File.Dest != "" {
			calls = x.File.Dest + " → " + calls
		}
		if x.Attempts > 0 && !x.running {
			last += ", again at " + show(x.Again, x.Zone)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", x.Name, next, x.Timer.Text, calls, last)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(r.Out, "%d timers\n", len(t.list))
	return nil
}

func (t *Timers) runNow(_ context.Context, r *decl.Request) error {
	name := strings.TrimSpace(r.Arg(0))
	if !t.Start(name) {
		return errors.New("there is no timer " + name + ", or its last call still goes on")
	}
	fmt.Fprintf(r.Out, "Timer %s runs.\n", name)
	return nil
}
