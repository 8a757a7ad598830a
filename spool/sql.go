package spool

import (
	"database/sql"
	"errors"
)

// SQL is a database that a backend writes batches into. One goroutine uses it.
type SQL struct {
	// Open opens the database. It is called until it succeeds.
	Open func() (*sql.DB, error)

	db       *sql.DB
	prepared []*sql.Stmt
}

// Insert runs one of the statements of Write with its values.
type Insert func(statement int, values ...any) (sql.Result, error)

// Write has f write in one transaction. Tables makes the tables, and the statements
// that f runs are prepared, when the database is opened.
func (s *SQL) Write(tables string, statements []string, f func(Insert) error) error {
	if s.db == nil {
		if err := s.open(tables, statements); err != nil {
			return err
		}
	}
	tx, err := s.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it says that there is nothing to do
	in := make([]*sql.Stmt, len(s.prepared))
	for i, p := range s.prepared {
		in[i] = tx.Stmt(p)
	}
	if err := f(func(i int, values ...any) (sql.Result, error) { return in[i].Exec(values...) }); err != nil {
		return err
	}
	return tx.Commit()
}

func (s *SQL) open(tables string, statements []string) error {
	db, err := s.Open()
	if err != nil {
		return err
	}
	fail := func(err error) error { return errors.Join(err, db.Close()) }
	if _, err := db.Exec(tables); err != nil {
		return fail(err)
	}
	prepared := make([]*sql.Stmt, len(statements))
	for i, text := range statements {
		if prepared[i], err = db.Prepare(text); err != nil {
			return fail(err)
		}
	}
	s.db, s.prepared = db, prepared
	return nil
}

// Gathers implements Gatherer: most of what a row costs is its transaction's.
func (s *SQL) Gathers() bool { return true }

// Close closes the database; the next Write opens it again.
func (s *SQL) Close() error {
	if s.db == nil {
		return nil
	}
	db := s.db
	s.db, s.prepared = nil, nil
	return db.Close()
}
