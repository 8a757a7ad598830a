package ael

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"pbx/config"
)

// Parse reads a file. include returns the files that an #include means; nil includes
// none. The sections of what it returns are those of extensions.conf that mean the
// same. A mistake in the syntax is an error that begins with file:line; an #include
// of what is not there is left out, and named among the findings.
func Parse(name, text string, include func(name string) ([]config.Source, error)) (f *config.File, found []config.Finding, err error) {
	if include == nil {
		include = func(string) ([]config.Source, error) { return nil, errNoDirectory }
	}
	p := &parser{file: &config.File{Name: name, Read: []string{name}}, include: include}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *syntax:
			f, found, err = nil, nil, r
		default:
			panic(r)
		}
	}()
	p.read(name, text, p.object)
	return p.file, p.findings, nil
}

var (
	errNoDirectory = errors.New("there is no directory to read it from")
	errDepth       = errors.New("files include each other too deep")
	errLoop        = errors.New("the file includes itself")
)

// maxIncludes is how deep files include each other, as in the field.
const maxIncludes = 50

type parser struct {
	*reader
	file     *config.File
	findings []config.Finding
	include  func(name string) ([]config.Source, error)
	open     []string // the files that are being read, each included by the one before it
	switches int      // so far, for the names of their extensions
	section  *config.Section
}

// read reads the text of one file, whose parts are within's: objects, or what may
// stand where the file is included.
func (p *parser) read(name, text string, within func()) {
	outer := p.reader
	p.reader = &reader{name: name, text: text, line: 1}
	p.open = append(p.open, name)
	for p.peek() != 0 {
		within()
	}
	p.open = p.open[:len(p.open)-1]
	p.reader = outer
}

// object reads a context, a macro, the globals or an include.
func (p *parser) object() {
	if p.accept(";") {
		return
	}
	pos := p.pos()
	switch word := p.word("{(;"); word {
	case "globals":
		p.begin("globals", pos)
		p.globals()
	case "abstract", "extend", "context":
		for word == "abstract" || word == "extend" {
			word = p.word("{(;")
		}
		if word != "context" {
			p.fail("context is expected, not %q", word)
		}
		name := p.word("{")
		p.begin(name, pos)
		p.context(name)
	case "macro":
		name := p.word("({")
		p.begin(name, pos)
		p.macro(name, pos)
	case "#include":
		p.includeFile(pos, p.object)
	default:
		p.fail("context, macro, globals or #include is expected, not %q", word)
	}
}

// includeFile reads #include "file"; the file may hold what may stand there.
func (p *parser) includeFile(pos config.Pos, within func()) {
	name := strings.Trim(p.word(";"), `"<>`)
	p.accept(";")
	files, err := p.include(name)
	if len(p.open) >= maxIncludes {
		files, err = nil, errDepth
	}
	if err != nil {
		p.leaveOut(pos, name, err)
	}
	for _, f := range files {
		if slices.Contains(p.open, f.Name) {
			p.leaveOut(pos, name, errLoop)
			continue
		}
		p.file.Read = append(p.file.Read, f.Name)
		p.read(f.Name, f.Text, within)
	}
}

// leaveOut tells why an #include is left out.
func (p *parser) leaveOut(pos config.Pos, name string, err error) {
	p.findings = append(p.findings, config.Finding{
		Pos: pos, Severity: config.Error, Rule: "include", Message: fmt.Sprintf("#include %s: %v; the line is skipped", name, err),
	})
}

// begin begins a section of the plan.
func (p *parser) begin(name string, pos config.Pos) {
	if name == "" {
		p.fail("a name is expected, not %s", p.found())
	}
	p.section = &config.Section{Name: name, Pos: pos}
	p.file.Sections = append(p.file.Sections, p.section)
}

// add adds a line to the section.
func (p *parser) add(pos config.Pos, name, format string, args ...any) {
	p.section.Vars = append(p.section.Vars, config.Variable{Name: name, Value: fmt.Sprintf(format, args...), Object: true, Pos: pos})
}

// globals reads { name=value; … }.
func (p *parser) globals() {
	p.expect("{", "behind globals")
	for !p.accept("}") {
		if p.accept(";") {
			continue
		}
		p.global()
	}
}

// global reads name=value; of the globals.
func (p *parser) global() {
	pos := p.pos()
	name := p.word("=;}")
	if name == "#include" {
		p.includeFile(pos, p.global)
		return
	}
	p.expect("=", "behind "+name)
	value := strings.Trim(p.upTo(";"), `"`)
	p.expect(";", "behind the value of "+name)
	p.add(pos, name, "%s", value)
}

// context reads a context.
func (p *parser) context(name string) {
	p.expect("{", "behind context "+name)
	for !p.accept("}") {
		if p.peek() == 0 {
			p.fail("context %s is not closed", name)
		}
		p.element()
	}
}

