package config

import (
	"regexp"
	"slices"
	"strings"
)

// header handles "[name]" and "[name](options)", where the options are "!" for
// a template, "+" or "+name=value&…" to go on with a section that exists, and
// the names of bases.
func (p *parser) header(pos Pos, line string) (*Section, *Refusal) {
	end := strings.IndexByte(line, ']')
	if end < 0 {
		return nil, refuse(pos, "section", "%q has no closing ]", clip(line))
	}
	name, rest := line[1:end], line[end+1:]
	if name != trim(name) {
		p.find(pos, Warning, "section", "the blanks in ["+name+"] are part of the name")
	}
	added := &Section{Name: name, Pos: pos}
	section := added
	if !strings.HasPrefix(rest, "(") {
		if rest = trim(rest); rest != "" {
			p.find(pos, Warning, "section", "\""+clip(rest)+"\" after ["+name+"] has no effect")
		}
		p.add(added)
		return added, nil
	}
	end = strings.IndexByte(rest, ')')
	if end < 0 {
		return nil, refuse(pos, "section", "%q has no closing )", clip(line))
	}
	for option := range strings.SplitSeq(rest[1:end], ",") {
		option = trim(option)
		switch {
		case option == "!":
			section.Template = true
		case strings.HasPrefix(option, "+"):
			old := p.lookup(name, option[1:])
			if old == nil {
				return nil, refuse(pos, "section", "[%s](+) adds to a section that does not exist", name)
			}
			if added != nil {
				old.Template = old.Template || added.Template
				old.Bases = append(old.Bases, added.Bases...)
				old.Vars = append(old.Vars, added.Vars...)
				added = nil
				p.current = old
			}
			section = old
		default:
			base := p.base(option)
			if base == nil {
				r := refuse(pos, "template", "[%s] inherits from %q, which does not exist", name, option)
				if near := Nearest(option, p.names()); near != "" {
					r.Hint = "did you mean " + near + "?"
				}
				return nil, r
			}
			section.inherit(base)
		}
	}
	if added != nil {
		p.add(added)
	}
	return section, nil
}

// inherit copies the variables of a base as they are now.
func (s *Section) inherit(base *Section) {
	s.Bases = append(s.Bases, base.Name)
	s.Vars = slices.Grow(s.Vars, len(base.Vars)+8)
	for _, v := range base.Vars {
		if v.Pos.Template == "" {
			v.Pos.Template = base.Name
		}
		s.Vars = append(s.Vars, v)
	}
}

func (p *parser) add(s *Section) {
	p.file.Sections = append(p.file.Sections, s)
	p.current = s
	if p.byName == nil {
		p.byName = make(map[string][]*Section)
	}
	key := strings.ToLower(s.Name)
	p.byName[key] = append(p.byName[key], s)
}

func (p *parser) names() []string {
	var names []string
	for _, s := range p.file.Sections {
		names = append(names, s.Name)
	}
	return names
}

// base is the first section of a name, templates included.
func (p *parser) base(name string) *Section {
	if all := p.byName[strings.ToLower(name)]; len(all) > 0 {
		return all[0]
	}
	return nil
}

// lookup is the section that "+filter" goes on with: the first of the name that
// the filter admits. Without a filter that is one that is no template, if there
// is one.
func (p *parser) lookup(name, filter string) *Section {
	all := p.byName[strings.ToLower(name)]
	if filter == "" {
		for _, s := range all {
			if !s.Template {
				return s
			}
		}
		return p.base(name)
	}
	for _, s := range all {
		if s.Admitted(filter) {
			return s
		}
	}
	return nil
}

// Admitted reports whether every "name=value" of a filter is met by some
// variable; both are regular expressions. TEMPLATES=include admits templates
// too, TEMPLATES=restrict nothing else.
func (s *Section) Admitted(filter string) bool {
	template := !s.Template
	for term := range strings.SplitSeq(filter, "&") {
		name, value, ok := strings.Cut(term, "=")
		if !ok {
			return false
		}
		name, value = trim(name), trim(value)
		if name == "TEMPLATES" {
			restrict := strings.EqualFold(value, "restrict")
			if restrict && !s.Template || !restrict && !strings.EqualFold(value, "include") {
				return false
			}
			template = true
			continue
		}
		names, values := matcher(name), matcher(value)
		if !slices.ContainsFunc(s.Vars, func(v Variable) bool { return names(v.Name) && values(v.Value) }) {
			return false
		}
	}
	return template
}

// matcher is a regular expression without regard to case, or the text itself
// where it is none.
func matcher(expression string) func(string) bool {
	re, err := regexp.Compile("(?i)" + expression)
	if err != nil {
		return func(s string) bool { return strings.EqualFold(s, expression) }
	}
	return re.MatchString
}
