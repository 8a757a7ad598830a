package dialplan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

// Commands are the console commands that show the plan and what it is made of, and
// those that change it.
// Reading it again is the server's.
func (e *Engine) Commands() []decl.Command {
	return append(e.editCommands(), []decl.Command{
		{
			Words: "dialplan show", Synopsis: "Show the dialplan, or a part of it",
			Help:     "Without a word all of it; with one a context; with exten@context what a call to that extension finds, with exten@ in every context.",
			Args:     []decl.Arg{{Name: "[[exten@]context]", Optional: true}},
			Run:      e.showPlan,
			Complete: e.completeContext,
		},
		{
			Words: "dialplan debug", Synopsis: "Show in which order a number is held against extensions and patterns",
			Help: "Shows the tree in which the numbers of a context, or of all, are searched. 'dialplan show exten@context' tells what one number finds.",
			Args: []decl.Arg{{Name: "context", Optional: true}}, Run: e.showTree,
			Complete: func(args []string, prefix string) []string {
				if strings.Contains(prefix, "@") {
					return nil
				}
				return e.completeContext(args, prefix)
			},
		},
		{Words: "dialplan show globals", Synopsis: "Show the global variables", Run: e.showGlobals},
		{
			Words: "dialplan show chanvar", Synopsis: "Show the variables of a channel",
			Args: []decl.Arg{{Name: "channel"}}, Run: e.showVariables, Complete: e.completeChannel,
		},
		{
			Words: "dialplan set global", Synopsis: "Set a global variable",
			Args: []decl.Arg{{Name: "name"}, {Name: "value"}}, Run: e.setGlobal,
			Complete: func(args []string, _ string) (names []string) {
				if len(args) == 0 {
					for _, g := range e.globals.list() {
						names = append(names, g.Name)
					}
				}
				return names
			},
		},
		{
			Words: "dialplan set chanvar", Synopsis: "Set a variable of a channel",
			Args: []decl.Arg{{Name: "channel"}, {Name: "name"}, {Name: "value"}}, Run: e.setVariable, Complete: e.completeChannel,
		},
		{
			Words: "core show applications", Synopsis: "List the dialplan applications", Run: e.listApplications,
			Help: "like shows those whose name has the text in it, describing those whose help has all the words.",
			Args: []decl.Arg{{Name: "like|describing", Optional: true}, {Name: "text", Optional: true, Repeat: true}},
		},
		{
			Words: "core show application", Synopsis: "Explain a dialplan application", Run: e.showApplications,
			Args: []decl.Arg{{Name: "application", Repeat: true}},
			Complete: func([]string, string) []string {
				var names []string
				for _, a := range e.Applications() {
					names = append(names, a.Name)
				}
				return names
			},
		},
		{Words: "core show switches", Synopsis: "List the switches", Run: listSwitches},
		{
			Words: "core show functions", Synopsis: "List the dialplan functions", Run: e.listFunctions,
			Args: []decl.Arg{{Name: "like", Optional: true}, {Name: "text", Optional: true}},
		},
		{
			Words: "core show function", Synopsis: "Explain a dialplan function", Run: e.showFunction,
			Args: []decl.Arg{{Name: "function"}},
			Complete: func(args []string, _ string) []string {
				if len(args) > 0 {
					return nil
				}
				var names []string
				for _, f := range e.Functions() {
					names = append(names, f.Name)
				}
				return names
			},
		},
	}...)
}

func (e *Engine) completeContext(args []string, prefix string) []string {
	if len(args) > 0 {
		return nil
	}
	var words []string
	exten, _, at := strings.Cut(prefix, "@")
	for _, c := range e.Plan().Contexts() {
		if at {
			words = append(words, exten+"@"+c.Name)
		} else {
			words = append(words, c.Name)
		}
	}
	return words
}

func (e *Engine) completeChannel(args []string, _ string) []string {
	if len(args) > 0 || e.opts.Channels == nil {
		return nil
	}
	var names []string
	for _, c := range e.opts.Channels.Channels() {
		names = append(names, c.Name())
	}
	return names
}

func (e *Engine) showGlobals(_ context.Context, r *decl.Request) error {
	list := e.globals.list()
	for _, g := range list {
		fmt.Fprintf(r.Out, "   %s=%s\n", g.Name, g.Value)
	}
	fmt.Fprintf(r.Out, "\n    -- %d variable(s)\n", len(list))
	return nil
}

func (e *Engine) setGlobal(_ context.Context, r *decl.Request) error {
	if len(r.Args) != 2 {
		return decl.ErrUsage
	}
	if !validName(r.Arg(0)) {
		return fmt.Errorf("%q cannot be the name of a variable", r.Arg(0))
	}
	e.SetGlobal(r.Arg(0), r.Arg(1))
	fmt.Fprintf(r.Out, "\n    -- Global variable '%s' set to '%s'\n", r.Arg(0), r.Arg(1))
	return nil
}

