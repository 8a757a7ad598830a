package cdr

import (
	"path/filepath"
	"strings"

	"pbx/spool"
)

// Custom is one mapping of cdr_custom.conf: a file and what a line of it looks like.
type Custom struct {
	// Path is the file, below cdr-custom in the log directory.
	Path     string
	Template *Template
}

// knownToRows are the names of a template that a call record has.
func knownToRows(name string, call bool) bool {
	return call && strings.EqualFold(name, "CDR")
}

// rowValue is the value function of a row's templates.
func rowValue(r *Row) func(name, args string) string {
	return func(_, args string) string {
		name, options, _ := strings.Cut(args, ",")
		v, _ := r.Field(strings.ToLower(strings.TrimSpace(name)), options)
		return v
	}
}

// CustomBackend is the files of cdr_custom.conf as a backend.
func CustomBackend(list []Custom) spool.Backend {
	return &spool.Files{ID: "cdr-custom", Format: func(e spool.Entry) (lines []spool.Line) {
		r, ok := decodeRow(e)
		if !ok {
			return nil
		}
		localTime(r)
		for _, c := range list {
			lines = append(lines, spool.Line{Path: c.Path, Text: []byte(c.Template.Expand(rowValue(r)) + "\n")})
		}
		return lines
	}}
}

func localTime(r *Row) {
	r.Start, r.End = r.Start.Local(), r.End.Local()
	if !r.Answer.IsZero() {
		r.Answer = r.Answer.Local()
	}
}

// below is a file name of a configuration under dir; ok is false for one that leads out.
func below(dir, name string) (string, bool) {
	if filepath.IsAbs(name) {
		return filepath.Clean(name), true
	}
	if !filepath.IsLocal(name) {
		return "", false
	}
	return filepath.Join(dir, name), true
}
