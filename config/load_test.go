package config

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write what Load returns into the files under testdata")

// dump tells all of what Load returned.
func dump(f *File, findings []Finding, err error) string {
	var b strings.Builder
	if f != nil {
		for _, s := range f.Sections {
			bases := s.Bases
			if s.Template {
				bases = append([]string{"!"}, bases...)
			}
			fmt.Fprintf(&b, "[%s](%s)  ; %s\n", s.Name, strings.Join(bases, ","), s.Pos)
			for _, v := range s.Vars {
				sign := "="
				if v.Object {
					sign = "=>"
				}
				fmt.Fprintf(&b, "\t%s %s %q  ; %s\n", v.Name, sign, v.Value, v.Pos)
			}
		}
		fmt.Fprintf(&b, "read %s\n", strings.Join(f.Read, " "))
	}
	for _, f := range findings {
		fmt.Fprintln(&b, f)
	}
	if err != nil {
		fmt.Fprintln(&b, "refused", err)
	}
	return b.String()
}

// Every archive under testdata/load is a configuration directory with what
// loading test.conf gives.
func TestLoad(t *testing.T) {
	archives, err := filepath.Glob("testdata/load/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal("no test data", err)
	}
	for _, path := range archives {
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		t.Run(name, func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			var want []byte
			var files []txtar.File
			for _, f := range a.Files {
				if f.Name == "want" {
					want = f.Data
				} else {
					files = append(files, f)
				}
			}
			for _, f := range files {
				to := filepath.Join(dir, f.Name)
				if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(to, f.Data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			l := &Loader{Dir: dir}
			file, findings, err := l.Load("test.conf")
			if refused := strings.HasPrefix(name, "refused-"); refused != (err != nil) {
				t.Errorf("refused: %v, error %v", refused, err)
			}
			var r *Refusal
			if err != nil && (!errors.As(err, &r) || r.Pos.Line == 0 || errors.Is(err, fs.ErrNotExist)) {
				t.Errorf("the error does not say where: %v", err)
			}
			got := []byte(dump(file, findings, err))
			if *update {
				a.Files = append(files, txtar.File{Name: "want", Data: got})
				if err := os.WriteFile(path, txtar.Format(a), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if !bytes.Equal(got, want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}
