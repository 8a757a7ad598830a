package dialplan_test

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/synctest"
)

// TestVariables runs the golden table of variables, substrings, Set, MSet and
// functions: every row in the same call, one after the other.
func TestVariables(t *testing.T) {
	table, err := os.ReadFile("testdata/variables.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var plan strings.Builder
	plan.WriteString("[t]\nexten => s1,1,Answer()\n")
	var rows [][]string
	for line := range strings.Lines(string(table)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 4 || strings.HasPrefix(line, "#") {
			continue
		}
		for app := range strings.SplitSeq(f[1], " ; ") {
			if app != "" {
				fmt.Fprintf(&plan, " same => n,%s\n", app)
			}
		}
		fmt.Fprintf(&plan, " same => n,Set(GLOBAL(row%d)=%s)\n", len(rows), f[2])
		rows = append(rows, f)
	}
	if len(rows) < 80 {
		t.Fatalf("only %d rows", len(rows))
	}
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, slog.New(slog.DiscardHandler))
		o.load(t, plan.String())
		o.call("t", "s1")
		for i, f := range rows {
			if got, _ := o.engine.Global(fmt.Sprintf("row%d", i)); got != f[3] {
				t.Errorf("%s: %s: got %q, want %q", f[0], f[2], got, f[3])
			}
		}
	})
}
