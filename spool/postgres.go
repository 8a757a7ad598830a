package spool

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Postgres is a table of a PostgreSQL server that a backend writes batches into. Which
// columns it has is read when the connection is made. One goroutine uses it.
type Postgres struct {
	Host, Port, Database, User, Password string
	Schema, Table, Application           string

	conn    *pgx.Conn
	columns []Column
}

// Column is one of the table, with the name of its type as information_schema has it;
// of an enum and others of the office's own that is the name to cast to. One that is Required
// has no default and must have a value.
type Column struct {
	Name, Kind string
	Required   bool
}

// Integer reports whether it takes whole numbers.
func (c Column) Integer() bool {
	return c.Kind == "integer" || c.Kind == "bigint" || c.Kind == "smallint"
}

// Decimal reports whether it takes numbers with a fraction.
func (c Column) Decimal() bool {
	return c.Kind == "numeric" || c.Kind == "double precision" || c.Kind == "real"
}

// Text reports whether it takes any text.
func (c Column) Text() bool { return strings.HasPrefix(c.Kind, "char") || c.Kind == "text" }

// Values are what an entry has for the columns; ok is false for one that keeps its
// default.
type Values func(c Column) (v string, ok bool)

// patience bounds what a database may take for a batch.
const patience = 20 * time.Second

// Close ends the connection.
func (p *Postgres) Close() error {
	if p.conn == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return p.conn.Close(ctx)
}

// Write inserts a batch in one transaction; values is nil for entries that are no
// business of the table's. When it is not known how the last try ended (again), rows
// that are there are left out, since the table need have no column that tells rows
// apart.
func (p *Postgres) Write(batch []Entry, again bool, values func(Entry) Values) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if p.conn == nil || p.conn.IsClosed() {
		if err := p.connect(ctx); err != nil {
			return err
		}
	}
	err := p.insert(ctx, batch, again, values)
	if err != nil {
		_ = p.conn.Close(ctx)
		p.conn = nil
	}
	return err
}

func (p *Postgres) connect(ctx context.Context) error {
	quote := func(s string) string { return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'" }
	var b strings.Builder
	for _, kv := range [...][2]string{
		{"host", p.Host}, {"port", p.Port}, {"dbname", p.Database}, {"user", p.User}, {"password", p.Password}, {"application_name", p.Application},
	} {
		if kv[1] != "" {
			b.WriteString(kv[0] + "=" + quote(kv[1]) + " ")
		}
	}
	c, err := pgx.ParseConfig(b.String())
	if err != nil {
		return fmt.Errorf("the settings of the database: %w", err)
	}
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return err
	}
	columns, err := p.read(ctx, conn)
	if err != nil {
		_ = conn.Close(ctx)
		return err
	}
	p.conn, p.columns = conn, columns
	return nil
}

// read lists the columns of the table.
func (p *Postgres) read(ctx context.Context, conn *pgx.Conn) (columns []Column, err error) {
	schema, table := p.place()
	rows, err := conn.Query(ctx, `SELECT column_name, CASE data_type WHEN 'USER-DEFINED' THEN quote_ident(udt_schema) || '.' || quote_ident(udt_name) ELSE data_type END,
		is_nullable = 'NO' AND column_default IS NULL
		FROM information_schema.columns
		WHERE table_name = $1 AND ($2 = '' OR table_schema = $2) AND ($2 <> '' OR table_schema = ANY (current_schemas(false))) ORDER BY ordinal_position`, table, schema)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var c Column
		if err := rows.Scan(&c.Name, &c.Kind, &c.Required); err != nil {
			return nil, err
		}
		columns = append(columns, c)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if len(columns) == 0 {
		return nil, fmt.Errorf("there is no table %s", p.Table)
	}
	return columns, nil
}

// place is where the table is; a schema of "" is any that the user's names are looked
// up in. The name of the table may have its schema before a dot.
func (p *Postgres) place() (schema, table string) {
	if schema, table, ok := strings.Cut(p.Table, "."); ok {
		return schema, table
	}
	return p.Schema, p.Table
}

func (p *Postgres) insert(ctx context.Context, batch []Entry, again bool, values func(Entry) Values) error {
	tx, err := p.conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx) //nolint:errcheck // after Commit it says that there is nothing to do
	schema, name := p.place()
	table := pgx.Identifier{name}
	if schema != "" {
		table = pgx.Identifier{schema, name}
	}
	for _, e := range batch {
		value := values(e)
		if value == nil {
			continue
		}
		var names, marks, same []string
		var list []any
		for _, c := range p.columns {
			v, ok := value(c)
			if !ok {
				continue
			}
			list = append(list, v)
			name := pgx.Identifier{c.Name}.Sanitize()
			mark := fmt.Sprintf("$%d::text::%s", len(list), c.Kind)
			names, marks = append(names, name), append(marks, mark)
			if c.Kind != "json" { // which is equal to nothing
				same = append(same, name+" = "+mark)
			}
		}
		if len(names) == 0 {
			return fmt.Errorf("table %s has no column of a record", p.Table)
		}
		text := fmt.Sprintf("INSERT INTO %s (%s) SELECT %s", table.Sanitize(), strings.Join(names, ", "), strings.Join(marks, ", "))
		if again && len(same) > 0 {
			text += fmt.Sprintf(" WHERE NOT EXISTS (SELECT 1 FROM %s WHERE %s)", table.Sanitize(), strings.Join(same, " AND "))
		}
		if _, err := tx.Exec(ctx, text, list...); err != nil {
			return err
		}
	}
	return tx.Commit(ctx)
}
