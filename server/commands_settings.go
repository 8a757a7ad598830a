package server

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"

	"pbx/agi"
	"pbx/console"
	"pbx/decl"
)

// showSettings lists what the exchange runs with, under the names of the field where it
// has one.
func (s *Server) showSettings(ctx context.Context, r *decl.Request) error {
	c := s.configuration()
	row := func(name, value string) { fmt.Fprintf(r.Out, "  %-28s %s\n", name+":", esc(value)) }
	able := func(name string, on bool) {
		row(name, map[bool]string{true: "Enabled", false: "Disabled"}[on])
	}
	current := s.logger.Verbose()
	if at := console.SessionFrom(ctx); at != nil && at.Watching() {
		current = at.Verbose()
	}
	most := "Not set"
	if c.core.MaxCalls > 0 {
		most = fmt.Sprintf("%d (Current %d)", c.core.MaxCalls, calls(s.snapshots()))
	}
	b := theBuild()
	fmt.Fprintf(r.Out, "\nPBX Core settings\n-----------------\n")
	row("Version", agi.Version(s.opts.Version))
	row("Maximum calls", most)
	row("Maximum open file handles", strconv.FormatUint(openFiles(), 10))
	row("Root console verbosity", strconv.Itoa(s.logger.Verbose()))
	row("Current console verbosity", strconv.Itoa(current))
	row("Debug level", strconv.Itoa(s.logger.Debug()))
	row("Startup time", s.started.Format("15:04:05"))
	row("Last reload time", s.lastReload().Format("15:04:05"))
	row("System", fmt.Sprintf("%s/%s built by %s on %s %s, %d processors", b.system, b.release, runtime.Version(), b.machine, b.date, runtime.NumCPU()))
	row("System name", c.core.SystemName)
	row("Default language", c.core.Language)
	row("User name and group", ownName())
	row("Running directory", runningDirectory())
	able("Executable includes", c.core.ExecIncludes)
	able("Dangerous functions", c.core.LiveDangerously)
	row("Goroutines", strconv.Itoa(runtime.NumGoroutine()))
	row("Log lines dropped", strconv.FormatUint(s.logger.Dropped(), 10))

	fmt.Fprintf(r.Out, "\n* Subsystems\n  -------------\n")
	able("Manager (AMI)", c.manager.Enabled)
	able("Web Manager (AMI/HTTP)", c.manager.WebEnabled && c.web.Enabled)
	able("Call data records", c.records != nil && c.records.Enable)
	able("Realtime Architecture (ARA)", c.databases != nil && len(c.databases.Families()) > 0)

	fmt.Fprintf(r.Out, "\n* Directories\n  -------------\n")
	d := c.dirs
	row("Configuration file", filepath.Join(d.Config, "asterisk.conf"))
	row("Configuration directory", d.Config)
	row("Spool directory", d.Spool)
	row("Log directory", d.Log)
	row("Run/Sockets directory", d.Run)
	row("VarLib directory", d.VarLib)
	row("Data directory", d.Data)
	row("Database directory", d.DB)
	row("IAX2 Keys directory", d.Key) // the name of old
	row("AGI Scripts directory", d.AGI)
	row("Console socket", d.Socket)
	fmt.Fprintln(r.Out)
	return nil
}

// ownName is user/group that the exchange runs as.
func ownName() string {
	name, group := strconv.Itoa(os.Geteuid()), strconv.Itoa(os.Getegid())
	if u, err := user.LookupId(name); err == nil {
		name = u.Username
	}
	if g, err := user.LookupGroupId(group); err == nil {
		group = g.Name
	}
	return name + "/" + group
}

func runningDirectory() string {
	dir, err := os.Getwd()
	if err != nil {
		return "Unable to determine"
	}
	return dir
}
