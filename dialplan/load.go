package dialplan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/config"
	"pbx/decl"
)

// Load reads name, usually extensions.conf, through l. Mistakes that the field
// forgives come as findings; an error means that there is no plan. known may be
// nil: application names are not looked up then.
func Load(l *config.Loader, name string, known *Catalog) (*Plan, []config.Finding, error) {
	f, findings, err := l.Load(name)
	if err != nil {
		return nil, findings, err
	}
	p, more := build(f, known, nil)
	return p, append(findings, more...), nil
}

// Parse is Load for a text that is at hand.
func Parse(name string, text []byte, known *Catalog) (*Plan, []config.Finding, error) {
	f, findings, err := config.Parse(name, text)
	if err != nil {
		return nil, findings, err
	}
	p, more := build(f, known, nil)
	return p, append(findings, more...), nil
}

// build makes the plan of a file. global finds the global variables that were
// there before; nil means none.
func build(f *config.File, known *Catalog, global func(name string) (string, bool)) (*Plan, []config.Finding) {
	b := &builder{
		plan: &Plan{Files: f.Read, contexts: make(map[string]*Context), Settings: Settings{
			Static: true, AutoFallthrough: true, UsersContext: "default",
		}},
		known:   known,
		globals: make(map[string]string),
		before:  global,
	}
	b.expander = newExpander(b, nil)
	for _, s := range f.All("general") {
		b.general(s)
	}
	for _, s := range f.All("globals") {
		for _, v := range s.Vars {
			b.pos = v.Pos
			value := b.expand(v.Value)
			b.globals[v.Name] = value
			b.plan.Globals = append(b.plan.Globals, Global{v.Name, value, v.Pos})
		}
	}
	for _, s := range f.Sections {
		if !s.Template && !strings.EqualFold(s.Name, "general") && !strings.EqualFold(s.Name, "globals") {
			b.section(s)
		}
	}
	for _, c := range b.plan.order {
		b.finish(c)
	}
	return b.plan, b.findings
}

// builder makes one plan.
type builder struct {
	plan     *Plan
	known    *Catalog
	findings []config.Finding
	globals  map[string]string
	before   func(string) (string, bool)
	expander *expander

	// Of the section that is being read.
	context *Context
	exten   string // the name of the last exten line, substituted
	last    int    // the last priority; noLast before the first
	pos     config.Pos
}

const noLast = -2

func (b *builder) find(pos config.Pos, s config.Severity, rule, hint, format string, args ...any) {
	b.findings = append(b.findings, config.Finding{
		Pos: pos, Severity: s, Rule: rule, Message: fmt.Sprintf(format, args...), Hint: hint,
	})
}

// variable, function and warn make builder the source of the names that are
// substituted while a plan is read: global variables only.
func (b *builder) variable(name string, _ builtin) channel.Value {
	if v, ok := b.globals[name]; ok {
		return channel.Clean(v)
	}
	if b.before != nil {
		if v, ok := b.before(name); ok {
			return channel.Clean(v)
		}
	}
	return channel.Value{}
}

func (b *builder) function(name, args string, _ []decl.Span) (channel.Value, bool) {
	if name == "GLOBAL" {
		return b.variable(args, noBuiltin), true
	}
	if name == "ENV" || name == "LEN" {
		return channel.Value{}, false
	}
	b.find(b.pos, config.Warning, "load-function", "only global variables and GLOBAL() are known while the file is read", "function %s() cannot be called here", name)
	return channel.Value{}, false
}

func (b *builder) warn(message string) {
	b.find(b.pos, config.Warning, "expression", "", "%s", message)
}

func (b *builder) expand(text string) string {
	if strings.IndexByte(text, '$') < 0 {
		return text
	}
	t, complaint := compile(text)
	if complaint != "" {
		b.find(b.pos, config.Warning, "unbalanced", "", "%s", complaint)
	}
	return b.expander.expand(t).S
}

