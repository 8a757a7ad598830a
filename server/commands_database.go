package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

// databaseCommands are the commands about AstDB.
func (s *Server) databaseCommands() []decl.Command {
	family := decl.Arg{Name: "family", Help: "the first part of the path"}
	key := decl.Arg{Name: "key", Help: "the rest of it"}
	optional := func(a decl.Arg) decl.Arg { a.Optional = true; return a }
	return []decl.Command{
		{
			Words: "database show", Synopsis: "Show entries of the database", Args: []decl.Arg{optional(family), optional(key)},
			Complete: s.completeDatabase,
			Run: func(_ context.Context, r *decl.Request) error {
				below := ""
				for _, a := range r.Args {
					below += "/" + strings.Trim(a, "/")
				}
				return s.showEntries(r, below, func(string) bool { return true })
			},
		},
		{
			Words: "database showkey", Synopsis: "Show the entries of a key in every family", Args: []decl.Arg{key},
			Run: func(_ context.Context, r *decl.Request) error {
				if len(r.Args) != 1 {
					return decl.ErrUsage
				}
				return s.showEntries(r, "", func(path string) bool { return strings.HasSuffix(path, "/"+r.Arg(0)) })
			},
		},
		{
			Words: "database get", Synopsis: "Show the value of an entry", Args: []decl.Arg{family, key}, Complete: s.completeDatabase,
			Run: func(_ context.Context, r *decl.Request) error {
				if len(r.Args) != 2 {
					return decl.ErrUsage
				}
				v, ok := s.database.Get(r.Arg(0), r.Arg(1))
				if !ok {
					fmt.Fprintln(r.Out, "Database entry not found.")
					return nil
				}
				fmt.Fprintf(r.Out, "Value: %s\n", v.S)
				return nil
			},
		},
		{
			Words: "database put", Synopsis: "Set an entry", Args: []decl.Arg{family, key, {Name: "value", Help: "the value; in quotes where it has blanks"}},
			Complete: s.completeDatabase,
			Run: func(_ context.Context, r *decl.Request) error {
				if len(r.Args) != 3 {
					return decl.ErrUsage
				}
				if err := s.database.Put(r.Arg(0), r.Arg(1), channel.Clean(r.Arg(2))); err != nil {
					return fmt.Errorf("failed to update entry: %w", err)
				}
				fmt.Fprintln(r.Out, "Updated database successfully")
				return nil
			},
		},
		{
			Words: "database query", Synopsis: "Run an SQL statement on the database",
			Args: []decl.Arg{{Name: "statement", Help: `in double quotes, with texts in single ones: "SELECT value FROM astdb WHERE key = '/CF/101'"`}},
			Help: "The entries are the rows of the table astdb, with the columns key (/family/key) and value. " +
				"SELECT, INSERT, REPLACE, UPDATE and DELETE are run, one at a time; what makes or drops tables, or leads to a file, is not. " +
				"A change is taken in whole or not at all: each key has to be /family/key, each value a text, and no call may have changed the entry meanwhile.",
			Run: s.queryDatabase,
		},
		{
			Words: "database import", Synopsis: "Take in the entries of an Asterisk database",
			Help: "Reads an astdb.sqlite3, the one in astdbdir when none is named. Entries that are here already stay, unless the second word is overwrite. " +
				"Registrations are left out: phones renew theirs. What is not a dial string such as SIP/101 counts as written by callers from then on.",
			Args: []decl.Arg{{Name: "file", Optional: true}, {Name: "overwrite", Optional: true}}, Run: s.importDatabase,
		},
		{
			Words: "database del", Synopsis: "Remove an entry", Args: []decl.Arg{family, key}, Complete: s.completeDatabase,
			Run: func(_ context.Context, r *decl.Request) error {
				if len(r.Args) != 2 {
					return decl.ErrUsage
				}
				ok, err := s.database.Delete(r.Arg(0), r.Arg(1))
				switch {
				case err != nil:
					return err
				case ok:
					fmt.Fprintln(r.Out, "Database entry removed.")
				default:
					fmt.Fprintln(r.Out, "Database entry could not be removed.")
				}
				return nil
			},
		},
		{
			Words: "database deltree", Synopsis: "Remove a family or a part of it", Args: []decl.Arg{family, optional(key)}, Complete: s.completeDatabase,
			Run: func(_ context.Context, r *decl.Request) error {
				if len(r.Args) < 1 || len(r.Args) > 2 {
					return decl.ErrUsage
				}
				n, err := s.database.DeleteTree(r.Arg(0), r.Arg(1))
				switch {
				case err != nil:
					return err
				case n == 0:
					fmt.Fprintln(r.Out, "Database entries do not exist.")
				default:
					fmt.Fprintf(r.Out, "%d database entries removed.\n", n)
				}
				return nil
			},
		},
	}
}

func (s *Server) showEntries(r *decl.Request, below string, wanted func(path string) bool) error {
	n := 0
	s.database.Walk(below, func(path, value string) bool {
		if wanted(path) {
			fmt.Fprintf(r.Out, "%-50s: %-25s\n", path, value)
			n++
		}
		return true
	})
	fmt.Fprintf(r.Out, "%d results found.\n", n)
	return nil
}

// queryDatabase runs SQL on the entries.
func (s *Server) queryDatabase(ctx context.Context, r *decl.Request) error {
	if len(r.Args) == 0 {
		return decl.ErrUsage
	}
	db, ok := s.database.(astDB)
	if !ok {
		return errors.New("this database has no SQL")
	}
	n, err := db.Query(ctx, strings.Join(r.Args, " "), func(columns, values []string) error {
		for i, c := range columns {
			fmt.Fprintf(r.Out, "%-5s: %-50s\n", esc(c), esc(values[i]))
		}
		_, err := fmt.Fprintln(r.Out)
		return err
	})
	if err == nil && n > 0 {
		fmt.Fprintf(r.Out, "%s changed.\n", entries(n))
	}
	return err
}

// completeDatabase offers families, then keys.
func (s *Server) completeDatabase(args []string, prefix string) (out []string) {
	if len(args) > 1 {
		return nil
	}
	seen := make(map[string]bool)
	below := ""
	if len(args) == 1 {
		below = "/" + args[0]
	}
	s.database.Walk(below, func(path, _ string) bool {
		name := strings.TrimPrefix(path[len(below):], "/")
		if len(args) == 0 {
			name, _, _ = strings.Cut(name, "/")
		}
		if name != "" && !seen[name] && strings.HasPrefix(name, prefix) {
			seen[name] = true
			out = append(out, name)
		}
		return true
	})
	return out
}

// importDatabase takes in an astdb.sqlite3.
func (s *Server) importDatabase(_ context.Context, r *decl.Request) error {
	path := cmp.Or(r.Arg(0), filepath.Join(s.configuration().dirs.DB, astDBFile))
	if word := r.Arg(1); word != "" && word != "overwrite" {
		return decl.ErrUsage
	}
	taken, kept, err := importAstDB(s.database, path, r.Arg(1) != "")
	if err != nil {
		return fmt.Errorf("%w (%s taken in)", err, entries(taken))
	}
	fmt.Fprintf(r.Out, "%s of %s taken in, %d here already.\n", entries(taken), path, kept)
	return nil
}

func entries(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}
