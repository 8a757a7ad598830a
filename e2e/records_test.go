package e2e

import (
	"bytes"
	"database/sql"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite" // to look at what the exchange wrote
)

const recordOffice = `
-- sip.conf --
[general]
bindaddr=@PBX@
allowguest=yes
context=in
-- extensions.conf --
[in]
exten => 800,1,Hangup(17)
-- cdr.conf --
[general]
unanswered=yes
[csv]
loguniqueid=yes
`

// busyCall is a caller whose call is refused.
func busyCall() scenario {
	return scenario{invite(), optional(100), recv(486), ackFailure(1)}
}

// master reads Master.csv: each line must be whole. It returns the uniqueids.
func (x *exchange) master() []string {
	x.t.Helper()
	b, err := os.ReadFile(filepath.Join(x.state, "log", "cdr-csv", "Master.csv"))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		x.t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		x.t.Fatalf("Master.csv: %v", err)
	}
	var ids []string
	for _, r := range rows {
		if len(r) != 17 {
			x.t.Fatalf("Master.csv has a line of %d fields: %q", len(r), r)
		}
		ids = append(ids, r[16])
	}
	return ids
}

// kills is how often a test kills the exchange: PBX_KILLS, 8 by default.
func kills() int {
	if n, err := strconv.Atoi(os.Getenv("PBX_KILLS")); err == nil {
		return n
	}
	return 8
}

