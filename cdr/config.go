package cdr

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"

	"pbx/config"
)

// Config is what cdr.conf and the files of its backends say.
type Config struct {
	Settings
	// CSV is nil without Master.csv.
	CSV    *CSV
	Custom []Custom
	// SQLite is whether the exchange's own database has the records.
	SQLite       bool
	SQLiteCustom *SQLiteCustom // without Open
	Postgres     *Postgres
}

// Load reads them; each may be absent. logDir is where files of records go. Without
// cdr.conf there are Master.csv and the database.
func Load(l *config.Loader, logDir string) (*Config, []config.Finding, error) {
	c := &Config{Settings: Defaults(), SQLite: true, CSV: &CSV{Accounts: true, Dir: filepath.Join(logDir, "cdr-csv")}}
	var all []config.Finding
	for _, file := range []struct {
		name string
		read func(*config.File) []config.Finding
	}{
		{"cdr.conf", func(f *config.File) []config.Finding { return c.main(f) }},
		{"cdr_custom.conf", func(f *config.File) []config.Finding {
			list, found := LoadMappings(f, "cdr_custom.conf", filepath.Join(logDir, "cdr-custom"), knownToRows)
			c.Custom = list
			return found
		}},
		{"cdr_sqlite3_custom.conf", c.sqliteCustom},
		{"cdr_pgsql.conf", c.postgres},
	} {
		f, findings, err := l.Optional(file.name)
		all = append(all, findings...)
		if err != nil {
			return c, all, err
		}
		if f != nil {
			all = append(all, file.read(f)...)
		}
	}
	return c, all, nil
}

func note(pos config.Pos, severity config.Severity, rule, format string, args ...any) config.Finding {
	return config.Finding{Pos: pos, Severity: severity, Rule: rule, Message: fmt.Sprintf(format, args...)}
}

func (c *Config) main(f *config.File) (out []config.Finding) {
	csv := c.CSV
	c.CSV = nil
	for _, sec := range f.Sections {
		switch strings.ToLower(sec.Name) {
		case "general":
			out = append(out, config.Decode(sec, &c.Settings, "scheduleronly")...)
			if c.Size <= 0 {
				out = append(out, note(sec.Pos, config.Error, "bad-value", "size must be at least 1; 100 is used"))
				c.Size = 100
			}
		case "csv":
			c.CSV = csv
			out = append(out, config.Decode(sec, csv, "accountcode")...)
		case "sqlite":
			own := struct {
				Enable bool `conf:"enable"`
			}{true}
			out = append(out, config.Decode(sec, &own)...)
			c.SQLite = own.Enable
		case "custom", "radius", "odbc", "tds", "mysql", "sqlite3", "manager", "pgsql":
			out = append(out, note(sec.Pos, config.Note, "no-effect", "[%s] does not act: that backend is not here", sec.Name))
		default:
			out = append(out, note(sec.Pos, config.Warning, "unknown-section", "cdr.conf has no section [%s]", sec.Name))
		}
	}
	return out
}

// LoadMappings reads the [mappings] of cdr_custom.conf or cel_custom.conf: files below dir
// and their templates.
func LoadMappings(f *config.File, name, dir string, known func(string, bool) bool) (list []Custom, out []config.Finding) {
	for _, sec := range f.Sections {
		if !strings.EqualFold(sec.Name, "mappings") {
			out = append(out, note(sec.Pos, config.Warning, "unknown-section", "%s has no section [%s]", name, sec.Name))
			continue
		}
		for _, v := range sec.Vars {
			path, ok := below(dir, v.Name)
			t, err := ParseTemplate(v.Value, known)
			switch {
			case !ok:
				out = append(out, note(v.Pos, config.Error, "bad-value", "%q is not the name of a file below the log directory", v.Name))
			case err != nil:
				out = append(out, note(v.Pos, config.Error, "bad-value", "%v; the mapping is left out", err))
			default:
				list = append(list, Custom{path, t})
			}
		}
	}
	return list, out
}

func (c *Config) sqliteCustom(f *config.File) (out []config.Finding) {
	for _, sec := range f.Sections {
		if !strings.EqualFold(sec.Name, "master") {
			out = append(out, note(sec.Pos, config.Warning, "unknown-section", "cdr_sqlite3_custom.conf has no section [%s]", sec.Name))
			continue
		}
		var s struct {
			Table   string `conf:"table"`
			Columns string `conf:"columns"`
			Values  string `conf:"values"`
			Timeout int    `conf:"busy_timeout"`
		}
		out = append(out, config.Decode(sec, &s)...)
		if s.Table == "" && s.Columns == "" && s.Values == "" { // the sample, in which all is commented out
			return out
		}
		own := &SQLiteCustom{Table: cmp.Or(s.Table, "cdr")}
		for name := range strings.SplitSeq(s.Columns, ",") {
			own.Columns = append(own.Columns, strings.TrimSpace(name))
		}
		for _, text := range splitValues(s.Values) {
			t, err := ParseTemplate(text, knownToRows)
			if err != nil {
				out = append(out, note(sec.Pos, config.Error, "bad-value", "values: %v", err))
				return out
			}
			own.Values = append(own.Values, t)
		}
		if len(own.Columns) != len(own.Values) {
			out = append(out, note(sec.Pos, config.Error, "bad-value", "[master] needs as many values (%d) as columns (%d)", len(own.Values), len(own.Columns)))
			return out
		}
		c.SQLiteCustom = own
	}
	return out
}

// splitValues divides '${CDR(clid)}','${CDR(dst)}' and takes the quotes off; a comma between
// parentheses divides nothing.
func splitValues(s string) (out []string) {
	for s = strings.TrimSpace(s); s != ""; {
		if s[0] == '\'' {
			end := strings.IndexByte(s[1:], '\'')
			if end < 0 {
				return append(out, s[1:])
			}
			out = append(out, s[1:1+end])
			s = strings.TrimLeft(s[end+2:], ", \t")
			continue
		}
		end, depth := len(s), 0
		for i := 0; i < end; i++ {
			switch s[i] {
			case '(':
				depth++
			case ')':
				depth--
			case ',':
				if depth <= 0 {
					end = i
				}
			}
		}
		out, s = append(out, strings.TrimSpace(s[:end])), strings.TrimSpace(s[min(end+1, len(s)):])
	}
	return out
}