// element reads one thing that stands in a context.
func (p *parser) element() {
	if p.accept(";") {
		return
	}
	pos := p.pos()
	at, line := p.at, p.line
	switch word := p.word("{(;="); word {
	case "includes":
		p.list("include", ",")
	case "switches":
		p.list("switch", "")
	case "eswitches":
		p.list("eswitch", "")
	case "ignorepat":
		p.expect("=>", "behind ignorepat")
		p.add(pos, "ignorepat", "%s", p.upTo(";"))
		p.accept(";")
	case "#include":
		p.includeFile(pos, p.element)
	default:
		if word == "local" && !p.assigns() && p.peek() != '=' {
			word = p.word("{(;=")
		}
		if p.assigns() {
			p.assignment(pos, word)
			return
		}
		p.at, p.line = at, line
		p.extension(pos)
	}
}

// list reads { a; b; } of includes and switches. The fields of a timed include may
// be divided by bars.
func (p *parser) list(key, divider string) {
	p.expect("{", "behind "+key)
	for !p.accept("}") {
		if p.accept(";") {
			continue
		}
		pos := p.pos()
		value := p.upTo(";}")
		if value == "" {
			p.fail("%q is not closed", "{")
		}
		if divider != "" {
			value = compact(strings.ReplaceAll(value, "|", divider))
		}
		p.add(pos, key, "%s", value)
	}
}

// assignment reads name=value; which stands between the extensions of a context and
// does nothing there.
func (p *parser) assignment(pos config.Pos, name string) {
	p.accept("=")
	p.upTo(";")
	p.expect(";", "behind the value of "+name)
	p.findings = append(p.findings, config.Finding{
		Pos: pos, Severity: config.Warning, Rule: "no-effect", Token: name,
		Message: fmt.Sprintf("%s is set outside of an extension, which does nothing", name), Hint: "set it in globals, or in the extension",
	})
}

// assigns reports whether an assignment is next.
func (p *parser) assigns() bool {
	return p.peek() == '=' && !strings.HasPrefix(p.text[p.at:], "=>")
}

// extension reads [regexten] [hint(devices)] name => statement.
func (p *parser) extension(pos config.Pos) {
	hint, first := "", 1
	for {
		at, line := p.at, p.line
		switch word := p.word("(;{}"); {
		case word == "regexten": // priority 1 is there while the phone is registered
			first = 2
			continue
		case word == "hint" && p.peek() == '(':
			hint = p.parens("hint")
			continue
		}
		p.at, p.line = at, line
		break
	}
	name := strings.TrimSpace(p.upToArrow())
	if name == "" {
		p.fail("an extension is expected, not %s", p.found())
	}
	if hint != "" {
		p.add(pos, "exten", "%s,hint,%s", name, strings.ReplaceAll(hint, "|", ","))
	}
	c := newCompiler(p, name)
	c.main.first = first
	if !p.accept(";") {
		c.statement()
		p.accept(";")
	}
	c.emitAll()
}

// upToArrow takes the name of an extension, which may have variables in it, and the
// arrow behind it.
func (p *parser) upToArrow() string {
	p.skip()
	start, line := p.at, p.line
	for p.peek() != 0 && !strings.HasPrefix(p.text[p.at:], "=>") && strings.IndexByte(";{}", p.text[p.at]) < 0 {
		if p.word(";{}=") == "" {
			p.advance(1) // an equal sign
		}
	}
	end := p.at
	if !p.accept("=>") {
		p.at, p.line = start, line
		p.fail("an extension and \"=>\" are expected, not %s", p.found())
	}
	return p.text[start:end]
}

// macroExten is the extension that a macro runs.
const macroExten = "~~s~~"

// macro reads (parameters) { statements; includes { … } catch exten { … } }.
func (p *parser) macro(name string, pos config.Pos) {
	var params []string
	for _, s := range strings.Split(p.parens("macro "+name), ",") {
		if s = strings.TrimSpace(s); s != "" {
			params = append(params, s)
		}
	}
	c := newCompiler(p, macroExten)
	c.macro = true
	for i, s := range params {
		c.emit(pos, "Set", "LOCAL(%s)=${ARG%d}", s, i+1)
	}
	p.expect("{", "behind macro "+name)
	var catches []*compiler
	for !p.accept("}") {
		at, line := p.at, p.line
		if p.peek() == 0 {
			p.fail("macro %s is not closed", name)
		}
		switch p.word("{(;=:") {
		case "catch":
			k := newCompiler(p, p.word("{"))
			k.macro = true
			k.statement()
			catches = append(catches, k)
			continue
		case "includes":
			p.list("include", ",")
			continue
		}
		p.at, p.line = at, line
		c.statement()
	}
	if n := len(c.main.ops); n == 0 || c.main.ops[n-1].app != "Return" || len(c.main.labels) > 0 {
		c.emit(pos, "Return", "")
	}
	c.emitAll()
	for _, k := range catches {
		k.emitAll()
	}
}

// Finding is the mistake that ended the reading of a file; nil is that err is no
// such mistake.
func Finding(err error) *config.Finding {
	var s *syntax
	if !errors.As(err, &s) {
		return nil
	}
	return &config.Finding{Pos: s.pos, Severity: config.Error, Rule: "ael-syntax", Message: s.message}
}
