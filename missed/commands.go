package missed

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"

	"pbx/decl"
)

// Commands are the console commands of missed calls.
func (s *Service) Commands() []decl.Command {
	return []decl.Command{{
		Words: "missed show", Synopsis: "Show the deliveries about missed calls that wait", Run: s.show,
		Help: "Counters are those since the start of the exchange. A delivery is tried again after 5 s, twice as long each time, half an hour at most.",
	}}
}

func (s *Service) show(_ context.Context, r *decl.Request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	zone := s.deps.Registry.Now().Location()
	if set := s.settings.Load(); set != nil {
		zone = set.Zone
	}
	w := tabwriter.NewWriter(r.Out, 0, 1, 2, ' ', 0)
	fmt.Fprintln(w, "User\tCaller\tTime\tReason\tBy\tTo\tTries\tLast")
	for _, j := range slices.SortedFunc(maps.Values(s.jobs), func(a, b *job) int {
		return cmp.Or(a.Born.Compare(b.Born), cmp.Compare(a.ID, b.ID))
	}) {
		c := &j.Record
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n", c.User, c.Caller(), c.Time.In(zone).Format("2006-01-02 15:04:05"), c.Reason, j.Kind, j.To, j.Tries, cmp.Or(j.Last, "-"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(r.Out, "%d waiting; %d calls missed, %d told, %d given up; %d calls are followed\n", len(s.jobs), s.missed, s.delivered, s.failed, s.book.following())
	return nil
}
