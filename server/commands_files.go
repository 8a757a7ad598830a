package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pbx/config"
	"pbx/database"
	"pbx/decl"
)

// configFiles are the files that the exchange reads, each with the part that reads it
// under the name that the field's module for it has.
var configFiles = []struct{ name, part string }{
	{"acl.conf", "acl"},
	{"api.conf", "api"},
	{"asterisk.conf", "core"},
	{"cdr.conf", "cdr"},
	{"cdr_custom.conf", "cdr_custom"},
	{"cdr_manager.conf", "cdr_manager"},
	{"cdr_pgsql.conf", "cdr_pgsql"},
	{"cdr_sqlite3_custom.conf", "cdr_sqlite3_custom"},
	{"cel.conf", "cel"},
	{"cel_custom.conf", "cel_custom"},
	{"cel_pgsql.conf", "cel_pgsql"},
	{"cli_aliases.conf", "res_clialiases"},
	{"cli_permissions.conf", "permissions"},
	{"dnsmgr.conf", "dnsmgr"},
	{"events.conf", "events"},
	{"extconfig.conf", "extconfig"},
	{aelName, "pbx_ael"},
	{"extensions.conf", "pbx_config"},
	{"features.conf", "features"},
	{"fifo.conf", "fifo"},
	{"func_odbc.conf", "func_odbc"},
	{"hep.conf", "res_hep"},
	{"http.conf", "http"},
	{"indications.conf", "res_indications"},
	{"logger.conf", "logger"},
	{"manager.conf", "manager"},
	{"missed.conf", "missed"},
	{"prometheus.conf", "res_prometheus"},
	{"res_config_sqlite3.conf", "res_config_sqlite3"},
	{"res_odbc.conf", "res_odbc"},
	{"res_pgsql.conf", "res_config_pgsql"},
	{"res_stun_monitor.conf", "res_stun_monitor"},
	{"resolver_unbound.conf", "res_resolver_unbound"},
	{"rtp.conf", "res_rtp_asterisk"},
	{"sip.conf", "chan_sip"},
	{"sip_notify.conf", "chan_sip"},
	{"timers.conf", "timers"},
	{"users.conf", "chan_sip"},
}

// noPart stands for the part of a file that none reads yet.
const noPart = "(not read yet)"

// readFile is a file with the part that reads it.
type readFile struct{ path, part string }

// filesRead are the files that are there now, those that others include too, in the
// order of their paths.
func (s *Server) filesRead() (list []readFile) {
	c := s.configuration()
	l := &config.Loader{Dir: c.dirs.Config, Overlay: c.overlay} // without #exec: nothing is run to list a file
	add := func(name, part string) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(c.dirs.Config, name)
		}
		if f := (readFile{name, part}); !slices.Contains(list, f) {
			list = append(list, f)
		}
	}
	for _, f := range configFiles {
		if _, err := os.Stat(filepath.Join(c.dirs.Config, f.name)); err != nil {
			continue
		}
		add(f.name, f.part) // whatever is in it
		var read *config.File
		var err error
		if f.name == aelName {
			read, err = c.readAEL()
		} else {
			read, _, err = l.Load(f.name)
		}
		if err == nil {
			for _, name := range read.Read {
				add(name, f.part)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b readFile) int { return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.part, b.part)) })
	return list
}

// fileCommands are the commands about configuration files.
func (s *Server) fileCommands() []decl.Command {
	return []decl.Command{
		{
			Words: "config list", Synopsis: "Show the configuration files that are there, and what reads them", Run: s.listFiles,
			Help: "The parts go by the names of the modules that read the files in Asterisk, which 'module reload' takes too.",
		},
		{
			Words: "config reload", Synopsis: "Reload what reads a configuration file",
			Help: "The file may be one that others include. All files of the parts that read it are read before any is taken in: one that cannot be read changes nothing. " +
				dryWord + " says what would change, and changes nothing.",
			Args: []decl.Arg{{Name: "file", Help: "such as sip.conf, or its path"}, {Name: dryWord, Optional: true}},
			Run:  s.reloadFile, Complete: s.completeFile,
		},
		{Words: "core show config mappings", Synopsis: "Show the families of extconfig.conf", Run: s.showMappings},
	}
}

func (s *Server) listFiles(_ context.Context, r *decl.Request) error {
	list := s.filesRead()
	for _, name := range futureFiles {
		path := filepath.Join(s.configuration().dirs.Config, name)
		if _, err := os.Stat(path); err == nil {
			list = append(list, readFile{path, noPart})
		}
	}
	for _, f := range list {
		fmt.Fprintf(r.Out, "%-20.20s %-50s\n", f.part, esc(f.path))
	}
	return nil
}

// partsOf are the parts that read a file, which is named by its path or as in the
// configuration directory.
func (s *Server) partsOf(name string) (parts []string) {
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.configuration().dirs.Config, name)
	}
	list := s.filesRead()
	for _, f := range configFiles { // one that is gone was read, and its absence can be
		list = append(list, readFile{filepath.Join(s.configuration().dirs.Config, f.name), f.part})
	}
	for _, f := range list {
		if f.path == filepath.Clean(path) && !slices.Contains(parts, f.part) {
			parts = append(parts, f.part)
		}
	}
	return parts
}

func (s *Server) reloadFile(_ context.Context, r *decl.Request) error {
	dry := r.Arg(1) == dryWord
	if len(r.Args) == 0 || len(r.Args) > 2 || len(r.Args) == 2 && !dry {
		return decl.ErrUsage
	}
	parts := s.partsOf(r.Arg(0))
	if len(parts) == 0 {
		var known []string
		for _, f := range configFiles {
			known = append(known, f.name)
		}
		err := fmt.Errorf("nothing reads %q", r.Arg(0))
		if near := config.Nearest(filepath.Base(r.Arg(0)), known); near != "" {
			err = errors.New(err.Error() + "; did you mean " + near + "?")
		}
		return err
	}
	var what reloadSet
	for _, part := range parts {
		if part == "core" { // asterisk.conf is no reason to read them all
			what |= reloadRest
		} else {
			what |= reloadable[part]
		}
	}
	if err := s.reloadFor(r, what, dry); err != nil || dry {
		return err
	}
	for _, part := range parts {
		fmt.Fprintf(r.Out, "Module '%s' reloaded successfully.\n", part)
	}
	return nil
}

// completeFile offers the files by their names in the configuration directory, or their
// paths once one is begun.
func (s *Server) completeFile(args []string, prefix string) (names []string) {
	switch len(args) {
	case 0:
		for _, f := range s.filesRead() {
			name, err := filepath.Rel(s.configuration().dirs.Config, f.path)
			if err != nil || !filepath.IsLocal(name) || strings.HasPrefix(prefix, "/") {
				name = f.path
			}
			names = append(names, name)
		}
	case 1:
		return []string{dryWord}
	}
	return names
}

func (s *Server) showMappings(_ context.Context, r *decl.Request) error {
	list := s.configuration().databases.Mappings()
	if len(list) == 0 {
		fmt.Fprintln(r.Out, "No config mappings found.")
		return nil
	}
	slices.SortStableFunc(list, func(a, b database.Mapping) int { return cmp.Compare(a.Driver, b.Driver) })
	for i, m := range list {
		if i == 0 || list[i-1].Driver != m.Driver {
			fmt.Fprintf(r.Out, "Config Engine: %s\n", esc(m.Driver))
		}
		fmt.Fprintf(r.Out, "===> %s (db=%s, table=%s)\n", esc(m.Family), esc(m.Database), esc(cmp.Or(m.Table, m.Family)))
	}
	return nil
}
