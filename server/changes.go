package server

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"pbx/channel"
	"pbx/channels/sip"
	"pbx/config"
	"pbx/decl"
	"pbx/dialplan"
)

// changes is what a reload makes different.
type changes struct {
	plan, sip []config.Change
	// rest are other files whose content is another one.
	rest []string
	// calls are those that run in what changed.
	calls []channel.Snapshot
}

// changes compares two configurations as far as a reload of what takes them in.
func (s *Server) changes(old, base, next *configuration, what reloadSet) *changes {
	c := &changes{}
	if what&reloadDialplan != 0 {
		c.plan = dialplan.Changes(old.plan, next.plan)
	}
	if what&reloadSIP != 0 {
		c.sip = sip.Changes(old.sip, next.sip)
	}
	if what&reloadRest != 0 && base.core != old.core {
		c.rest = append(c.rest, "asterisk.conf")
	}
	contexts, peers := sectionsOf(c.plan), sectionsOf(c.sip)
	for _, ch := range s.registry.Channels() {
		now := ch.Snapshot()
		peer := strings.TrimPrefix(now.Name, "SIP/")
		if i := strings.LastIndexByte(peer, '-'); i > 0 {
			peer = peer[:i]
		}
		// A leg that was dialled runs through no plan.
		if ch.Owner() != nil && contexts[now.Location.Context] || now.Tech == "SIP" && peers[peer] {
			c.calls = append(c.calls, now)
		}
	}
	return c
}

// sectionsOf are the sections that changes are in.
func sectionsOf(list []config.Change) map[string]bool {
	m := make(map[string]bool)
	for _, c := range list {
		m[c.Section] = true
	}
	return m
}

// shownChanges and shownCalls bound what is printed of a file, and of the calls.
const (
	shownChanges = 40
	shownCalls   = 20
)

// write prints the changes; nothing where there are none.
func (c *changes) write(w io.Writer) {
	for _, part := range [...]struct {
		file string
		list []config.Change
	}{{"extensions.conf", c.plan}, {"sip.conf", c.sip}} {
		if len(part.list) == 0 {
			continue
		}
		fmt.Fprintf(w, "%s: %s\n", part.file, count(part.list))
		for _, x := range part.list[:min(len(part.list), shownChanges)] {
			fmt.Fprintf(w, "  %s\n", esc(x.String()))
		}
		if more := len(part.list) - shownChanges; more > 0 {
			fmt.Fprintf(w, "  and %d more\n", more)
		}
	}
	for _, file := range c.rest {
		fmt.Fprintf(w, "%s: changed\n", file)
	}
	if len(c.calls) > 0 {
		fmt.Fprintf(w, "calls in what changed: %d; they keep the old one\n", len(c.calls))
	}
	for _, ch := range c.calls[:min(len(c.calls), shownCalls)] {
		fmt.Fprintf(w, "  %s at %s,%s,%d\n", esc(ch.Name), esc(ch.Location.Context), esc(ch.Location.Exten), ch.Location.Priority)
	}
	if more := len(c.calls) - shownCalls; more > 0 {
		fmt.Fprintf(w, "  and %d more\n", more)
	}
}

// empty reports whether nothing is different.
func (c *changes) empty() bool { return len(c.plan)+len(c.sip)+len(c.rest) == 0 }

// count says how many of each there are.
func count(list []config.Change) string {
	n := map[config.Difference]int{}
	for _, c := range list {
		n[c.How]++
	}
	return fmt.Sprintf("%d added, %d changed, %d gone", n[config.Added], n[config.Changed], n[config.Gone])
}

// dryWord is the argument of a reload that changes nothing.
const dryWord = "--dry-run"

// reloadCommand is a command that reads files again.
func (s *Server) reloadCommand(words, synopsis string, what reloadSet) decl.Command {
	return decl.Command{
		Words: words, Synopsis: synopsis,
		Help: "All files are read before any is taken in: one that cannot be read changes nothing and is named with its line. " +
			"What is different is listed, and the calls that run in what changed, which keep the old plan. " + dryWord + " lists it and changes nothing.",
		Args: []decl.Arg{{Name: dryWord, Help: "say what would change", Optional: true}},
		Run: func(_ context.Context, r *decl.Request) error {
			dry := r.Arg(0) == dryWord
			if len(r.Args) > 1 || len(r.Args) == 1 && !dry {
				return decl.ErrUsage
			}
			return s.reloadFor(r, what, dry)
		},
		Complete: func(args []string, _ string) []string {
			if len(args) > 0 {
				return nil
			}
			return []string{dryWord}
		},
	}
}

// reloadFor reloads for who typed a command, and tells what became of it.
func (s *Server) reloadFor(r *decl.Request, what reloadSet, dry bool) error {
	diff, findings, err := s.reload(what, dry)
	for _, f := range findings {
		if f.Severity >= config.Warning {
			fmt.Fprintln(r.Out, esc(f.String()))
		}
	}
	if err != nil {
		fmt.Fprintln(r.Out, "The old configuration goes on.")
		return err
	}
	diff.write(r.Out)
	switch {
	case dry && diff.empty():
		fmt.Fprintln(r.Out, "Nothing would change.")
	case dry:
		fmt.Fprintln(r.Out, "Nothing was changed: a dry run.")
	case what == reloadDialplan:
		fmt.Fprintln(r.Out, "Dialplan reloaded.")
	}
	return nil
}

// moduleReload is `module reload`: the parts by the names of the modules that have
// them elsewhere.
func (s *Server) moduleReload() decl.Command {
	return decl.Command{
		Words: "module reload", Synopsis: "Read the files of parts again, or every file",
		Help: "A part goes by the name of the module that has it in Asterisk, with .so or without: chan_sip, pbx_config, cdr, logger, manager, features and the like.",
		Args: []decl.Arg{{Name: "module", Help: "the part", Optional: true, Repeat: true}},
		Run: func(_ context.Context, r *decl.Request) error {
			if len(r.Args) == 0 {
				return s.reloadFor(r, reloadAll, false)
			}
			var failed error
			for _, name := range r.Args {
				if err := s.reloadNamed(r, name); err != nil {
					if failed != nil {
						fmt.Fprintln(r.Out, esc(failed.Error()))
					}
					failed = err
				}
			}
			return failed
		},
		Complete: func(args []string, _ string) []string {
			return slices.DeleteFunc(slices.Sorted(maps.Keys(reloadable)), func(name string) bool { return name == "" || slices.Contains(args, name) })
		},
	}
}

// reloadNamed reloads one part for who typed its name.
func (s *Server) reloadNamed(r *decl.Request, name string) error {
	what, ok := reloadable[moduleName(name)]
	switch {
	case !ok && s.hasModule(name):
		return fmt.Errorf("The module '%s' does not support reloads", name)
	case !ok || name == "":
		return fmt.Errorf("No such module '%s'", name)
	}
	if err := s.reloadFor(r, what, false); err != nil {
		return err
	}
	fmt.Fprintf(r.Out, "Module '%s' reloaded successfully.\n", esc(name))
	return nil
}
