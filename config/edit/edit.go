// Package edit changes the text of a configuration file for a program, line by
// line: what is not asked for stays as it was written, comments too.
//
// A Document belongs to one goroutine.
package edit

import (
	"errors"
	"slices"
	"strings"

	"pbx/config"
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
	name     string
	template bool
	more     bool   // "(+)": it goes on with the one of its name before it
	lines    []line // the header is the first
}

type line struct {
	text        string
	name, value string // of a variable, "" for what is none
	object      bool   // => stands for =
	lead, tail  string // comments before and behind the variable
}

// Target is which sections a change is made to: all of a name that the filter admits, as
// GetConfig's does. Without one that is all but templates.
type Target struct{ Name, Filter string }

// Parse reads a text.
func Parse(text string) *Document {
	d := &Document{}
	text = strings.TrimSuffix(text, "\n")
	if text == "" {
		return d
	}
	for raw := range strings.SplitSeq(text, "\n") {
		raw = strings.TrimSuffix(raw, "\r")
		l := d.line(raw)
		bare := l.value
		l.value = ""
		if strings.HasPrefix(bare, "[") {
			if end := strings.IndexByte(bare, ']'); end > 0 {
				s := &section{name: strings.TrimSpace(bare[1:end]), lines: []line{{text: raw}}}
				for word := range strings.SplitSeq(strings.Trim(strings.TrimSpace(bare[end+1:]), "()"), ",") {
					word = strings.TrimSpace(word)
					s.template, s.more = s.template || word == "!", s.more || word == "+"
				}
				d.sections = append(d.sections, s)
				continue
			}
		}
		if len(d.sections) == 0 {
			d.head = append(d.head, raw)
			continue
		}
		s := d.sections[len(d.sections)-1]
		if name, value, ok := strings.Cut(bare, "="); ok && !strings.HasPrefix(bare, "#") {
			value, l.object = strings.CutPrefix(value, ">")
			l.name, l.value = strings.TrimSpace(name), strings.TrimSpace(value)
		} else {
			l.lead, l.tail = "", ""
		}
		s.lines = append(s.lines, l)
	}
	return d
}

