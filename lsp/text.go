package lsp

import (
	"os"
	"path/filepath"
	"strings"
)

// text is a file as the editor has it, or as it is on the disk.
func (s *Server) text(path string) ([]byte, error) {
	if text, ok := s.files[path]; ok {
		return text, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, errNoFile
	}
	return text, nil
}

func (s *Server) lines(path string) []string {
	text, err := s.text(path)
	if err != nil {
		return nil
	}
	return strings.Split(string(text), "\n")
}

func (s *Server) line(path string, n int) string {
	lines := s.lines(path)
	if n < 0 || n >= len(lines) {
		return ""
	}
	return lines[n]
}

// place is what stands around the cursor.
type place struct {
	path    string
	line    string // up to a comment
	at      int    // the cursor, as a byte of line
	word    string // that the cursor is in or behind
	start   int    // of word
	section string // that the line is in
	key     string // before "=", in small letters
	plan    bool   // the file is a plan, else it is like sip.conf
}

// inWord are the characters of names.
func inWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.'
}

func (s *Server) place(path string, p position) place {
	lines := s.lines(path)
	if p.Line < 0 || p.Line >= len(lines) {
		return place{path: path}
	}
	line := strings.TrimRight(lines[p.Line], "\r")
	x := place{path: path, at: column(line, p.Character), plan: isPlan(path)}
	if i := comment(line); i >= 0 {
		line = line[:i]
	}
	x.at = min(x.at, len(line))
	x.line = line
	x.start = x.at
	for x.start > 0 && inWord(line[x.start-1]) {
		x.start--
	}
	end := x.at
	for end < len(line) && inWord(line[end]) {
		end++
	}
	x.word = line[x.start:end]
	if key, _, ok := strings.Cut(line, "="); ok {
		x.key = strings.ToLower(strings.TrimSpace(strings.TrimSuffix(key, "+")))
	}
	for n := p.Line; n >= 0; n-- {
		if name, ok := header(lines[n]); ok {
			x.section = name
			break
		}
	}
	return x
}

// comment is where the comment of a line begins, -1 for none.
func comment(line string) int {
	for i := range len(line) {
		if line[i] == ';' && (i == 0 || line[i-1] != '\\') {
			return i
		}
	}
	return -1
}

// header is the name of the section that a line begins.
func header(line string) (string, bool) {
	line = strings.TrimSpace(line)
	if !strings.HasPrefix(line, "[") {
		return "", false
	}
	name, _, ok := strings.Cut(line[1:], "]")
	return strings.TrimSpace(name), ok
}

// before is the text before the word.
func (x *place) before() string { return x.line[:x.start] }

// follows reports what stands right behind the word.
func (x *place) follows(c byte) bool {
	end := x.start + len(x.word)
	return end < len(x.line) && x.line[end] == c
}

// application reports whether the word stands where a priority names its
// application.
func (x *place) application() bool {
	if !x.plan || x.key != "exten" && !strings.HasPrefix(x.key, "same") {
		return false
	}
	_, value, _ := strings.Cut(x.before(), "=")
	value = strings.TrimLeft(strings.TrimPrefix(value, ">"), " \t")
	commas := 2
	if x.key != "exten" {
		commas = 1
	}
	depth, n := 0, 0
	for _, c := range []byte(value) {
		switch c {
		case '[':
			depth++
		case ']':
			depth--
		case ',':
			if depth <= 0 {
				n++
			}
		case '(':
			if n >= commas {
				return false
			}
		}
	}
	return n == commas
}

// function reports whether the word is the name of a variable or function.
func (x *place) function() bool { return strings.HasSuffix(x.before(), "${") }

// full is the path of a file of the configuration.
func (s *Server) full(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.options.ConfigDir, name)
}
