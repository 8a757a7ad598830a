// Package edit changes the text of a configuration file for a program, line by
// line: what is not asked for stays as it was written, comments too.
//
// A Document belongs to one goroutine.
package edit

import (
	"errors"
	"slices"
	"strings"
)

// Why a change cannot be made.
var (
	ErrNoSection = errors.New("no such section")
	ErrExists    = errors.New("the section is there already")
	ErrNoLine    = errors.New("no such line")
	ErrName      = errors.New("not a name that can be written")
)

// Document is the text of a file.
type Document struct {
	head     []string // before the first section
	sections []*section
	comment  int // block comments that are open, while it is parsed
}

type section struct {
	name  string
	lines []line // the header is the first
}

type line struct {
	text        string
	name, value string // of a variable, "" for what is none
}

// Parse reads a text.
func Parse(text string) *Document {
	d := &Document{}
	text = strings.TrimSuffix(text, "\n")
	if text == "" {
		return d
	}
	for raw := range strings.SplitSeq(text, "\n") {
		raw = strings.TrimSuffix(raw, "\r")
		bare := strings.TrimSpace(d.strip(raw))
		if strings.HasPrefix(bare, "[") {
			if end := strings.IndexByte(bare, ']'); end > 0 {
				d.sections = append(d.sections, &section{name: strings.TrimSpace(bare[1:end]), lines: []line{{text: raw}}})
				continue
			}
		}
		if len(d.sections) == 0 {
			d.head = append(d.head, raw)
			continue
		}
		s := d.sections[len(d.sections)-1]
		l := line{text: raw}
		if name, value, ok := strings.Cut(bare, "="); ok && !strings.HasPrefix(bare, "#") {
			l.name, l.value = strings.TrimSpace(name), strings.TrimSpace(strings.TrimPrefix(value, ">"))
		}
		s.lines = append(s.lines, l)
	}
	return d
}

// strip is a line without its comments.
func (d *Document) strip(raw string) string {
	var kept strings.Builder
	for i := 0; i < len(raw); {
		switch rest := raw[i:]; {
		case d.comment > 0:
			if strings.HasPrefix(rest, "--;") {
				d.comment--
				i += 3
				continue
			}
			i++
		case strings.HasPrefix(rest, `\;`):
			kept.WriteByte(';')
			i += 2
		case strings.HasPrefix(rest, ";--") && !strings.HasPrefix(rest, ";---"):
			d.comment++
			i += 3
		case rest[0] == ';':
			return kept.String()
		default:
			kept.WriteByte(rest[0])
			i++
		}
	}
	return kept.String()
}

// String is the text.
func (d *Document) String() string {
	var b strings.Builder
	for _, l := range d.head {
		b.WriteString(l + "\n")
	}
	for _, s := range d.sections {
		for _, l := range s.lines {
			b.WriteString(l.text + "\n")
		}
	}
	return b.String()
}

// find is the first section of a name that matches; match is "" or name=value of a
// line of it.
func (d *Document) find(name, match string) *section {
	for _, s := range d.sections {
		if strings.EqualFold(s.name, name) && s.matches(match) {
			return s
		}
	}
	return nil
}

func (s *section) matches(match string) bool {
	key, value, ok := strings.Cut(match, "=")
	if !ok {
		return true
	}
	return slices.ContainsFunc(s.lines, func(l line) bool { return strings.EqualFold(l.name, strings.TrimSpace(key)) && l.value == value })
}

// NewSection adds a section at the end. suffix is what follows the brackets, such as
// "(!)"; again lets there be several of a name.
func (d *Document) NewSection(name, suffix string, again bool) error {
	if !nameable(name) {
		return ErrName
	}
	if !again && d.find(name, "") != nil {
		return ErrExists
	}
	if n := len(d.sections); n > 0 {
		last := d.sections[n-1]
		if strings.TrimSpace(last.lines[len(last.lines)-1].text) != "" {
			last.lines = append(last.lines, line{})
		}
	}
	d.sections = append(d.sections, &section{name: name, lines: []line{{text: "[" + name + "]" + suffix}}})
	return nil
}

