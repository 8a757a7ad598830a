package config

import (
	"fmt"
	"strings"
)

// parser builds a File out of the lines of one file and those it includes.
type parser struct {
	loader   *Loader // nil reads no other file
	file     *File
	findings []Finding
	open     []string // names of the files being read, the innermost last
	// current is the section that an included file goes on with.
	current *Section
	byName  map[string][]*Section // lower-case names
}

const byteOrderMark = "\ufeff"

func (p *parser) find(pos Pos, s Severity, rule, message string) {
	p.findings = append(p.findings, Finding{Pos: pos, Severity: s, Rule: rule, Message: message})
}

// parse reads the text of one file. A refusal ends it at that line.
func (p *parser) parse(name, text string) *Refusal {
	p.open = append(p.open, name)
	defer func() { p.open = p.open[:len(p.open)-1] }()

	text = strings.TrimPrefix(text, byteOrderMark)
	section := p.current
	pos := Pos{File: name}
	var skip comments
	warn := func(rule, message string) { p.find(pos, Warning, rule, message) }
	for len(text) > 0 {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		pos.Line++
		if len(line) > maxLine {
			warn("long-line", fmt.Sprintf("line of %d bytes is skipped, %d is the limit", len(line), maxLine))
			continue
		}
		if i := strings.IndexByte(line, 0); i >= 0 {
			warn("nul-byte", "line has a NUL byte and ends there")
			line = line[:i]
		}
		line = trim(skip.strip(line, pos.Line, warn))
		if line == "" {
			continue
		}
		var refused *Refusal
		switch line[0] {
		case '[':
			section, refused = p.header(pos, line)
		case '#':
			refused = p.directive(pos, line[1:])
		default:
			refused = p.variable(pos, section, line)
		}
		if refused != nil {
			return refused
		}
	}
	if n := len(skip.opened); n > 0 {
		p.find(Pos{File: name, Line: skip.opened[n-1]}, Warning, "comment", "block comment is not closed")
	}
	return nil
}

// trim takes blanks and control characters from both ends, as the field does.
func trim(s string) string {
	for len(s) > 0 && s[0] <= ' ' {
		s = s[1:]
	}
	for len(s) > 0 && s[len(s)-1] <= ' ' {
		s = s[:len(s)-1]
	}
	return s
}

func refuse(pos Pos, rule, format string, args ...any) *Refusal {
	return &Refusal{Finding{Pos: pos, Severity: Error, Rule: rule, Message: fmt.Sprintf(format, args...)}}
}

// directive handles "#word argument".
func (p *parser) directive(pos Pos, line string) *Refusal {
	word, argument := line, ""
	if i := strings.IndexFunc(line, func(r rune) bool { return r <= ' ' }); i >= 0 {
		word, argument = line[:i], trim(line[i:])
	}
	word = strings.ToLower(word)
	switch word {
	case "include", "tryinclude", "exec":
	default:
		f := Finding{Pos: pos, Severity: Warning, Rule: "directive", Message: "unknown directive #" + clip(word)}
		if near := Nearest(word, []string{"include", "tryinclude", "exec"}); near != "" {
			f.Hint = "did you mean #" + near + "?"
		} else {
			f.Hint = "a comment begins with ; and the line is skipped"
		}
		p.findings = append(p.findings, f)
		return nil
	}
	if argument == "" {
		p.find(pos, Warning, "directive", "#"+word+" needs an argument")
		return nil
	}
	argument = unquote(argument)
	if word == "exec" {
		p.exec(pos, argument)
		return nil
	}
	return p.include(pos, argument, word == "include")
}

// unquote takes "…" or <…> from around a name.
func unquote(s string) string {
	if n := len(s); n >= 2 && (s[0] == '"' && s[n-1] == '"' || s[0] == '<' && s[n-1] == '>') {
		return s[1 : n-1]
	}
	return s
}

// variable handles "name = value".
func (p *parser) variable(pos Pos, s *Section, line string) *Refusal {
	if s == nil {
		return refuse(pos, "no-section", "%q stands before any [section]", clip(line))
	}
	first := 0
	if line[0] == '\\' {
		// The character after it belongs to the name whatever it is.
		line, first = line[1:], 1
		if line == "" || line[0] <= ' ' {
			return refuse(pos, "escape", "a backslash with nothing after it")
		}
	}
	at := strings.IndexByte(line[first:], '=')
	if at < 0 {
		p.find(pos, Warning, "no-equal-sign", fmt.Sprintf("%q has no equal sign; the line is skipped", clip(line)))
		return nil
	}
	at += first
	name, value, object := line[:at], line[at+1:], false
	if at > first && line[at-1] == '+' {
		name = trim(line[:at-1])
		if s.extend(name, value, pos) {
			return nil
		}
	} else if strings.HasPrefix(value, ">") {
		value, object = value[1:], true
	}
	name = trim(name)
	if name == "" {
		p.find(pos, Warning, "no-name", "nothing stands before the equal sign; the line is skipped")
		return nil
	}
	s.Vars = append(s.Vars, Variable{Name: name, Value: trim(value), Object: object, Pos: pos})
	return nil
}

// extend joins text to the last variable of a name, as "name += text" does;
// blanks between the two stay. It reports whether there was one.
func (s *Section) extend(name, text string, pos Pos) bool {
	for i := len(s.Vars) - 1; i >= 0; i-- {
		if v := &s.Vars[i]; v.Name == name {
			v.Value, v.Pos = trim(v.Value+text), pos
			return true
		}
	}
	return false
}

// clip shortens a line for a message.
func clip(s string) string {
	if len(s) > 60 {
		return s[:57] + "..."
	}
	return s
}
