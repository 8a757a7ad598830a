package dialplan

import (
	"slices"
	"strings"

	"pbx/config"
)

// cutOutside cuts at the first comma that is not within brackets, nor behind a
// backslash.
func cutOutside(s string) (before, after string, found bool) {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '[':
			depth++
		case ']':
			depth = max(0, depth-1)
		case ',':
			if depth == 0 {
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
	if text == "" && !found {
		b.find(b.pos, config.Warning, "no-application", "", "extension %s has neither priority nor application; the line is skipped", name)
		return
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
	number, ok := b.number(text, name, caller)
	if !ok {
		return
	}
	if !found {
		b.find(b.pos, config.Warning, "no-application", "", "priority %s of extension %s has no application", text, name)
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
	if (text == "n" || text == "next") && b.before != name+"/"+caller {
		b.counted = append(b.counted, p)
	}
	if (name == "_." || name == "_!") && b.before != name+"/"+caller {
		b.find(b.pos, config.Warning, "pattern-dot", "use _X"+name[1:]+" instead", "the pattern %s also catches h, i, t and s", name)
		b.token(name)
	}
	b.before = name + "/" + caller
	p.App, p.Args = b.application(rest)
	b.compile(p)
	b.add(name, caller, anyCaller, p)
}

// interleaved names the priorities that n counted on from another extension of the
// context, where that is not the number which the extension needs.
func (b *builder) interleaved() {
	for _, p := range b.counted {
		e := p.extension
		if e == nil || p.Number == 1 || e.Priority(p.Number-1) != nil {
			continue
		}
		if !e.Pattern() {
			q := query{exten: undash(e.Name), priority: p.Number - 1, caller: e.Caller}
			if q.find(e.Context) != nil {
				continue // a pattern has the ones before
			}
		}
		b.find(p.Pos, config.Warning, "interleaved", "write the lines of an extension one after the other",
			"n counts on from the line before, which is another extension's: this is priority %d of %s", p.Number, e.Name)
	}
}

// splitCaller divides EXT/CALLER. Blanks are no part of an extension's name, but for
// those in the sets of a pattern.
func splitCaller(name string) (exten, caller string, anyCaller bool) {
	exten, caller, found := strings.Cut(name, "/")
	return unblank(exten), shrinkNumber(caller), !found
}

func unblank(name string) string {
	if !strings.Contains(name, " ") {
		return name
	}
	set := false
	return strings.Map(func(r rune) rune {
		switch r {
		case '[':
			set = name[0] == '_'
		case ']':
			set = false
		case ' ':
			if !set {
				return -1
			}
		}
		return r
	}, name)
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
func (b *builder) number(text, name, caller string) (int, bool) {
	switch text {
	case "hint":
		return hintPriority, true
	case "n", "next":
		if b.last == noLast {
			b.find(b.pos, config.Warning, "n-without-start", "begin with priority 1", "priority %s on the first line of a context; the line is skipped", text)
			return 0, false
		}
		if b.last == hintPriority {
			b.find(b.pos, config.Warning, "n-after-hint", "begin with priority 1", "priority %s after a hint counts from it; the line is skipped, as all are until a number stands there", text)
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
	b.token(text)
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
		b.token(trailing)
	}
	return name, args[:end]
}

// compile prepares the step to be run.
func (b *builder) compile(p *Priority) {
	t, complaint := compile(p.Args)
	p.template = t
	if complaint != "" {
		b.find(p.Pos, config.Warning, "unbalanced", "it ends with the line", "%s in %q", complaint, short(p.Args))
	}
	if b.known == nil {
		return
	}
	var ok bool
	if p.app, ok = b.known.Application(p.App); !ok {
		b.find(p.Pos, config.Error, "unknown-application", b.known.ApplicationHint(p.App), "there is no application %q", p.App)
		b.token(p.App)
	}
}

// hint adds the priority hint.
func (b *builder) hint(name, caller string, anyCaller bool, p *Priority) {
	if b.edits.drops(b.context.Name, "exten", name, caller, HintPriority, p.Pos) {
		return
	}
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
	if b.edits.drops(b.context.Name, "exten", name, caller, p.Number, p.Pos) {
		return
	}
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
			b.token(p.Label)
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

// short is a text as a message shows it.
func short(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