func (b *builder) general(s *config.Section) {
	var o struct {
		Static      bool   `conf:"static"`
		Protect     bool   `conf:"writeprotect"`
		Fall        bool   `conf:"autofallthrough"`
		NewMatcher  bool   `conf:"extenpatternmatchnew"`
		Clear       bool   `conf:"clearglobalvars"`
		Override    string `conf:"overrideswitch"`
		Users       string `conf:"userscontext"`
		PriorityJmp bool   `conf:"priorityjumping"`
	}
	set := &b.plan.Settings
	o.Static, o.Protect, o.Fall, o.Clear, o.Users = set.Static, set.WriteProtect, set.AutoFallthrough, set.ClearGlobals, set.UsersContext
	b.findings = append(b.findings, config.Decode(s, &o)...)
	set.Static, set.WriteProtect, set.AutoFallthrough, set.ClearGlobals, set.UsersContext = o.Static, o.Protect, o.Fall, o.Clear, o.Users
	if v, ok := s.Lookup("extenpatternmatchnew"); ok && o.NewMatcher {
		b.find(v.Pos, config.Note, "ignored-option", "the order of the old matcher holds, and it is as fast", "extenpatternmatchnew has no effect")
	}
	if v, ok := s.Lookup("overrideswitch"); ok && o.Override != "" {
		b.find(v.Pos, config.Warning, "ignored-option", "", "overrideswitch is not supported")
	}
	if v, ok := s.Lookup("priorityjumping"); ok && o.PriorityJmp {
		b.find(v.Pos, config.Warning, "ignored-option", "test the status variable of the application instead", "jumps to priority n+101 are no longer made")
	}
}

func (b *builder) section(s *config.Section) {
	c, ok := b.plan.contexts[s.Name]
	if !ok {
		c = &Context{Name: s.Name, Pos: s.Pos, literals: make(map[string][]*Extension)}
		b.plan.contexts[s.Name] = c
		b.plan.order = append(b.plan.order, c)
	}
	b.context, b.exten, b.last = c, "", noLast
	for _, v := range s.Vars {
		b.pos = v.Pos
		switch name := strings.ToLower(v.Name); {
		case name == "exten":
			ext, rest, _ := cutOutside(v.Value)
			b.exten = strings.TrimSpace(b.expand(ext))
			b.line(b.exten, rest)
		case strings.HasPrefix(name, "same"):
			if b.exten == "" {
				b.find(v.Pos, config.Warning, "same-without-exten", "begin the extension with an exten line", "same before any extension of the context; the line is skipped")
				continue
			}
			b.line(b.exten, v.Value)
		case name == "include":
			b.include(v)
		case name == "ignorepat":
			b.ignorePattern(v)
		case name == "switch", name == "lswitch", name == "eswitch":
			b.alternative(v, name)
		case name == "autohints":
			c.AutoHints, _ = config.Bool(v.Value)
		default:
			hint := ""
			if near := config.Nearest(name, []string{"exten", "same", "include", "ignorepat", "switch", "lswitch", "eswitch", "autohints"}); near != "" {
				hint = "did you mean " + near + "?"
			}
			b.find(v.Pos, config.Warning, "unknown-directive", hint, "unknown directive %q; the line is skipped", v.Name)
		}
	}
}

// cutOutside cuts at the first comma that is not within brackets.
func cutOutside(s string) (before, after string, found bool) {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '[':
			depth++
		case ']':
			depth--
		case ',':
			if depth <= 0 {
				return s[:i], s[i+1:], true
			}
		}
	}
	return s, "", false
}

// line reads what follows the name of an extension: priority[(label)],
// application(arguments).
func (b *builder) line(name, rest string) {
	name, caller, anyCaller := splitCaller(name)
	text, rest, found := strings.Cut(rest, ",")
	text = strings.Trim(text, " \t")
	if !found {
		b.find(b.pos, config.Warning, "no-application", "", "extension %s has no application", name)
	}
	label := ""
	if before, after, ok := strings.Cut(text, "("); ok {
		text = before
		if label, _, ok = strings.Cut(after, ")"); !ok {
			b.find(b.pos, config.Warning, "unbalanced", "", "label without closing parenthesis; the line is skipped")
			return
		}
	}
	text, plus, _ := strings.Cut(text, "+")
	number, ok := b.number(text, name, caller, anyCaller)
	if !ok {
		return
	}
	p := &Priority{Label: label, Pos: b.pos}
	if number == hintPriority {
		p.App = strings.TrimLeft(rest, " \t")
		b.last = number
		p.Number = number
		b.hint(name, caller, anyCaller, p)
		return
	}
	if number += leadingInt(plus); number < 1 {
		b.find(b.pos, config.Warning, "bad-priority", "", "priority %d; the line is skipped", number)
		return
	}
	p.Number, b.last = number, number
	p.App, p.Args = b.application(rest)
	b.compile(p)
	if name == "_." || name == "_!" {
		b.find(b.pos, config.Warning, "pattern-dot", "use _X"+name[1:]+" instead", "the pattern %s also catches h, i, t and s", name)
	}
	b.add(name, caller, anyCaller, p)
}

