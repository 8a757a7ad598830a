package store

import (
	"database/sql"
	"fmt"
	"net/url"
	"os"
)

// ReadAstDB calls f with every entry of an astdb.sqlite3, the database of Asterisk, in
// the order of the paths, which begin with a slash. The file is only read. An error of
// f ends it.
func ReadAstDB(path string, f func(path, value string) error) error {
	if _, err := os.Stat(path); err != nil { // opening it would make one
		return err
	}
	u := url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: "mode=ro&_pragma=busy_timeout(5000)"}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	rows, err := db.Query("SELECT key, value FROM astdb ORDER BY key")
	if err != nil {
		return fmt.Errorf("%s is no astdb.sqlite3: %w", path, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var key, value string
		if err := rows.Scan(&key, &value); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if err := f(key, value); err != nil {
			return err
		}
	}
	return rows.Err()
}
