package server

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"pbx/config"
	"pbx/console"
	"pbx/decl"
)

// loggerCommands are the commands about log lines and where they go.
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
			Words: "logger set level", Synopsis: "Show lines of a level on this console, or not", Run: setLogLevel,
			Args: []decl.Arg{{Name: "DEBUG|NOTICE|WARNING|ERROR|VERBOSE|DTMF|SECURITY"}, {Name: "on|off"}},
			Complete: func(args []string, _ string) []string {
				switch len(args) {
				case 0:
					return console.LevelNames()
				case 1:
					return []string{"on", "off"}
				}
				return nil
			},
		},
		{
			Words: "logger mute", Synopsis: "Keep log lines from this console, or show them again", Args: []decl.Arg{{Name: "silent", Optional: true}},
			Run: func(ctx context.Context, r *decl.Request) error {
				c := console.SessionFrom(ctx)
				if c == nil || !c.Watching() {
					return errors.New("this is no console that shows log lines")
				}
				text := "Console is not muted anymore."
				if c.Mute() {
					text = "Console is muted."
				}
				if r.Arg(0) != "silent" {
					fmt.Fprintln(r.Out, text)
				}
				return nil
			},
		},
		{Words: "logger rotate", Synopsis: "Move the log files aside and begin new ones", Run: func(context.Context, *decl.Request) error {
			return s.logger.Rotate()
		}},
	}
}

func setLogLevel(ctx context.Context, r *decl.Request) error {
	c := console.SessionFrom(ctx)
	if c == nil || !c.Watching() {
		return errors.New("this is no console that shows log lines")
	}
	on, ok := config.Bool(r.Arg(1))
	if !ok || !c.SetLevel(r.Arg(0), on) {
		return decl.ErrUsage
	}
	fmt.Fprintf(r.Out, "Logger status for '%s' has been set to '%s'.\n", strings.ToUpper(r.Arg(0)), map[bool]string{true: "on", false: "off"}[on])
	return nil
}

// logFile is the path of a log file that an operator names.
func (s *Server) logFile(name string) (string, error) {
	if name == "" || !filepath.IsLocal(name) {
		return "", fmt.Errorf("%q is not the name of a file in the log directory", name)
	}
	return filepath.Join(s.configuration().dirs.Log, name), nil
}

func (s *Server) addLogFile(_ context.Context, r *decl.Request) error {
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
			fmt.Fprintf(r.Out, "Logger channel '%s' already exists\n", esc(r.Arg(0)))
			return nil
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
		fmt.Fprintf(r.Out, "Unable to find dynamic logger channel '%s'\n", esc(r.Arg(0)))
		return nil
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
