// Package database is what the exchange has in SQL databases: the sources that
// res_odbc.conf, res_pgsql.conf and res_config_sqlite3.conf name, the statements of
// func_odbc.conf, and the families of extconfig.conf. SQLite and PostgreSQL are
// spoken to directly; there is no unixODBC, but its odbc.ini is read.
//
// Any goroutine may use a Sources but a loop: every method that takes a context
// waits for the database. Connections are opened when they are needed first.
package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"
)

const (
	// patience is how long a statement may take.
	patience = 30 * time.Second
	// sulk is how long a database that cannot be reached is not tried again, unless
	// its section says negative_connection_cache.
	sulk = 10 * time.Second
)

// Source is one database by its name in the files.
type Source struct {
	Name string
	settings
	now func() time.Time

	mu     sync.Mutex
	db     *sql.DB
	tried  bool      // it was reached the last time
	failed time.Time // the last time that it could not be reached
	err    error     // why
}

// settings are how to reach a database.
type settings struct {
	driver, dsn string
	connections int
	connect     time.Duration
	negative    time.Duration
	// commit says what becomes of a transaction that nobody ended.
	commit    bool
	isolation sql.IsolationLevel
}

// Postgres reports whether the database is PostgreSQL; otherwise it is SQLite.
func (s *Source) Postgres() bool { return s.driver == "pgx" }

// ForceCommit is what becomes of a transaction that nobody ended, unless the
// channel says otherwise.
func (s *Source) ForceCommit() bool { return s.commit }

// Isolation is the level of its transactions.
func (s *Source) Isolation() sql.IsolationLevel { return s.isolation }

// open returns the pool of connections, once one of them could be made.
func (s *Source) open(ctx context.Context) (*sql.DB, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if !s.failed.IsZero() && now.Sub(s.failed) < s.negative {
		return nil, s.err
	}
	if s.db == nil {
		db, err := sql.Open(s.driver, s.dsn)
		if err != nil {
			return nil, fmt.Errorf("database %s: %w", s.Name, err)
		}
		db.SetMaxOpenConns(s.connections)
		db.SetMaxIdleConns(s.connections)
		s.db = db
	}
	if s.tried {
		return s.db, nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.connect)
	defer cancel()
	if err := s.db.PingContext(ctx); err != nil {
		s.err = fmt.Errorf("database %s: %w", s.Name, err)
		if ctx.Err() == nil || !errors.Is(ctx.Err(), context.Canceled) {
			s.failed = now
		}
		return nil, s.err
	}
	s.tried, s.failed, s.err = true, time.Time{}, nil
	return s.db, nil
}

// Reached reports whether the database answered the last time that it was asked.
func (s *Source) Reached() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tried
}

func (s *Source) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db == nil {
		return nil
	}
	return s.db.Close()
}

// runner is a pool or a transaction.
type runner interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// Tx is a transaction that a call began.
type Tx struct {
	Source *Source
	tx     *sql.Tx
	cancel context.CancelFunc
}

// Begin begins one. It lasts until Commit or Rollback.
func (s *Source) Begin(ctx context.Context, level sql.IsolationLevel) (*Tx, error) {
	db, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	if !s.Postgres() {
		level = sql.LevelDefault // SQLite knows one
	}
	tx, err := db.BeginTx(lasting, &sql.TxOptions{Isolation: level})
	if err != nil {
		cancel()
		return nil, fmt.Errorf("database %s: %w", s.Name, err)
	}
	return &Tx{s, tx, cancel}, nil
}

// Commit keeps what was done, Rollback takes it back.
func (t *Tx) Commit() error { defer t.cancel(); return t.tx.Commit() }

// Rollback takes back what was done.
func (t *Tx) Rollback() error { defer t.cancel(); return t.tx.Rollback() }

// Table is what a query found. A NULL is empty.
type Table struct {
	Columns []string
	Rows    [][]string
}

// Query asks for at most limit rows, within tx when it is not nil.
func (s *Source) Query(ctx context.Context, tx *Tx, limit int, query string, args ...any) (t Table, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := s.runner(ctx, tx)
	if err != nil {
		return t, err
	}
	rows, err := r.QueryContext(ctx, query, args...)
	if err != nil {
		return t, fmt.Errorf("database %s: %w", s.Name, err)
	}
	defer func() {
		if e := rows.Close(); e != nil && err == nil {
			err = e
		}
	}()
	if t.Columns, err = rows.Columns(); err != nil {
		return t, err
	}
	for rows.Next() && len(t.Rows) < limit {
		cells := make([]sql.NullString, len(t.Columns))
		into := make([]any, len(cells))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			return t, fmt.Errorf("database %s: %w", s.Name, err)
		}
		row := make([]string, len(cells))
		for i, c := range cells {
			row[i] = c.String
		}
		t.Rows = append(t.Rows, row)
	}
	if err := rows.Err(); err != nil {
		return t, fmt.Errorf("database %s: %w", s.Name, err)
	}
	return t, nil
}

// Exec changes something and returns how many rows that touched.
func (s *Source) Exec(ctx context.Context, tx *Tx, query string, args ...any) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := s.runner(ctx, tx)
	if err != nil {
		return 0, err
	}
	result, err := r.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, fmt.Errorf("database %s: %w", s.Name, err)
	}
	return result.RowsAffected()
}

func (s *Source) runner(ctx context.Context, tx *Tx) (runner, error) {
	if tx != nil && tx.Source == s {
		return tx.tx, nil
	}
	db, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	return db, nil
}
