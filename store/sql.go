package store

import (
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver that OpenSQL names
)

// OpenSQL opens the SQLite database at path, which is made when it is not there. It has
// one connection, as SQLite has one writer, keeps a write-ahead log so that readers do
// not wait, and is safe against a crash of the process and of the machine.
func OpenSQL(path string) (*sql.DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, err
	}
	u := url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: "_pragma=journal_mode(wal)&_pragma=busy_timeout(5000)&_pragma=synchronous(full)"}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if err := db.Ping(); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return db, os.Chmod(path, 0o640)
}
