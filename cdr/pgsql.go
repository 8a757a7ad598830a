package cdr

import (
	"strings"

	"pbx/config"
	"pbx/spool"
)

// Postgres is the table of cdr_pgsql.conf. Its columns are those of the table that have
// the name of a column of a record (calldate is start), or of a variable of the dialplan's own.
type Postgres struct {
	spool.Postgres
	GMT bool
}

// Name implements spool.Backend.
func (p *Postgres) Name() string { return "pgsql" }

// Mark implements spool.Backend.
func (p *Postgres) Mark([]spool.Entry) (spool.Mark, error) { return spool.Mark{}, nil }

// Deliver implements spool.Backend.
func (p *Postgres) Deliver(batch []spool.Entry, _ spool.Mark, again bool) error {
	return p.Write(batch, again, func(e spool.Entry) spool.Values {
		r, ok := decodeRow(e)
		if !ok {
			return nil
		}
		if localTime(r); p.GMT {
			r.Start, r.End = r.Start.UTC(), r.End.UTC()
			if !r.Answer.IsZero() {
				r.Answer = r.Answer.UTC()
			}
		}
		return func(c spool.Column) (string, bool) { return columnValue(r, c) }
	})
}

// columnValue is what a column of the table gets of a row; ok is false for a column that
// is no business of the record's, or of which there is nothing to tell: it keeps its default.
func columnValue(r *Row, c spool.Column) (v string, ok bool) {
	name := strings.ToLower(c.Name)
	if name == "calldate" {
		name = "start"
	}
	options := ""
	switch {
	case c.Integer():
		options = "u"
	case c.Decimal():
		options = "uf"
	}
	if v, ok = r.Field(name, options); !ok {
		return "", false
	}
	if c.Integer() {
		v, _, _ = strings.Cut(v, ".") // seconds of a time
	}
	return v, v != "" || c.Required && c.Text()
}

// PostgresSettings are what cdr_pgsql.conf and cel_pgsql.conf have in common.
type PostgresSettings struct {
	Host        string `conf:"hostname"`
	Port        string `conf:"port"`
	Database    string `conf:"dbname"`
	User        string `conf:"user"`
	Password    string `conf:"password"`
	Schema      string `conf:"schema"`
	Table       string `conf:"table"`
	Application string `conf:"appname"`
}

// DefaultPostgres are the settings where a file has no line for them.
func DefaultPostgres(table, database string) PostgresSettings {
	return PostgresSettings{Port: "5432", Database: database, User: "asterisk", Table: table, Application: "pbx"}
}

// Postgres is where they lead.
func (s PostgresSettings) Postgres() spool.Postgres {
	return spool.Postgres{
		Host: s.Host, Port: s.Port, Database: s.Database, User: s.User, Password: s.Password, Schema: s.Schema, Table: s.Table, Application: s.Application,
	}
}

func (c *Config) postgres(f *config.File) (out []config.Finding) {
	for _, sec := range f.Sections {
		if !strings.EqualFold(sec.Name, "global") {
			out = append(out, note(sec.Pos, config.Warning, "unknown-section", "cdr_pgsql.conf has no section [%s]", sec.Name))
			continue
		}
		s := struct {
			PostgresSettings
			Zone string `conf:"timezone"`
		}{PostgresSettings: DefaultPostgres("cdr", "asteriskcdrdb")}
		out = append(out, config.Decode(sec, &s, "encoding")...)
		gmt := strings.EqualFold(s.Zone, "UTC") || strings.EqualFold(s.Zone, "GMT")
		if s.Zone != "" && !gmt {
			out = append(out, note(sec.Pos, config.Warning, "bad-value", "timezone: only UTC, or the machine's zone without the line; the latter is used"))
		}
		c.Postgres = &Postgres{Postgres: s.Postgres(), GMT: gmt}
	}
	return out
}
