package cdr

import (
	"encoding/json"
	"fmt"
	"strings"

	"pbx/spool"
)

// SQLite is a backend that keeps rows in the table cdr and summaries in the table calls.
type SQLite struct{ spool.SQL }

const schema = `
CREATE TABLE IF NOT EXISTS cdr (
	id TEXT PRIMARY KEY, accountcode TEXT, src TEXT, dst TEXT, dcontext TEXT, clid TEXT, channel TEXT, dstchannel TEXT,
	lastapp TEXT, lastdata TEXT, start TEXT, answer TEXT, "end" TEXT, duration INTEGER, billsec INTEGER, disposition TEXT,
	amaflags TEXT, uniqueid TEXT, userfield TEXT, linkedid TEXT, peeraccount TEXT, sequence INTEGER, vars TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS cdr_start ON cdr (start);
CREATE INDEX IF NOT EXISTS cdr_linkedid ON cdr (linkedid);
CREATE TABLE IF NOT EXISTS calls (
	linkedid TEXT PRIMARY KEY, start TEXT, answer TEXT, "end" TEXT, src TEXT, clid TEXT, dst TEXT, dcontext TEXT, channel TEXT,
	accountcode TEXT, reached TEXT, reachedchannel TEXT, disposition TEXT, duration INTEGER, talk INTEGER, channels INTEGER, rows INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS calls_start ON calls (start);
`

// Name implements spool.Backend.
func (s *SQLite) Name() string { return "sqlite" }

// Mark implements spool.Backend: the id of a row says whether it is there.
func (s *SQLite) Mark([]spool.Entry) (spool.Mark, error) { return nil, nil }

// What is prepared.
const (
	insertRow = iota
	insertCall
)

var statements = []string{
	insertRow:  "INSERT OR IGNORE INTO cdr VALUES (?" + strings.Repeat(",?", len(columns)+1) + ")",
	insertCall: "INSERT OR IGNORE INTO calls VALUES (?" + strings.Repeat(",?", 16) + ")",
}

// Deliver implements spool.Backend.
func (s *SQLite) Deliver(batch []spool.Entry, _ spool.Mark, _ bool) error {
	return s.Write(schema, statements, func(insert spool.Insert) (err error) {
		for _, e := range batch {
			switch e.Kind {
			case RowKind:
				if r, ok := decodeRow(e); ok {
					_, err = insert(insertRow, rowValues(r)...)
				}
			case CallKind:
				if c, ok := spool.Decode[Call](e, CallKind); ok {
					_, err = insert(insertCall, callValues(&c)...)
				}
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func rowValues(r *Row) []any {
	localTime(r)
	values := append(make([]any, 0, len(columns)+2), r.ID)
	for _, c := range columns {
		v, _ := r.Field(c, "")
		values = append(values, v)
	}
	vars := ""
	if len(r.Vars) > 0 {
		b, _ := json.Marshal(r.Vars) // strings by strings
		vars = string(b)
	}
	return append(values, vars)
}

func callValues(c *Call) []any {
	if !c.Answer.IsZero() {
		c.Answer = c.Answer.Local()
	}
	return []any{
		c.LinkedID, formatTime(c.Start.Local()), formatTime(c.Answer), formatTime(c.End.Local()), c.Src, c.CLID, c.Dst, c.Context, c.Channel,
		c.Account, c.Reached, c.ReachedBy, c.Disposition, c.Duration, c.Talk, c.Channels, c.Rows,
	}
}

// SQLiteCustom is the table of cdr_sqlite3_custom.conf, in a database of its own.
type SQLiteCustom struct {
	spool.SQL
	Table   string
	Columns []string
	Values  []*Template
}

// Name implements spool.Backend.
func (s *SQLiteCustom) Name() string { return "sqlite-custom" }

// Mark implements spool.Backend.
func (s *SQLiteCustom) Mark([]spool.Entry) (spool.Mark, error) { return spool.Mark{}, nil }

// quoteName quotes the name of a table or column.
func quoteName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// Deliver implements spool.Backend. The ids of the last batch are kept beside the
// office's own table, which has no column for them.
func (s *SQLiteCustom) Deliver(batch []spool.Entry, _ spool.Mark, again bool) error {
	const forget, take, insertOwn = 0, 1, 2
	names := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		names[i] = quoteName(c)
	}
	table, list := quoteName(s.Table), strings.Join(names, ", ")
	tables := fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s (AcctId INTEGER PRIMARY KEY, %s); CREATE TABLE IF NOT EXISTS pbx_taken (id TEXT PRIMARY KEY)", table, list)
	own := []string{
		forget: "DELETE FROM pbx_taken", take: "INSERT OR IGNORE INTO pbx_taken VALUES (?)",
		insertOwn: fmt.Sprintf("INSERT INTO %s (%s) VALUES (?%s)", table, list, strings.Repeat(",?", len(names)-1)),
	}
	return s.Write(tables, own, func(insert spool.Insert) error {
		if !again {
			if _, err := insert(forget); err != nil {
				return err
			}
		}
		for _, e := range batch {
			r, ok := decodeRow(e)
			if !ok {
				continue
			}
			localTime(r)
			res, err := insert(take, r.ID)
			if err != nil {
				return err
			}
			if n, err := res.RowsAffected(); err != nil || n == 0 {
				continue
			}
			values := make([]any, len(s.Values))
			for i, v := range s.Values {
				values[i] = v.Expand(rowValue(r))
			}
			if _, err := insert(insertOwn, values...); err != nil {
				return err
			}
		}
		return nil
	})
}
