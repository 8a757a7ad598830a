package console

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Rotation is what `logger rotate` does with a file.
type Rotation struct {
	// Strategy is sequential (FILE.0 is the oldest), rotate (FILE.0 is the newest),
	// timestamp, or none (the file is opened anew for who moves it away).
	Strategy string
	// After is a command for the shell, run for each file with its old name in the
	// environment as filename.
	After string
	// Others are files beside the logger's own that are rotated with them.
	Others []string
}

// Rotations are the words of rotatestrategy.
var Rotations = []string{"sequential", "rotate", "timestamp", "none"}

// kept is how many old files strategy rotate keeps.
const kept = 8

// SetRotation changes what Rotate does.
func (l *Logger) SetRotation(r Rotation) {
	l.mu.Lock()
	l.rotation = r
	l.mu.Unlock()
}

// Rotate moves every file out of the way and opens new ones.
func (l *Logger) Rotate() error {
	l.mu.Lock()
	r := l.rotation
	var paths []string
	for _, c := range l.files {
		paths = append(paths, c.Path)
	}
	l.mu.Unlock()
	var errs []error
	var moved []string
	for _, path := range slices.Concat(paths, r.Others) {
		if _, err := os.Stat(path); err != nil {
			continue
		}
		to, err := r.move(path, l.now().Unix())
		errs = append(errs, err)
		if err == nil && to != "" {
			moved = append(moved, path)
		}
	}
	errs = append(errs, l.Reopen())
	if r.After != "" {
		for _, path := range moved {
			c := exec.Command("/bin/sh", "-c", r.After)
			c.Env = append(os.Environ(), "filename="+path)
			if out, err := c.CombinedOutput(); err != nil {
				errs = append(errs, fmt.Errorf("exec_after_rotate: %w: %s", err, strings.TrimSpace(string(out))))
			}
		}
	}
	return errors.Join(errs...)
}

// move takes a file out of the way and returns its new name, "" where it stays.
func (r Rotation) move(path string, now int64) (string, error) {
	to := path + ".0"
	switch r.Strategy {
	case "none":
		return "", nil
	case "timestamp":
		to = path + "." + strconv.FormatInt(now, 10)
	case "rotate":
		for i := kept - 2; i >= 0; i-- {
			old := fmt.Sprintf("%s.%d", path, i)
			if err := os.Rename(old, fmt.Sprintf("%s.%d", path, i+1)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return "", err
			}
		}
	default:
		to = path + "." + strconv.Itoa(next(path))
	}
	return to, os.Rename(path, to)
}

// next is the first number after those of the old files.
func next(path string) (n int) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return 0
	}
	for _, e := range entries {
		if number, ok := strings.CutPrefix(e.Name(), filepath.Base(path)+"."); ok {
			number, _, _ = strings.Cut(number, ".") // one that was packed meanwhile
			if i, err := strconv.Atoi(number); err == nil && i < 1<<20 {
				n = max(n, i+1)
			}
		}
	}
	return n
}
