package main

import (
	"path/filepath"
	"strings"

	"pbx/config"
	"pbx/server"
)

// sarif is a log of the Static Analysis Results Interchange Format 2.1.0 (OASIS),
// as far as a check of files has something to say.
type sarif struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool    sarifTool     `json:"tool"`
	Bases   sarifBases    `json:"originalUriBaseIds,omitempty"`
	Columns string        `json:"columnKind"`
	Results []sarifResult `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version,omitempty"`
	Rules   []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID    string    `json:"id"`
	Short sarifText `json:"shortDescription"`
	Help  sarifHelp `json:"help"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifHelp struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown"`
}

type sarifBases map[string]sarifURI

type sarifURI struct {
	URI  string `json:"uri"`
	Base string `json:"uriBaseId,omitempty"`
}

type sarifResult struct {
	Rule      string          `json:"ruleId"`
	Index     int             `json:"ruleIndex"`
	Level     string          `json:"level"`
	Message   sarifText       `json:"message"`
	Locations []sarifLocation `json:"locations"`
}

type sarifLocation struct {
	Physical sarifPhysical `json:"physicalLocation"`
}

type sarifPhysical struct {
	Artifact sarifURI     `json:"artifactLocation"`
	Region   *sarifRegion `json:"region,omitempty"`
}

type sarifRegion struct {
	Line   int `json:"startLine"`
	Column int `json:"startColumn,omitempty"`
	End    int `json:"endColumn,omitempty"`
}

// asSARIF is a log of findings in the files of a directory.
func asSARIF(dir string, list []config.Finding) sarif {
	run := sarifRun{
		Tool:    sarifTool{sarifDriver{Name: "pbx check", Version: version, Rules: []sarifRule{}}},
		Columns: "utf16CodeUnits",
		Results: []sarifResult{},
	}
	if abs, err := filepath.Abs(dir); err == nil {
		run.Bases = sarifBases{"CONFIG": {URI: "file://" + escapeURI(filepath.ToSlash(abs)) + "/"}}
	}
	index := make(map[string]int)
	for i, r := range server.Rules() {
		index[r.Name] = i
		help := sarifHelp{Text: r.Help, Markdown: r.Help}
		if r.Bad != "" {
			help.Markdown += "\n\n```ini\n" + r.Bad + "```\n"
		}
		if r.Good != "" {
			help.Markdown += "\nBetter:\n\n```ini\n" + r.Good + "```\n"
		}
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{r.Name, sarifText{r.Help}, help})
	}
	for _, f := range list {
		text := f.Message
		if f.Hint != "" {
			text += "; " + f.Hint
		}
		where := sarifPhysical{Artifact: sarifURI{URI: escapeURI(filepath.ToSlash(f.Pos.File)), Base: "CONFIG"}}
		if filepath.IsAbs(f.Pos.File) {
			where.Artifact = sarifURI{URI: "file://" + escapeURI(filepath.ToSlash(f.Pos.File))}
		}
		if f.Pos.Line > 0 {
			where.Region = &sarifRegion{Line: f.Pos.Line, Column: f.Column}
			if f.Column > 0 && f.Token != "" {
				where.Region.End = f.Column + len(f.Token)
			}
		}
		run.Results = append(run.Results, sarifResult{
			Rule: f.Rule, Index: index[f.Rule], Level: f.Severity.String(), Message: sarifText{text}, Locations: []sarifLocation{{where}},
		})
	}
	return sarif{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}}
}

// escapeURI writes what may not stand in the path of a URI as %XX.
func escapeURI(path string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(path) {
		c := path[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("/-._~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String()
}