// TestKillKeepsRecords kills the exchange at random while calls write records: no row is
// twice in Master.csv or in the database, none of Master.csv is lost, and both have the same.
func TestKillKeepsRecords(t *testing.T) {
	x := newExchange(t, recordOffice)
	seen := map[string]bool{}
	for range kills() {
		load := x.call("load", "800", busyCall(), "-m", "5000", "-r", "150")
		time.Sleep(150*time.Millisecond + rand.N(500*time.Millisecond)) // the moment of the kill is the test's chance
		x.kill()
		_ = load.cmd.Process.Kill()
		<-load.done
		for _, id := range x.master() {
			seen[id] = true
		}
		x.start()
	}
	last := x.call("last", "800", busyCall(), "-m", "20", "-r", "50")
	last.ok()
	x.stop()
	ids := x.master()
	count := map[string]int{}
	for _, id := range ids {
		count[id]++
		if count[id] > 1 {
			t.Errorf("%s is %d times in Master.csv", id, count[id])
		}
	}
	for id := range seen {
		if count[id] == 0 {
			t.Errorf("%s was in Master.csv and is not any more", id)
		}
	}
	if len(ids) < 100 {
		t.Errorf("only %d rows: the load did not reach the exchange", len(ids))
	}
	db, err := sql.Open("sqlite", filepath.Join(x.state, "pbx.sqlite3"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var n, distinct int
	if err := db.QueryRow("SELECT count(*), count(DISTINCT uniqueid) FROM cdr").Scan(&n, &distinct); err != nil {
		t.Fatal(err)
	}
	if n != len(ids) || distinct != n {
		t.Errorf("the database has %d rows of %d calls, Master.csv %d", n, distinct, len(ids))
	}
}

// TestRecordsUnwritable: a log directory that takes nothing costs a line of the log and no
// call, and the rows are there once it does.
func TestRecordsUnwritable(t *testing.T) {
	x := newExchange(t, recordOffice)
	x.call("first", "800", busyCall()).ok()
	eventually(t, 5*time.Second, "the first row", func() bool { return len(x.master()) == 1 })
	dir := filepath.Join(x.state, "log", "cdr-csv")
	aside := filepath.Join(x.state, "aside")
	if err := os.Rename(dir, aside); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil { // a file where the directory was: nobody can write there, root neither
		t.Fatal(err)
	}
	x.call("more", "800", busyCall(), "-m", "5", "-r", "20").ok()
	x.out.waitFor(t, "csv takes no call records", 10*time.Second)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(aside, dir); err != nil {
		t.Fatal(err)
	}
	eventually(t, 40*time.Second, "all six rows", func() bool { return len(x.master()) == 6 })
	if n := strings.Count(x.out.String(), "takes no call records"); n != 1 {
		t.Errorf("%d lines of log about it, want one", n)
	}
}

// TestRecordsReload: a reload takes in the backends, and rows go to those of the moment.
func TestRecordsReload(t *testing.T) {
	x := newExchange(t, recordOffice)
	x.call("first", "800", busyCall()).ok()
	x.write("-- cdr.conf --\n[general]\nunanswered=yes\n-- cdr_custom.conf --\n[mappings]\nours.csv => ${CDR(dst)},${CDR(disposition)}\n")
	x.console("module reload cdr")
	if got := x.console("cdr show status"); strings.Contains(got, "    csv\n") || !strings.Contains(got, "    cdr-custom\n") {
		t.Errorf("after the reload:\n%s", got)
	}
	x.call("second", "800", busyCall()).ok()
	path := filepath.Join(x.state, "log", "cdr-custom", "ours.csv")
	eventually(t, 10*time.Second, "a row in the new file", func() bool {
		b, err := os.ReadFile(path)
		return err == nil && len(b) > 0
	})
	if b, err := os.ReadFile(path); err != nil || string(b) != "800,BUSY\n" {
		t.Errorf("the new file has %q, %v", b, err)
	}
	if rows := x.master(); len(rows) != 1 {
		t.Errorf("Master.csv has %d rows, want the first call's alone", len(rows))
	}
}

// postgres is a database server of the test's own.
type postgres struct {
	t         *testing.T
	dir, host string
	run       func(name string, args ...string) *exec.Cmd
}

func newPostgres(t *testing.T, host string) *postgres {
	t.Helper()
	bin := ""
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin"); len(found) > 0 {
		bin = found[len(found)-1]
	} else {
		bin = filepath.Dir(tool(t, "pg_ctl"))
	}
	p := &postgres{t: t, host: host}
	var err error
	if p.dir, err = os.MkdirTemp("", "pbx-pg-"); err != nil {
		t.Fatal(err)
	}
	var who *syscall.Credential
	if os.Geteuid() == 0 { // it refuses to run as root
		u, err := user.Lookup("postgres")
		if err != nil {
			t.Fatalf("no user to run the database as: %v", err)
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		if err := os.Chown(p.dir, uid, gid); err != nil {
			t.Fatal(err)
		}
		who = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	p.run = func(name string, args ...string) *exec.Cmd {
		c := exec.Command(filepath.Join(bin, name), args...)
		c.Dir = p.dir
		c.SysProcAttr = &syscall.SysProcAttr{Credential: who}
		return c
	}
	p.do("initdb", "-D", p.dir+"/data", "-U", "asterisk", "-A", "trust", "--no-sync")
	t.Cleanup(func() {
		_ = p.run("pg_ctl", "-D", p.dir+"/data", "-m", "immediate", "-w", "stop").Run()
		os.RemoveAll(p.dir)
	})
	return p
}

func (p *postgres) do(name string, args ...string) string {
	p.t.Helper()
	out, err := p.run(name, args...).CombinedOutput()
	if err != nil {
		p.t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (p *postgres) start() {
	p.t.Helper()
	p.do("pg_ctl", "-D", p.dir+"/data", "-w", "-l", p.dir+"/log", "-o", fmt.Sprintf("-h %s -p 5433 -k %s -F", p.host, p.dir), "start")
}

func (p *postgres) stop() {
	p.t.Helper()
	p.do("pg_ctl", "-D", p.dir+"/data", "-m", "immediate", "-w", "stop")
}

func (p *postgres) query(text string) string {
	p.t.Helper()
	return p.do("psql", "-h", p.dir, "-p", "5433", "-U", "asterisk", "-d", "postgres", "-At", "-c", text)
}

// TestPostgres: rows wait while the database is away, and each is there once.
func TestPostgres(t *testing.T) {
	n := newNetwork()
	db := newPostgres(t, n.host(9))
	db.start()
	db.query(`CREATE TABLE cdr (calldate timestamp, clid varchar(80), src text, dst text, duration integer, billsec integer, answer timestamp, disposition varchar(45), uniqueid text, mine text DEFAULT 'x')`)
	x := newExchangeOn(t, n, recordOffice+`
-- cdr_pgsql.conf --
[global]
hostname=@9@
port=5433
dbname=postgres
user=asterisk
table=cdr
`)
	count := func() string { return db.query("SELECT count(*), count(DISTINCT uniqueid) FROM cdr") }
	x.call("first", "800", busyCall(), "-m", "5", "-r", "20").ok()
	eventually(t, 10*time.Second, "five rows", func() bool { return count() == "5|5" })
	if got := db.query("SELECT src, dst, disposition, billsec, answer IS NULL, mine, calldate IS NOT NULL FROM cdr LIMIT 1"); got != "caller|800|BUSY|0|t|x|t" {
		t.Errorf("a row is %s", got)
	}
	db.stop()
	x.call("more", "800", busyCall(), "-m", "5", "-r", "20").ok()
	x.out.waitFor(t, "pgsql takes no call records", 30*time.Second)
	x.kill()
	x.start()
	x.call("again", "800", busyCall(), "-m", "5", "-r", "20").ok()
	db.start()
	eventually(t, time.Minute, "fifteen rows, each once", func() bool { return count() == "15|15" })
}

// TestPostgresEvents: channel events reach the table of cel_pgsql.conf by the names of
// its columns, once each, also those that waited while the database was away.
func TestPostgresEvents(t *testing.T) {
	n := newNetwork()
	db := newPostgres(t, n.host(9))
	db.start()
	db.query(`CREATE SCHEMA log; CREATE TYPE log.kind AS ENUM ('CHAN_START', 'OURS', 'HANGUP', 'CHAN_END', 'LINKEDID_END'); CREATE TABLE log.cel (id serial, eventtype log.kind, eventtime timestamptz, at double precision, cid_num text, exten varchar(80),
		context text, channame text, appname text, amaflags int, uniqueid text, linkedid text, extra json, mine text DEFAULT 'x')`)
	x := newExchangeOn(t, n, recordOffice+`
-- cel.conf --
[general]
enable=yes
events=CHAN_START,HANGUP,CHAN_END,LINKEDID_END,USER_DEFINED
-- cel_pgsql.conf --
[global]
hostname=@9@
port=5433
dbname=postgres
user=asterisk
schema=log
show_user_defined=yes
-- extensions.conf --
[in]
exten => 800,1,CELGenUserEvent(OURS,${EXTEN})
 same => n,Hangup(17)
`)
	count := func() string { return db.query("SELECT count(*), count(DISTINCT uniqueid) FROM log.cel") }
	x.call("first", "800", busyCall()).ok()
	eventually(t, 10*time.Second, "the five events of a call", func() bool { return count() == "5|1" })
	if got := db.query("SELECT string_agg(eventtype::text, ' ' ORDER BY id) FROM log.cel"); got != "CHAN_START OURS HANGUP CHAN_END LINKEDID_END" {
		t.Errorf("the events are %s", got)
	}
	if got := db.query("SELECT cid_num, exten, context, amaflags, extra->>'hangupcause', mine, at IS NULL, abs(extract(epoch FROM now() - eventtime)) < 60, uniqueid = linkedid FROM log.cel WHERE eventtype = 'HANGUP'"); got != "caller|800|in|3|17|x|t|t|t" {
		t.Errorf("a row is %s", got)
	}
	db.stop()
	x.call("more", "800", busyCall(), "-m", "3", "-r", "20").ok()
	x.out.waitFor(t, "cel-pgsql takes no call records", 30*time.Second)
	x.kill()
	x.start()
	db.start()
	eventually(t, time.Minute, "twenty events, each once", func() bool { return count() == "20|4" })
}
