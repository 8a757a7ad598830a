package field

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pbx/channel"
	"pbx/decl"
)

// mark makes a value of text in which «…» encloses what came from the network.
func mark(text string) channel.Value {
	var b Builder
	tainted := false
	for _, r := range text {
		switch r {
		case '«':
			tainted = true
		case '»':
			tainted = false
		default:
			for _, c := range []byte(string(r)) {
				b.Add(c, tainted)
			}
		}
	}
	return b.Value()
}

// show is the reverse of mark.
func show(v channel.Value) string {
	var b strings.Builder
	for i := 0; i < len(v.S); i++ {
		if TaintedAt(v, i) && (i == 0 || !TaintedAt(v, i-1)) {
			b.WriteString("«")
		}
		b.WriteByte(v.S[i])
		if TaintedAt(v, i) && (i == len(v.S)-1 || !TaintedAt(v, i+1)) {
			b.WriteString("»")
		}
	}
	return b.String()
}

func shown(vs []channel.Value) []string {
	var out []string
	for _, v := range vs {
		out = append(out, show(v))
	}
	return out
}

func TestSplit(t *testing.T) {
	tests := []struct {
		name, in string
		sep      byte
		max      int
		want     []string
	}{
		{"nothing", "", ',', 0, nil},
		{"plain", "a,b,,c", ',', 0, []string{"a", "b", "", "c"}},
		{"quotes and brackets", `a,"b,c",d\,e,(f,g),,[h,i], j `, ',', 0, []string{"a", "b,c", "d,e", "(f,g)", "", "[h,i]", " j "}},
		{"the last takes the rest", `a,"b",c "d"`, ',', 2, []string{"a", `"b",c "d"`}},
		{"a comma of the caller", "SIP/«1,,g»,20", ',', 0, []string{"SIP/«1,,g»", "20"}},
		{"a quote of the caller", `«"»,b,"c,d"`, ',', 0, []string{`«"»`, "b", "c,d"}},
		{"a bracket of the caller", "«(»,b", ',', 0, []string{"«(»", "b"}},
		{"a backslash of the caller", `«\»,b`, ',', 0, []string{`«\»`, "b"}},
		{"legs", "SIP/«100&SIP/x»&SIP/101", '&', 0, []string{"SIP/«100&SIP/x»", "SIP/101"}},
		{"taint after a removed quote", `"a"«b»c`, ',', 0, []string{"a«b»c"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, shown(Split(mark(tt.in), tt.sep, tt.max))); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestSplitRawKeepsQuotes(t *testing.T) {
	want := []string{"a", `"b,c"`, `d\,e`, "(f,g)", "", "[h,i]", " j "}
	if d := cmp.Diff(want, shown(SplitRaw(mark(`a,"b,c",d\,e,(f,g),,[h,i], j `), ','))); d != "" {
		t.Error(d)
	}
}

func TestCutAndIndex(t *testing.T) {
	b, a, ok := Cut(mark("«a?b»?c?d"), '?')
	if !ok || show(b) != "«a?b»" || show(a) != "c?d" {
		t.Errorf("Cut: %q %q %v", show(b), show(a), ok)
	}
	if i := LastIndex(mark("f(«)»)x"), ')'); i != 3 {
		t.Errorf("LastIndex = %d, want 3", i)
	}
	if got := show(Trim(mark("  «a »b  "))); got != "«a »b" {
		t.Errorf("Trim = %q", got)
	}
}

func TestHalves(t *testing.T) {
	for in, want := range map[string][2]string{
		`"a"?b:"c"?d`: {`"a"`, `b:"c"?d`},
		"«a?b»?c":     {"«a?b»", "c"},
		"(a?b)":       {"(a?b)", ""},
		"a?":          {"a", ""},
		"":            {"", ""},
	} {
		b, a, found := Halves(mark(in), '?')
		if show(b) != want[0] || show(a) != want[1] || found != (len(Split(mark(in), '?', 2)) == 2) {
			t.Errorf("%s: %q %q %v", in, show(b), show(a), found)
		}
	}
}

// Without taint the fields are those of the engine's own parser.
func FuzzSplitIsDeclSplit(f *testing.F) {
	f.Add(`a,"b,c",d\,e,(f,g),,[h,i], j `, 3)
	f.Add(`\`, 0)
	f.Add(`")(],`, 0)
	f.Fuzz(func(t *testing.T, s string, max int) {
		max %= 8
		var got []string
		for _, v := range Split(channel.Clean(s), ',', max) {
			got = append(got, v.S)
		}
		if d := cmp.Diff(decl.Split(s, max), got); d != "" {
			t.Error(d)
		}
	})
}
