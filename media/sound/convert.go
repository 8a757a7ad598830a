package sound

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pbx/media/codec/g711"
)

// Convert writes the sound of one file into another one, each in the format that its
// extension says. What is there already is replaced once the new file is whole. Samples
// of 8 kHz are written; a file that has more of them a second is brought down to that. The
// error wraps ErrFormat for a format that is not written here, ErrNotFound for a file that
// is not there.
func Convert(from, to string) error {
	if filepath.Clean(from) == filepath.Clean(to) {
		return errors.New("a file cannot become itself")
	}
	c, err := loadFile(from)
	if err != nil {
		return err
	}
	samples, ok := c.linear()
	if !ok {
		return fmt.Errorf("%s: %s is played as it is and never decoded", from, c.codec)
	}
	name, format := splitExtension(to)
	if !Records(format) {
		return fmt.Errorf("%s: %w: one is %s", to, ErrFormat, strings.Join(recordedFormats(), ", "))
	}
	if _, err := os.Stat(filepath.Dir(to)); err != nil { // Record would make it, a slip of the hand too
		return err
	}
	unfinished := fmt.Sprintf("%s.%d", name, os.Getpid())
	r, err := Record(unfinished, format, 0)
	if err != nil {
		return err
	}
	_, err = r.Write(samples)
	if err = errors.Join(err, r.Close()); err == nil {
		err = os.Rename(unfinished+"."+format, to)
	}
	if err != nil {
		_ = os.Remove(unfinished + "." + format)
	}
	return err
}

// loadFile reads a file by its extension.
func loadFile(path string) (clip, error) {
	name, ext := splitExtension(path)
	i := slices.IndexFunc(fileTypes, func(f fileType) bool { return f.ext == ext })
	if i < 0 || name == "" {
		var known []string
		for _, f := range fileTypes {
			known = append(known, f.ext)
		}
		return clip{}, fmt.Errorf("%s: not a kind of sound file: one is %s", path, strings.Join(known, ", "))
	}
	c, err := (&Library{cache: make(map[string]cached)}).load(place{nil, name}, fileTypes[i])
	if errors.Is(err, fs.ErrNotExist) {
		return c, fmt.Errorf("%s: %w", path, ErrNotFound)
	}
	return c, err
}

// linear is the clip as 16-bit samples; false for a codec that is not decoded.
func (c *clip) linear() ([]byte, bool) {
	switch c.codec {
	case "slin":
		return c.data, true
	case "ulaw":
		return g711.DecodeUlaw(c.data), true
	case "alaw":
		return g711.DecodeAlaw(c.data), true
	}
	return nil, false
}

// splitExtension divides a path before the dot of its extension.
func splitExtension(path string) (name, ext string) {
	ext = filepath.Ext(path)
	return strings.TrimSuffix(path, ext), strings.TrimPrefix(ext, ".")
}

// recordedFormats are those that Record writes.
func recordedFormats() (list []string) {
	for f := range recorded {
		list = append(list, f)
	}
	slices.Sort(list)
	return list
}
