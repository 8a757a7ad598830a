package expr

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// functions stands in for the dialplan functions that the golden table uses.
func functions(name, args string) (string, bool) {
	switch name {
	case "LEN":
		return strconv.Itoa(len(args)), true
	case "TOUPPER":
		return strings.ToUpper(args), true
	case "RAND":
		return "5", true
	case "MATH":
		return "3", true
	}
	return "", false
}

func TestGolden(t *testing.T) {
	table, err := os.ReadFile("testdata/golden.tsv")
	if err != nil {
		t.Fatal(err)
	}
	e := &Evaluator{Call: functions, Cache: new(Cache)}
	n := 0
	for line := range strings.Lines(string(table)) {
		in, want, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok || strings.HasPrefix(line, "# ") {
			continue
		}
		n++
		if got, _ := e.Eval(nil, []byte(in)); string(got) != want {
			t.Errorf("$[%s] = %q, want %q", in, got, want)
		}
	}
	if n < 200 {
		t.Errorf("only %d rows", n)
	}
}
