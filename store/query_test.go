package store

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func openDatabase(t *testing.T) *Database {
	t.Helper()
	j, err := Open(filepath.Join(t.TempDir(), "journal"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	d := NewDatabase(j)
	for _, e := range [][3]string{{"CF", "101", "0171"}, {"CF", "102", "0172"}, {"DND", "101", "YES"}} {
		if err := d.Put(e[0], e[1], e[2], false); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Put("SEEN", "101", "<x>", true); err != nil {
		t.Fatal(err)
	}
	return d
}

// all is the database in one line; a value that is tainted is marked with a star.
func all(d *Database) string {
	var b strings.Builder
	d.Walk("", func(p, value string) bool {
		family, key, _ := strings.Cut(p[1:], "/")
		_, taint, _ := d.Get(family, key)
		b.WriteString(p + "=" + value)
		if taint {
			b.WriteByte('*')
		}
		b.WriteByte(' ')
		return true
	})
	return strings.TrimSpace(b.String())
}

const whole = "/CF/101=0171 /CF/102=0172 /DND/101=YES /SEEN/101=<x>*"

func TestQuery(t *testing.T) {
	for _, tt := range []struct {
		name, statement, rows string
		changed               int
		after                 string // "": as it was
	}{
		{name: "select", statement: "SELECT key, value FROM astdb WHERE key LIKE '/CF/%' ORDER BY key;", rows: "key=/CF/101 value=0171|key=/CF/102 value=0172|"},
		{name: "count", statement: "select count(*) as n from astdb -- all", rows: "n=4|"},
		{name: "null", statement: "SELECT NULL", rows: "NULL=|"},
		{name: "insert", statement: "INSERT INTO astdb VALUES ('/CF/103', '0173')", changed: 1, after: "/CF/101=0171 /CF/102=0172 /CF/103=0173 /DND/101=YES /SEEN/101=<x>*"},
		{name: "number", statement: "INSERT INTO astdb(key, value) VALUES ('/N/a/b', 42)", changed: 1, after: "/CF/101=0171 /CF/102=0172 /DND/101=YES /N/a/b=42 /SEEN/101=<x>*"},
		{name: "update", statement: "UPDATE astdb SET value = 'it''s' WHERE key = '/DND/101'", changed: 1, after: "/CF/101=0171 /CF/102=0172 /DND/101=it's /SEEN/101=<x>*"},
		{name: "same", statement: "UPDATE astdb SET value = value"},
		{name: "computed", statement: "UPDATE astdb SET value = (SELECT value FROM astdb WHERE key = '/SEEN/101') WHERE key = '/DND/101'", changed: 1, after: "/CF/101=0171 /CF/102=0172 /DND/101=<x>* /SEEN/101=<x>*"},
		{name: "returning", statement: "DELETE FROM astdb WHERE key LIKE '/CF/%' RETURNING key", rows: "key=/CF/101|key=/CF/102|", changed: 2, after: "/DND/101=YES /SEEN/101=<x>*"},
		{name: "with", statement: "WITH k AS (SELECT '/DND/101' AS k) DELETE FROM astdb WHERE key IN (SELECT k FROM k)", changed: 1, after: "/CF/101=0171 /CF/102=0172 /SEEN/101=<x>*"},
		{name: "rename", statement: "UPDATE astdb SET key = '/DND/102' WHERE key = '/DND/101'", changed: 2, after: "/CF/101=0171 /CF/102=0172 /DND/102=YES* /SEEN/101=<x>*"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := openDatabase(t)
			var rows strings.Builder
			n, err := d.Query(t.Context(), tt.statement, func(columns, values []string) error {
				for i := range columns {
					if i > 0 {
						rows.WriteByte(' ')
					}
					rows.WriteString(columns[i] + "=" + values[i])
				}
				rows.WriteByte('|')
				return nil
			})
			if err != nil || n != tt.changed || rows.String() != tt.rows {
				t.Errorf("%d changed, rows %q, %v; want %d, %q", n, rows.String(), err, tt.changed, tt.rows)
			}
			if tt.after == "" {
				tt.after = whole
			}
			if got := all(d); got != tt.after {
				t.Errorf("then %s, want %s", got, tt.after)
			}
		})
	}
}

// TestQueryRefuses: nothing that is no entry gets in, and nothing leads to a file.
func TestQueryRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out.db")
	for _, tt := range []struct{ statement, want string }{
		{"", "no statement"},
		{" -- nothing", "no statement"},
		{";", "no statement"},
		{"DROP TABLE astdb", "begins with one of SELECT"},
		{"ATTACH DATABASE '" + file + "' AS x", "begins with one of"},
		{"VACUUM INTO '" + file + "'", "begins with one of"},
		{"PRAGMA writable_schema = 1", "begins with one of"},
		{"CREATE TABLE x (y)", "begins with one of"},
		{"/* SELECT */ DETACH x", "begins with one of"},
		{"SELECT 1; DROP TABLE astdb", "one statement"},
		{"SELECT ';' /* ; */; -- ;\n SELECT 2", "one statement"},
		{"SELECT 'open", "' is not closed"},
		{"SELECT [open", "[ is not closed"},
		{"SELECT 1\x00; DROP TABLE astdb", "NUL"},
		{"SELECT missing FROM astdb", "no such column"},
		{"SELECT load_extension('x')", "not authorized"},
		{"SELECT writefile('" + file + "', 'x')", "no such function"},
		{"SELECT * FROM fsdir('/')", "no such table"},
		{"DELETE FROM sqlite_master", "may not be modified"},
		{"INSERT INTO astdb VALUES ('CF/104', 'x')", "is no key"},
		{"INSERT INTO astdb VALUES ('/CF', 'x')", "is no key"},
		{"INSERT INTO astdb VALUES ('//CF', 'x')", "is no key"},
		{"INSERT INTO astdb VALUES (NULL, 'x')", "are texts"},
		{"INSERT INTO astdb VALUES ('/CF/104', NULL)", "are texts"},
		{"INSERT INTO astdb VALUES ('/CF/104', x'00ff')", "are texts"},
		{"INSERT INTO astdb VALUES ('/CF/101', 'twice')", "UNIQUE"},
		{"UPDATE astdb SET value = printf('%2000000d', 1)", "too big"},
		{"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n", "more than 10000 rows"},
	} {
		d := openDatabase(t)
		_, err := d.Query(t.Context(), tt.statement, func(_, _ []string) error { return nil })
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v, want %q", tt.statement, err, tt.want)
		}
		if got := all(d); got != whole {
			t.Errorf("%q: then %s", tt.statement, got)
		}
	}
	if found, _ := filepath.Glob(file + "*"); len(found) > 0 {
		t.Errorf("there is a file: %v", found)
	}
}

