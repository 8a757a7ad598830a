package server

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"pbx/channel"
	"pbx/decl"
	"pbx/store"
)

// databaseServer is a server that has a database and the commands about it.
func databaseServer(t *testing.T) *Server {
	t.Helper()
	s := idleServer(t)
	j, err := store.Open(filepath.Join(t.TempDir(), "journal"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	s.database = astDB{store.NewDatabase(j)}
	s.commands.Add(s.databaseCommands()...)
	return s
}

// The layouts of golden/cli-layouts.md.
func TestDatabaseCommands(t *testing.T) {
	s := databaseServer(t)
	const entry = "/fam/key1                                         : value1                   \n1 results found.\n"
	for _, tt := range [][2]string{
		{"database show", "0 results found.\n"},
		{"database put fam key1 value1", "Updated database successfully\n"},
		{"database show", entry},
		{"database show fam", entry},
		{"database show fam key1", entry},
		{"database showkey key1", entry},
		{"database get fam key1", "Value: value1\n"},
		{"database get fam nokey", "Database entry not found.\n"},
		{"database put fam a/b \"two words\"", "Updated database successfully\n"},
		{"database get fam a/b", "Value: two words\n"},
		{"database del fam key1", "Database entry removed.\n"},
		{"database del fam key1", "Database entry could not be removed.\n"},
		{"database deltree fam", "1 database entries removed.\n"},
		{"database deltree fam", "Database entries do not exist.\n"},
	} {
		if got := output(t, s, tt[0]); got != tt[1] {
			t.Errorf("%s:\n%s\nwant:\n%s", tt[0], got, tt[1])
		}
	}
}

// TestDatabaseQuery: SQL is answered as the field does, a row at a time.
func TestDatabaseQuery(t *testing.T) {
	s := databaseServer(t)
	for _, tt := range [][2]string{
		{`database put CF 101 "two words"`, "Updated database successfully\n"},
		{`database query "SELECT * FROM astdb"`, "key  : /CF/101                                           \nvalue: two words                                         \n\n"},
		{`database query SELECT count(*) AS n FROM astdb`, "n    : 1                                                 \n\n"},
		{`database query "SELECT key FROM astdb WHERE key = '/none'"`, ""},
		{`database query "INSERT INTO astdb VALUES ('/CF/102', '0171')"`, "1 entry changed.\n"},
		{"database get CF 102", "Value: 0171\n"},
		{`database query "DELETE FROM astdb;"`, "2 entries changed.\n"},
		{"database show", "0 results found.\n"},
		{`database query "DROP TABLE astdb"`, "DROP is not for the database: a statement begins with one of SELECT, VALUES, WITH, EXPLAIN, INSERT, REPLACE, UPDATE, DELETE\n" +
			"Command 'database query \"DROP TABLE astdb\"' failed.\n"},
	} {
		if got := output(t, s, tt[0]); got != tt[1] {
			t.Errorf("%s:\n%s\nwant:\n%s", tt[0], got, tt[1])
		}
	}
}

// What is kept of where a value came from: all or nothing, and nothing for digits.
func TestDatabaseTaint(t *testing.T) {
	d := databaseServer(t).database
	for value, kept := range map[string]bool{"SIP/109": false, "SIP/+1555": false, "SIP/*98": true, "SIP/#1": true, "SIP/1&SIP/2": true, "SIP/bob": true} {
		if err := d.Put("f", "k", channel.Value{S: value, Taint: decl.Part(4, len(value))}); err != nil {
			t.Fatal(err)
		}
		if v, _ := d.Get("f", "k"); v.S != value || len(v.Taint) > 0 != kept {
			t.Errorf("%s: %v", value, v)
		}
	}
}

// TestDatabaseImport: an Asterisk database is taken in.
func TestDatabaseImport(t *testing.T) {
	s := databaseServer(t)
	path := filepath.Join(t.TempDir(), "astdb.sqlite3")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`CREATE TABLE astdb (key VARCHAR(256), value VARCHAR(256), PRIMARY KEY(key));
		INSERT INTO astdb VALUES ('/CF/101', '0171234'), ('/CF/102', '0175678'), ('/DND/101', 'YES'), ('/a/b/c', 'd;e "f"'),
			('/DEVICE/101/dial', 'SIP/101'), ('/DEVICE/102/dial', 'SIP/102&Local/017@out/n'), ('/DEVICE/103/dial', 'IAX2/103&pjsip/103'), ('/cidname/3', 'SIP/a&bin/sh'), ('/cidname/1', 'SIP/t$(x)'), ('/cidname/2', 'a & b/c'),
			('/SIP/Registry/101', '192.0.2.1:5060:3600:101:sip:101@192.0.2.1'), ('odd', 'x')`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range [][2]string{
		{"database put CF 102 mine", "Updated database successfully\n"},
		{"database import " + path, "9 entries of " + path + " taken in, 1 here already.\n"},
		{"database get CF 102", "Value: mine\n"},
		{"database get a b/c", "Value: d;e \"f\"\n"},
		{"database show SIP", "0 results found.\n"},
		{"database import " + path + " overwrite", "10 entries of " + path + " taken in, 0 here already.\n"},
		{"database get CF 102", "Value: 0175678\n"},
	} {
		if got := output(t, s, tt[0]); got != tt[1] {
			t.Errorf("%s:\n%s\nwant:\n%s", tt[0], got, tt[1])
		}
	}
	for entry, written := range map[string]bool{"DEVICE/101/dial": false, "DEVICE/102/dial": false, "DEVICE/103/dial": false, "cidname/3": true, "cidname/1": true, "cidname/2": true, "CF/102": false, "a/b/c": true} {
		family, key, err := channel.SplitEntry("/" + entry)
		if err != nil {
			t.Fatal(err)
		}
		if v, ok := s.database.Get(family, key); !ok || written != (len(v.Taint) > 0) {
			t.Errorf("%s: %v, %+v; want one that a caller may have written: %v", entry, ok, v, written)
		}
	}
	for _, bad := range []string{filepath.Join(t.TempDir(), "none"), filepath.Join(t.TempDir(), "..", "001", "journal")} {
		if got := output(t, s, "database import "+bad); !strings.Contains(got, "0 entries taken in") {
			t.Errorf("%s: %s", bad, got)
		}
	}
}
