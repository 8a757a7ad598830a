package e2e

import (
	"strings"
	"testing"
	"time"
)

const databaseOffice = `
-- sip.conf --
[general]
bindaddr=@PBX@
allowguest=yes
context=in
-- res_odbc.conf --
[office]
enabled=yes
dsn=postgres://asterisk@@9@:5433/postgres
-- func_odbc.conf --
[NAME]
dsn=office
readsql=SELECT name, note FROM people WHERE number='${SQL_ESC(${ARG1})}'
writesql=UPDATE people SET name='${SQL_ESC(${VAL1})}', note='${SQL_ESC(${VAL2})}' WHERE number='${SQL_ESC(${ARG1})}'
insertsql=INSERT INTO people VALUES ('${SQL_ESC(${ARG1})}', '${SQL_ESC(${VAL1})}', '${SQL_ESC(${VAL2})}')
[ALL]
dsn=office
mode=multirow
readsql=SELECT number, name FROM people ORDER BY number
[TWO]
prefix=SQL
dsn=office
rowlimit=2
readsql=SELECT name FROM people ORDER BY number
[BAD]
dsn=office
readsql=SELECT nothing FROM nowhere
-- extensions.conf --
[in]
exten => 700,1,Set(ODBC_NAME(101)=Ann,it's hers)
 same => n,Set(DB(r/insert)=${ODBCSTATUS} ${ODBCROWS})
 same => n,Set(ODBC_NAME(101)=Anna O'Hara\,MD,two\, three)
 same => n,Set(DB(r/update)=${ODBCSTATUS} ${ODBCROWS})
 same => n,Set(ODBC_NAME(102)=Bob,)
 same => n,Set(ARRAY(name,note)=${ODBC_NAME(101)})
 same => n,Set(DB(r/read)=${name}|${note} ${ODBCSTATUS} ${ODBCROWS})
 same => n,Set(HASH(row)=${ODBC_NAME(102)})
 same => n,Set(DB(r/hash)=${HASH(row,name)} ${HASHKEYS(row)})
 same => n,Set(none=${ODBC_NAME(999)})
 same => n,Set(DB(r/none)=[${none}] ${ODBCSTATUS} ${ODBCROWS})
 same => n,Set(id=${ODBC_ALL()})
 same => n,Set(DB(r/rows)=${ODBCROWS})
 same => n,Set(row=${ODBC_FETCH(${id})})
 same => n,While($["${ODBC_FETCH_STATUS}" = "SUCCESS"])
 same => n,Set(list=${list}${row}/)
 same => n,Set(row=${ODBC_FETCH(${id})})
 same => n,EndWhile()
 same => n,ODBCFinish(${id})
 same => n,Set(DB(r/fetched)=${list}${ODBC_FETCH(${id})}${ODBC_FETCH_STATUS})
 same => n,Set(first=${SQL_TWO()})
 same => n,Set(DB(r/two)=${first}+${ODBC_FETCH(SQL_TWO)}+${ODBC_FETCH(SQL_TWO)} ${ODBC_FETCH_STATUS})
 same => n,Set(bad=${ODBC_BAD()})
 same => n,Set(DB(r/bad)=[${bad}] ${ODBCSTATUS} ${ODBCROWS})
 same => n,Set(ODBC(transaction)=office)
 same => n,Set(ODBC_NAME(103)=Carol,kept)
 same => n,ODBC_Commit()
 same => n,Set(ODBC(transaction)=office)
 same => n,Set(ODBC_NAME(104)=Dora,taken back)
 same => n,ODBC_Rollback()
 same => n,Set(ODBC_NAME(${CALLERID(num)})=caller,said)
 same => n,Set(DB(r/caller)=${ODBCSTATUS})
 same => n,Set(evil=${CALLERID(num)}' OR '1'='1)
 same => n,Set(DB(r/escaped)=[${ODBC_NAME(${evil})}] ${ODBCSTATUS})
 same => n,Hangup(17)
exten => 701,1,Set(gone=${ODBC_NAME(101)})
 same => n,Set(DB(r/gone)=[${gone}] ${ODBCSTATUS})
 same => n,Hangup(17)
exten => 702,1,Set(DB(r/back)=${CUT(ODBC_NAME(101),\,,1)} ${ODBCSTATUS})
 same => n,Hangup(17)
`

// TestStatements is func_odbc.conf on a real PostgreSQL: rows written, inserted, read, fetched
// one by one, kept and taken back; and what a database that is away does.
func TestStatements(t *testing.T) {
	n := newNetwork()
	db := newPostgres(t, n.host(9))
	db.start()
	db.query(`CREATE TABLE people (number text PRIMARY KEY, name text, note text)`)
	x := newExchangeOn(t, n, databaseOffice)
	x.call("statements", "700", busyCall()).ok()
	for key, want := range map[string]string{
		"insert": "SUCCESS 1", "update": "SUCCESS 1", "read": "Anna O'Hara,MD|two, three SUCCESS 1",
		"hash": "Bob note,name", "none": "[] NODATA 0", "rows": "2", "fetched": `101,Anna O'Hara\,MD/102,Bob/FAILURE`,
		"two": `Anna O'Hara\,MD+Bob+ FAILURE`, "bad": "[] FAILURE 0", "caller": "SUCCESS", "escaped": "[] NODATA",
	} {
		if got := x.stored("r", key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if got := db.query("SELECT string_agg(number || '=' || name || '/' || note, ' ' ORDER BY number) FROM people"); got != "101=Anna O'Hara,MD/two, three 102=Bob/ 103=Carol/kept caller=caller/said" {
		t.Errorf("the table holds %s", got)
	}
	db.stop()
	x.call("away", "701", busyCall()).ok()
	if got := x.stored("r", "gone"); got != "[] FAILURE" {
		t.Errorf("while the database is away it is %q", got)
	}
	db.start()
	eventually(t, 40*time.Second, "the database is asked again", func() bool {
		x.call("back", "702", busyCall()).ok()
		return x.stored("r", "back") == "Anna O'Hara SUCCESS" || x.stored("r", "back") == `Anna O'Hara\ SUCCESS`
	})
}

// stored is what AstDB has.
func (x *exchange) stored(family, key string) string {
	x.t.Helper()
	value, _ := strings.CutPrefix(strings.TrimSpace(x.console("database get "+family+" "+key)), "Value: ")
	return value
}
