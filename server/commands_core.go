package server

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strconv"

	"pbx/agi"
	"pbx/config"
	"pbx/console"
	"pbx/decl"
)

// coreCommands are the commands about the exchange as a whole.
func (s *Server) coreCommands() []decl.Command {
	text := func(words, synopsis string, run func(context.Context, *decl.Request) error) decl.Command {
		return decl.Command{Words: words, Synopsis: synopsis, Run: run}
	}
	class := func(words, what string, run func(context.Context, *decl.Request) error) decl.Command {
		levels := []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "off"}
		return decl.Command{
			Words: words, Synopsis: "Set how much " + what + " is shown", Run: run,
			Help: "With atleast in front a level that is higher already stays; with silent behind nothing is said of it.",
			Args: []decl.Arg{{Name: "[atleast] <level>", Help: "0 to 10, or off"}, {Name: "silent", Optional: true}},
			Complete: func(args []string, _ string) []string {
				switch {
				case len(args) == 0:
					return append(levels, "atleast")
				case len(args) == 1 && args[0] == "atleast":
					return levels
				case slices.Contains(levels, args[len(args)-1]):
					return []string{"silent"}
				}
				return nil
			},
		}
	}
	uptime := text("core show uptime", "Show how long the exchange has been up", s.showUptime)
	uptime.Args = []decl.Arg{{Name: "seconds", Optional: true}}
	uptime.Complete = words("seconds")
	return []decl.Command{
		uptime,
		text("core show version", "Show the version", s.showVersion),
		text("core show settings", "Show where things live and the main switches", s.showSettings),
		class("core set verbose", "verbose output", s.setVerbose),
		class("core set debug", "debug output", s.setDebug),
		s.reloadCommand("core reload", "Read every configuration file again", reloadAll),
		s.moduleReload(),
		s.reloadCommand("dialplan reload", "Read extensions.conf again", reloadDialplan),
		s.reloadCommand("ael reload", "Read extensions.ael, and extensions.conf, again", reloadDialplan),
		s.reloadCommand("sip reload", "Read sip.conf again", reloadSIP),
		s.reloadCommand("dnsmgr reload", "Read dnsmgr.conf, and sip.conf, again", reloadSIP),
		text("core stop now", "End every call and stop", s.stopCommand(stopNow)),
		text("core stop gracefully", "Take no new calls, stop when the last one ends", s.stopCommand(stopGracefully)),
		text("core stop when convenient", "Stop as soon as there is no call", s.stopCommand(stopWhenConvenient)),
		text("core restart now", "End every call and start anew", s.stopCommand(stopNow|restart)),
		text("core restart gracefully", "Take no new calls, start anew when the last one ends", s.stopCommand(stopGracefully|restart)),
		text("core abort shutdown", "Go on after a stop that still waits", s.abortShutdown),
		text("core waitfullybooted", "Return when the exchange answers", func(_ context.Context, r *decl.Request) error {
			fmt.Fprintln(r.Out, "Asterisk has fully booted.")
			return nil
		}),
	}
}

// words completes one of the words given as the only argument.
func words(list ...string) func([]string, string) []string {
	return func(args []string, _ string) []string {
		if len(args) > 0 {
			return nil
		}
		return list
	}
}

func (s *Server) showUptime(_ context.Context, r *decl.Request) error {
	now := s.now()
	up, last := now.Sub(s.started), now.Sub(s.lastReload())
	switch r.Arg(0) {
	case "seconds":
		fmt.Fprintf(r.Out, "System uptime: %d\nLast reload: %d\n", int(up.Seconds()), int(last.Seconds()))
	case "":
		fmt.Fprintf(r.Out, "System uptime: %s\nLast reload: %s\n", span(up), span(last))
	default:
		return decl.ErrUsage
	}
	return nil
}

func (s *Server) showVersion(_ context.Context, r *decl.Request) error {
	// Programs look for the word and the number after it, some for all of the line.
	b := theBuild()
	fmt.Fprintf(r.Out, "Asterisk %s built by %s @ pbx on a %s running %s on %s\n", agi.Version(s.opts.Version), runtime.Version(), b.machine, b.system, b.date)
	return nil
}

// level reads the arguments of core set verbose and core set debug, where the level is old.
func level(r *decl.Request, old int) (n int, silent bool, err error) {
	args := r.Args
	atLeast := len(args) > 0 && args[0] == "atleast"
	if atLeast {
		args = args[1:]
	}
	if silent = len(args) == 2 && args[1] == "silent"; silent {
		args = args[:1]
	}
	if len(args) != 1 {
		return 0, false, decl.ErrUsage
	}
	if args[0] != "off" {
		if n, err = strconv.Atoi(args[0]); err != nil || n < 0 {
			return 0, false, decl.ErrUsage
		}
	}
	if n = min(n, 10); atLeast {
		n = max(n, old)
	}
	return n, silent, nil
}

func onOff(n int) string {
	if n == 0 {
		return "OFF"
	}
	return strconv.Itoa(n)
}

func (s *Server) setVerbose(ctx context.Context, r *decl.Request) error {
	// A command from a script changes the exchange's own level: that of the terminal it
	// runs in, and of the log files that follow it.
	old, set := s.logger.Verbose(), s.logger.SetVerbose
	if c := console.SessionFrom(ctx); c != nil && c.Watching() {
		old, set = c.Verbose(), c.SetVerbose
	}
	n, silent, err := level(r, old)
	if err != nil {
		return err
	}
	if old = set(n); !silent {
		changed(r, "Console verbose", old, n)
	}
	return nil
}

func (s *Server) setDebug(_ context.Context, r *decl.Request) error {
	if n := len(r.Args); n > 1 && r.Arg(n-1) != "silent" && (n == 2) == (r.Arg(0) != "atleast") { // a module of the field's, or a channel
		return fmt.Errorf("debug lines are not kept apart by module or channel: `core set debug N` shows those of all, `sip set debug peer %s` and `rtp set debug ip ADDRESS` show messages and packets", r.Arg(n-1))
	}
	n, silent, err := level(r, s.logger.Debug())
	if err != nil {
		return err
	}
	if old := s.logger.SetDebug(n); !silent {
		changed(r, "Core debug", old, n)
	}
	return nil
}

func changed(r *decl.Request, what string, old, n int) {
	if old == n {
		fmt.Fprintf(r.Out, "%s is still %s.\n", what, onOff(n))
		return
	}
	fmt.Fprintf(r.Out, "%s was %s and is now %s.\n", what, onOff(old), onOff(n))
}

// logFindings tells the log what a load found.
func logFindings(log *slog.Logger, findings []config.Finding) {
	for _, f := range findings {
		switch {
		case f.Severity >= config.Error:
			log.Error(f.String())
		case f.Severity == config.Warning:
			log.Warn(f.String())
		}
	}
}
