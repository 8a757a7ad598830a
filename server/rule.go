package server

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// A Rule is a kind of finding of `pbx check`.
type Rule struct {
	Name, Help string
	// File, Bad and Good are an example: lines of a file that the rule finds
	// fault with, and how they are meant. "" where there is none.
	File, Bad, Good string
	// Strict rules are looked for only if the check is strict: some of their
	// findings are meant so.
	Strict bool
}

// Rules are all of them by name.
func Rules() []Rule {
	var all []Rule
	for _, r := range rules {
		x := Rule{Name: r.name, Help: r.help, Strict: strictRules[r.name]}
		for _, e := range ruleExamples(r.name) {
			switch {
			case e.Good && x.Good == "":
				x.Good = e.Text
			case !e.Good && x.Bad == "":
				x.File, x.Bad = e.File, e.Text
			}
		}
		all = append(all, x)
	}
	slices.SortFunc(all, func(a, b Rule) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// ruleFiles hold, a file a rule, what the rule finds fault with and what it does
// not. The first of each are shown in the reference; the tests use all.
//
//go:embed rules/*.conf
var ruleFiles embed.FS

// faultMark ends the lines of an example on which the rule has to find something.
const faultMark = ";!"

// example is a piece of a file.
type example struct {
	Good bool
	// Alone examples are the whole of a file, others are behind the default
	// office's.
	Alone bool
	// Guests may come in, and there is a trunk.
	Guests bool
	// Unreadable examples have a directory where the file should be, and Gone ones
	// nothing; what they find has no line.
	Unreadable, Gone bool
	Title            string
	File             string // extensions.conf unless the heading says otherwise
	// Text is without the marks, Lines are those that were marked, from 1.
	Text  string
	Lines []int
}

// ruleExamples reads the file of a rule: pieces under headings such as
//
//	;= bad: a misspelled name
//	;= good alone in sip.conf
//	;= bad with guests
//	;= bad gone in sip.conf
//
// {NUL} and {LONG} stand for a NUL byte and a line's worth of text.
func ruleExamples(name string) []example {
	text, err := fs.ReadFile(ruleFiles, "rules/"+name+".conf")
	if err != nil {
		return nil // it has none
	}
	var all []example
	for _, piece := range strings.Split("\n"+string(text), "\n;= ")[1:] {
		head, body, _ := strings.Cut(piece, "\n")
		head, title, _ := strings.Cut(head, ":")
		kind, file, _ := strings.Cut(head, " in ")
		words := strings.Fields(kind)
		e := example{
			Good: words[0] == "good", Alone: slices.Contains(words, "alone"), Guests: slices.Contains(words, "guests"),
			Unreadable: slices.Contains(words, "unreadable"), Gone: slices.Contains(words, "gone"),
			Title: strings.TrimSpace(title), File: strings.TrimSpace(file),
		}
		if e.File == "" {
			e.File = "extensions.conf"
		}
		var lines []string
		for i, l := range strings.Split(strings.TrimSpace(body), "\n") {
			code, marked := strings.CutSuffix(l, faultMark)
			if !marked {
				code, marked = strings.CutSuffix(l, "//!") // in extensions.ael
			}
			if marked {
				e.Lines = append(e.Lines, i+1)
				l = strings.TrimRight(code, " \t")
			}
			lines = append(lines, l)
		}
		e.Text = strings.Join(lines, "\n") + "\n"
		all = append(all, e)
	}
	return all
}

// strictRules are looked for only in a strict check.
var strictRules = map[string]bool{
	"unused-label": true,
}

// rulePage is the reference of the rules.
func rulePage() []byte {
	var b strings.Builder
	b.WriteString("# Rules of pbx check\n\n" + generated)
	b.WriteString("The name of the rule stands in brackets at the end of a finding; `; pbx: ignore NAME` at the end of a line silences it there.\n")
	shown := strings.NewReplacer("{NUL}", "␀", "{LONG}", "… 10,000 characters …")
	for _, r := range Rules() {
		fmt.Fprintf(&b, "\n## %s\n\n%s", r.Name, r.Help)
		if r.Strict {
			b.WriteString(" Looked for with `--strict` only.")
		}
		b.WriteString("\n")
		if r.Bad != "" {
			fmt.Fprintf(&b, "\nFound in %s:\n\n```ini\n%s```\n", r.File, shown.Replace(r.Bad))
		}
		if r.Good != "" {
			fmt.Fprintf(&b, "\nBetter:\n\n```ini\n%s```\n", r.Good)
		}
	}
	return []byte(b.String())
}
