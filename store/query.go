package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	// queryTime is how long a statement may run, queryRows how many rows it may show,
	// queryText how long a text may become in it.
	queryTime = 5 * time.Second
	queryRows = 10_000
	queryText = 1 << 20
)

// Query runs one SQL statement on the entries, as the table astdb with the columns key
// and value, and calls row for every row of its answer; both slices are the callee's to
// keep. It returns how many entries are different now.
//
// The statement sees a copy, in a database that has no way to a file: what it may do is
// read and write entries. Its changes are taken over when all of them are entries that
// Put would take, and none of them was changed by somebody else meanwhile. A value that
// it computed counts as tainted; one that stands in it does not.
func (d *Database) Query(ctx context.Context, statement string, row func(columns, values []string) error) (changed int, err error) {
	constants, err := parseStatement(statement)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, queryTime, fmt.Errorf("the statement took longer than %v", queryTime))
	defer cancel()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return 0, err
	}
	defer func() { _ = db.Close() }()
	conn, err := db.Conn(ctx) // each connection has a memory of its own
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }()
	before, err := d.copyTo(ctx, conn)
	if err != nil {
		return 0, err
	}
	for id, most := range map[int]int{sqlite3.SQLITE_LIMIT_ATTACHED: 0, sqlite3.SQLITE_LIMIT_LENGTH: queryText} {
		if _, err := sqlite.Limit(conn, id, most); err != nil {
			return 0, err
		}
	}
	if err := show(ctx, conn, statement, row); err != nil {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		return 0, err
	}
	edits, err := edited(ctx, conn, before, constants)
	if err != nil {
		return 0, err
	}
	return len(edits), d.apply(edits, before)
}

// copyTo makes the table, and returns the records that it holds.
func (d *Database) copyTo(ctx context.Context, conn *sql.Conn) (map[string]string, error) {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, "CREATE TABLE astdb (key VARCHAR(256), value VARCHAR(256), PRIMARY KEY(key))"); err != nil {
		return nil, err
	}
	insert, err := tx.PrepareContext(ctx, "INSERT INTO astdb VALUES (?, ?)")
	if err != nil {
		return nil, err
	}
	defer func() { _ = insert.Close() }()
	before := make(map[string]string)
	d.journal.Range(databaseFamily, func(p string, record []byte) bool {
		before[p] = string(record)
		value, _ := split(record)
		_, err = insert.ExecContext(ctx, p, value)
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	return before, tx.Commit()
}

// show runs the statement to its end.
func show(ctx context.Context, conn *sql.Conn, statement string, row func(columns, values []string) error) error {
	rows, err := conn.QueryContext(ctx, statement)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	for n := 1; rows.Next(); n++ {
		if n > queryRows {
			return fmt.Errorf("more than %d rows; LIMIT asks for fewer", queryRows)
		}
		texts := make([]sql.NullString, len(columns))
		targets, values := make([]any, len(columns)), make([]string, len(columns))
		for i := range texts {
			targets[i] = &texts[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		for i := range texts {
			values[i] = texts[i].String
		}
		if err := row(columns, values); err != nil {
			return err
		}
	}
	return rows.Err()
}

// edited are the entries that differ from the records before.
func edited(ctx context.Context, conn *sql.Conn, before map[string]string, constants map[string]bool) (edits []Edit, err error) {
	rows, err := conn.QueryContext(ctx, "SELECT key, value, typeof(key) = 'text' AND typeof(value) = 'text' FROM astdb")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	there := make(map[string]bool)
	for rows.Next() {
		var p, value sql.NullString
		var text bool
		if err := rows.Scan(&p, &value, &text); err != nil {
			return nil, err
		}
		family, key, ok := strings.Cut(strings.TrimPrefix(p.String, "/"), "/")
		switch {
		case !text:
			return nil, fmt.Errorf("%q = %q: a key and its value are texts; nothing was changed", p.String, value.String)
		case !ok || family == "" || key == "" || path(family, key) != p.String:
			return nil, fmt.Errorf("%q is no key, which is /family/key; nothing was changed", p.String)
		}
		there[p.String] = true
		old, was := before[p.String]
		if was {
			if same, _ := split([]byte(old)); same == value.String {
				continue
			}
		}
		mark := byte(tainted)
		if constants[value.String] {
			mark = clean
		}
		edits = append(edits, Edit{p.String, append([]byte{mark}, value.String...)})
	}
	for p := range before {
		if !there[p] {
			edits = append(edits, Edit{Key: p})
		}
	}
	return edits, rows.Err()
}

// apply makes the changes, unless an entry is not what it was before.
func (d *Database) apply(edits []Edit, before map[string]string) error {
	for _, e := range edits {
		now, is := d.journal.Get(databaseFamily, e.Key)
		old, was := before[e.Key]
		if is != was || string(now) != old {
			return fmt.Errorf("%s has changed meanwhile; nothing was changed", e.Key)
		}
	}
	return d.change(edits)
}
