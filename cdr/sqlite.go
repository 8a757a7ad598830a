package cdr

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"pbx/cdr/spool"
)

// SQLite is a backend that keeps rows in the table cdr and summaries in the table calls.
type SQLite struct {
	// Open opens the database; it is called until it succeeds.
	Open func() (*sql.DB, error)
	db   *sql.DB
}

const schema = `
CREATE TABLE IF NOT EXISTS cdr (
	id TEXT PRIMARY KEY, accountcode TEXT, src TEXT, dst TEXT, dcontext TEXT, clid TEXT, channel TEXT, dstchannel TEXT,
	lastapp TEXT, lastdata TEXT, start TEXT, answer TEXT, "end" TEXT, duration INTEGER, billsec INTEGER, disposition TEXT,
	amaflags TEXT, uniqueid TEXT, userfield TEXT, linkedid TEXT, peeraccount TEXT, sequence INTEGER, vars TEXT
);
CREATE INDEX IF NOT EXISTS cdr_start ON cdr (start);
CREATE INDEX IF NOT EXISTS cdr_linkedid ON cdr (linkedid);
CREATE TABLE IF NOT EXISTS calls (
	linkedid TEXT PRIMARY KEY, start TEXT, answer TEXT, "end" TEXT, src TEXT, clid TEXT, dst TEXT, dcontext TEXT, channel TEXT,
	accountcode TEXT, reached TEXT, reachedchannel TEXT, disposition TEXT, duration INTEGER, talk INTEGER, channels INTEGER, rows INTEGER
);
CREATE INDEX IF NOT EXISTS calls_start ON calls (start);
`

// Name implements spool.Backend.
func (s *SQLite) Name() string { return "sqlite" }

// Mark implements spool.Backend: the id of a row says whether it is there.
func (s *SQLite) Mark([]spool.Entry) (spool.Mark, error) { return nil, nil }

// Close closes the database.
func (s *SQLite) Close() error { return closeDB(s.db) }

func closeDB(db *sql.DB) error {
	if db == nil {
		return nil
	}
	return db.Close()
}

// Deliver implements spool.Backend.
func (s *SQLite) Deliver(batch []spool.Entry, _ spool.Mark, _ bool) error {
	if s.db == nil {
		db, err := s.Open()
		if err != nil {
			return err
		}
		if _, err := db.Exec(schema); err != nil {
			_ = db.Close()
			return err
		}
		s.db = db
	}
	tx, err := s.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it says that there is nothing to do
	for _, e := range batch {
		switch e.Kind {
		case RowKind:
			err = insertRow(tx, e)
		case CallKind:
			err = insertCall(tx, e)
		}
		if err != nil {
			return err
		}
	}
	return tx.Commit()
}

func insertRow(tx *sql.Tx, e spool.Entry) error {
	r, ok := decodeRow(e)
	if !ok {
		return nil
	}
	localTime(r)
	values := []any{r.ID}
	for _, c := range columns {
		v, _ := r.Field(c, "")
		values = append(values, v)
	}
	vars := ""
	if len(r.Vars) > 0 {
		b, err := json.Marshal(r.Vars)
		if err != nil {
			return err
		}
		vars = string(b)
	}
	values = append(values, vars)
	_, err := tx.Exec("INSERT OR IGNORE INTO cdr VALUES (?"+strings.Repeat(",?", len(values)-1)+")", values...)
	return err
}

func insertCall(tx *sql.Tx, e spool.Entry) error {
	var c Call
	if err := json.Unmarshal(e.Data, &c); err != nil {
		return nil //nolint:nilerr // a damaged entry is no reason to stop at
	}
	if !c.Answer.IsZero() {
		c.Answer = c.Answer.Local()
	}
	_, err := tx.Exec("INSERT OR IGNORE INTO calls VALUES (?"+strings.Repeat(",?", 16)+")",
		c.LinkedID, formatTime(c.Start.Local()), formatTime(c.Answer), formatTime(c.End.Local()), c.Src, c.CLID, c.Dst, c.Context, c.Channel,
		c.Account, c.Reached, c.ReachedBy, c.Disposition, c.Duration, c.Talk, c.Channels, c.Rows)
	return err
}

// SQLiteCustom is the table of cdr_sqlite3_custom.conf, in a database of its own.
type SQLiteCustom struct {
	Open    func() (*sql.DB, error)
	Table   string
	Columns []string
	Values  []*Template
	db      *sql.DB
}

// Name implements spool.Backend.
func (s *SQLiteCustom) Name() string { return "sqlite-custom" }

// Mark implements spool.Backend.
func (s *SQLiteCustom) Mark([]spool.Entry) (spool.Mark, error) { return nil, nil }

// Close closes the database.
func (s *SQLiteCustom) Close() error { return closeDB(s.db) }

// quoteName quotes the name of a table or column.
func quoteName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// Deliver implements spool.Backend. The ids of the last batch are kept beside the
// office's own table, which has no column for them.
func (s *SQLiteCustom) Deliver(batch []spool.Entry, _ spool.Mark, again bool) error {
	if s.db == nil {
		db, err := s.Open()
		if err != nil {
			return err
		}
		names := make([]string, len(s.Columns))
		for i, c := range s.Columns {
			names[i] = quoteName(c)
		}
		create := fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s (AcctId INTEGER PRIMARY KEY, %s); CREATE TABLE IF NOT EXISTS pbx_taken (id TEXT PRIMARY KEY)",
			quoteName(s.Table), strings.Join(names, ", "))
		if _, err := db.Exec(create); err != nil {
			_ = db.Close()
			return err
		}
		s.db = db
	}
	tx, err := s.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it says that there is nothing to do
	if !again {
		if _, err := tx.Exec("DELETE FROM pbx_taken"); err != nil {
			return err
		}
	}
	for _, e := range batch {
		r, ok := decodeRow(e)
		if !ok {
			continue
		}
		localTime(r)
		res, err := tx.Exec("INSERT OR IGNORE INTO pbx_taken VALUES (?)", r.ID)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			continue
		}
		names, marks, values := make([]string, len(s.Columns)), "?"+strings.Repeat(",?", len(s.Columns)-1), make([]any, len(s.Columns))
		for i, c := range s.Columns {
			names[i], values[i] = quoteName(c), s.Values[i].Expand(rowValue(r))
		}
		if _, err := tx.Exec(fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", quoteName(s.Table), strings.Join(names, ","), marks), values...); err != nil {
			return err
		}
	}
	return tx.Commit()
}
