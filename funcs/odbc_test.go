package funcs

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pbx/channel"
	"pbx/config"
	"pbx/database"
	"pbx/dialplan"
)

// sqlOffice is an office with a SQLite database of people.
func sqlOffice(t *testing.T) (*dialplan.Engine, *channel.Channel, *database.Sources) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"res_odbc.conf": "[ENV]\n[office]\ndsn => office.db\npre-connect => yes\n[off]\nenabled => no\ndsn => x.db\n[gone]\ndsn => sqlite:/nowhere/at/all.db\n",
		"func_odbc.conf": `[NAME]
dsn=gone,office
readsql=SELECT name FROM people WHERE number='${SQL_ESC(${ARG1})}'
[ROW]
prefix=DB
dsn=office
readsql=SELECT * FROM people WHERE number='${SQL_ESC(${ARG1})}'
[ALL]
dsn=office
mode=multirow
readsql=SELECT number, name FROM people ORDER BY number
[FIRST]
dsn=office
rowlimit=2
readsql=SELECT number FROM people ORDER BY number
[RAW]
dsn=office
readsql=SELECT name FROM people WHERE number='${ARG1}'
[SQL]
dsn=office
readsql=${ARG1}
[SAVE]
dsn=office
writesql=UPDATE people SET name='${SQL_ESC(${VAL1})}', note='${SQL_ESC(${VAL2})}' WHERE number='${SQL_ESC(${ARG1})}'
insertsql=INSERT INTO people (number, name, note) VALUES ('${SQL_ESC(${ARG1})}','${SQL_ESC(${VAL1})}','${SQL_ESC(${VAL2})}')
[WHOLE]
dsn=office
writesql=UPDATE people SET note='${SQL_ESC(${VALUE})}' WHERE number='${ARG1}'
`,
		"extconfig.conf": "[settings]\npeople => odbc,office\nold => mysql,office\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set, _, err := database.Load(&config.Loader{Dir: dir}, dir, "")
	if err != nil {
		t.Fatal(err)
	}
	d := database.New(set, time.Now)
	t.Cleanup(func() { _ = d.Close() })
	s, err := d.Source("office")
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{
		"CREATE TABLE people (number TEXT, name TEXT, note TEXT)",
		"INSERT INTO people VALUES ('100','Ann','a,b'), ('101','O''Neil',NULL), ('102','Cy','c\\d')",
	} {
		if _, err := s.Exec(context.Background(), nil, q); err != nil {
			t.Fatal(err)
		}
	}
	e, c := newThread(t, Deps{Databases: d})
	e.AddApplications(Applications())
	return e, c, d
}

func expand(e *dialplan.Engine, c *channel.Channel, text string) string { return e.Expand(c, text).S }

func TestODBC(t *testing.T) {
	e, c, _ := sqlOffice(t)
	c.SetVar("ARG1", channel.Clean("mine"))
	for _, tc := range []struct{ set, ask, want string }{
		{"", "${ODBC_NAME(100)} ${ODBCSTATUS} ${ODBCROWS}", "Ann SUCCESS 1"},
		{"", "${ODBC_NAME(999)} ${ODBCSTATUS} ${ODBCROWS}", " NODATA 0"},
		{"", "${ODBC_NAME(1' OR '1'='1)} ${ODBCSTATUS}", " NODATA"},
		{"", "${DB_ROW(100)}", `100,Ann,a\,b`},
		{"", "${DB_ROW(102)}", `102,Cy,c\\d`},
		{"HASH(who)=${DB_ROW(100)}", "${HASH(who,name)}/${HASH(who,note)}", "Ann/a,b"},
		{"", "${ODBC_SQL(SELECT count(*) FROM people)}", "3"},
		{"", "${ODBC_SQL(SELECT nothing FROM people)} ${ODBCSTATUS}", " FAILURE"},
		{"", "${ODBC_ALL()} ${ODBCROWS}", "1 3"},
		{"", "${ODBC_FETCH(1)} ${ODBC_FETCH_STATUS}", "100,Ann SUCCESS"},
		{"", "${ODBC_FETCH(1)}", "101,O'Neil"},
		{"", "${ODBC_FETCH(1)}", "102,Cy"},
		{"", "${ODBC_FETCH(1)} ${ODBC_FETCH_STATUS}", " FAILURE"},
		{"", "${ODBC_FIRST()} ${ODBC_FETCH(ODBC_FIRST)} ${ODBC_FETCH(ODBC_FIRST)}", "100 101 "},
		{"ODBC_SAVE(101)=Nell,it's,more", "${ODBCSTATUS} ${ODBCROWS} ${DB_ROW(101)}", "SUCCESS 1 101,Nell,it's"},
		{"ODBC_SAVE(200)=New,x", "${ODBCSTATUS} ${ODBCROWS} ${DB_ROW(200)}", "SUCCESS 1 200,New,x"},
		{"ODBC_WHOLE(200)=a,b", "${ODBCROWS} ${DB_ROW(200)}", `1 200,New,a\,b`},
		{"ODBC_WHOLE(999)=a", "${ODBCSTATUS} ${ODBCROWS}", "SUCCESS 0"},
		{"", "${ARG1}", "mine"},
	} {
		if name, v, ok := strings.Cut(tc.set, "="); ok {
			write(t, e, c, name, expand(e, c, v))
		}
		if got := expand(e, c, tc.ask); got != tc.want {
			t.Errorf("%s %s: %q, want %q", tc.set, tc.ask, got, tc.want)
		}
	}
}

