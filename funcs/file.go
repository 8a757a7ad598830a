package funcs

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

// maxFile is the largest file that FILE() reads or changes, in bytes.
const maxFile = 16 << 20

// Files are named by the dialplan's author. A name that came from the network must
// be one that stays in its directory: no "..".
func fileFunctions() []channel.Function {
	name := arg("filename", "the file")
	return []channel.Function{
		{
			Name: "FILE", Synopsis: "A part of a text file", Outside: true, Dangerous: true, SeeAlso: []string{"FILE_COUNT_LINE", "FILE_FORMAT"},
			Help: "Offset and length count bytes, or lines with l in the options; negative ones count from the end. Writing replaces the part, or the whole file without an offset and length; with a in the options the text is added at the end. " +
				"A line that is written ends as format says, u, d or m for LF, CR LF or CR, or as those of the file; with d in the options it has no end, so that an empty one takes lines away.",
			Args: []decl.Arg{
				name, optional("offset", "where the part begins, 0 by default"), optional("length", "how long it is, up to the end by default"),
				optional("options", "l: lines; a: append; d: write no end of line"), optional("format", "how lines end: u, d or m"),
			},
			Read: func(_ channel.Thread, a *decl.Args) (string, error) {
				text, err := readTextFile(a)
				if err != nil {
					return "", err
				}
				from, to, ok := parseFilePart(a).span(text)
				if !ok {
					return "", fmt.Errorf("offset '%s' lies before the beginning of the file", a.Arg(1))
				}
				return string(text[from:to]), nil
			},
			Write: func(_ channel.Thread, a *decl.Args, v string) error { return writeTextFile(a, v) },
		},
		{
			Name: "FILE_COUNT_LINE", Synopsis: "How many lines a file has", Help: "Ends of lines are counted. -1 for a file that is not there.", Outside: true, Dangerous: true, SeeAlso: []string{"FILE", "FILE_FORMAT"},
			Args: []decl.Arg{name, optional("format", "how its lines end: u, d or m; found out by default")},
			Read: func(_ channel.Thread, a *decl.Args) (string, error) {
				text, err := readTextFile(a)
				switch {
				case errors.Is(err, fs.ErrNotExist):
					return "-1", nil
				case err != nil:
					return "", err
				}
				return strconv.Itoa(bytes.Count(text, []byte(lineEnd(a.Arg(1), text)))), nil
			},
		},
		{
			Name: "FILE_FORMAT", Synopsis: "How the lines of a file end", Outside: true, Dangerous: true, SeeAlso: []string{"FILE", "FILE_COUNT_LINE"},
			Help: "u, d or m for LF, CR LF or CR; x when it has no line, or is not there.",
			Args: []decl.Arg{name},
			Read: func(_ channel.Thread, a *decl.Args) (string, error) {
				text, err := readTextFile(a)
				if err != nil && !errors.Is(err, fs.ErrNotExist) {
					return "", err
				}
				switch i := bytes.IndexAny(text, "\r\n"); {
				case i < 0:
					return "x", nil
				case text[i] == '\n':
					return "u", nil
				case bytes.HasPrefix(text[i:], []byte("\r\n")):
					return "d", nil
				}
				return "m", nil
			},
		},
	}
}

// fileName is the first argument, unless it came from the network and leads out
// of where it should be.
func fileName(a *decl.Args) (string, error) {
	switch name := a.Arg(0); {
	case name == "":
		return "", errors.New("a file name is required")
	case (a.Tainted || len(a.NameTaint) > 0) && !filepath.IsLocal(name) && strings.Contains(name, ".."):
		return "", fmt.Errorf("%q came from a caller and leads out of its directory", name)
	default:
		return name, nil
	}
}

func readTextFile(a *decl.Args) ([]byte, error) {
	name, err := fileName(a)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a file", name)
	case info.Size() > maxFile:
		return nil, fmt.Errorf("%s has more than %d bytes", name, maxFile)
	}
	return os.ReadFile(name)
}

// filePart is what offset, length and the option l mean.
type filePart struct {
	offset, length int
	whole, toEnd   bool // no offset or length; no length
	lines          bool
	format         string
}

// parseFilePart reads them; what is no number is as if it were not there.
func parseFilePart(a *decl.Args) filePart {
	p := filePart{lines: strings.Contains(a.Arg(3), "l"), format: strings.ToLower(a.Arg(4))}
	var long bool
	p.offset, _ = leadingInteger(a.Arg(1))
	p.length, long = leadingInteger(a.Arg(2))
	p.toEnd, p.whole = !long, !long && p.offset == 0
	return p
}

// span is the part as bytes of the text; ok is false where it begins before the text.
func (p filePart) span(text []byte) (from, to int, ok bool) {
	size, at := len(text), func(n int) int { return n }
	if p.lines {
		starts := lineStarts(text, lineEnd(p.format, text))
		size, at = len(starts)-1, func(n int) int { return starts[n] }
	}
	first, last := p.offset, size
	if first < 0 {
		first += size
	}
	if first < 0 {
		return 0, 0, false
	}
	first = min(first, size)
	switch {
	case p.toEnd:
	case p.length < 0:
		last = max(size+p.length, first)
	default:
		last = min(first+p.length, size)
	}
	return at(first), at(last), true
}

// lineStarts is where each line begins, and the end of the text.
func lineStarts(text []byte, end string) []int {
	starts := []int{0}
	for i := 0; i < len(text); {
		n := bytes.Index(text[i:], []byte(end))
		if n < 0 {
			return append(starts, len(text))
		}
		i += n + len(end)
		starts = append(starts, i)
	}
	return starts
}

// lineEnd is the end of line that a format letter means, or that the text has.
func lineEnd(format string, text []byte) string {
	switch {
	case strings.Contains(format, "d"):
		return "\r\n"
	case strings.Contains(format, "m"):
		return "\r"
	case strings.Contains(format, "u"):
		return "\n"
	case bytes.Contains(text, []byte("\r\n")):
		return "\r\n"
	case !bytes.Contains(text, []byte("\n")) && bytes.Contains(text, []byte("\r")):
		return "\r"
	}
	return "\n"
}

// writeTextFile replaces a part of a file; the file is whole at every moment.
func writeTextFile(a *decl.Args, v string) error {
	name, err := fileName(a)
	if err != nil {
		return err
	}
	p := parseFilePart(a)
	text, err := readTextFile(a)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = nil, nil
	}
	if err != nil {
		return err
	}
	if p.lines && !strings.Contains(a.Arg(3), "d") {
		v += lineEnd(p.format, text)
	}
	switch {
	case strings.Contains(a.Arg(3), "a"):
		text = append(text, v...)
	case p.whole:
		text = []byte(v)
	default:
		from, to, ok := p.span(text)
		if !ok {
			return fmt.Errorf("offset '%s' lies before the beginning of the file", a.Arg(1))
		}
		text = append(text[:from:from], append([]byte(v), text[to:]...)...)
	}
	if len(text) > maxFile {
		return fmt.Errorf("%s would have more than %d bytes", name, maxFile)
	}
	return replaceFile(name, text)
}

// replaceFile writes beside the file and renames.
func replaceFile(name string, text []byte) error {
	mode := fs.FileMode(0o640)
	if info, err := os.Stat(name); err == nil {
		mode = info.Mode().Perm()
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".pbx-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(mode), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}
