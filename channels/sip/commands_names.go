package sip

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"pbx/decl"
)

// nameCommands are what the operator has for the host names of the configuration,
// under the names of the ancestor's DNS manager.
func (d *Driver) nameCommands() []decl.Command {
	return []decl.Command{
		{
			Words: "dnsmgr status", Synopsis: "Display the DNS manager status",
			Help: "Tells whether dnsmgr.conf has names looked up more often than their TTL says, and lists the host names of the configuration with the servers that they lead to.",
			Run:  d.print(d.showNames),
		},
		{
			Words: "dnsmgr refresh", Synopsis: "Performs an immediate refresh",
			Help: "Looks up the host names of the configuration now, or those that match a regular expression. Where the DNS does not answer, what it said last goes on to count.",
			Args: []decl.Arg{{Name: "pattern", Help: "a regular expression", Optional: true}}, Run: d.print(d.refreshNames),
		},
	}
}

// list are the names in alphabetical order.
func (t *hostTable) list() []*hostName {
	return slices.SortedFunc(maps.Values(t.names), func(a, b *hostName) int {
		return cmp.Or(strings.Compare(a.query.Host, b.query.Host), strings.Compare(queryKey(a.query), queryKey(b.query)))
	})
}

func (d *Driver) showNames(w io.Writer, _ *decl.Request) error {
	every := d.cfg.General.NameRefresh
	fmt.Fprintf(w, "DNS Manager: %s\n", pick(every > 0, "enabled", "disabled"))
	fmt.Fprintf(w, "Refresh Interval: %d seconds\n", every/time.Second)
	fmt.Fprintf(w, "Number of entries: %d\n", len(d.hosts.names))
	for _, h := range d.hosts.list() {
		at := "not found yet"
		if h.targets != nil {
			var list []string
			for _, t := range h.targets {
				list = append(list, t.Protocol.String()+" "+t.Addr.String())
			}
			at = strings.Join(list, ", ")
		}
		fmt.Fprintf(w, "  %-40s %s\n", h.query.Host, at)
	}
	return nil
}

func (d *Driver) refreshNames(w io.Writer, r *decl.Request) error {
	var pattern *regexp.Regexp
	if len(r.Args) > 0 {
		var err error
		if pattern, err = regexp.Compile("(?i)" + r.Args[0]); err != nil {
			return fmt.Errorf("refresh %s: %w", r.Args[0], err)
		}
	}
	d.locator.cache.Expire(d.now())
	n := 0
	for _, h := range d.hosts.list() {
		if pattern == nil || pattern.MatchString(h.query.Host) {
			n++
			d.refresh(h)
		}
	}
	fmt.Fprintf(w, "%d names are looked up.\n", n)
	return nil
}
