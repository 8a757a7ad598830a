package spool

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// Line is a line for a file, with its newline.
type Line struct {
	Path string
	Text []byte
}

// Files is a backend of text files, such as Master.csv: Format makes the lines of an
// entry, none for one that is not its business.
type Files struct {
	ID     string
	Format func(Entry) []Line
}

// Name implements Backend.
func (f *Files) Name() string { return f.ID }

// Mark implements Backend: the sizes of the files that the batch will grow.
func (f *Files) Mark(entries []Entry) (Mark, error) {
	var m Mark
	for _, e := range entries {
		for _, l := range f.Format(e) {
			if _, seen := m[l.Path]; seen {
				continue
			}
			if m == nil {
				m = Mark{}
			}
			st, err := os.Stat(l.Path)
			switch {
			case errors.Is(err, os.ErrNotExist):
				m[l.Path] = 0
			case err != nil:
				return nil, err
			default:
				m[l.Path] = st.Size()
			}
		}
	}
	return m, nil
}

// Deliver implements Backend. The lines of a batch that was interrupted are found at
// the end of the file: they are the same bytes each time.
func (f *Files) Deliver(entries []Entry, mark Mark, again bool) error {
	lines := map[string][][]byte{}
	var order []string
	for _, e := range entries {
		for _, l := range f.Format(e) {
			if !slices.Contains(order, l.Path) {
				order = append(order, l.Path)
			}
			lines[l.Path] = append(lines[l.Path], l.Text)
		}
	}
	for _, path := range order {
		if err := grow(path, lines[path], mark[path], again); err != nil {
			return err
		}
	}
	return nil
}

func grow(path string, lines [][]byte, size int64, again bool) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	w, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return err
	}
	defer w.Close()
	end, err := w.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if again {
		if end < size { // another file has its name now: logrotate
			size = 0
		}
		tail := make([]byte, end-size)
		if _, err := w.ReadAt(tail, size); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		for len(lines) > 0 && bytes.HasPrefix(tail, lines[0]) {
			size += int64(len(lines[0]))
			tail, lines = tail[len(lines[0]):], lines[1:]
		}
		if len(lines) > 0 && len(tail) > 0 && bytes.HasPrefix(lines[0], tail) { // torn
			end = size
		}
	}
	all := bytes.Join(lines, nil)
	if _, err := w.WriteAt(all, end); err != nil {
		_ = w.Truncate(end) // a full disk leaves no half of a line
		return err
	}
	return nil
}
