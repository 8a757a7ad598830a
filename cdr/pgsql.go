package cdr

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"pbx/spool"
)

// Postgres is the table of cdr_pgsql.conf. Its columns are those of the table that have
// the name of a column of a record (calldate is start), or of a variable of the dialplan's own.
type Postgres struct {
	Host, Port, Database, User, Password string
	Table, Application                   string
	GMT                                  bool

	conn    *pgx.Conn
	columns []pgColumn
}

type pgColumn struct{ name, kind string }

// patience bounds what a database may take for a batch.
const patience = 20 * time.Second

// Name implements spool.Backend.
func (p *Postgres) Name() string { return "pgsql" }

// Mark implements spool.Backend.
func (p *Postgres) Mark([]spool.Entry) (spool.Mark, error) { return spool.Mark{}, nil }

// Close ends the connection.
func (p *Postgres) Close() error {
	if p.conn == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return p.conn.Close(ctx)
}

// Deliver implements spool.Backend. A batch is one transaction; when it is not known how
// the last try ended, rows that are there are left out, since the table need have no
// column that tells rows apart.
func (p *Postgres) Deliver(batch []spool.Entry, _ spool.Mark, again bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if p.conn == nil || p.conn.IsClosed() {
		if err := p.connect(ctx); err != nil {
			return err
		}
	}
	err := p.insert(ctx, batch, again)
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
		return fmt.Errorf("cdr_pgsql.conf: %w", err)
	}
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return err
	}
	p.columns = p.columns[:0]
	schema, table, ok := strings.Cut(p.Table, ".")
	if !ok {
		schema, table = "", p.Table
	}
	rows, err := conn.Query(ctx, `SELECT column_name, data_type FROM information_schema.columns
		WHERE table_name = $1 AND ($2 = '' OR table_schema = $2) AND ($2 <> '' OR table_schema = ANY (current_schemas(false))) ORDER BY ordinal_position`, table, schema)
	if err == nil {
		for rows.Next() {
			var col pgColumn
			if err = rows.Scan(&col.name, &col.kind); err != nil {
				break
			}
			p.columns = append(p.columns, col)
		}
		rows.Close()
		err = rows.Err()
	}
	if err == nil && len(p.columns) == 0 {
		err = fmt.Errorf("there is no table %s", p.Table)
	}
	if err != nil {
		_ = conn.Close(ctx)
		return err
	}
	p.conn = conn
	return nil
}

// value is what a column of the table gets of a row; ok is false for a column that is no
// business of the record's, which keeps its default.
func (c pgColumn) value(r *Row) (v string, ok bool) {
	name := strings.ToLower(c.name)
	if name == "calldate" {
		name = "start"
	}
	options := ""
	switch c.kind {
	case "integer", "bigint", "smallint":
		options = "u"
	case "numeric", "double precision", "real":
		options = "uf"
	}
	if v, ok = r.Field(name, options); !ok {
		return "", false
	}
	if strings.HasSuffix(c.kind, "int") || c.kind == "integer" {
		v, _, _ = strings.Cut(v, ".") // seconds of a time
	}
	if v == "" && !strings.HasPrefix(c.kind, "char") && c.kind != "text" {
		return "", false // no moment
	}
	return v, true
}

func (p *Postgres) insert(ctx context.Context, batch []spool.Entry, again bool) error {
	tx, err := p.conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx) //nolint:errcheck // after Commit it says that there is nothing to do
	table := pgx.Identifier(strings.Split(p.Table, ".")).Sanitize()
	for _, e := range batch {
		r, ok := decodeRow(e)
		if !ok {
			continue
		}
		if localTime(r); p.GMT {
			r.Start, r.End = r.Start.UTC(), r.End.UTC()
			if !r.Answer.IsZero() {
				r.Answer = r.Answer.UTC()
			}
		}
		var names, marks, same []string
		var values []any
		for _, c := range p.columns {
			v, ok := c.value(r)
			if !ok {
				continue
			}
			values = append(values, v)
			name := pgx.Identifier{c.name}.Sanitize()
			mark := fmt.Sprintf("$%d::text::%s", len(values), c.kind)
			names, marks, same = append(names, name), append(marks, mark), append(same, name+" = "+mark)
		}
		if len(names) == 0 {
			return fmt.Errorf("table %s has no column of a call record", p.Table)
		}
		insert := fmt.Sprintf("INSERT INTO %s (%s) SELECT %s", table, strings.Join(names, ", "), strings.Join(marks, ", "))
		if again {
			insert += fmt.Sprintf(" WHERE NOT EXISTS (SELECT 1 FROM %s WHERE %s)", table, strings.Join(same, " AND "))
		}
		if _, err := tx.Exec(ctx, insert, values...); err != nil {
			return err
		}
	}
	return tx.Commit(ctx)
}