func (e *Engine) findChannel(name string) (*channel.Channel, error) {
	if e.opts.Channels != nil {
		if c, ok := e.opts.Channels.Find(name); ok {
			return c, nil
		}
	}
	return nil, fmt.Errorf("Channel '%s' not found", name)
}

func (e *Engine) showVariables(_ context.Context, r *decl.Request) error {
	if len(r.Args) != 1 {
		return decl.ErrUsage
	}
	c, err := e.findChannel(r.Arg(0))
	if err != nil {
		return err
	}
	for _, v := range c.Variables() {
		fmt.Fprintf(r.Out, "%s=%s\n", v.Prefixed(), v.Value.S)
	}
	return nil
}

func (e *Engine) setVariable(_ context.Context, r *decl.Request) error {
	if len(r.Args) != 3 {
		return decl.ErrUsage
	}
	c, err := e.findChannel(r.Arg(0))
	if err != nil {
		return err
	}
	if !validName(r.Arg(1)) {
		return fmt.Errorf("%q cannot be the name of a variable", r.Arg(1))
	}
	c.SetVar(r.Arg(1), channel.Clean(r.Arg(2)))
	fmt.Fprintf(r.Out, "\n    -- Channel variable '%s' set to '%s' for '%s'\n", r.Arg(1), r.Arg(2), c.Name())
	return nil
}

func (e *Engine) listApplications(_ context.Context, r *decl.Request) error {
	matches := func(*channel.Application) bool { return true }
	head, foot := "Registered", "Registered"
	if like := r.Arg(0) == "like"; len(r.Args) == 1 || like && len(r.Args) != 2 {
		return decl.ErrUsage
	}
	switch r.Arg(0) {
	case "":
	case "like":
		matches = func(a *channel.Application) bool {
			return strings.Contains(strings.ToLower(a.Name), strings.ToLower(r.Arg(1)))
		}
		head, foot = "Matching", "Matching"
	case "describing":
		matches = func(a *channel.Application) bool {
			help := strings.ToLower(a.Synopsis + " " + a.Help)
			return !slices.ContainsFunc(r.Args[1:], func(w string) bool { return !strings.Contains(help, strings.ToLower(w)) })
		}
		head, foot = "Matching", "Matching"
	default:
		return decl.ErrUsage
	}
	fmt.Fprintf(r.Out, "    -= %s Asterisk Applications =-\n", head)
	n := 0
	for _, a := range e.Applications() {
		if matches(a) {
			fmt.Fprintf(r.Out, "  %20s: %s\n", a.Name, a.Synopsis)
			n++
		}
	}
	fmt.Fprintf(r.Out, "    -= %d Applications %s =-\n", n, foot)
	return nil
}

func listSwitches(_ context.Context, r *decl.Request) error {
	fmt.Fprint(r.Out, "\n    -= Registered Asterisk Alternative Switches =-\nLoopback: Loopback Dialplan Switch\nRealtime: Realtime Dialplan Switch\n")
	return nil
}

func (e *Engine) showApplications(_ context.Context, r *decl.Request) error {
	if len(r.Args) == 0 {
		return decl.ErrUsage
	}
	var unknown []string
	for _, name := range r.Args {
		a, ok := e.catalog.Application(name)
		if !ok {
			unknown = append(unknown, name)
			continue
		}
		explainApplication(r.Out, a)
	}
	if len(unknown) > 0 {
		return fmt.Errorf("Your application(s) is (are) not registered: %s", strings.Join(unknown, ", "))
	}
	return nil
}

func (e *Engine) listFunctions(_ context.Context, r *decl.Request) error {
	if len(r.Args) != 0 && (len(r.Args) != 2 || r.Arg(0) != "like") {
		return decl.ErrUsage
	}
	like := strings.ToUpper(r.Arg(1))
	head := "Installed"
	if like != "" {
		head = "Matching"
	}
	fmt.Fprintf(r.Out, "%s Custom Functions:\n%s\n", head, strings.Repeat("-", 80))
	n := 0
	for _, f := range e.Functions() {
		if strings.Contains(f.Name, like) {
			fmt.Fprintf(r.Out, "%-20.20s  %-35.35s  %s\n", f.Name, usage(f.Name, f.Args), f.Synopsis)
			n++
		}
	}
	fmt.Fprintf(r.Out, "%d %scustom functions installed.\n", n, map[bool]string{true: "matching ", false: ""}[like != ""])
	return nil
}

func (e *Engine) showFunction(_ context.Context, r *decl.Request) error {
	if len(r.Args) != 1 {
		return decl.ErrUsage
	}
	f, ok := e.catalog.Function(r.Arg(0))
	if !ok {
		f, ok = e.catalog.Function(strings.ToUpper(r.Arg(0)))
	}
	if !ok {
		return errors.New("No function by that name registered.")
	}
	explainFunction(r.Out, f)
	return nil
}
