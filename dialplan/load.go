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
	p, more := build(f, known, nil, nil)
	return p, append(findings, more...), nil
}

// Parse is Load for a text that is at hand.
func Parse(name string, text []byte, known *Catalog) (*Plan, []config.Finding, error) {
	f, findings, err := config.Parse(name, text)
	if err != nil {
		return nil, findings, err
	}
	p, more := build(f, known, nil, nil)
	return p, append(findings, more...), nil
}

// Build makes the plan of a file that was read, by this package's rules or by
// another front end. known may be nil: application names are not looked up then.
func Build(f *config.File, known *Catalog) (*Plan, []config.Finding) {
	return build(f, known, nil, nil)
}

// build makes the plan of a file. global finds the global variables that were
// there before; nil means none.
func build(f *config.File, known *Catalog, global func(name string) (string, bool), made func(context string) bool) (*Plan, []config.Finding) {
	return buildEdited(f, known, global, made, nil)
}

// buildEdited is build without what was taken away on the console.
func buildEdited(f *config.File, known *Catalog, global func(name string) (string, bool), made func(context string) bool, x *edits) (*Plan, []config.Finding) {
	b := &builder{
		edits: x,
		plan: &Plan{Files: f.Read, edits: edits{file: f}, contexts: make(map[string]*Context), Settings: Settings{
			Static: true, AutoFallthrough: true, UsersContext: "default",
		}},
		known:   known,
		globals: make(map[string]string),
		outer:   global,
		made:    made,
	}
	b.expander = newExpander(b, nil)
	for _, s := range f.All("general") {
		b.general(s)
	}
	for _, s := range f.All("globals") {
		for _, v := range s.Vars {
			b.pos = v.Pos
			value := b.expand(v.Value)
			name, _ := channel.SplitInherit(v.Name)
			b.globals[name] = value
			b.plan.Globals = append(b.plan.Globals, Global{v.Name, value, v.Pos})
		}
	}
	for _, s := range f.Sections {
		if !s.Template && !strings.EqualFold(s.Name, "general") && !strings.EqualFold(s.Name, "globals") &&
			!b.edits.drops(s.Name, "context", "", "", 0, s.Pos) {
			b.section(s)
		}
	}
	for _, c := range b.plan.order {
		b.finish(c)
	}
	b.interleaved()
	return b.plan, b.findings
}

// builder makes one plan: sections here, the lines of extensions in line.go.
type builder struct {
	plan     *Plan
	known    *Catalog
	findings []config.Finding
	globals  map[string]string
	outer    func(string) (string, bool)
	edits    *edits                    // nil: none
	made     func(context string) bool // beside the file; nil: none
	expander *expander

	// Of the section that is being read.
	context *Context
	exten   string      // the name of the last exten line, substituted
	last    int         // the last priority; noLast before the first
	before  string      // the extension that the last priority belongs to
	counted []*Priority // those that n counted from another extension
	pos     config.Pos
}

const noLast = -2

func (b *builder) find(pos config.Pos, s config.Severity, rule, hint, format string, args ...any) {
	b.findings = append(b.findings, config.Finding{
		Pos: pos, Severity: s, Rule: rule, Message: fmt.Sprintf(format, args...), Hint: hint,
	})
}

// token says which part of the line the last finding is about.
func (b *builder) token(text string) { b.findings[len(b.findings)-1].Token = text }

// variable, function and warn make builder the source of the names that are
// substituted while a plan is read: global variables only.
func (b *builder) variable(name string, _ builtin) channel.Value {
	if v, ok := b.globals[name]; ok {
		return channel.Clean(v)
	}
	if b.outer != nil {
		if v, ok := b.outer(name); ok {
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
		c = &Context{Name: s.Name, Pos: s.Pos, plan: b.plan, literals: make(map[string][]*Extension)}
		b.plan.contexts[s.Name] = c
		b.plan.order = append(b.plan.order, c)
	}
	b.context, b.exten, b.last, b.before = c, "", noLast, ""
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
			b.token(v.Name)
		}
	}
}

func (b *builder) include(v config.Variable) {
	text := b.expand(v.Value)
	name, times, timed := strings.Cut(strings.ReplaceAll(text, "|", ","), ",")
	if b.edits.drops(b.context.Name, "include", text, "", 0, v.Pos) {
		return
	}
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
	if b.edits.drops(b.context.Name, "ignorepat", p, "", 0, v.Pos) {
		return
	}
	for _, other := range b.context.IgnorePatterns {
		if strings.EqualFold(other.Pattern, p) {
			b.find(v.Pos, config.Warning, "duplicate-include", "", "the digits %s are ignored already, at %s", p, other.Pos)
			return
		}
	}
	b.context.IgnorePatterns = append(b.context.IgnorePatterns, IgnorePattern{p, v.Pos})
	b.context.ignore = append(b.context.ignore, newMatcher(p))
}

func (b *builder) alternative(v config.Variable, keyword string) {
	text := v.Value
	if keyword == "switch" {
		text = b.expand(text)
	}
	name, args, _ := strings.Cut(text, "/")
	for _, other := range b.context.Switches {
		if strings.EqualFold(other.Name, name) && strings.EqualFold(other.Args, args) {
			b.find(v.Pos, config.Warning, "duplicate-include", "", "the switch %s is there already, at %s", text, other.Pos)
			return
		}
	}
	x := Switch{Name: name, Args: args, Each: keyword == "eswitch", Pos: v.Pos}
	loops := strings.EqualFold(name, "Loopback")
	if loops || strings.EqualFold(name, "Realtime") {
		t, complaint := compile(args)
		if complaint != "" {
			b.find(v.Pos, config.Warning, "unbalanced", "", "%s", complaint)
		}
		if loops {
			x.loopback = &loopback{t}
		} else {
			x.realtime = &realtime{t}
		}
		b.context.Switches = append(b.context.Switches, x)
		return
	}
	b.context.Switches = append(b.context.Switches, x)
	b.find(v.Pos, config.Warning, "unknown-switch", "", "the switch %s is not supported; nothing is looked up in it", name)
}

// parkedCalls is the context that parking makes.
const parkedCalls = "parkedcalls"

// finish resolves what a context refers to once all of them are there.
func (b *builder) finish(c *Context) {
	c.sorted = make([]string, 0, len(c.literals))
	for name := range c.literals {
		c.sorted = append(c.sorted, name)
	}
	slices.Sort(c.sorted)
	for i := range c.Includes {
		inc := &c.Includes[i]
		if inc.context = b.plan.contexts[inc.Context]; inc.context == nil && (b.made == nil || !b.made(inc.Context)) {
			names := make([]string, 0, len(b.plan.order))
			for _, o := range b.plan.order {
				names = append(names, o.Name)
			}
			hint := ""
			if near := config.Nearest(inc.Context, names); near != "" {
				hint = "did you mean " + near + "?"
			}
			severity := config.Warning
			if inc.Context == parkedCalls {
				severity, hint = config.Note, "parking makes it, which is not there yet"
			}
			b.find(inc.Pos, severity, "include-missing", hint, "context %s includes %s, which is not there", c.Name, strconv.Quote(inc.Context))
			b.token(inc.Context)
		}
	}
}