// RenameSection gives a section another name.
func (d *Document) RenameSection(name, to, match string) error {
	if !nameable(to) {
		return ErrName
	}
	s := d.find(name, match)
	if s == nil {
		return ErrNoSection
	}
	text := s.lines[0].text
	open, end := strings.IndexByte(text, '['), strings.IndexByte(text, ']')
	s.name, s.lines[0].text = to, text[:open+1]+to+text[end:]
	return nil
}

// DeleteSection removes a section with its lines. An #include in it stays, with the
// section before it.
func (d *Document) DeleteSection(name, match string) error {
	s := d.find(name, match)
	if s == nil {
		return ErrNoSection
	}
	i := slices.Index(d.sections, s)
	for _, l := range s.lines[1:] {
		if !strings.HasPrefix(strings.TrimSpace(l.text), "#") {
			continue
		}
		if i == 0 {
			d.head = append(d.head, l.text)
		} else {
			d.sections[i-1].lines = append(d.sections[i-1].lines, l)
		}
	}
	d.sections = slices.Delete(d.sections, i, i+1)
	return nil
}

// EmptySection removes the variables of a section.
func (d *Document) EmptySection(name, match string) error {
	s := d.find(name, match)
	if s == nil {
		return ErrNoSection
	}
	s.lines = slices.DeleteFunc(s.lines, func(l line) bool { return l.name != "" })
	return nil
}

// Set changes the first variable of a name, whose value is match if that is not "".
func (d *Document) Set(name, variable, value, match string, object bool) error {
	s := d.find(name, "")
	if s == nil {
		return ErrNoSection
	}
	if !writable(variable) {
		return ErrName
	}
	for i := range s.lines {
		l := &s.lines[i]
		if strings.EqualFold(l.name, variable) && (match == "" || l.value == match) {
			*l = variableLine(l.name, value, object)
			return nil
		}
	}
	return ErrNoLine
}

// Delete removes the first variable of a name, whose value is match if that is not
// "". A number of 0 or more counts the variables instead.
func (d *Document) Delete(name, variable, match string, number int) error {
	s := d.find(name, "")
	if s == nil {
		return ErrNoSection
	}
	n := 0
	for i, l := range s.lines {
		if l.name == "" {
			continue
		}
		if number >= 0 && n == number || number < 0 && strings.EqualFold(l.name, variable) && (match == "" || l.value == match) {
			s.lines = slices.Delete(s.lines, i, i+1)
			return nil
		}
		n++
	}
	return ErrNoLine
}

// Append adds a variable after the last one of a section.
func (d *Document) Append(name, variable, value, match string, object bool) error {
	s := d.find(name, match)
	if s == nil {
		return ErrNoSection
	}
	if !writable(variable) {
		return ErrName
	}
	at := 1
	for i, l := range s.lines {
		if l.name != "" {
			at = i + 1
		}
	}
	s.lines = slices.Insert(s.lines, at, variableLine(variable, value, object))
	return nil
}

// Insert adds a variable before the one of a number.
func (d *Document) Insert(name, variable, value string, number int, object bool) error {
	s := d.find(name, "")
	if s == nil {
		return ErrNoSection
	}
	if !writable(variable) {
		return ErrName
	}
	n := 0
	for i, l := range s.lines {
		if l.name == "" {
			continue
		}
		if n == number {
			s.lines = slices.Insert(s.lines, i, variableLine(variable, value, object))
			return nil
		}
		n++
	}
	return d.Append(name, variable, value, "", object)
}

func variableLine(name, value string, object bool) line {
	sign := " = "
	if object {
		sign = " => "
	}
	return line{text: name + sign + strings.ReplaceAll(value, ";", `\;`), name: name, value: value}
}

// nameable reports whether a section may have that name.
func nameable(s string) bool {
	return s != "" && !strings.ContainsAny(s, "[]\r\n;")
}

// writable reports whether a variable may have that name: one that is no directive
// and no section.
func writable(s string) bool {
	s = strings.TrimSpace(s)
	return s != "" && s[0] != '#' && s[0] != '[' && !strings.ContainsAny(s, "=;\r\n")
}
