package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

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
			Args: []decl.Arg{{Name: "[atleast] level", Help: "0 to 10, or off"}, {Name: "silent", Optional: true}},
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
		return console.ErrUsage
	}
	return nil
}

func (s *Server) showVersion(_ context.Context, r *decl.Request) error {
	// Programs look for the word and the number after it, some for all of the line.
	b := theBuild()
	fmt.Fprintf(r.Out, "Asterisk %s built by %s @ pbx on a %s running %s on %s\n", agi.Version(s.opts.Version), runtime.Version(), b.machine, b.system, b.date)
	return nil
}

func (s *Server) showSettings(_ context.Context, r *decl.Request) error {
	c := s.configuration()
	row := func(name, value string) { fmt.Fprintf(r.Out, "  %-28s %s\n", name+":", esc(value)) }
	off := func(n int) string {
		if n == 0 {
			return "Not set"
		}
		return strconv.Itoa(n)
	}
	fmt.Fprintf(r.Out, "\nPBX Core settings\n-----------------\n")
	b := theBuild()
	row("Version", agi.Version(s.opts.Version))
	row("Maximum calls", off(c.core.MaxCalls))
	row("Maximum open file handles", strconv.FormatUint(openFiles(), 10))
	row("Root console verbosity", strconv.Itoa(s.logger.Verbose()))
	row("Debug level", strconv.Itoa(s.logger.Debug()))
	row("Startup time", s.started.Format("15:04:05"))
	row("Last reload time", s.lastReload().Format("15:04:05"))
	row("System", fmt.Sprintf("%s/%s built by %s on %s %s, %d processors", b.system, b.release, runtime.Version(), b.machine, b.date, runtime.NumCPU()))
	row("System name", orNone(c.core.SystemName, "(none)"))
	row("Default language", c.core.Language)
	row("Goroutines", strconv.Itoa(runtime.NumGoroutine()))
	row("Log lines dropped", strconv.FormatUint(s.logger.Dropped(), 10))
	fmt.Fprintf(r.Out, "\n* Directories\n-------------\n")
	d := c.dirs
	row("Configuration file", filepath.Join(d.Config, "asterisk.conf"))
	row("Configuration directory", d.Config)
	row("Spool directory", d.Spool)
	row("Log directory", d.Log)
	row("Run/Sockets directory", d.Run)
	row("VarLib directory", d.VarLib)
	row("Data directory", d.Data)
	row("Database directory", d.DB)
	row("Keys directory", d.Key)
	row("AGI Scripts directory", d.AGI)
	row("Console socket", d.Socket)
	fmt.Fprintln(r.Out)
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
		return 0, false, console.ErrUsage
	}
	if args[0] != "off" {
		if n, err = strconv.Atoi(args[0]); err != nil || n < 0 {
			return 0, false, console.ErrUsage
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

func (s *Server) loggerCommands() []decl.Command {
	return []decl.Command{
		{Words: "logger show channels", Synopsis: "Show where log lines go", Run: s.showLogChannels},
		{Words: "logger show levels", Synopsis: "Show the levels of log lines", Run: showLogLevels},
		s.reloadCommand("logger reload", "Read logger.conf again", reloadLogger),
		{
			Words: "logger add channel", Synopsis: "Write a log file that logger.conf does not have", Run: s.addLogFile,
			Args: []decl.Arg{{Name: "name", Help: "a file in the log directory"}, {Name: "levels", Help: "as in logger.conf: notice,warning,error"}},
			Help: "It is written until it is removed or the exchange stops.",
		},
		{
			Words: "logger remove channel", Synopsis: "Write a file of 'logger add channel' no more", Run: s.removeLogFile, Args: []decl.Arg{{Name: "name"}},
			Complete: s.completeLogFile,
		},
		{
			Words: "logger mute", Synopsis: "Keep log lines from this console, or show them again", Args: []decl.Arg{{Name: "silent", Optional: true}},
			Run: func(ctx context.Context, r *decl.Request) error {
				c := console.SessionFrom(ctx)
				if c == nil || !c.Watching() {
					return errors.New("this is no console that shows log lines")
				}
				muted := c.Mute()
				if r.Arg(0) != "silent" {
					fmt.Fprintf(r.Out, "Logger is now %s.\n", map[bool]string{true: "muted", false: "unmuted"}[muted])
				}
				return nil
			},
		},
		{Words: "logger rotate", Synopsis: "Move the log files aside and begin new ones", Run: func(context.Context, *decl.Request) error {
			return s.logger.Rotate()
		}},
	}
}

// logFile is the path of a log file that an operator names.
func (s *Server) logFile(name string) (string, error) {
	if name == "" || !filepath.IsLocal(name) {
		return "", fmt.Errorf("%q is not the name of a file in the log directory", name)
	}
	return filepath.Join(s.configuration().dirs.Log, name), nil
}

func (s *Server) addLogFile(_ context.Context, r *decl.Request) error {
	if len(r.Args) != 2 {
		return console.ErrUsage
	}
	path, err := s.logFile(r.Arg(0))
	if err != nil {
		return err
	}
	levels, err := console.ParseLevels(r.Arg(1))
	if err != nil {
		return err
	}
	s.reloads.Lock()
	defer s.reloads.Unlock()
	for _, c := range s.logger.Channels() {
		if c.Name == path {
			return fmt.Errorf("%s is written already", r.Arg(0))
		}
	}
	s.addedLogs = append(s.addedLogs, console.FileConfig{Path: path, Levels: levels})
	s.applyLogFiles(s.configuration())
	fmt.Fprintf(r.Out, "Added dynamic logger channel '%s'\n", esc(r.Arg(0)))
	return nil
}

func (s *Server) removeLogFile(_ context.Context, r *decl.Request) error {
	path, err := s.logFile(r.Arg(0))
	if err != nil {
		return err
	}
	s.reloads.Lock()
	defer s.reloads.Unlock()
	i := slices.IndexFunc(s.addedLogs, func(f console.FileConfig) bool { return f.Path == path })
	if i < 0 {
		return fmt.Errorf("no 'logger add channel' has added %s", r.Arg(0))
	}
	s.addedLogs = slices.Delete(s.addedLogs, i, i+1)
	s.applyLogFiles(s.configuration())
	fmt.Fprintf(r.Out, "Removed dynamic logger channel '%s'\n", esc(r.Arg(0)))
	return nil
}

func (s *Server) completeLogFile(args []string, _ string) (names []string) {
	s.reloads.Lock()
	defer s.reloads.Unlock()
	for _, f := range s.addedLogs {
		if name, err := filepath.Rel(s.configuration().dirs.Log, f.Path); err == nil && len(args) == 0 {
			names = append(names, name)
		}
	}
	return names
}

func (s *Server) showLogChannels(_ context.Context, r *decl.Request) error {
	const format = "%-35.35s %-8.8s %-10.10s %-9.9s %s\n"
	_, _, _, room := s.logger.Load()
	fmt.Fprintf(r.Out, "Logger queue limit: %d\n\n", room)
	fmt.Fprintf(r.Out, format, "Channel", "Type", "Formatter", "Status", "Configuration")
	fmt.Fprintf(r.Out, format, "-------", "----", "---------", "------", "-------------")
	for _, c := range s.logger.Channels() {
		levels := c.Levels.String()
		if c.Kind == "Console" {
			levels = strings.TrimSpace(levels + " verbose=" + strconv.Itoa(c.Levels.Verbose))
		}
		formatter := "default"
		if c.JSON {
			formatter = "json"
		}
		fmt.Fprintf(r.Out, format, c.Name, c.Kind, formatter, "Enabled", " - "+levels+" ")
	}
	fmt.Fprintln(r.Out)
	return nil
}

func showLogLevels(_ context.Context, r *decl.Request) error {
	fmt.Fprintln(r.Out, "Level    Shown")
	for _, l := range []struct{ name, when string }{
		{"ERROR", "where it is named in logger.conf; on consoles always"},
		{"WARNING", "where it is named in logger.conf; on consoles always"},
		{"SECURITY", "where it is named in logger.conf"},
		{"NOTICE", "where it is named in logger.conf; on consoles always"},
		{"VERBOSE", "on each console up to its `core set verbose`; in files up to verbose(N)"},
		{"DTMF", "where it is named in logger.conf"},
		{"DEBUG", "up to `core set debug`; in files up to debug(N)"},
	} {
		fmt.Fprintf(r.Out, "%-8s %s\n", l.name, l.when)
	}
	return nil
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
