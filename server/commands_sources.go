package server

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"pbx/channel"
	"pbx/database"
	"pbx/decl"
)

// sourceCommands are the commands about databases: families of extconfig.conf and
// functions of func_odbc.conf.
func (s *Server) sourceCommands() []decl.Command {
	family := decl.Arg{Name: "family", Help: "of extconfig.conf"}
	families := func(args []string, _ string) []string {
		if len(args) > 0 {
			return nil
		}
		return s.configuration().databases.Families()
	}
	return []decl.Command{
		{
			Words: "realtime load", Synopsis: "Show the rows of a family whose column has a value",
			Args: []decl.Arg{family, {Name: "column"}, {Name: "value"}}, Run: s.realtimeLoad, Complete: families,
		},
		{
			Words: "realtime update", Synopsis: "Change a column of the rows of a family",
			Args: []decl.Arg{family, {Name: "match column"}, {Name: "match value"}, {Name: "column"}, {Name: "value"}}, Run: s.realtimeUpdate, Complete: families,
		},
		{
			Words: "realtime store", Synopsis: "Add a row to a family",
			Args: []decl.Arg{family, {Name: "column value", Repeat: true}}, Run: s.realtimeStore, Complete: families,
		},
		{
			Words: "realtime destroy", Synopsis: "Remove the rows of a family whose column has a value",
			Args: []decl.Arg{family, {Name: "column"}, {Name: "value"}}, Run: s.realtimeDestroy, Complete: families,
		},
		{Words: "odbc show", Synopsis: "Show the databases of res_odbc.conf and its kin", Args: []decl.Arg{{Name: "all", Optional: true}}, Run: s.odbcShow},
		{
			Words: "odbc read", Synopsis: "Show what a function of func_odbc.conf returns", Args: []decl.Arg{{Name: "function"}, {Name: "arguments", Optional: true}},
			Run: s.odbcRead, Complete: s.completeODBC,
		},
		{
			Words: "odbc write", Synopsis: "Write by a function of func_odbc.conf", Args: []decl.Arg{{Name: "function"}, {Name: "arguments"}, {Name: "value"}},
			Run: s.odbcWrite, Complete: s.completeODBC,
		},
	}
}

// mostShown bounds what realtime load shows.
const mostShown = 1000

func (s *Server) realtimeLoad(ctx context.Context, r *decl.Request) error {
	if len(r.Args) != 3 {
		return decl.ErrUsage
	}
	t, err := s.sources.Find(ctx, r.Arg(0), []database.Pair{{Name: r.Arg(1), Value: r.Arg(2)}}, mostShown)
	if err != nil {
		return err
	}
	if len(t.Rows) == 0 {
		return errors.New("No rows found matching search criteria.")
	}
	for _, row := range t.Rows {
		fmt.Fprintf(r.Out, "%30s  %-30s\n%30s  %-30s\n", "Column Name", "Column Value", strings.Repeat("-", 20), strings.Repeat("-", 20))
		for i, name := range t.Columns {
			fmt.Fprintf(r.Out, "%30s  %-30s\n", esc(name), esc(row[i]))
		}
		fmt.Fprintln(r.Out)
	}
	return nil
}

func (s *Server) realtimeUpdate(ctx context.Context, r *decl.Request) error {
	if len(r.Args) != 5 {
		return decl.ErrUsage
	}
	n, err := s.sources.Update(ctx, r.Arg(0), database.Pair{Name: r.Arg(1), Value: r.Arg(2)}, []database.Pair{{Name: r.Arg(3), Value: r.Arg(4)}})
	if err != nil {
		return err
	}
	fmt.Fprintf(r.Out, "Updated %d RealTime record%s.\n", n, map[bool]string{true: "", false: "s"}[n == 1])
	return nil
}

func (s *Server) realtimeStore(ctx context.Context, r *decl.Request) error {
	if len(r.Args) < 3 || len(r.Args)%2 == 0 {
		return decl.ErrUsage
	}
	var set []database.Pair
	for i := 1; i < len(r.Args); i += 2 {
		set = append(set, database.Pair{Name: r.Args[i], Value: r.Args[i+1]})
	}
	if _, err := s.sources.Store(ctx, r.Arg(0), set); err != nil {
		return err
	}
	fmt.Fprintln(r.Out, "Stored RealTime record.")
	return nil
}

func (s *Server) realtimeDestroy(ctx context.Context, r *decl.Request) error {
	if len(r.Args) != 3 {
		return decl.ErrUsage
	}
	n, err := s.sources.Destroy(ctx, r.Arg(0), database.Pair{Name: r.Arg(1), Value: r.Arg(2)})
	if err != nil {
		return err
	}
	fmt.Fprintf(r.Out, "Removed %d RealTime record%s.\n", n, map[bool]string{true: "", false: "s"}[n == 1])
	return nil
}

func (s *Server) odbcShow(_ context.Context, r *decl.Request) error {
	fmt.Fprintf(r.Out, "\nODBC DSN Settings\n-----------------\n")
	for _, name := range s.configuration().databases.Names() {
		src, err := s.sources.Source(name)
		if err != nil {
			continue // of res_pgsql.conf and its kin
		}
		fmt.Fprintf(r.Out, "\n  Name:   %s\n  Driver: %s\n  Connected: %s\n", esc(name), map[bool]string{true: "PostgreSQL", false: "SQLite"}[src.Postgres()], map[bool]string{true: "yes", false: "no"}[src.Reached()])
	}
	fmt.Fprintln(r.Out)
	return nil
}

func (s *Server) completeODBC(args []string, _ string) (names []string) {
	if len(args) == 0 {
		for _, f := range s.configuration().databases.Functions {
			names = append(names, f.Name)
		}
	}
	return names
}

// odbcFunction finds the name of a function, which may lack its prefix.
func (s *Server) odbcFunction(name string) (string, error) {
	for _, n := range []string{strings.ToUpper(name), "ODBC_" + strings.ToUpper(name)} {
		if _, ok := s.sources.Function(n); ok {
			return n, nil
		}
	}
	return "", fmt.Errorf("func_odbc.conf has no function %q", name)
}

func (s *Server) odbcRead(_ context.Context, r *decl.Request) error {
	if len(r.Args) < 1 {
		return decl.ErrUsage
	}
	name, err := s.odbcFunction(r.Arg(0))
	if err != nil {
		return err
	}
	v, err := s.engine.Read(nil, name+"("+r.Arg(1)+")", false)
	if err != nil {
		return err
	}
	fmt.Fprintln(r.Out, esc(v.S))
	return nil
}

func (s *Server) odbcWrite(_ context.Context, r *decl.Request) error {
	if len(r.Args) != 3 {
		return decl.ErrUsage
	}
	name, err := s.odbcFunction(r.Arg(0))
	if err != nil {
		return err
	}
	if err := s.engine.Write(nil, name+"("+r.Arg(1)+")", channel.Clean(r.Arg(2)), false); err != nil {
		return err
	}
	fmt.Fprintln(r.Out, "Done.")
	return nil
}
