package expr

import (
	"bytes"
	"strings"
	"testing"
)

func FuzzEval(f *testing.F) {
	for _, s := range []string{"1 + 2 * 3", "1 ? 2 :: 3", `"a" =~ "(b)"`, "POW(2,", "--!1", "((((", "1/0", "a b", "${x}y", `"`, "9999999999999999999999 * 9999999999999999999", "EXP(1e9)", "TAN(3) : 1"} {
		f.Add([]byte(s))
	}
	e := &Evaluator{Cache: new(Cache), Call: functions, Warn: func(string) {}}
	f.Fuzz(func(t *testing.T, text []byte) {
		first, _ := e.Eval(nil, text)
		second, _ := e.Eval([]byte("x"), bytes.Clone(text))
		if !bytes.Equal(append([]byte("x"), first...), second) {
			t.Fatalf("%q is %q, then %q", text, first, second)
		}
	})
}

func TestEvalAllocations(t *testing.T) {
	e := &Evaluator{}
	buf := make([]byte, 0, 64)
	for _, s := range []string{"12 + 7 * 2", "5 < 1000", `"a" = "b"`, "1 & 0 | 3", "!1", "0 ? a :: b"} {
		text := []byte(s)
		if n := testing.AllocsPerRun(100, func() { e.Eval(buf[:0], text) }); n > 0 {
			t.Errorf("%s: %v allocations", s, n)
		}
	}
}

func TestRegex(t *testing.T) {
	e := &Evaluator{Cache: new(Cache)}
	for in, want := range map[string]string{
		`"abc" : "(a)(b)"`:            "a",
		`"abab" =~ "(ab)*"`:           "ab",
		`"xaay" =~ "a+"`:              "2",
		`"a{" =~ "a\{"`:               "2",
		`"aaa" =~ "^a{2}"`:            "2",
		`"aaa" =~ "a{,2}"`:            "2",
		`"a]" =~ "[]]"`:               "1",
		`"x-y" =~ "[a-]"`:             "1",
		`"a\b" =~ "[\]"`:              "1",
		`"foo bar" =~ "[[:space:]]"`:  "1",
		`"foo bar" =~ "\bbar"`:        "3",
		`"ab" =~ "a|ab"`:              "2", // the longest
		`"a" =~ "*a"`:                 "",
		`"a" =~ "(a"`:                 "",
		`"a)" =~ "a\)"`:               "2",
		`"a)" =~ "a)"`:                "2",
		`"abc" =~ "[^a]"`:             "1",
		`"a^b" =~ "[b^]"`:             "1",
		`"(123) 4" =~ "\(([0-9]+)\)"`: "123",
	} {
		if got, _ := e.Eval(nil, []byte(strings.ReplaceAll(in, `\\`, `\`))); string(got) != want {
			t.Errorf("$[%s] = %q, want %q", in, got, want)
		}
	}
	slow := `"` + strings.Repeat("a", 2000) + `" =~ "` + strings.Repeat("(a*)*", 200) + `b"`
	if got, _ := e.Eval(nil, []byte(slow)); string(got) != "" {
		t.Errorf("got %q", got)
	}
}

func TestDeepNesting(t *testing.T) {
	e := &Evaluator{}
	for _, part := range []string{"(", "-", "!", "A(", "1 ? "} {
		if got, _ := e.Eval(nil, bytes.Repeat([]byte(part), 8000)); string(got) != "0" {
			t.Errorf("%s…: %q", part, got)
		}
	}
}
