package config

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Limits of the dialect.
const (
	maxDepth    = 10 // files within files
	maxLine     = 8191
	maxFileSize = 64 << 20
	execTimeout = 30 * time.Second
)

// Loader reads files of one configuration directory.
type Loader struct {
	// Dir is the directory that relative names belong to.
	Dir string
	// ExecIncludes allows #exec, which runs a program and reads its output.
	ExecIncludes bool
	// Overlay are texts that stand in for files, by their paths.
	Overlay map[string][]byte
}

// Load reads a file with everything it includes.
//
// The findings are what was forgiven. The error says that the file cannot be
// used: it is a *Refusal where a line is to blame, and wraps fs.ErrNotExist when
// the file itself is missing.
func (l *Loader) Load(name string) (*File, []Finding, error) {
	p := &parser{loader: l, file: &File{Name: name}}
	text, err := p.read(l.path(name))
	if err != nil {
		return nil, nil, fmt.Errorf("config: %w", err)
	}
	if r := p.parse(name, text); r != nil {
		return nil, p.findings, r
	}
	return p.file, p.findings, nil
}

// Optional is Load of a file that need not be there: it is nil then, and that is no error.
// An error names the file.
func (l *Loader) Optional(name string) (*File, []Finding, error) {
	f, findings, err := l.Load(name)
	var refused *Refusal // a file that it includes may be missing
	switch {
	case errors.Is(err, fs.ErrNotExist) && !errors.As(err, &refused):
		return nil, nil, nil
	case err != nil:
		return nil, findings, fmt.Errorf("%s: %w", name, err)
	}
	return f, findings, nil
}

// Parse reads a text as the file of that name. It includes nothing: an #include
// is refused as if the file were missing.
func Parse(name string, text []byte) (*File, []Finding, error) {
	p := &parser{file: &File{Name: name, Read: []string{name}}}
	if r := p.parse(name, string(text)); r != nil {
		return nil, p.findings, r
	}
	return p.file, p.findings, nil
}

func (l *Loader) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(l.Dir, name)
}

// name is what a file is called in positions.
func (l *Loader) name(path string) string {
	if rel, err := filepath.Rel(l.Dir, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

// read reads a file and notes it among those that were read.
func (p *parser) read(path string) (string, error) {
	text, err := p.loader.read(path)
	if err == nil {
		p.note(path)
	}
	return text, err
}

// read reads a regular file.
func (l *Loader) read(path string) (string, error) {
	if text, ok := l.Overlay[path]; ok {
		return string(text), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", &fs.PathError{Op: "read", Path: path, Err: errors.New("not a regular file")}
	}
	if info.Size() > maxFileSize {
		return "", &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("larger than %d MiB", maxFileSize>>20)}
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFileSize))
	return string(text), err
}

// note adds a file to those that were read.
func (p *parser) note(path string) {
	if name := p.loader.name(path); !slices.Contains(p.file.Read, name) {
		p.file.Read = append(p.file.Read, name)
	}
}

// include reads the files that an #include names. A refusal of one of them ends
// that file only, as the ancestor has it.
func (p *parser) include(pos Pos, argument string, required bool) *Refusal {
	missing := func(why string) *Refusal {
		return &Refusal{Finding{Pos: pos, Severity: Error, Rule: "include", Message: "#include " + argument + ": " + why}}
	}
	if p.loader == nil {
		if required {
			return missing("there is no directory to read it from")
		}
		return nil
	}
	paths, err := p.loader.glob(argument)
	if err != nil {
		return missing(err.Error())
	}
	found, why := false, "no such file"
	for _, path := range paths {
		name := p.loader.name(path)
		if slices.Contains(p.open, name) {
			found = true
			p.find(pos, Error, "include-loop", fmt.Sprintf("#include %s: the file includes itself by way of %s",
				name, strings.Join(p.open, ", ")))
			continue
		}
		if len(p.open) >= maxDepth {
			why = fmt.Sprintf("more than %d files within files", maxDepth)
			p.find(pos, Error, "include-depth", fmt.Sprintf("#include %s: %s", name, why))
			continue
		}
		text, err := p.read(path)
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				why = fmt.Sprintf("%s: %v", name, reason(err))
				p.find(pos, Warning, "include", fmt.Sprintf("#include %s: %s", argument, why))
			}
			continue
		}
		found = true
		if r := p.parse(name, text); r != nil {
			r.Hint = "the rest of the file is skipped"
			p.findings = append(p.findings, r.Finding)
		}
	}
	if !found && required {
		return missing(why)
	}
	return nil
}

// reason is an error without the path that the system's errors carry.
func reason(err error) error {
	var e *fs.PathError
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// exec reads what a command prints.
func (p *parser) exec(pos Pos, command string) {
	if p.loader == nil || !p.loader.ExecIncludes {
		p.find(pos, Warning, "exec", "#exec needs execincludes=yes in asterisk.conf; the line is skipped")
		return
	}
	if len(p.open) >= maxDepth {
		p.find(pos, Error, "include-depth", fmt.Sprintf("#exec: more than %d files within files", maxDepth))
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), execTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", command)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		p.find(pos, Warning, "exec", fmt.Sprintf("#exec %s: %v", command, err))
	}
	if r := p.parse("#exec "+command, string(out)); r != nil {
		p.findings = append(p.findings, r.Finding)
	}
}
