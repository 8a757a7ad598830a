package database

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"pbx/config"
)

// Settings are what the files say. They never change.
type Settings struct {
	sources   map[string]settings // by name in lower case; kinds do not share names
	Functions []*Function
	families  map[string][]family
	// Refresh is how often the tables of the switch Realtime are read again.
	Refresh time.Duration
}

// Load reads res_odbc.conf, res_pgsql.conf, res_config_sqlite3.conf, func_odbc.conf
// and extconfig.conf, each of which may be absent. Relative names of SQLite files
// belong to dir. odbcINI is where unixODBC keeps its data sources, "" for
// /etc/odbc.ini.
func Load(l *config.Loader, dir, odbcINI string) (*Settings, []config.Finding, error) {
	b := &loader{
		s:   &Settings{sources: make(map[string]settings), families: make(map[string][]family), Refresh: 10 * time.Second},
		dir: dir, ini: cmp.Or(odbcINI, os.Getenv("ODBCINI"), "/etc/odbc.ini"),
	}
	for _, f := range []struct {
		name string
		read func(*config.File)
	}{
		{"res_odbc.conf", b.odbc},
		{"res_pgsql.conf", b.pgsql},
		{"res_config_sqlite3.conf", b.sqlite},
		{"func_odbc.conf", b.functions},
		{"extconfig.conf", b.extconfig},
	} {
		file, findings, err := l.Optional(f.name)
		b.findings = append(b.findings, findings...)
		if err != nil {
			return nil, b.findings, err
		}
		if file != nil {
			f.read(file)
		}
	}
	b.taint()
	return b.s, b.findings, nil
}

type loader struct {
	s        *Settings
	dir, ini string
	findings []config.Finding
}

func (b *loader) find(pos config.Pos, rule, hint, format string, args ...any) {
	b.findings = append(b.findings, config.Finding{Pos: pos, Severity: config.Warning, Rule: rule, Hint: hint, Message: fmt.Sprintf(format, args...)})
}

// odbc reads res_odbc.conf: a section is a database.
func (b *loader) odbc(f *config.File) {
	for _, s := range f.Sections {
		if s.Template || strings.EqualFold(s.Name, "ENV") {
			continue
		}
		get := func(name string) string { v, _ := s.Get(name); return v }
		if on, ok := config.Bool(get("enabled")); ok && !on {
			continue
		}
		dsn, _ := s.Lookup("dsn")
		at := dsn.Pos
		if at.Line == 0 {
			at = s.Pos
		}
		x, err := b.source(dsn.Value, cmp.Or(get("username"), s.Name), get("password"), get("username") != "")
		if err != nil {
			b.find(at, "bad-value", "write dsn = postgres://…, dsn = sqlite:FILE, or a section of "+b.ini, "[%s]: %v; nothing can be asked there", s.Name, err)
			continue
		}
		x.commit, _ = config.Bool(get("forcecommit"))
		b.number(s, "max_connections", &x.connections, 1, 1000)
		seconds := func(name string, d *time.Duration) {
			n := int(*d / time.Second)
			b.number(s, name, &n, 0, 1<<20)
			*d = time.Duration(n) * time.Second
		}
		seconds("connect_timeout", &x.connect)
		seconds("negative_connection_cache", &x.negative)
		if v, ok := s.Lookup("isolation"); ok {
			if x.isolation, ok = Isolation(v.Value); !ok {
				b.find(v.Pos, "bad-value", "", "isolation = %q is none of read_uncommitted, read_committed, repeatable_read and serializable", v.Value)
			}
		}
		b.s.sources["odbc/"+strings.ToLower(s.Name)] = x
	}
}

// Isolation reads a level of isolation.
func Isolation(name string) (sql.IsolationLevel, bool) {
	l, ok := map[string]sql.IsolationLevel{
		"read_uncommitted": sql.LevelReadUncommitted, "read_committed": sql.LevelReadCommitted,
		"repeatable_read": sql.LevelRepeatableRead, "serializable": sql.LevelSerializable,
	}[strings.ToLower(strings.TrimSpace(name))]
	return l, ok
}

func (b *loader) number(s *config.Section, name string, n *int, least, most int) {
	v, ok := s.Lookup(name)
	if !ok {
		return
	}
	x, err := strconv.Atoi(v.Value)
	if err != nil || x < least || x > most {
		b.find(v.Pos, "bad-value", "", "%s = %q is not a number from %d to %d", v.Name, v.Value, least, most)
		return
	}
	*n = x
}