// TestQueryMeanwhile: what somebody else changed while a statement ran stays.
func TestQueryMeanwhile(t *testing.T) {
	d := openDatabase(t)
	_, err := d.Query(t.Context(), "UPDATE astdb SET value = 'new' WHERE key LIKE '/CF/%' RETURNING key", func(_, _ []string) error {
		return d.Put("CF", "102", "theirs", false)
	})
	if err == nil || !strings.Contains(err.Error(), "/CF/102 has changed meanwhile") {
		t.Errorf("%v", err)
	}
	if got, want := all(d), strings.Replace(whole, "0172", "theirs", 1); got != want {
		t.Errorf("then %s", got)
	}
}

// TestQueryEnds: a statement without an end is ended, and nothing of it is taken in.
func TestQueryEnds(t *testing.T) {
	d := openDatabase(t)
	tooLong := errors.New("too long")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, tooLong)
	defer cancel()
	_, err := d.Query(ctx, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) UPDATE astdb SET value = (SELECT count(*) FROM n)", func(_, _ []string) error { return nil })
	if !errors.Is(err, tooLong) {
		t.Errorf("%v", err)
	}
	if got := all(d); got != whole {
		t.Errorf("then %s", got)
	}
}

// FuzzStatement: a text that is taken has one statement, of a verb that is allowed.
func FuzzStatement(f *testing.F) {
	for _, s := range []string{"SELECT 'a;b' FROM astdb;", "--x\nDELETE FROM astdb", "/*;*/UPDATE astdb SET value=\"x\"", "SELECT [a;b], `c`, 1.5e3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := parseStatement(text); err != nil {
			return
		}
		d := openDatabase(t)
		_, _ = d.Query(t.Context(), text, func(_, _ []string) error { return nil })
		d.Walk("", func(p, _ string) bool {
			if family, key, ok := strings.Cut(strings.TrimPrefix(p, "/"), "/"); !ok || family == "" || key == "" {
				t.Errorf("%q leaves the key %q", text, p)
			}
			return true
		})
	})
}