// line divides a line into what it says, as its value for now, and the comments around it.
func (d *Document) line(raw string) line {
	var said strings.Builder
	l := line{text: raw}
	for i := 0; i < len(raw); {
		rest := raw[i:]
		begins := strings.HasPrefix(rest, ";--") && !strings.HasPrefix(rest, ";---")
		switch {
		case d.comment > 0:
			i++
			if strings.HasPrefix(rest, "--;") {
				d.comment--
				i += 2
			}
			if d.comment == 0 && strings.TrimSpace(said.String()) == "" {
				l.lead = raw[:i]
			}
			continue
		case strings.HasPrefix(rest, `\;`):
			said.WriteByte(';')
			i += 2
			continue
		case rest[0] != ';':
			said.WriteByte(rest[0])
			i++
			continue
		}
		if l.tail == "" {
			l.tail = raw[len(strings.TrimRight(raw[:i], " \t")):]
		}
		if !begins {
			break
		}
		d.comment++
		i += 3
	}
	l.value = strings.TrimSpace(said.String())
	return l
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

// find are the sections that a change is made to, each with those that go on with it.
func (d *Document) find(at Target) (out [][]*section) {
	filter := strings.ReplaceAll(at.Filter, ",", "&")
	var group []*section
	add := func() {
		if group == nil {
			return
		}
		all := config.Section{Template: group[0].template}
		for _, s := range group {
			for _, l := range s.lines {
				if l.name != "" {
					all.Vars = append(all.Vars, config.Variable{Name: l.name, Value: l.value})
				}
			}
		}
		if filter == "" && !all.Template || filter != "" && all.Admitted(filter) {
			out = append(out, group)
		}
	}
	for _, s := range d.sections {
		switch {
		case !strings.EqualFold(s.name, at.Name):
		case s.more && group != nil:
			group = append(group, s)
		default:
			add()
			group = []*section{s}
		}
	}
	add()
	return out
}

// each makes a change to every target. Its error is ErrNoSection where there is none, or
// that of the change where it could be made to none.
func (d *Document) each(at Target, change func(group []*section) error) error {
	err := ErrNoSection
	done := false
	for _, group := range d.find(at) {
		if err = change(group); err == nil {
			done = true
		}
	}
	if done {
		return nil
	}
	return err
}

// NewSection adds a section before the one that is named, or at the end. suffix is what
// follows the brackets, such as "(!)"; again lets there be several of a name.
func (d *Document) NewSection(name, suffix, before string, again bool) error {
	named := func(name string) func(*section) bool {
		return func(s *section) bool { return strings.EqualFold(s.name, name) }
	}
	if !nameable(name) {
		return ErrName
	}
	if !again && slices.ContainsFunc(d.sections, named(name)) {
		return ErrExists
	}
	added := &section{name: name, template: strings.Contains(suffix, "!"), lines: []line{{text: "[" + name + "]" + suffix}}}
	if before != "" {
		i := slices.IndexFunc(d.sections, named(before))
		if i < 0 {
			return ErrNoSection
		}
		added.lines = append(added.lines, line{})
		d.sections = slices.Insert(d.sections, i, added)
		return nil
	}
	if n := len(d.sections); n > 0 {
		last := d.sections[n-1]
		if strings.TrimSpace(last.lines[len(last.lines)-1].text) != "" {
			last.lines = append(last.lines, line{})
		}
	}
	d.sections = append(d.sections, added)
	return nil
}

// HasTemplate reports whether there is a template of that name.
func (d *Document) HasTemplate(name string) bool {
	return slices.ContainsFunc(d.sections, func(s *section) bool { return s.template && strings.EqualFold(s.name, name) })
}

// RenameSection gives sections another name.
func (d *Document) RenameSection(at Target, to string) error {
	if !nameable(to) {
		return ErrName
	}
	return d.each(at, func(group []*section) error {
		for _, s := range group {
			text := s.lines[0].text
			open, end := strings.IndexByte(text, '['), strings.IndexByte(text, ']')
			s.name, s.lines[0].text = to, text[:open+1]+to+text[end:]
		}
		return nil
	})
}

// DeleteSection removes sections with their lines. An #include in one stays, with the
// section before it.
func (d *Document) DeleteSection(at Target) error {
	return d.each(at, func(group []*section) error {
		for _, s := range group {
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
		}
		return nil
	})
}

// EmptySection removes the variables of sections.
func (d *Document) EmptySection(at Target) error {
	return d.each(at, func(group []*section) error {
		remove(group, func(line, int) bool { return true })
		return nil
	})
}

// Set changes the first variable of a name, whose value is match if that is not "". What
// stands around it stays, => and a comment behind it too.
func (d *Document) Set(at Target, variable, value, match string, object bool) error {
	if !writable(variable) {
		return ErrName
	}
	return d.each(at, func(group []*section) error {
		for _, s := range group {
			for i, l := range s.lines {
				if l.is(variable, match) {
					s.lines[i] = variableLine(l.name, value, l.object || object, l.lead, l.tail)
					return nil
				}
			}
		}
		return ErrNoLine
	})
}

// is reports whether a line is a variable of that name, with that value if that is not "".
func (l line) is(variable, match string) bool {
	return l.name != "" && strings.EqualFold(l.name, variable) && (match == "" || strings.EqualFold(l.value, match))
}

// Delete removes all variables of a name, whose value is match if that is not "". A
// number of 0 or more counts the variables instead.
func (d *Document) Delete(at Target, variable, match string, number int) error {
	return d.each(at, func(group []*section) error {
		if !remove(group, func(l line, n int) bool { return number < 0 && l.is(variable, match) || n == number }) {
			return ErrNoLine
		}
		return nil
	})
}

// remove removes those variables, and tells whether there was one. Block comments that
// begin or end in such a line stay.
func remove(group []*section, which func(l line, n int) bool) (done bool) {
	n := -1
	for _, s := range group {
		kept := s.lines[:0]
		for _, l := range s.lines {
			if l.name != "" {
				if n++; which(l, n) {
					done = true
					if !strings.HasPrefix(strings.TrimSpace(l.tail), ";--") {
						l.tail = ""
					}
					if l.lead+l.tail == "" {
						continue
					}
					l = line{text: l.lead + l.tail}
				}
			}
			kept = append(kept, l)
		}
		s.lines = kept
	}
	return done
}

// Append adds a variable after the last one of sections.
func (d *Document) Append(at Target, variable, value string, object bool) error {
	return d.Insert(at, variable, value, -1, object)
}

// Insert adds a variable before the one of a number, or after the last one where there
// is none of that number.
func (d *Document) Insert(at Target, variable, value string, number int, object bool) error {
	if !writable(variable) {
		return ErrName
	}
	return d.each(at, func(group []*section) error {
		in, before, n := group[0], 1, 0
	search:
		for _, s := range group {
			for i, l := range s.lines {
				if l.name == "" {
					continue
				}
				if in, before = s, i; n == number {
					break search
				}
				before++
				n++
			}
		}
		in.lines = slices.Insert(in.lines, before, variableLine(variable, value, object, "", ""))
		return nil
	})
}

func variableLine(name, value string, object bool, lead, tail string) line {
	sign := " = "
	if object {
		sign = " => "
	}
	return line{text: lead + name + sign + strings.ReplaceAll(value, ";", `\;`) + tail, name: name, value: value, object: object, lead: lead, tail: tail}
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
