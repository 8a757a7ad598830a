package server

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pbx/config"
)

// around are the files beside the default office that the examples count on.
var around = map[string]string{
	"voicemail.conf":   "[general]\n[default]\n101 => 482613,One\n102 => 593724,Two\n",
	"queues.conf":      "[general]\n[support]\nmember => SIP/101\n",
	"musiconhold.conf": "[default]\nmode=files\n[jazz]\nmode=files\n",
}

// examined are the files that examples are put into.
func examined(t *testing.T) map[string]string {
	t.Helper()
	office := maps.Clone(around)
	files, err := filepath.Glob(filepath.Join(writeOffice(t), "*.conf"))
	if err != nil || len(files) == 0 {
		t.Fatal("no office", err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		office[filepath.Base(f)] = string(text)
	}
	return office
}

// plant writes the default office with the text of an example. It returns the line
// of the file before the first of the text.
func plant(t *testing.T, office map[string]string, e example) (dir string, before int) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range office {
		write(t, filepath.Join(dir, name), text)
	}
	path := filepath.Join(dir, e.File)
	if e.Guests {
		write(t, filepath.Join(dir, "sip.conf"), "[general]\nallowguest=yes\ncontext=office\n[trunk]\ntype=peer\nhost=192.0.2.9\n"+
			"[101]\ntype=friend\nhost=dynamic\nsecret=Lrw92hSdo2k3jx77\n")
	}
	if e.Alone {
		write(t, path, e.Text)
		return dir, 0
	}
	head := office[e.File] + "\n"
	if e.File == "extensions.conf" {
		head += "[office]\n"
	}
	write(t, path, head+e.Text)
	return dir, strings.Count(head, "\n")
}

// TestRuleExamples holds that each rule finds what is planted for it, on its lines
// and nowhere else, and nothing in what is good.
func TestRuleExamples(t *testing.T) {
	files, err := os.ReadDir("rules")
	if err != nil {
		t.Fatal(err)
	}
	office := examined(t)
	for _, f := range files {
		name := strings.TrimSuffix(f.Name(), ".conf")
		t.Run(name, func(t *testing.T) {
			if !slices.ContainsFunc(rules, func(r rule) bool { return r.name == name }) {
				t.Error("there is no such rule")
			}
			planted, good := 0, 0
			for _, e := range ruleExamples(name) {
				dir, before := plant(t, office, e)
				var found []int
				r := Check(Options{ConfigDir: dir, StateDir: t.TempDir(), Strict: true})
				for _, f := range r.Findings {
					if f.Rule == name && f.Pos.File == e.File && f.Pos.Line > before {
						found = append(found, f.Pos.Line-before)
					}
				}
				found = slices.Compact(found)
				if !slices.Equal(found, e.Lines) {
					t.Errorf("found on lines %v, want %v, of\n%s%s", found, e.Lines, e.Text, show(slices.DeleteFunc(r.Findings, func(f config.Finding) bool { return f.Pos.Line <= before })))
				}
				if planted += len(e.Lines); e.Good {
					good++
				}
				if e.Good != (len(e.Lines) == 0) {
					t.Errorf("what is good has marks, or what is bad none:\n%s", e.Text)
				}
			}
			if planted < 5 || good == 0 {
				t.Errorf("%d faults and %d good examples are too few", planted, good)
			}
		})
	}
}
