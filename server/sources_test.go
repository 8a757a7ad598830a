package server

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pbx/config"
	"pbx/database"
	"pbx/dialplan"
)

// TestTables: the extensions of a table are found as they were read last.
func TestTables(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"res_odbc.conf":  "[office]\ndsn => sqlite:plan.db\n",
		"extconfig.conf": "[settings]\nextensions => odbc,office,steps\nrefresh => 1\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set, findings, err := database.Load(&config.Loader{Dir: dir}, dir, "")
	if err != nil || len(findings) > 0 {
		t.Fatal(err, findings)
	}
	sources := database.New(set, time.Now)
	t.Cleanup(func() { _ = sources.Close() })
	src, err := sources.Source("office")
	if err != nil {
		t.Fatal(err)
	}
	exec := func(q string) {
		t.Helper()
		if _, err := src.Exec(context.Background(), nil, q); err != nil {
			t.Fatal(err)
		}
	}
	exec("CREATE TABLE steps (id INTEGER, context TEXT, exten TEXT, priority TEXT, app TEXT, appdata TEXT)")
	exec("INSERT INTO steps VALUES (2,'office','100','2','Hangup',''), (1,'office','100','1','Dial','SIP/100,20'), (3,'office','_2XX','1','NoOp','x')")

	tb := &tables{sources: sources, log: slog.New(slog.DiscardHandler), build: func(f *config.File) (*dialplan.Plan, []config.Finding) { return dialplan.Build(f, nil) }, changed: make(chan struct{}, 1)}
	engine := dialplan.NewEngine(dialplan.EngineOptions{Tables: tb.get})
	plan, _, err := engine.Parse("extensions.conf", []byte("[office]\nswitch => Realtime/@\n"))
	if err != nil {
		t.Fatal(err)
	}
	engine.Swap(plan)
	step := func(exten string, priority int) string {
		p, _ := engine.Plan().Find("office", exten, priority, "", time.Time{})
		if p == nil {
			return ""
		}
		return p.App + "(" + p.Args + ")"
	}
	if got := step("100", 1); got != "" {
		t.Errorf("before anything was read: %q", got)
	}
	tb.read(plan, time.Minute)
	for _, tc := range []struct {
		exten    string
		priority int
		want     string
	}{{"100", 1, "Dial(SIP/100,20)"}, {"100", 2, "Hangup()"}, {"234", 1, "NoOp(x)"}, {"300", 1, ""}} {
		if got := step(tc.exten, tc.priority); got != tc.want {
			t.Errorf("%s,%d: %q, want %q", tc.exten, tc.priority, got, tc.want)
		}
	}
	exec("UPDATE steps SET exten='300' WHERE id=3")
	if got := step("300", 1); got != "" {
		t.Errorf("a look-up asked the database: %q", got)
	}
	tb.read(plan, time.Minute)
	if got := step("300", 1); got != "NoOp(x)" {
		t.Errorf("after it was read again: %q", got)
	}
	exec("DROP TABLE steps")
	tb.read(plan, time.Minute)
	if got := step("300", 1); got != "NoOp(x)" {
		t.Errorf("a database that fails took the plan away: %q", got)
	}
}
