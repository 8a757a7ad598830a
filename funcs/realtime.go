package funcs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/database"
	"pbx/decl"
)

// Rows of realtime families are the office's own data.
func realtimeFunctions(d Deps) []channel.Function {
	family := arg("family", "a family of extconfig.conf")
	field, v := arg("fieldmatch", "the column that a row is found by"), arg("matchvalue", "its value")
	// find returns the first row that the arguments mean.
	find := func(t channel.Thread, a *decl.Args) (row []database.Pair, err error) {
		if d.Databases == nil {
			return nil, errNoDatabases
		}
		if !a.Has(0) || !a.Has(1) {
			return nil, errors.New("a family and a column are required")
		}
		err = within(t, func(ctx context.Context) error {
			found, err := d.Databases.Find(ctx, a.Arg(0), []database.Pair{{Name: a.Arg(1), Value: a.Arg(2)}}, 1)
			if err == nil && len(found.Rows) > 0 {
				for i, c := range found.Columns {
					row = append(row, database.Pair{Name: c, Value: found.Rows[0][i]})
				}
			}
			return err
		})
		a.Tainted = false
		return row, err
	}
	// text writes a row as name=value, with the delimiters that the arguments give.
	text := func(row []database.Pair, between, equals string) string {
		var b strings.Builder
		for i, p := range row {
			if i > 0 {
				b.WriteString(cmp.Or(between, ","))
			}
			b.WriteString(p.Name + cmp.Or(equals, "=") + p.Value)
		}
		return b.String()
	}
	return []channel.Function{
		{
			Name: "REALTIME", Synopsis: "A row of a realtime family", Outside: true, Dangerous: true, SeeAlso: []string{"REALTIME_FIELD", "REALTIME_HASH"},
			Help: "Read, it is name=value for each column of the first row. Set(REALTIME(family,fieldmatch,matchvalue,field)=value) changes a column.",
			Args: []decl.Arg{family, field, optional("matchvalue", "its value"), optional("delim1|field", "what is between two columns; the column to change"), optional("delim2", "what is between a name and its value")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				row, err := find(t, a)
				return text(row, decode(a.Arg(3)), decode(a.Arg(4))), err
			},
			Write: func(t channel.Thread, a *decl.Args, v string) error {
				if d.Databases == nil {
					return errNoDatabases
				}
				if !a.Has(3) {
					return errors.New("syntax: REALTIME(family,fieldmatch,matchvalue,field)")
				}
				return within(t, func(ctx context.Context) error {
					_, err := d.Databases.Update(ctx, a.Arg(0), database.Pair{Name: a.Arg(1), Value: a.Arg(2)}, []database.Pair{{Name: a.Arg(3), Value: v}})
					return err
				})
			},
		},
		{
			Name: "REALTIME_FIELD", Synopsis: "A column of a realtime row", Outside: true, Dangerous: true, SeeAlso: []string{"REALTIME"},
			Args: []decl.Arg{family, field, v, arg("fieldname", "the column")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				row, err := find(t, a)
				for _, p := range row {
					if strings.EqualFold(p.Name, a.Arg(3)) {
						return p.Value, nil
					}
				}
				return "", err
			},
		},
		{
			Name: "REALTIME_HASH", Synopsis: "A realtime row for HASH()", Outside: true, Dangerous: true, SeeAlso: []string{"REALTIME", "HASH"},
			Help: "Set(HASH(row)=${REALTIME_HASH(family,fieldmatch,matchvalue)}) has each column as a key.",
			Args: []decl.Arg{family, field, v},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				row, err := find(t, a)
				var names, values []string
				for _, p := range row {
					names, values = append(names, p.Name), append(values, protect(p.Value))
				}
				t.Channel().SetVar(hashFields, channel.Clean(strings.Join(names, ",")))
				return strings.Join(values, ","), err
			},
		},
		{
			Name: "REALTIME_STORE", Synopsis: "Add a realtime row", Outside: true, Dangerous: true, SeeAlso: []string{"REALTIME_DESTROY"},
			Help: "Set(REALTIME_STORE(family,field1,field2)=value1,value2). REALTIMESTOREID is 1 when the row was added.",
			Args: []decl.Arg{family, {Name: "field", Help: "the columns", Repeat: true}},
			Write: func(t channel.Thread, a *decl.Args, v string) error {
				if d.Databases == nil {
					return errNoDatabases
				}
				values := decl.Split(v, 0)
				var set []database.Pair
				for i, name := range a.Pos {
					if i == 0 {
						continue
					}
					if i > len(values) {
						return fmt.Errorf("there are %d columns and %d values", len(a.Pos)-1, len(values))
					}
					set = append(set, database.Pair{Name: name, Value: values[i-1]})
				}
				if len(set) == 0 {
					return errors.New("syntax: REALTIME_STORE(family,field1,…)=value1,…")
				}
				return within(t, func(ctx context.Context) error {
					n, err := d.Databases.Store(ctx, a.Arg(0), set)
					t.Channel().SetVar("REALTIMESTOREID", channel.Clean(strconv.FormatInt(n, 10)))
					return err
				})
			},
		},
		{
			Name: "REALTIME_DESTROY", Synopsis: "Remove realtime rows", Outside: true, Dangerous: true, SeeAlso: []string{"REALTIME_STORE"},
			Help: "The result is the first of them, as REALTIME() writes it.",
			Args: []decl.Arg{family, field, v, optional("delim1", "what is between two columns"), optional("delim2", "what is between a name and its value")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				row, err := find(t, a)
				if err != nil || row == nil {
					return "", err
				}
				return text(row, decode(a.Arg(3)), decode(a.Arg(4))), destroy(t, d, a)
			},
			Write: func(t channel.Thread, a *decl.Args, _ string) error {
				if d.Databases == nil {
					return errNoDatabases
				}
				return destroy(t, d, a)
			},
		},
	}
}

func destroy(t channel.Thread, d Deps, a *decl.Args) error {
	return within(t, func(ctx context.Context) error {
		_, err := d.Databases.Destroy(ctx, a.Arg(0), database.Pair{Name: a.Arg(1), Value: a.Arg(2)})
		return err
	})
}
