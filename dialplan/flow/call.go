package flow

import (
	"strings"

	"pbx/channel"
	"pbx/dialplan"
)

// Call is an application as a step runs it: the step's own, or one that ExecIf,
// Exec or their kin run.
type Call struct {
	Name string
	// App is its declaration, nil where there is none.
	App  *channel.Application
	Args string
	// Conditional calls run only when a condition holds.
	Conditional bool
}

// Is reports whether the application has one of the names, which are lower-case.
func (c *Call) Is(names ...string) bool {
	for _, n := range names {
		if strings.EqualFold(c.Name, n) {
			return true
		}
	}
	return false
}

// Calls are the applications of a step, its own first.
func (f *Flow) Calls(p *dialplan.Priority) []Call {
	return f.call(nil, p.App, p.Args, false)
}

func (f *Flow) call(all []Call, name, args string, conditional bool) []Call {
	name = strings.TrimSpace(name)
	if name == "" || Dynamic(name) {
		return all
	}
	c := Call{Name: name, Args: args, Conditional: conditional}
	c.App, _ = f.catalog.Application(name)
	all = append(all, c)
	inner := ""
	switch {
	case c.Is("execif") && Old(args):
		_, branches, _ := Cut(args, ',')
		app, rest, _ := Cut(branches, ',')
		return f.call(all, app, rest, true)
	case c.Is("execif", "execiftime"):
		_, branches, _ := Cut(args, '?')
		yes, no, _ := Cut(branches, ':')
		for _, b := range []string{yes, no} {
			app, rest := divide(b)
			all = f.call(all, app, rest, true)
		}
		return all
	case c.Is("exec", "tryexec"):
		inner = args
	default:
		return all
	}
	app, rest := divide(inner)
	return f.call(all, app, rest, conditional)
}

// Old reports whether the text of an ExecIf has the form from before the question mark:
// condition,application,arguments.
func Old(args string) bool {
	condition, _, comma := Cut(args, ',')
	_, _, question := Cut(condition, '?')
	return comma && !question
}

// divide divides Name(arguments).
func divide(text string) (name, args string) {
	name, args, _ = strings.Cut(strings.TrimSpace(text), "(")
	return strings.TrimSpace(name), strings.TrimSuffix(strings.TrimSpace(args), ")")
}

// Dynamic reports whether a text is known only when a call runs.
func Dynamic(text string) bool { return strings.Contains(text, "${") || strings.Contains(text, "$[") }

// Cut cuts at the first c that stands outside of quotes, brackets, parentheses and
// braces.
func Cut(text string, c byte) (before, after string, found bool) {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		ch := text[i]
		if ch == c && depth == 0 && !quoted {
			return text[:i], text[i+1:], true
		}
		switch ch {
		case '\\':
			i++
		case '"':
			quoted = !quoted
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth = max(0, depth-1)
		}
	}
	return text, "", false
}

// Split divides at every c as Cut does.
func Split(text string, c byte) (parts []string) {
	for more := true; more; {
		var p string
		p, text, more = Cut(text, c)
		parts = append(parts, p)
	}
	return parts
}

// argument is argument i of a text, "" where there is none.
func argument(args string, i int) string {
	parts := Split(args, ',')
	if i >= len(parts) {
		return ""
	}
	return strings.TrimSpace(parts[i])
}

// Option is what stands in the parentheses of an option letter.
func Option(options string, letter byte) (sub string, ok bool) {
	for i := 0; i < len(options); i++ {
		c := options[i]
		sub := ""
		if i+1 < len(options) && options[i+1] == '(' {
			depth, j := 0, i+1
			for ; j < len(options); j++ {
				if options[j] == '(' {
					depth++
				} else if options[j] == ')' {
					if depth--; depth == 0 {
						break
					}
				}
			}
			sub = options[i+2 : min(j, len(options))]
			i = j
		}
		if c == letter {
			return sub, true
		}
	}
	return "", false
}