// source reads a data source: an address of PostgreSQL, a file of SQLite, or the
// name of one that odbc.ini has.
func (b *loader) source(dsn, user, password string, named bool) (settings, error) {
	switch lower := strings.ToLower(dsn); {
	case dsn == "":
		return settings{}, errors.New("there is no dsn")
	case strings.HasPrefix(lower, "postgres://"), strings.HasPrefix(lower, "postgresql://"):
		u, err := url.Parse(dsn)
		if err != nil {
			return settings{}, errors.New("dsn is not an address") // its text may hold a password
		}
		if u.User == nil && named {
			u.User = url.UserPassword(user, password)
		}
		return postgres(u), nil
	case strings.HasPrefix(lower, "sqlite:"), strings.HasPrefix(lower, "sqlite3:"):
		_, file, _ := strings.Cut(dsn, ":")
		return b.file(strings.TrimPrefix(file, "//")), nil
	case strings.HasSuffix(lower, ".db"), strings.HasSuffix(lower, ".sqlite"), strings.HasSuffix(lower, ".sqlite3"):
		return b.file(dsn), nil
	}
	return b.named(dsn, user, password)
}

// named looks a data source up where unixODBC keeps them.
func (b *loader) named(dsn, user, password string) (settings, error) {
	f, _, err := (&config.Loader{Dir: filepath.Dir(b.ini)}).Load(filepath.Base(b.ini))
	if err != nil {
		return settings{}, fmt.Errorf("dsn %q: %w", dsn, err)
	}
	s := f.Section(dsn)
	if s == nil {
		return settings{}, fmt.Errorf("%s has no data source [%s]", b.ini, dsn)
	}
	get := func(names ...string) string {
		for _, v := range s.Vars {
			for _, n := range names {
				if strings.EqualFold(strings.TrimSpace(v.Name), n) {
					return v.Value
				}
			}
		}
		return ""
	}
	driver := strings.ToLower(get("Driver"))
	switch {
	case strings.Contains(driver, "sqlite"):
		return b.file(get("Database")), nil
	case strings.Contains(driver, "postgres"), strings.Contains(driver, "psql"), strings.Contains(driver, "pgsql"):
		u := &url.URL{
			Scheme: "postgres", Host: cmp.Or(get("Servername", "Server"), "localhost") + ":" + cmp.Or(get("Port"), "5432"),
			Path: "/" + get("Database"), User: url.UserPassword(cmp.Or(user, get("Username", "UserName", "User", "UID")), cmp.Or(password, get("Password", "PWD"))),
		}
		if mode := get("SSLmode"); mode != "" {
			u.RawQuery = url.Values{"sslmode": {mode}}.Encode()
		}
		return postgres(u), nil
	}
	return settings{}, fmt.Errorf("the driver %q of [%s] in %s is neither PostgreSQL nor SQLite", get("Driver"), dsn, b.ini)
}

func postgres(u *url.URL) settings {
	return settings{driver: "pgx", dsn: u.String(), connections: 5, connect: 10 * time.Second, negative: sulk}
}

// file is a SQLite database. One connection writes, and who waits for it waits.
func (b *loader) file(name string) settings {
	if !filepath.IsAbs(name) {
		name = filepath.Join(b.dir, name)
	}
	q := url.Values{"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)"}}
	return settings{
		driver: "sqlite", dsn: (&url.URL{Scheme: "file", OmitHost: true, Path: name, RawQuery: q.Encode()}).String(),
		connections: 1, connect: 10 * time.Second, negative: sulk,
	}
}

// pgsql reads res_pgsql.conf: one database, whatever extconfig.conf calls it.
func (b *loader) pgsql(f *config.File) {
	s := f.Section("general")
	if s == nil {
		return
	}
	get := func(name string) string { v, _ := s.Get(name); return v }
	q := url.Values{}
	if app := get("appname"); app != "" {
		q.Set("application_name", app)
	}
	host := cmp.Or(get("dbhost"), "localhost") + ":" + cmp.Or(get("dbport"), "5432")
	if sock := get("dbsock"); sock != "" && get("dbhost") == "" {
		q.Set("host", filepath.Dir(sock))
		host = ""
	}
	x := postgres(&url.URL{
		Scheme: "postgres", Host: host, Path: "/" + cmp.Or(get("dbname"), "asterisk"), RawQuery: q.Encode(),
		User: url.UserPassword(cmp.Or(get("dbuser"), "asterisk"), get("dbpass")),
	})
	b.s.sources["pgsql/"] = x
}

// sqlite reads res_config_sqlite3.conf: a section is a database file.
func (b *loader) sqlite(f *config.File) {
	for _, s := range f.Sections {
		if v, ok := s.Lookup("dbfile"); ok && !s.Template {
			b.s.sources["sqlite3/"+strings.ToLower(s.Name)] = b.file(v.Value)
		}
	}
}
