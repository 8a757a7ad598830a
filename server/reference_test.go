package server

import (
	"bytes"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	pbxio "pbx/io"
)

var update = flag.Bool("update", false, "write docs/reference and the golden files anew")

// TestReference holds that docs/reference is what the declarations in the code
// say; `make docs` writes it.
func TestReference(t *testing.T) {
	s, err := New(Options{ConfigDir: writeOffice(t), Network: pbxio.NewMemory(), StateDir: t.TempDir(), Version: "test", NoConsole: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.release()
	pages := s.reference()
	dir := filepath.Join("..", "docs", "reference")
	if *update {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		path := filepath.Join(dir, name)
		if *update {
			if err := os.WriteFile(path, pages[name], 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		have, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(have, pages[name]) {
			t.Errorf("%s is stale: run `make docs`", path)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if pages[f.Name()] == nil {
			t.Errorf("%s is no page of the reference", f.Name())
		}
	}
	again := s.reference()
	for name, text := range pages {
		if !bytes.Equal(text, again[name]) {
			t.Errorf("%s comes out in another order the second time", name)
		}
	}
}

// ruleName is the name of a rule where a finding is made: after its severity.
var ruleName = regexp.MustCompile(`(?:\b(?:Error|Warning|Note|severity|severityAbsent\(name\)),\s*|Rule:\s*|\bwarn\(|\brefuse\(pos, )"([a-z-]+)"`)

// TestRules holds that the page on `pbx check` has every rule that a finding can
// have, and no other.
func TestRules(t *testing.T) {
	used := map[string]bool{"absent-application": true, "absent-function": true} // made from unknown-…
	for _, dir := range []string{"config", "dialplan", "dialplan/ael", "media/tone", "channels/sip", "server", "api", "feed", "manager", "metrics", "web", "cdr", "cdr/cel", "database"} {
		files, err := filepath.Glob(filepath.Join("..", dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no files, %v", dir, err)
		}
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range ruleName.FindAllSubmatch(text, -1) {
				used[string(m[1])] = true
			}
		}
	}
	told := make(map[string]bool)
	for _, r := range rules {
		if told[r.name] {
			t.Errorf("%s is told twice", r.name)
		}
		told[r.name] = true
		if !used[r.name] {
			t.Errorf("%s: no finding has this rule", r.name)
		}
	}
	for name := range used {
		if !told[name] {
			t.Errorf("%s: the table of rules lacks it", name)
		}
	}
}
