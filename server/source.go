package server

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"pbx/config"
)

// sources are the files as they were written, for what a place alone does not
// tell: the column of a finding, and whether its author silenced it.
type sources struct {
	dir string
	// overlay are texts that stand in for files, by their paths.
	overlay map[string][]byte
	files   map[string][]string // lines
}

func newSources(c *configuration) *sources {
	return &sources{dir: c.dirs.Config, overlay: c.overlay, files: make(map[string][]string)}
}

// readAll reads the files of the directory and those of the plan.
func (s *sources) readAll(c *configuration) {
	for _, pattern := range []string{"*.conf", "*.ael"} {
		names, _ := filepath.Glob(filepath.Join(s.dir, pattern))
		for _, name := range names {
			s.lines(filepath.Base(name))
		}
	}
	if c.plan != nil {
		for _, name := range c.plan.Files {
			s.lines(name)
		}
	}
}

// lines are those of a file, none where it cannot be read.
func (s *sources) lines(name string) []string {
	if lines, ok := s.files[name]; ok {
		return lines
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.dir, path)
	}
	text, ok := s.overlay[path]
	if !ok {
		text, _ = os.ReadFile(path) // the check has said already what cannot be read
	}
	lines := strings.Split(strings.TrimPrefix(string(text), "\ufeff"), "\n")
	s.files[name] = lines
	return lines
}

func (s *sources) line(p config.Pos) string {
	lines := s.lines(p.File)
	if p.Line < 1 || p.Line > len(lines) {
		return ""
	}
	return lines[p.Line-1]
}

// place fills in the column of a finding that tells what is at fault.
func (s *sources) place(f *config.Finding) {
	if f.Column > 0 || f.Token == "" {
		return
	}
	line := s.line(f.Pos)
	code, _, _ := strings.Cut(line, ";")
	i := strings.Index(code, f.Token)
	if i < 0 {
		i = strings.Index(line, f.Token)
	}
	f.Column = i + 1
}

// ignoreMark is the comment that silences rules on its line:
//
//	; pbx: ignore unknown-device, missing-sound
//
// In extensions.ael it begins with //.
var ignoreMark = regexp.MustCompile(`(?:;|//)\s*pbx:\s*ignore\b([^;]*)`)

// ignored are the rules that a line silences.
func ignored(line string) []string {
	m := ignoreMark.FindStringSubmatch(line)
	if m == nil {
		return nil
	}
	return strings.FieldsFunc(m[1], func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\r' })
}

// silenced reports whether the line of a finding names its rule.
func (s *sources) silenced(f config.Finding) bool {
	return f.Pos.Line > 0 && slices.Contains(ignored(s.line(f.Pos)), f.Rule)
}

// misspelled are the marks that name no rule, in the files that are at hand.
func (s *sources) misspelled() []config.Finding {
	var names []string
	for _, r := range rules {
		names = append(names, r.name)
	}
	var out []config.Finding
	for file, lines := range s.files {
		for i, line := range lines {
			if ignoreMark.FindStringIndex(line) == nil {
				continue
			}
			given := ignored(line)
			if len(given) == 0 {
				out = append(out, config.Finding{
					Pos: config.Pos{File: file, Line: i + 1}, Severity: config.Warning, Rule: "unknown-rule", Token: "pbx:",
					Message: "the comment names no rule and silences nothing", Hint: "write the names that stand in brackets behind the findings",
				})
			}
			for _, name := range given {
				if slices.Contains(names, name) {
					continue
				}
				f := config.Finding{
					Pos: config.Pos{File: file, Line: i + 1}, Severity: config.Warning, Rule: "unknown-rule", Token: name,
					Message: fmt.Sprintf("the comment silences %q, which is no rule", name),
				}
				if near := config.Nearest(name, names); near != "" {
					f.Hint = "did you mean " + near + "?"
				}
				out = append(out, f)
			}
		}
	}
	return out
}