// splitCaller divides EXT/CALLER.
func splitCaller(name string) (exten, caller string, anyCaller bool) {
	exten, caller, found := strings.Cut(name, "/")
	return exten, shrinkNumber(caller), !found
}

// shrinkNumber takes out of a caller match what cannot be part of a pattern:
// blanks, parentheses, dashes outside of sets, and dots but the last.
func shrinkNumber(s string) string {
	var out []byte
	set := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '[':
			set = true
		case ']':
			set = false
		case ' ', '(', ')':
			continue
		case '-':
			if !set {
				continue
			}
		case '.':
			if i+1 < len(s) {
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}

func leadingInt(s string) int {
	n, _, _ := scanInt(s, 0)
	return n
}

// number reads a priority. ok is false when the line has to be skipped.
func (b *builder) number(text, name, caller string, anyCaller bool) (int, bool) {
	switch text {
	case "hint":
		return hintPriority, true
	case "n", "next":
		if b.last == noLast {
			b.find(b.pos, config.Warning, "n-without-start", "begin with priority 1", "priority %s on the first line of a context; the line is skipped", text)
			return 0, false
		}
		if b.last == hintPriority {
			b.find(b.pos, config.Warning, "n-after-hint", "begin with priority 1", "priority %s after a hint counts from -1; the line is skipped", text)
			b.last = 0
			return 0, false
		}
		return b.last + 1, true
	case "s", "same":
		if b.last == noLast {
			b.find(b.pos, config.Warning, "n-without-start", "begin with priority 1", "priority %s on the first line of a context; the line is skipped", text)
			return 0, false
		}
		return b.last, true
	}
	if n, _, ok := scanInt(text, 0); ok {
		if n == 0 {
			b.find(b.pos, config.Warning, "bad-priority", "priorities begin at 1", "priority %q; the line is skipped", text)
		}
		return n, n != 0
	}
	q := query{exten: undash(name), label: text, caller: caller}
	if p := q.find(b.context); text != "" && p != nil {
		return p.Number, true
	}
	b.find(b.pos, config.Warning, "bad-priority", "a number, n, hint or a label of the extension", "priority %q is neither a number nor a label; the line is skipped", text)
	return 0, false
}

// application divides Name(arguments): the arguments reach from the first
// parenthesis to the last.
func (b *builder) application(text string) (name, args string) {
	name, args, found := strings.Cut(text, "(")
	if !found {
		name = strings.Trim(text, " \t")
		if before, _, comma := strings.Cut(name, ","); comma {
			b.find(b.pos, config.Warning, "old-arguments", "write "+before+"(…)", "arguments stand in parentheses; an application called %q is meant here", name)
		}
		return name, ""
	}
	end := strings.LastIndexByte(args, ')')
	name = strings.Trim(name, " \t")
	if end < 0 {
		b.find(b.pos, config.Warning, "unbalanced", "close the parenthesis", "no closing parenthesis in %q", strings.TrimSpace(text))
		return name, args
	}
	if trailing := strings.TrimSpace(args[end+1:]); trailing != "" {
		b.find(b.pos, config.Warning, "trailing-text", "", "%q after the last parenthesis is dropped", trailing)
	}
	return name, args[:end]
}

// compile prepares the step to be run.
func (b *builder) compile(p *Priority) {
	t, complaint := compile(p.Args)
	p.template = t
	if complaint != "" {
		b.find(p.Pos, config.Warning, "unbalanced", "it ends with the line", "%s in %q", complaint, p.Args)
	}
	if b.known == nil {
		return
	}
	var ok bool
	if p.app, ok = b.known.Application(p.App); !ok {
		b.find(p.Pos, config.Error, "unknown-application", b.known.nearApplication(p.App), "there is no application %q", p.App)
	}
}

// hint adds the priority hint.
func (b *builder) hint(name, caller string, anyCaller bool, p *Priority) {
	e := b.extension(name, caller, anyCaller)
	if e == nil {
		return
	}
	if e.Hint != nil {
		b.find(p.Pos, config.Warning, "duplicate-priority", "the first one is kept", "extension %s has a hint already, at %s", name, e.Hint.Pos)
		return
	}
	t, _ := compile(p.App)
	p.template, p.extension, e.Hint = t, e, p
}

func (b *builder) add(name, caller string, anyCaller bool, p *Priority) {
	e := b.extension(name, caller, anyCaller)
	if e == nil {
		return
	}
	at, taken := slices.BinarySearchFunc(e.Priorities, p.Number, func(p *Priority, n int) int { return p.Number - n })
	if taken {
		b.find(p.Pos, config.Warning, "duplicate-priority", "the first one is kept", "extension %s has a priority %d already, at %s", name, p.Number, e.Priorities[at].Pos)
		return
	}
	if p.Label != "" {
		if other := e.Label(p.Label); other != nil {
			b.find(p.Pos, config.Warning, "duplicate-label", "the first one is kept", "label %q is taken by priority %d, at %s", p.Label, other.Number, other.Pos)
			p.Label = ""
		}
	}
	p.extension = e
	e.Priorities = slices.Insert(e.Priorities, at, p)
}

// extension finds or makes the extension of a name and a caller.
func (b *builder) extension(name, caller string, anyCaller bool) *Extension {
	c := b.context
	var variants *[]*Extension
	pattern, isPattern := strings.CutPrefix(name, "_")
	key := undash(name)
	switch {
	case isPattern:
		if variants = c.patterns.insert(parsePattern(pattern)); variants == nil {
			b.find(b.pos, config.Error, "unbalanced", "", "a set in pattern %s is not closed, or runs backwards; it matches nothing", name)
			variants = &c.broken
		}
	case name == "":
		b.find(b.pos, config.Warning, "no-extension", "", "the line names no extension; it is skipped")
		return nil
	default:
		vs := c.literals[key]
		variants = &vs
		defer func() { c.literals[key] = vs }()
	}
	at := 0
	for ; at < len(*variants); at++ {
		e := (*variants)[at]
		order := -1 // of the new one against e
		switch {
		case e.AnyCaller && anyCaller:
			order = 0
		case e.AnyCaller:
		case anyCaller:
			order = 1
		default:
			order = compareNames(caller, e.Caller)
		}
		if order == 0 && (variants != &c.broken || e.Name == name) {
			return e
		}
		if order < 0 {
			break
		}
	}
	e := &Extension{Name: name, Context: c, Caller: caller, AnyCaller: anyCaller}
	if !anyCaller {
		e.caller = newMatcher(caller)
		b.plan.callers = true
	}
	*variants = slices.Insert(*variants, at, e)
	c.count++
	return e
}

func (b *builder) include(v config.Variable) {
	text := b.expand(v.Value)
	name, times, timed := strings.Cut(strings.ReplaceAll(text, "|", ","), ",")
	i := Include{Text: text, Context: strings.TrimSpace(name), Pos: v.Pos}
	if timed {
		var complaints []string
		i.Timing, complaints = ParseTiming(times)
		b.plan.timed = true
		for _, c := range complaints {
			b.find(v.Pos, config.Warning, "bad-time", "", "include %s: %s", i.Context, c)
		}
	}
	for _, other := range b.context.Includes {
		if strings.EqualFold(other.Text, i.Text) {
			b.find(v.Pos, config.Warning, "duplicate-include", "", "%s is included already, at %s", i.Text, other.Pos)
			return
		}
	}
	b.context.Includes = append(b.context.Includes, i)
}

func (b *builder) ignorePattern(v config.Variable) {
	p := b.expand(v.Value)
	b.context.IgnorePatterns = append(b.context.IgnorePatterns, IgnorePattern{p, v.Pos})
	b.context.ignore = append(b.context.ignore, newMatcher(p))
}

func (b *builder) alternative(v config.Variable, keyword string) {
	text := v.Value
	if keyword == "switch" {
		text = b.expand(text)
	}
	name, args, _ := strings.Cut(text, "/")
	b.context.Switches = append(b.context.Switches, Switch{Name: name, Args: args, Each: keyword == "eswitch", Pos: v.Pos})
	b.find(v.Pos, config.Warning, "unknown-switch", "", "the switch %s is not supported; nothing is looked up in it", name)
}

// finish resolves what a context refers to once all of them are there.
func (b *builder) finish(c *Context) {
	c.sorted = make([]string, 0, len(c.literals))
	for name := range c.literals {
		c.sorted = append(c.sorted, name)
	}
	slices.Sort(c.sorted)
	for i := range c.Includes {
		inc := &c.Includes[i]
		if inc.context = b.plan.contexts[inc.Context]; inc.context == nil {
			names := make([]string, 0, len(b.plan.order))
			for _, o := range b.plan.order {
				names = append(names, o.Name)
			}
			hint := ""
			if near := config.Nearest(inc.Context, names); near != "" {
				hint = "did you mean " + near + "?"
			}
			b.find(inc.Pos, config.Warning, "include-missing", hint, "context %s includes %s, which is not there", c.Name, strconv.Quote(inc.Context))
		}
	}
}