// TestODBCTaint: what a caller says changes no statement.
func TestODBCTaint(t *testing.T) {
	e, c, _ := sqlOffice(t)
	c.SetVar("who", channel.Tainted("1' OR '1'='1"))
	c.SetVar("number", channel.Tainted("100"))
	for ask, want := range map[string]string{
		"${ODBC_RAW(${who})}":                      "",
		"${ODBC_RAW(${number})}":                   "Ann",
		"${ODBC_NAME(${who})}":                     "",
		"${ODBC_SQL(SELECT '${SQL_ESC(${who})}')}": "1' OR '1'='1",
		"${ODBC_SQL(SELECT ${who})}":               "",
		"${ODBC_SQL(${who})}":                      "",
	} {
		if got := expand(e, c, ask); got != want {
			t.Errorf("%s: %q, want %q", ask, got, want)
		}
	}
	if v := e.Expand(c, "${ODBC_NAME(100)}"); len(v.Taint) == 0 {
		t.Error("what the plan may have written counts as the office's own")
	}
}

func TestTransaction(t *testing.T) {
	e, c, _ := sqlOffice(t)
	finish := func(name string) {
		t.Helper()
		if err := EndODBC(c, "", name == "ODBC_Commit"); err != nil {
			t.Fatal(err)
		}
	}
	write(t, e, c, "ODBC(transaction)", "office")
	write(t, e, c, "ODBC_WHOLE(100)", "changed")
	if got := expand(e, c, "${ODBC(transaction)} ${DB_ROW(100)}"); got != "office 100,Ann,changed" {
		t.Errorf("within: %q", got)
	}
	finish("ODBC_Rollback")
	if got := expand(e, c, "${ODBC(transaction)} ${DB_ROW(100)}"); got != ` 100,Ann,a\,b` {
		t.Errorf("taken back: %q", got)
	}
	write(t, e, c, "ODBC(transaction)", "office")
	write(t, e, c, "ODBC_WHOLE(100)", "changed")
	finish("ODBC_Commit")
	if got := expand(e, c, "${DB_ROW(100)}"); got != "100,Ann,changed" {
		t.Errorf("kept: %q", got)
	}
	write(t, e, c, "ODBC(transaction)", "office")
	write(t, e, c, "ODBC_WHOLE(100)", "lost")
	c.Hangup()
	c = e.Channels().Detached()
	if got := expand(e, c, "${DB_ROW(100)}"); got != "100,Ann,changed" {
		t.Errorf("after the call: %q", got)
	}
}

func TestRealtime(t *testing.T) {
	e, c, _ := sqlOffice(t)
	for _, tc := range []struct{ set, ask, want string }{
		{"", "${REALTIME(people,number,100)}", "number=100,name=Ann,note=a,b"},
		{"", "${REALTIME(people,number,100,|,:)}", "number:100|name:Ann|note:a,b"},
		{"", "${REALTIME(people,number,999)}", ""},
		{"", "${REALTIME(people,number LIKE,1_1)}", "number=101,name=O'Neil,note="},
		{"", "${REALTIME(nothing,number,100)}", ""},
		{"", "${REALTIME(people,number=1 OR 1,100)}", ""},
		{"", "${REALTIME(people,nosuch,nosuch)}", ""},
		{"", "${REALTIME_FIELD(people,number,100,NAME)}", "Ann"},
		{"HASH(who)=${REALTIME_HASH(people,number,100)}", "${HASH(who,note)}", "a,b"},
		{"REALTIME(people,number,100,name)=Bea; DROP TABLE people", "${REALTIME_FIELD(people,number,100,name)}", "Bea; DROP TABLE people"},
		{"REALTIME_STORE(people,number,name)=300,Dee", "${REALTIMESTOREID} ${REALTIME_FIELD(people,number,300,name)}", "1 Dee"},
		{"", "${REALTIME_DESTROY(people,number,300)}", "number=300,name=Dee,note="},
		{"", "${REALTIME(people,number,300)}", ""},
	} {
		if name, v, ok := strings.Cut(tc.set, "="); ok {
			if strings.HasPrefix(name, "REALTIME(") {
				name, v = tc.set[:strings.LastIndex(tc.set, ")=")+1], tc.set[strings.LastIndex(tc.set, ")=")+2:]
			}
			write(t, e, c, name, expand(e, c, v))
		}
		if got := expand(e, c, tc.ask); got != tc.want {
			t.Errorf("%s %s: %q, want %q", tc.set, tc.ask, got, tc.want)
		}
	}
}
