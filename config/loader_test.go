package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write makes a configuration directory and returns its Loader.
func write(t testing.TB, files map[string]string) *Loader {
	t.Helper()
	l := &Loader{Dir: t.TempDir()}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(l.Dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func TestMissingFile(t *testing.T) {
	l := write(t, map[string]string{"a.conf": "#include b.conf\n"})
	if _, _, err := l.Load("nosuch.conf"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file itself: %v", err)
	}
	_, _, err := l.Load("a.conf")
	if err == nil || errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "a.conf:1: error: ") {
		t.Errorf("a file it includes: %v", err)
	}
	if _, _, err := l.Load("."); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory: %v", err)
	}
}

func TestAbsoluteNames(t *testing.T) {
	other := write(t, map[string]string{"x.conf": "x = 1\n"})
	path := filepath.Join(other.Dir, "x.conf")
	l := write(t, map[string]string{"a.conf": "[a]\n#include " + path + "\n"})
	f, findings, err := l.Load(filepath.Join(l.Dir, "a.conf"))
	if err != nil || len(findings) > 0 {
		t.Fatal(err, findings)
	}
	v, _ := f.Section("a").Lookup("x")
	if v.Value != "1" || v.Pos.File != path {
		t.Errorf("x = %q from %s", v.Value, v.Pos)
	}
}

// The characters of a pattern mean nothing in the name of the directory.
func TestDirectoryWithPatternCharacters(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a[b]*{c,d}")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"t.conf": "[a]\n#include x*.conf\n#include [!x]1.conf\n", "x1.conf": "x = 1\n", "y1.conf": "y = 1\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, _, err := (&Loader{Dir: dir}).Load("t.conf")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(f.Section("a").Vars); n != 2 {
		t.Fatalf("%d lines, want 2", n)
	}
}

func TestExec(t *testing.T) {
	l := write(t, map[string]string{"a.conf": "[a]\n#exec \"echo 'x = 1' \\; echo '[b]' \\; echo 'y = 2' >&2 \\; exit 3\"\nz = 3\n#exec echo '[c'\n"})
	f, findings, err := l.Load("a.conf")
	if err != nil || len(f.Sections) != 1 || len(findings) != 2 || findings[0].Rule != "exec" {
		t.Fatalf("without permission: %v, %v, %v", f, findings, err)
	}
	l.ExecIncludes = true
	f, findings, err = l.Load("a.conf")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct{ section, name string }{{"a", "x"}, {"a", "z"}, {"b", "y"}} {
		s := f.Section(want.section)
		if s == nil {
			t.Fatalf("no section %s", want.section)
		}
		if _, ok := s.Get(want.name); !ok {
			t.Errorf("no %s in [%s]", want.name, want.section)
		}
	}
	if len(findings) != 2 || !strings.Contains(findings[0].String(), "exit status 3") || findings[1].Rule != "section" {
		t.Errorf("findings: %v", findings)
	}
}

