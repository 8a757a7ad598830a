package config

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// Source is the text of a file, and the name to call it by.
type Source struct{ Name, Text string }

// Sources reads the files that a name means, as #include does, for files that are in
// another language. It is an error that there is none.
func (l *Loader) Sources(name string) ([]Source, error) {
	paths, err := l.glob(name)
	if err != nil {
		return nil, err
	}
	var all []Source
	for _, path := range paths {
		switch text, err := l.read(path); {
		case err == nil:
			all = append(all, Source{l.name(path), text})
		case !errors.Is(err, fs.ErrNotExist):
			return all, fmt.Errorf("%s: %w", l.name(path), reason(err))
		}
	}
	if all == nil {
		return nil, errNoFile
	}
	return all, nil
}

var errNoFile = errors.New("no such file")

// glob returns the files that a name may mean: shell patterns and braces are
// expanded, in order. A name without any is returned whether it exists or not.
func (l *Loader) glob(name string) ([]string, error) {
	var paths []string
	for _, pattern := range braces(name) {
		if !strings.ContainsAny(pattern, "*?[") {
			paths = append(paths, l.path(pattern))
			continue
		}
		pattern = strings.ReplaceAll(pattern, "[!", "[^")
		if !filepath.IsAbs(pattern) {
			pattern = filepath.Join(quoteGlob(l.Dir), pattern)
		}
		found, err := filepath.Glob(pattern)
		if err != nil {
			return nil, err
		}
		for _, path := range found {
			if !hidden(pattern, path) {
				paths = append(paths, path)
			}
		}
	}
	return paths, nil
}

// quoteGlob takes the meaning from the special characters of a path.
func quoteGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// hidden reports that a wildcard stands for the dot that a name begins with.
func hidden(pattern, path string) bool {
	patterns, names := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(patterns) != len(names) {
		return false
	}
	for i, name := range names {
		if strings.HasPrefix(name, ".") && strings.IndexAny(patterns[i], "*?[") == 0 {
			return true
		}
	}
	return false
}

// braces expands a{b,c}d to abd and acd. It gives up on a text that would become
// a thousand.
func braces(s string) []string {
	open := strings.IndexByte(s, '{')
	if open < 0 {
		return []string{s}
	}
	depth, start := 0, open+1
	var parts []string
	for i := open; i < len(s); i++ {
		switch s[i] {
		case '{':
			depth++
		case ',':
			if depth == 1 {
				parts = append(parts, s[start:i])
				start = i + 1
			}
		case '}':
			depth--
			if depth > 0 {
				continue
			}
			parts = append(parts, s[start:i])
			var all []string
			for _, tail := range braces(s[i+1:]) {
				for _, part := range parts {
					for _, inner := range braces(part) {
						all = append(all, s[:open]+inner+tail)
					}
				}
				if len(all) > 1000 {
					return []string{s}
				}
			}
			return all
		}
	}
	return []string{s}
}
