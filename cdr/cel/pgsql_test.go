package cel

import (
	"reflect"
	"strconv"
	"testing"
	"time"

	"pbx/cdr"
	"pbx/config"
	"pbx/config/configtest"
	"pbx/spool"
)

// TestPostgresValue: what the columns of a table get, by their names and types.
func TestPostgresValue(t *testing.T) {
	r := &Row{
		Type: "USER_DEFINED", UserDefType: "OURS", Time: time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.Local), TimeText: "as cel.conf has it",
		Number: "101", Channel: "SIP/101-1", AMAFlags: 3,
	}
	seconds := strconv.FormatInt(r.Time.Unix(), 10)
	for _, tt := range []struct {
		name, kind, want string
		show, none, gmt  bool
	}{
		{name: "eventtime", kind: "timestamp without time zone", want: "2026-01-02 03:04:05.678901"},
		{name: "eventtime", kind: "character varying", want: "2026-01-02 03:04:05.678901"},
		{name: "eventtime", kind: "text", gmt: true, want: r.Time.UTC().Format("2006-01-02 15:04:05.000000")},
		{name: "eventtime", kind: "integer", want: seconds},
		{name: "eventtime", kind: "double precision", want: seconds + ".678901"},
		{name: "EventType", kind: "text", want: "USER_DEFINED"},
		{name: "eventtype", kind: "text", show: true, want: "OURS"},
		{name: "eventtype", kind: "smallint", want: "13"},
		{name: "userdeftype", kind: "text", want: "OURS"},
		{name: "amaflags", kind: "integer", want: "3"},
		{name: "cid_num", kind: "text", want: "101"},
		{name: "channame", kind: "text", want: "SIP/101-1"},
		{name: "extra", kind: "text", want: ""},
		{name: "extra", kind: "jsonb", none: true},
		{name: "id", kind: "integer", none: true},
	} {
		p := &Postgres{ShowUserDefined: tt.show, GMT: tt.gmt}
		v, ok := p.value(r, spool.Column{Name: tt.name, Kind: tt.kind})
		if v != tt.want && ok || ok == tt.none {
			t.Errorf("%s %s is %q, %t; want %q", tt.name, tt.kind, v, ok, tt.want)
		}
	}
}

// TestLoadPostgres: cel_pgsql.conf, and what is said of it.
func TestLoadPostgres(t *testing.T) {
	load := func(text string) (*Config, []config.Finding) {
		c, findings, err := Load(configtest.Loader(t, map[string]string{"cel_pgsql.conf": text}), t.TempDir(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return c, findings
	}
	c, findings := load("[global]\nhostname=db\ndbname=calls\ntable=cel_log\nshow_user_defined=yes\nusegmtime=yes\n")
	want := cdr.DefaultPostgres("cel_log", "")
	want.Host, want.Database = "db", "calls"
	if c.Postgres == nil || !reflect.DeepEqual(c.Postgres.Postgres, want.Postgres()) || !c.Postgres.ShowUserDefined || !c.Postgres.GMT || len(findings) > 0 {
		t.Errorf("%+v, %v", c.Postgres, findings)
	}
	if c, findings := load("[globl]\ntable=x\n"); c.Postgres != nil || len(findings) != 1 {
		t.Errorf("%+v, %v", c.Postgres, findings)
	}
}