func TestLongLines(t *testing.T) {
	longest := "x = " + strings.Repeat("y", maxLine-4)
	f, findings, err := Parse("t.conf", []byte("[a]\n"+longest+"\n"+longest+"z\nw = 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(f.Sections[0].Vars); n != 2 {
		t.Errorf("%d lines, want 2", n)
	}
	if len(findings) != 1 || findings[0].Pos.Line != 3 || findings[0].Rule != "long-line" {
		t.Errorf("findings: %v", findings)
	}
}

func TestNestingLimit(t *testing.T) {
	text := "[a]\n" + strings.Repeat(";--\n", maxNesting+1) + strings.Repeat("--;\n", maxNesting) + "x = 1\n"
	f, findings, err := Parse("t.conf", []byte(text))
	if err != nil || len(f.Sections[0].Vars) != 1 {
		t.Fatalf("%v, %v", f.Sections[0].Vars, err)
	}
	if len(findings) != 1 || findings[0].Pos.Line != maxNesting+2 {
		t.Errorf("findings: %v", findings)
	}
}

func TestBraces(t *testing.T) {
	for pattern, want := range map[string]string{
		"a": "a", "{a,b}": "a b", "x{a,b}y{c,d}": "xayc xbyc xayd xbyd", "{a,{b,c}d}": "a bd cd",
		"{a": "{a", "a}": "a}", "{}": "", "{a}": "a", "x{,y}": "x xy",
		strings.Repeat("{a,b}", 20): strings.Repeat("{a,b}", 20),
	} {
		if got := strings.Join(braces(pattern), " "); got != want {
			t.Errorf("braces(%q) = %q, want %q", pattern, got, want)
		}
	}
}

// TestCorpus reads every real configuration set. What is refused must be for a
// reason that the ancestor refuses it for too; every line must be where its
// position says.
func TestCorpus(t *testing.T) {
	root := os.Getenv("PBX_CORPUS")
	if root == "" {
		t.Skip("PBX_CORPUS is not set: the real configuration sets are other people's and not in the tree")
	}
	paths, err := filepath.Glob(filepath.Join(root, "configs", "*", "*.conf"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("nothing in %s: %v", root, err)
	}
	refusals := map[string]bool{"no-section": true, "include": true, "section": true, "template": true}
	sets, refused := 0, 0
	for _, path := range paths {
		l := &Loader{Dir: filepath.Dir(path)}
		name := filepath.Base(path)
		f, findings, err := l.Load(name)
		lines := make(map[string][]string)
		line := func(p Pos) string {
			if lines[p.File] == nil {
				text, err := os.ReadFile(l.path(p.File))
				if err != nil {
					t.Fatal(err)
				}
				lines[p.File] = strings.Split(string(text), "\n")
			}
			if p.Line < 1 || p.Line > len(lines[p.File]) {
				t.Fatalf("%s: there is no such line", p)
			}
			return lines[p.File][p.Line-1]
		}
		main := name == "sip.conf" || name == "extensions.conf"
		if main {
			sets++
		}
		var r *Refusal
		if errors.As(err, &r) {
			line(r.Pos)
			if !refusals[r.Rule] {
				t.Errorf("%s: %v", path, err)
			}
			if main {
				refused++
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		for _, finding := range findings {
			line(finding.Pos)
		}
		for _, s := range f.Sections {
			if text := line(s.Pos); !strings.Contains(text, "["+s.Name+"]") {
				t.Errorf("%s: [%s] is not in %q", s.Pos, s.Name, text)
			}
			for _, v := range s.Vars {
				if text := line(v.Pos); !strings.Contains(text, v.Name) {
					t.Errorf("%s: %s is not in %q", v.Pos, v.Name, text)
				}
			}
		}
	}
	if refused*10 > sets {
		t.Errorf("%d of %d sip.conf and extensions.conf are refused", refused, sets)
	}
}

func FuzzParse(f *testing.F) {
	seeds, err := filepath.Glob("testdata/load/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range seeds {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("[a](!)\n[b](a,+x=[&)\n;--\n--;x\\;=\\;+=>"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, findings, err := Parse("f", text)
		again, same, _ := Parse("f", text)
		if dump(file, findings, err) != dump(again, same, err) {
			t.Fatal("read twice, it is not the same")
		}
		for _, f := range findings {
			_ = f.String()
		}
		if err != nil {
			return
		}
		n := strings.Count(string(text), "\n") + 1
		for _, s := range file.Sections {
			for _, v := range s.Vars {
				if v.Pos.Line < 1 || v.Pos.Line > n || v.Name == "" || v.Name != trim(v.Name) || v.Value != trim(v.Value) {
					t.Fatalf("line %+v of %d", v, n)
				}
			}
		}
		for _, s := range file.Sections {
			var dst settings
			_ = Decode(s, &dst)
		}
	})
}

func large(lines int) []byte {
	var b strings.Builder
	b.WriteString("[phone](!)\ntype=friend\ncontext=internal ; where it goes\ndisallow=all\nallow=ulaw\n")
	for i := 0; i*5 < lines; i++ {
		fmt.Fprintf(&b, "[%d](phone)\nsecret=s%d\ncallerid=\"Phone %d\" <%d>\n; a comment\nmailbox=%d@default\n", i, i, i, i, i)
	}
	return []byte(b.String())
}

// BenchmarkLoad reads a file of 50,000 lines.
func BenchmarkLoad(b *testing.B) {
	l := write(b, map[string]string{"sip.conf": string(large(50_000))})
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := l.Load("sip.conf"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	f, _, err := Parse("sip.conf", []byte("[a]\ncontext=x\nallowguest=no\nsecret=s\nbindport=5060\npermit=1\n"))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		var s settings
		Decode(f.Sections[0], &s)
	}
}
