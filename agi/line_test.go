package agi

import (
	"slices"
	"strings"
	"testing"

	"pbx/channel"
	"pbx/decl"
)

func TestWords(t *testing.T) {
	for line, want := range map[string][]string{
		`NOOP`:              {"NOOP"},
		`  a	 b  `:          {"a", "b"},
		`a "b c" d`:         {"a", "b c", "d"},
		`a "" b`:            {"a", "", "b"},
		`a "b \"c\" \\ d"`:  {"a", `b "c" \ d`},
		`a\ b`:              {"a b"},
		`a "b c`:            {"a", "b c"},
		`a"b c"d`:           {"ab cd"},
		`a\`:                {`a\`},
		``:                  nil,
		`"a,b" "${X} ${Y}"`: {"a,b", "${X} ${Y}"},
	} {
		if got := words(line); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

// Whatever a program says is a list of words without line ends of its own making.
func FuzzWords(f *testing.F) {
	for _, s := range []string{`GET VARIABLE "a b"`, `a\`, `"`, `a\ b "c\"d"`} {
		f.Add(s)
	}
	a := New(Deps{})
	f.Fuzz(func(t *testing.T, line string) {
		list := words(line)
		n := 0
		for _, w := range list {
			n += len(w)
		}
		if n > len(line) || len(list) > len(line) {
			t.Errorf("%q became %q", line, list)
		}
		if c, args := a.find(list); c != nil && len(args)+len(strings.Fields(c.words)) != len(list) {
			t.Errorf("%q: %s with %q", line, c.words, args)
		}
	})
}

func TestCheckName(t *testing.T) {
	for text, ok := range map[string]bool{ // <…> came from a caller
		"script.py": true, "menu-<101>.py": true, "<101>": true, "../up": true,
		"<../x>": false, "<a/b>": false, "x<..>": false, "<.x>": false, "<agi://evil/x>": false, "<a b>": false,
		"agi://host/<101>": true, "agi://host/p?n=<+49;x>": true, "agi://<host>/x": false, "agi://host:<1>/x": false, "agi://host<1>": false,
		"agi://host/<a b>": false, "hagi://<evil.example>/x": false,
	} {
		v := channel.Value{S: strings.NewReplacer("<", "", ">", "").Replace(text)}
		if i, j := strings.IndexByte(text, '<'), strings.LastIndexByte(text, '>'); i >= 0 {
			v.Taint = []decl.Span{{Start: i, End: j - 1}}
		}
		if err := checkName(v); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestAddress(t *testing.T) {
	for text, want := range map[string][3]string{
		"host": {"host", "", ""}, "host:1/a/b?c": {"host", "1", "a/b?c"}, "[::1]/x": {"::1", "", "x"}, "[::1]:5/x": {"::1", "5", "x"},
	} {
		host, port, path := address(text)
		if got := [3]string{host, port, path}; got != want {
			t.Errorf("%s: %q", text, got)
		}
	}
}

// Every command is in the table once and explains itself.
func TestTable(t *testing.T) {
	table := commands()
	if len(table) != 47 || len(order) != 47 {
		t.Errorf("%d commands, %d in order", len(table), len(order))
	}
	for i, c := range table {
		if c.words != order[i] || c.synopsis == "" || c.help == "" || c.run == nil {
			t.Errorf("%+v stands for %s", c, order[i])
		}
	}
}
