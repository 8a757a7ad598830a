package store

import "strings"

// databaseFamily is the family of the journal's records that are entries of
// AstDB; their keys are the paths of the entries.
const databaseFamily = "AstDB"

// Database is AstDB, kept in a journal. A record is the value behind a byte that
// says whether it came from the network.
type Database struct{ journal *Journal }

const (
	clean   = 'c'
	tainted = 't'
)

// NewDatabase is the database that is kept in j.
func NewDatabase(j *Journal) *Database { return &Database{j} }

func path(family, key string) string { return "/" + family + "/" + key }

// Get returns the value of an entry, and whether it was put as tainted.
func (d *Database) Get(family, key string) (value string, taint, ok bool) {
	v, ok := d.journal.Get(databaseFamily, path(family, key))
	value, taint = split(v)
	return value, taint, ok
}

func split(record []byte) (value string, taint bool) {
	if len(record) == 0 {
		return "", false
	}
	return string(record[1:]), record[0] == tainted
}

// Put sets an entry.
func (d *Database) Put(family, key, value string, taint bool) error {
	record := append(make([]byte, 0, len(value)+1), clean)
	if taint {
		record[0] = tainted
	}
	done := make(chan error, 1)
	d.journal.Put(databaseFamily, path(family, key), append(record, value...), func(err error) { done <- err })
	return <-done
}

// Delete removes an entry and reports whether it was there.
func (d *Database) Delete(family, key string) (bool, error) {
	p := path(family, key)
	if _, ok := d.journal.Get(databaseFamily, p); !ok {
		return false, nil
	}
	return true, d.change([]Edit{{Key: p}})
}

// DeleteTree removes an entry and everything below it.
func (d *Database) DeleteTree(family, key string) (int, error) {
	below := "/" + family
	if key != "" {
		below = path(family, key)
	}
	var edits []Edit
	d.Walk(below, func(p, _ string) bool {
		edits = append(edits, Edit{Key: p})
		return true
	})
	return len(edits), d.change(edits)
}

// change makes all of the changes or none.
func (d *Database) change(edits []Edit) error {
	if len(edits) == 0 {
		return nil
	}
	done := make(chan error, 1)
	d.journal.Batch(databaseFamily, edits, func(err error) { done <- err })
	return <-done
}

// Walk calls f for every entry at or below a path.
func (d *Database) Walk(below string, f func(path, value string) bool) {
	below = strings.TrimSuffix(below, "/")
	d.journal.Range(databaseFamily, func(p string, value []byte) bool {
		if rest, ok := strings.CutPrefix(p, below); !ok || rest != "" && rest[0] != '/' {
			return true
		}
		text, _ := split(value)
		return f(p, text)
	})
}
