package dryrun

import (
	"bufio"
	"bytes"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"
	"sync"

	"pbx/config"
	"pbx/dialplan"
)

// Coverage counts how often each priority of a plan ran. Several goroutines may
// add to it.
type Coverage struct {
	mu  sync.Mutex
	ran map[config.Pos]int
}

// Add takes in what a call did.
func (c *Coverage) Add(t *Trace) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ran == nil {
		c.ran = make(map[config.Pos]int)
	}
	for _, s := range t.Steps {
		c.ran[place(s.Pos)]++
	}
}

// place is a position without the template that a line came through: it is the
// line that ran.
func place(p config.Pos) config.Pos { return config.Pos{File: p.File, Line: p.Line} }

// Share is how much of a context ran.
type Share struct {
	Context    string
	Ran, Total int
	// Never are the priorities that did not run, in order.
	Never []*dialplan.Priority
}

// Of counts the priorities of a plan, context by context.
func (c *Coverage) Of(p *dialplan.Plan) []Share {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []Share
	for _, x := range p.Contexts() {
		s := Share{Context: x.Name}
		for _, e := range x.Extensions() {
			for _, step := range e.Priorities {
				s.Total++
				if c.ran[place(step.Pos)] > 0 {
					s.Ran++
				} else {
					s.Never = append(s.Never, step)
				}
			}
		}
		if s.Total > 0 {
			out = append(out, s)
		}
	}
	return out
}

// Write prints the shares and, for each context, what never ran.
func (c *Coverage) Write(w io.Writer, p *dialplan.Plan) error {
	var b bytes.Buffer
	ran, total := 0, 0
	for _, s := range c.Of(p) {
		ran, total = ran+s.Ran, total+s.Total
		fmt.Fprintf(&b, "%5.1f %%  %4d of %-4d  [%s]\n", percent(s.Ran, s.Total), s.Ran, s.Total, s.Context)
		for _, step := range s.Never {
			fmt.Fprintf(&b, "         never  %s  %s,%d  %s(%s)\n", step.Pos, step.Extension().Name, step.Number, step.App, step.Args)
		}
	}
	fmt.Fprintf(&b, "%5.1f %%  %4d of %d priorities ran\n", percent(ran, total), ran, total)
	_, err := b.WriteTo(w)
	return err
}

func percent(n, of int) float64 {
	if of == 0 {
		return 100
	}
	return 100 * float64(n) / float64(of)
}

// page is a report as one file, without anything from elsewhere.
var page = template.Must(template.New("coverage").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>dialplan coverage</title>
<style>
body { font: 14px/1.5 monospace; margin: 2em; } h1, h2 { font-family: sans-serif; }
td { padding: 0 1em 0 0; white-space: pre; } td.n { color: #888; text-align: right; }
tr.ran { background: #e4f6e4; } tr.never { background: #fbe3e3; }
@media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd; } tr.ran { background: #173a17; } tr.never { background: #4a1c1c; } }
</style>
<h1>dialplan coverage</h1>
<table>{{range .Shares}}<tr><td class="n">{{.Ran}} of {{.Total}}</td><td>[{{.Context}}]</td></tr>
{{end}}</table>
{{range .Files}}<h2>{{.Name}}</h2>
<table>{{range .Lines}}<tr class="{{.Class}}"><td class="n">{{.Number}}</td><td class="n">{{if .Count}}{{.Count}}×{{end}}</td><td>{{.Text}}</td></tr>
{{end}}</table>
{{end}}`))

type pageFile struct {
	Name  string
	Lines []pageLine
}

type pageLine struct {
	Number, Count int
	Class, Text   string
}

// WriteHTML writes the plan's files, line by line, with what ran and what never
// did. dir is the configuration directory.
func (c *Coverage) WriteHTML(w io.Writer, p *dialplan.Plan, dir string) error {
	shares := c.Of(p)
	never := make(map[config.Pos]bool)
	for _, s := range shares {
		for _, step := range s.Never {
			never[place(step.Pos)] = true
		}
	}
	var files []pageFile
	for _, name := range p.Files {
		f, err := c.file(name, dir, never)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	return page.Execute(w, struct {
		Shares []Share
		Files  []pageFile
	}{shares, files})
}

func (c *Coverage) file(name, dir string, never map[config.Pos]bool) (f pageFile, err error) {
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return f, err
	}
	f.Name = name
	c.mu.Lock()
	defer c.mu.Unlock()
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, len(text)+1)
	for n := 1; lines.Scan(); n++ {
		at := config.Pos{File: name, Line: n}
		l := pageLine{Number: n, Count: c.ran[at], Text: lines.Text()}
		if l.Count > 0 {
			l.Class = "ran"
		} else if never[at] {
			l.Class = "never"
		}
		f.Lines = append(f.Lines, l)
	}
	return f, lines.Err()
}
