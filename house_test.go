// Package pbx_test holds the rules of the house that the compiler does not: who
// may import whom, that every package says what it owns, that files stay small,
// and that the protocol core and the dialplan reach for neither sockets nor
// chance.
package pbx_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "pbx"

// source is one parsed file of the tree.
type source struct {
	path  string // slashes, from the root
	pkg   string // its folder, "." for the root
	test  bool
	ast   *ast.File
	lines int
}

func (s source) imports() []string {
	var paths []string
	for _, i := range s.ast.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			panic(err)
		}
		paths = append(paths, p)
	}
	return paths
}

// tree parses every Go file of the module.
func tree(t *testing.T) []source {
	t.Helper()
	var all []source
	fset := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			name := d.Name()
			if name != "." && (strings.HasPrefix(name, ".") || name == "testdata") {
				return filepath.SkipDir
			}
			// tools/ and the bench kit's programs may be modules of their own.
			if _, err := os.Stat(filepath.Join(path, "go.mod")); path != "." && err == nil {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(fset, path, text, parser.ParseComments)
		if err != nil {
			return err
		}
		all = append(all, source{
			path: filepath.ToSlash(path), pkg: filepath.ToSlash(filepath.Dir(path)),
			test: strings.HasSuffix(path, "_test.go"), ast: f, lines: strings.Count(string(text), "\n"),
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 50 {
		t.Fatalf("only %d files found: the test does not look at the tree", len(all))
	}
	return all
}

// allowed says, for the folder of an importer, which folders of ours it may
// import: a folder means itself and what is below it. A folder not listed takes
// the rule of the nearest folder above it. leaves may be imported by all.
var (
	leaves  = []string{"event", "decl"}
	allowed = map[string][]string{
		"event": {}, "decl": {}, "sched": {}, "io": {},
		"config":  {"config"},
		"sounds":  {},
		"configs": {},
		"media":   {"media", "config", "io", "sched"},
		"channel": {"channel", "media", "config", "io", "sched"},
		"store":   {"config"},
		"spool":   {},
		"cdr":     {"cdr", "spool", "config"},
		// SQL, for functions, applications and records.
		"database": {"config"},
		"bridge":   {"channel", "media", "config", "io", "sched"},
		// The dialplan declares its own applications through channel.
		"dialplan":      {"dialplan", "channel", "media", "config", "io", "sched"},
		"apps/appstest": {"apps", "funcs", "database", "dialplan", "bridge", "channel", "media", "config", "io", "sched", "sounds"},
		"apps":          {"apps", "dialplan", "bridge", "channel", "media", "config", "io", "sched"},
		"funcs":         {"funcs", "database", "dialplan", "bridge", "channel", "media", "config", "io", "sched"},
		"console/top":   {"api", "console", "channel", "dialplan"},
		"console":       {"apps", "funcs", "dialplan", "bridge", "channel", "media", "config", "io", "sched"},
		"callfile":      {"channel", "media", "config", "io", "sched"},
		"webhook":       {},
		"fifo":          {"config"},
		"missed":        {"webhook", "channel", "media", "config", "io", "sched"},
		"timers":        {"callfile", "channel", "media", "config", "io", "sched"},
		"metrics":       {"channel", "media", "config", "io", "sched"},
		"web":           {"config", "io"},
		"feed":          {"spool", "webhook", "config", "io"},
		"api":           {"feed", "dialplan", "channel", "channels/sip/digest", "media", "config", "io", "sched"},
		"agi":           {"apps", "dialplan", "channel", "media", "config"},
		"manager":       {"cdr", "channels/sip/digest", "apps", "funcs", "dialplan", "bridge", "channel", "media", "config", "io", "sched"},
		// Dry runs: the engine on devices of its own.
		"dryrun":   {"dialplan", "apps/prompt", "channel", "media", "config", "io", "sched"},
		"channels": {"channel", "media", "config", "io", "sched"},
		// The wire format knows nothing of the exchange.
		"channels/sip/message":     {},
		"channels/sip/sdp":         {},
		"channels/sip/transaction": {"channels/sip/message", "sched"},
		"channels/sip/resolve":     {"channels/sip/transaction"},
		"channels/sip/transport":   {"channels/sip/message", "channels/sip/transaction", "channels/sip/resolve", "io", "sched"},
		"channels/sip":             {"channels/sip", "channel", "media", "config", "io", "sched"},
		"server": {
			"api", "feed", "callfile", "timers", "missed", "fifo", "webhook", "metrics", "database", "channels", "dryrun", "console", "manager", "agi", "web", "apps", "funcs", "dialplan", "bridge",
			"channel", "media", "config",
			"io", "sched", "store", "spool", "cdr", "sounds", "configs",
		},
		// An editor's view of a configuration.
		"lsp": {"server", "dialplan", "config"},
		// The binary: the exchange, the console's client, the default office.
		"cmd": {"api", "fifo", "server", "lsp", "dryrun", "dialplan/layout", "console", "configs", "config"},
		// Tests of the whole and tools beside the exchange.
		"e2e": {"media", "channels/sip/message"}, "bench": {}, ".": {}, "tools": {},
	}
)

func within(pkg, folder string) bool { return pkg == folder || strings.HasPrefix(pkg, folder+"/") }

func rule(pkg string) ([]string, bool) {
	for dir := pkg; ; dir = filepath.ToSlash(filepath.Dir(dir)) {
		if r, ok := allowed[dir]; ok {
			return r, true
		}
		if dir == "." {
			return nil, false
		}
	}
}

// TestImports holds that imports point one way.
func TestImports(t *testing.T) {
	for _, s := range tree(t) {
		if s.test {
			continue // a test may build what it needs
		}
		may, ok := rule(s.pkg)
		if !ok {
			t.Errorf("%s: the folder %s has no import rule", s.path, s.pkg)
			continue
		}
		for _, path := range s.imports() {
			target, ours := strings.CutPrefix(path, module+"/")
			if !ours || slices.Contains(leaves, target) {
				continue
			}
			if !slices.ContainsFunc(may, func(f string) bool { return within(target, f) }) {
				t.Errorf("%s imports %s: %s may import only %s and the leaves", s.path, target, s.pkg, strings.Join(may, ", "))
			}
		}
	}
}

// pure are the folders in which sockets, clocks and chance are handed in, and
// what they may not import.
var pure = []struct {
	folder, except string
	forbidden      []string
}{
	{"channels/sip", "channels/sip/transport", []string{"net", "math/rand", "math/rand/v2", "crypto/rand"}},
	{"dialplan", "", []string{"net", "math/rand", "math/rand/v2", "crypto/rand"}},
	{"apps", "", []string{"net", "math/rand", "math/rand/v2", "crypto/rand"}},
}

// TestNoSocketsNoChance holds rule 3: the protocol core does no I/O and throws no
// dice.
func TestNoSocketsNoChance(t *testing.T) {
	for _, s := range tree(t) {
		if s.test {
			continue
		}
		for _, p := range pure {
			if !within(s.pkg, p.folder) || p.except != "" && within(s.pkg, p.except) {
				continue
			}
			for _, path := range s.imports() {
				if slices.Contains(p.forbidden, path) {
					t.Errorf("%s imports %s, which %s is handed from outside", s.path, path, p.folder)
				}
			}
		}
	}
}

// TestPackageComments holds that every package says what it owns.
func TestPackageComments(t *testing.T) {
	doc := map[string]string{}
	for _, s := range tree(t) {
		if _, seen := doc[s.pkg]; !seen {
			doc[s.pkg] = ""
		}
		if s.ast.Doc != nil {
			doc[s.pkg] += s.ast.Doc.Text()
		}
	}
	for pkg, text := range doc {
		if len(text) < 80 {
			t.Errorf("package %s does not say what it owns", pkg)
		}
	}
}

// TestFileSize holds that a file is one concept.
func TestFileSize(t *testing.T) {
	for _, s := range tree(t) {
		limit := 800
		if within(s.pkg, "bench") {
			continue // the kit's programs are one file each, to be copied
		}
		if s.lines > limit {
			t.Errorf("%s has %d lines, more than %d: what does it hide?", s.path, s.lines, limit)
		}
	}
}

// TestNoInit holds that nothing registers itself.
func TestNoInit(t *testing.T) {
	for _, s := range tree(t) {
		for _, d := range s.ast.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" && !s.test {
				t.Errorf("%s has an init function", s.path)
			}
		}
	}
}

// TestUnfinished holds that what is in the tree is done.
func TestUnfinished(t *testing.T) {
	words := []string{"TO" + "DO", "FIX" + "ME", "XX" + "X:"}
	for _, s := range tree(t) {
		for _, group := range s.ast.Comments {
			for _, w := range words {
				if strings.Contains(group.Text(), w) {
					t.Errorf("%s: a comment says %s", s.path, w)
				}
			}
		}
	}
}
