package decl

import (
	"slices"
	"testing"
)

func TestSplit(t *testing.T) {
	for in, want := range map[string][]string{
		`a,"b,c",d\,e`: {"a", "b,c", "d,e"},
		`"a(",b`:       {"a(,b"}, // a parenthesis counts within quotes too
		`a[,b],c`:      {"a[,b]", "c"},
		`a)),b`:        {"a))", "b"},
		"a,":           {"a", ""},
		",":            {"", ""},
		"":             nil,
	} {
		if got := Split(in, 0); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

func TestOptionArguments(t *testing.T) {
	options := []Option{{Letter: 'b'}, {Letter: 'g'}, {Letter: 'L'}}
	for in, want := range map[string]map[byte]string{
		"gL(60000:5000)": {'g': "", 'L': "60000:5000"},
		"b(s^1(a^b))g":   {'b': "s^1(a^b)", 'g': ""},
		`b(a\)b)g`:       {'b': "a)b", 'g': ""},
		`b("a)b")g`:      {'b': "a)b", 'g': ""},
		`b("a\"b\c")g`:   {'b': `a"b\c`, 'g': ""},
		`b(x"a")g`:       {'b': `x"a"`, 'g': ""},
		"gb(openL":       {'g': ""},
		"L(1)L":          {'L': ""},
		"q(b)z(g(L))g":   {'g': ""},
	} {
		var a Args
		a.ParseOptions(in, options)
		for _, o := range options {
			text, wanted := want[o.Letter]
			if got, ok := a.Option(o.Letter); ok != wanted || got != text {
				t.Errorf("%s: option %c is %q %v, want %q %v", in, o.Letter, got, ok, text, wanted)
			}
		}
	}
}
