package funcs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pbx/channel"
	"pbx/decl"
)

func fileFunction(t *testing.T, name string) channel.Function {
	t.Helper()
	for _, f := range fileFunctions() {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no function %s", name)
	return channel.Function{}
}

func TestFileRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, []byte("one\ntwo\nthree\nfour\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"":          "one\ntwo\nthree\nfour\n",
		",1":        "ne\ntwo\nthree\nfour\n",
		",0,3":      "one",
		",-5":       "four\n",
		",0,-5":     "one\ntwo\nthree\n",
		",4,3":      "two",
		",99":       "",
		",1,1,l":    "two\n",
		",1,1,ld":   "two\n",
		",x,3":      "one",
		",-1,1,l":   "four\n",
		",0,-3,l":   "one\n",
		",2,99,l":   "three\nfour\n",
		",-4,1,l,u": "one\n",
	} {
		a := &decl.Args{Raw: file + args, Pos: decl.Split(file+args, 5)}
		if got, err := fileFunction(t, "FILE").Read(nil, a); got != want || err != nil {
			t.Errorf("FILE(f%s): %q, %v; want %q", args, got, err, want)
		}
	}
	for name, want := range map[string]string{"FILE_COUNT_LINE": "4", "FILE_FORMAT": "u"} {
		a := &decl.Args{Raw: file, Pos: []string{file}}
		if got, err := fileFunction(t, name).Read(nil, a); got != want || err != nil {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
	for _, args := range []string{",-99", ",-99,1,l,u"} {
		if got, err := fileFunction(t, "FILE").Read(nil, &decl.Args{Pos: decl.Split(file+args, 5)}); err == nil {
			t.Errorf("FILE(f%s): %q", args, got)
		}
	}
	for name, want := range map[string]string{"FILE_COUNT_LINE": "-1", "FILE_FORMAT": "x"} {
		if got, err := fileFunction(t, name).Read(nil, &decl.Args{Pos: []string{file + "x"}}); got != want || err != nil {
			t.Errorf("%s of a file that is not there: %q, %v", name, got, err)
		}
	}
	outside := &decl.Args{Pos: []string{"../../nowhere"}, NameTaint: decl.Part(0, 13)}
	if err := fileFunction(t, "FILE").Write(nil, outside, "x"); err == nil || !strings.Contains(err.Error(), "came from a caller") {
		t.Errorf("a caller wrote: %v", err)
	}
	a := &decl.Args{Pos: []string{"../../etc/passwd"}, Tainted: true}
	if got, err := fileFunction(t, "FILE").Read(nil, a); err == nil {
		t.Errorf("a caller read %q", got)
	}
}

func TestFileWrite(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct{ before, args, value, want string }{
		{"", "", "whole", "whole"},
		{"old", "", "new", "new"},
		{"abcdef", ",2,2", "X", "abXef"},
		{"abcdef", ",-2,1", "X", "abcdXf"},
		{"abc", ",,,a", "d", "abcd"},
		{"one\ntwo\nthree\n", ",1,1,l", "2", "one\n2\nthree\n"},
		{"one\r\ntwo\r\n", ",0,1,l", "1", "1\r\ntwo\r\n"},
		{"one\n", ",,,al", "two", "one\ntwo\n"},
		{"one\n", ",,,ald", "two", "one\ntwo"},
		{"one\ntwo\nthree\n", ",1,1,ld", "", "one\nthree\n"},
		{"one\ntwo\n", ",0,1,l,d", "1", "1\r\n"}, // it has no such line
	} {
		file := filepath.Join(dir, "f")
		if err := os.WriteFile(file, []byte(tt.before), 0o600); err != nil {
			t.Fatal(err)
		}
		a := &decl.Args{Raw: file + tt.args, Pos: decl.Split(file+tt.args, 5)}
		if err := fileFunction(t, "FILE").Write(nil, a, tt.value); err != nil {
			t.Errorf("%q %s: %v", tt.before, tt.args, err)
		}
		if got, _ := os.ReadFile(file); string(got) != tt.want {
			t.Errorf("%q, FILE(f%s)=%s: %q, want %q", tt.before, tt.args, tt.value, got, tt.want)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".pbx-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
