package funcs

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pbx/dialplan"
)

func TestDeclarations(t *testing.T) {
	seen := make(map[string]bool)
	for _, f := range All(Deps{Engine: dialplan.NewEngine(dialplan.EngineOptions{})}) {
		if seen[f.Name] {
			t.Errorf("%s is declared twice", f.Name)
		}
		seen[f.Name] = true
		if f.Name != strings.ToUpper(f.Name) {
			t.Errorf("%s is not in capital letters", f.Name)
		}
		if f.Synopsis == "" || strings.HasSuffix(f.Synopsis, ".") {
			t.Errorf("%s: synopsis %q", f.Name, f.Synopsis)
		}
		if f.Read == nil && f.Write == nil {
			t.Errorf("%s does nothing", f.Name)
		}
		optional := false
		for i, a := range f.Args {
			if a.Help == "" {
				t.Errorf("%s: argument %s has no help", f.Name, a.Name)
			}
			if optional && !a.Optional {
				t.Errorf("%s: %s is required after an optional argument", f.Name, a.Name)
			}
			optional = optional || a.Optional
			if a.Repeat && i < len(f.Args)-1 {
				t.Errorf("%s: %s repeats and is not the last", f.Name, a.Name)
			}
		}
	}
	for _, f := range All(Deps{Engine: dialplan.NewEngine(dialplan.EngineOptions{})}) {
		for _, other := range f.SeeAlso {
			if !seen[other] {
				t.Errorf("%s: see also %s, which is not there", f.Name, other)
			}
		}
	}
}

func TestSeparate(t *testing.T) {
	for in, want := range map[string][]string{
		`a?b:c`:    {"a", "b:c"},
		`a`:        {"a"},
		`"a?b"?c`:  {"a?b", "c"},
		`a\?b?"c"`: {"a?b", `"c"`},
		`(a?b)?c`:  {"(a?b)", "c"},
		`a?`:       {"a", ""},
		`[a?]?b?c`: {"[a?]", "b?c"},
		`a\`:       {"a"},
		``:         {""},
	} {
		got := separate(in, '?', 2)
		if strings.Join(got, "|") != strings.Join(want, "|") || len(got) != len(want) {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestStrftime(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 5, 9, 123456789, time.FixedZone("CET", 3600))
	for format, want := range map[string]string{
		"%A %B %d %H:%M:%S %Y":  "Sunday March 01 00:05:09 2026",
		"%I %l %k %p %P":        "12 12  0 AM am",
		"%j %U %W %V %G %g %C":  "060 09 08 09 2026 26 20",
		"%z %Z %s":              "+0100 CET 1772319909",
		"%q %6q %3q":            "123 123456 123",
		"%c":                    "Sun Mar  1 00:05:09 2026",
		"100%% %":               "100% %",
		"%Ey %-d %-H %-M %-e":   "26 1 0 5 1",
		"%_d|%0e|%_m|%-I|%-j":   " 1|01| 3|12|60",
		"%^a %^B %#p %#Z %#b":   "SUN MARCH am cet MAR",
		"%4d|%-4d|%6a|%06H|%Q":  "0001|   1|   Sun|000000|%Q",
		"%_j %-y %_H %03d %_3d": " 60 26  0 001   1",
		"%^c %-k %0l %_S %5C %": "SUN MAR  1 00:05:09 2026 0 12  9 00020 %",
	} {
		if got := strftime(at, format); got != want {
			t.Errorf("%s: %q, want %q", format, got, want)
		}
	}
}

func TestStrptime(t *testing.T) {
	for _, c := range []struct{ text, format, want string }{
		{"2026-03-01 07:30:35", "%Y-%m-%d %H:%M:%S", "2026-03-01T07:30:35Z"},
		{"1 Mar 26 7:05 PM", "%d %b %y %I:%M %p", "2026-03-01T19:05:00Z"},
		{"Sunday, March 1 2026", "%A, %B %d %Y", "2026-03-01T00:00:00Z"},
		{"12:00 AM", "%I:%M %p", "1899-12-31T00:00:00Z"},
		{"86400", "%s", "1970-01-02T00:00:00Z"},
		{"2026", "%Y-%m", ""},
		{"x", "%Q", ""},
	} {
		got, ok := strptime(c.text, c.format, time.UTC)
		if !ok && c.want == "" {
			continue
		}
		if s := got.UTC().Format(time.RFC3339); s != c.want {
			t.Errorf("%q as %q: %s, want %s", c.text, c.format, s, c.want)
		}
	}
}

func TestSprintfLimits(t *testing.T) {
	for _, format := range []string{"%999999999d", "%.99999999f", "%y"} {
		if s, err := sprintf(format, []string{"1"}, func(string) {}); err == nil {
			t.Errorf("%s: %d characters", format, len(s))
		}
	}
}

func TestParseCaller(t *testing.T) {
	for in, want := range map[string][2]string{
		`"Ann B" <101>`:  {"Ann B", "101"},
		`Ann <(10) 1-2>`: {"Ann", "1012"},
		`+15551212`:      {"", "+15551212"},
		`Ann`:            {"Ann", ""},
		`<>`:             {"", ""},
		``:               {"", ""},
	} {
		name, number := parseCaller(in)
		if [2]string{name, number} != want {
			t.Errorf("%q: %q %q, want %q", in, name, number, want)
		}
	}
}

func FuzzArguments(f *testing.F) {
	f.Add("1-2&4", "a-b-c-d", "-")
	f.Add("-", "", "x")
	f.Fuzz(func(t *testing.T, groups, list, delim string) {
		for group := range strings.SplitSeq(groups, "&") {
			if from, to, err := fieldRange(group); err != nil && (from != 0 || to != 0) {
				t.Errorf("%q: %d-%d and %v", group, from, to, err)
			}
		}
		decode(delim)
		separate(groups, '?', 3)
		decodeURI(list)
		decodeBase64(list)
		if d := directory(list); len(d) > max(len(list), 1) {
			t.Errorf("the directory of %q is %q", list, d)
		}
		fixedZone(list)
		strftime(time.Unix(0, 0), groups)
		strptime(list, groups, time.UTC)
		if s, err := sprintf(groups, []string{list, delim}, func(string) {}); err == nil && len(s) > 64*1024+len(groups)+len(list)+len(delim) {
			t.Errorf("%d characters", len(s))
		}
	})
}

func TestLeadingFloat(t *testing.T) {
	for in, want := range map[string]string{
		"1": "1.000000", " -1.5x": "-1.500000", "+.5": "0.500000", "5.": "5.000000", "1e3": "1000.000000", "1e+": "1.000000", "2e-1z": "0.200000",
		"0x10": "16.000000", "0X1.8p1": "3.000000", "0x": "0.000000", "inf": "inf", "-INFINITY": "-inf", "nano": "nan", "": "none", "-": "none", ".": "none", "x1": "none", "e5": "none",
	} {
		got := "none"
		if f, ok := leadingFloat(in); ok {
			got = fixed(f)
		}
		if got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

func FuzzJSON(f *testing.F) {
	f.Add(`{"a": [1.0, "x\u00e9", {"b": null}], "c": {}}`, "a.2")
	f.Fuzz(func(t *testing.T, text, path string) {
		v, err := pickJSON(text, path, ".")
		if err != nil {
			return
		}
		s, err := v.text(false)
		if kind := v.kind(); err == nil && (kind == '{' || kind == '[') && !json.Valid([]byte(s)) {
			t.Errorf("%s of %s: %s", path, text, s)
		}
	})
}
