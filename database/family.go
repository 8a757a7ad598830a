package database

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"pbx/config"
)

// family is one line of extconfig.conf: where a family of records is kept.
type family struct {
	kind, name, table string
	priority          int
}

// kinds are the drivers of extconfig.conf that there are here.
var kinds = []string{"odbc", "pgsql", "sqlite3"}

// extconfig reads the lines family => driver,database[,table[,priority]]. Those that
// stand for whole files are told of and left out.
func (b *loader) extconfig(f *config.File) {
	for _, s := range f.All("settings") {
		for _, v := range s.Vars {
			name := strings.ToLower(v.Name)
			if name == "refresh" {
				n, err := strconv.Atoi(v.Value)
				if err != nil || n < 1 || n > 86400 {
					b.find(v.Pos, "bad-value", "", "refresh = %q is not a number of seconds from 1", v.Value)
					continue
				}
				b.s.Refresh = time.Duration(n) * time.Second
				continue
			}
			if strings.HasSuffix(name, ".conf") {
				b.find(v.Pos, "no-effect", "", "%s is read from the directory: files in a database are not read yet", v.Name)
				continue
			}
			parts := strings.Split(v.Value, ",")
			for i := range parts {
				parts[i] = strings.TrimSpace(parts[i])
			}
			kind := strings.ToLower(parts[0])
			x := family{kind: kind, table: v.Name, priority: 1}
			if len(parts) > 1 {
				x.name = strings.Trim(parts[1], `"`)
			}
			if len(parts) > 2 && parts[2] != "" {
				x.table = parts[2]
			}
			if len(parts) > 3 {
				if n, err := strconv.Atoi(parts[3]); err == nil {
					x.priority = n
				}
			}
			if kind == "pgsql" {
				x.name = "" // res_pgsql.conf has one database
			}
			switch _, ok := b.s.sources[kind+"/"+strings.ToLower(x.name)]; {
			case !slices.Contains(kinds, kind):
				b.find(v.Pos, "bad-value", "odbc, pgsql and sqlite3 are there", "%s: there is no database driver %q; the family is left out", v.Name, parts[0])
				continue
			case !ok:
				b.find(v.Pos, "bad-value", "", "%s: there is no database %q of the driver %s; the family is left out", v.Name, x.name, kind)
				continue
			case !identifier.MatchString(x.table):
				b.find(v.Pos, "bad-value", "", "%s: %q is not the name of a table; the family is left out", v.Name, x.table)
				continue
			}
			b.s.families[name] = append(b.s.families[name], x)
			slices.SortStableFunc(b.s.families[name], func(x, y family) int { return x.priority - y.priority })
		}
	}
}

// identifier is what may be the name of a table or a column.
var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?$`)

// Pair is a column and its value.
type Pair struct{ Name, Value string }

var errNoFamily = errors.New("extconfig.conf has no such family")

// each tries the places of a family in the order of their priorities, until f has
// something.
func (d *Sources) each(name string, f func(src *Source, table string) (bool, error)) error {
	places := d.Settings().families[strings.ToLower(name)]
	if len(places) == 0 {
		return fmt.Errorf("%q: %w", name, errNoFamily)
	}
	var errs []error
	for _, p := range places {
		src, err := d.source(p.kind+"/", p.name)
		if err == nil {
			var done bool
			if done, err = f(src, src.quoted(p.table)); done && err == nil {
				return nil
			}
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Find returns the rows of a family whose column has a value, at most limit of them.
// The column may be followed by an operator, as in "name LIKE".
func (d *Sources) Find(ctx context.Context, name string, match []Pair, limit int) (t Table, err error) {
	err = d.each(name, func(src *Source, table string) (bool, error) {
		where, args, err := src.conditions(match, 0)
		if err != nil {
			return false, err
		}
		query := "SELECT * FROM " + table
		if where != "" {
			query += " WHERE " + where
		}
		t, err = src.Query(ctx, nil, limit, query, args...)
		return len(t.Rows) > 0, err
	})
	return t, err
}

// Update changes columns of the rows whose column has a value; it returns how many
// rows that were.
func (d *Sources) Update(ctx context.Context, name string, match Pair, set []Pair) (n int64, err error) {
	err = d.each(name, func(src *Source, table string) (bool, error) {
		var b strings.Builder
		var args []any
		for i, p := range set {
			if !identifier.MatchString(p.Name) {
				return false, fmt.Errorf("%q is not the name of a column", p.Name)
			}
			if i > 0 {
				b.WriteString(", ")
			}
			args = append(args, p.Value)
			b.WriteString(src.quoted(p.Name) + " = " + src.parameter(len(args)))
		}
		where, more, err := src.conditions([]Pair{match}, len(args))
		if err != nil {
			return false, err
		}
		n, err = src.Exec(ctx, nil, "UPDATE "+table+" SET "+b.String()+" WHERE "+where, append(args, more...)...)
		return true, err
	})
	return n, err
}

// Store adds a row; it returns how many were added.
func (d *Sources) Store(ctx context.Context, name string, set []Pair) (n int64, err error) {
	err = d.each(name, func(src *Source, table string) (bool, error) {
		var columns, marks []string
		var args []any
		for _, p := range set {
			if !identifier.MatchString(p.Name) {
				return false, fmt.Errorf("%q is not the name of a column", p.Name)
			}
			args = append(args, p.Value)
			columns, marks = append(columns, src.quoted(p.Name)), append(marks, src.parameter(len(args)))
		}
		n, err = src.Exec(ctx, nil, "INSERT INTO "+table+" ("+strings.Join(columns, ", ")+") VALUES ("+strings.Join(marks, ", ")+")", args...)
		return true, err
	})
	return n, err
}

// Destroy removes the rows whose column has a value.
func (d *Sources) Destroy(ctx context.Context, name string, match Pair) (n int64, err error) {
	err = d.each(name, func(src *Source, table string) (bool, error) {
		where, args, err := src.conditions([]Pair{match}, 0)
		if err != nil {
			return false, err
		}
		n, err = src.Exec(ctx, nil, "DELETE FROM "+table+" WHERE "+where, args...)
		return true, err
	})
	return n, err
}

// operators may follow a column.
var operators = []string{"=", "!=", "<>", "<", "<=", ">", ">=", "LIKE", "NOT LIKE"}

// conditions writes what rows must be like; the first parameter is after+1.
func (s *Source) conditions(match []Pair, after int) (where string, args []any, err error) {
	var parts []string
	for _, p := range match {
		column, operator, _ := strings.Cut(strings.TrimSpace(p.Name), " ")
		operator = strings.ToUpper(cmp.Or(strings.TrimSpace(operator), "="))
		if !identifier.MatchString(column) || !slices.Contains(operators, operator) {
			return "", nil, fmt.Errorf("%q is not the name of a column", p.Name)
		}
		args = append(args, p.Value)
		parts = append(parts, s.quoted(column)+" "+operator+" "+s.parameter(after+len(args)))
	}
	return strings.Join(parts, " AND "), args, nil
}

func (s *Source) parameter(n int) string {
	if s.Postgres() {
		return "$" + strconv.Itoa(n)
	}
	return "?"
}

// quoted is a name of a table or a column as a statement takes it, so that a column
// may be called group or user. PostgreSQL folds names to lower case; SQLite would
// take one in double quotes that is not there for a text.
func (s *Source) quoted(name string) string {
	if s.Postgres() {
		return `"` + strings.ReplaceAll(strings.ToLower(name), ".", `"."`) + `"`
	}
	return "[" + strings.ReplaceAll(name, ".", "].[") + "]"
}
