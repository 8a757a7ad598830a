package dialplan_test

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/synctest"
)

// TestAnswers runs testdata/answers.txt: what the functions, the substitution and the
// expressions of the field answer at their edges. A line is
//
//	Set(…) ;; Set(…) || text ==> what it becomes
//
// where the settings may be missing. Each line is a call of its own.
func TestAnswers(t *testing.T) {
	table, err := os.ReadFile("testdata/answers.txt")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(table)) {
		line = strings.TrimSuffix(line, "\n")
		question, want, ok := strings.Cut(line, " ==> ")
		if !ok {
			continue
		}
		rows++
		before, text, ok := strings.Cut(question, " || ")
		if !ok {
			before, text = "", question
		}
		var plan strings.Builder
		plan.WriteString("[t]\nexten => x,1,NoOp()\n")
		for set := range strings.SplitSeq(before+" ;; GLOBAL(ANSWER)="+text, " ;; ") {
			if set != "" {
				fmt.Fprintf(&plan, " same => n,Set(%s)\n", strings.ReplaceAll(set, ";", `\;`))
			}
		}
		synctest.Test(t, func(t *testing.T) {
			o := newOffice(t, slog.New(slog.DiscardHandler))
			o.load(t, plan.String())
			o.originate(t, "t", "x")
			if got, _ := o.engine.Global("ANSWER"); got != want {
				t.Errorf("%s: got %q, want %q", question, got, want)
			}
		})
	}
	if rows < 20 {
		t.Fatalf("only %d rows", rows)
	}
}
