package server

import (
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/config"
	"pbx/decl"
)

// shaped are the applications whose text is no list of arguments.
var shaped = map[string]bool{
	"goto": true, "gotoif": true, "gotoiftime": true, "gosub": true, "gosubif": true, "execif": true, "execiftime": true,
	"set": true, "mset": true, "noop": true,
}

// raw checks the applications that take their text apart themselves.
func (k *planCheck) raw(app *channel.Application, text string) {
	name := strings.ToLower(app.Name)
	need := 0
	for _, a := range app.Args {
		if !a.Optional {
			need++
		}
	}
	if need > 0 && strings.TrimSpace(text) == "" {
		k.find(config.Error, "argument-count", "", "%s needs %s: %s", app.Name, plural(need, "argument"), usageLine(app))
		return
	}
	switch name {
	case "goto":
		k.place(text)
	case "gosub":
		k.place(withoutArgs(text))
	case "gotoif", "gosubif", "gotoiftime":
		_, places, ok := cutOutside(text, '?')
		if !ok {
			k.find(config.Error, "argument-count", "", "%s needs a condition, a question mark and where to go: %s", app.Name, usageLine(app))
			return
		}
		yes, no, _ := cutOutside(places, ':')
		for _, p := range []string{yes, no} {
			if name == "gosubif" {
				p = withoutArgs(p)
			}
			if p = strings.TrimSpace(p); p != "" {
				k.place(p)
			}
		}
	case "execif", "execiftime":
		_, calls, ok := cutOutside(text, '?')
		if !ok {
			k.find(config.Error, "argument-count", "", "%s needs a condition, a question mark and an application: %s", app.Name, usageLine(app))
			return
		}
		yes, no, _ := cutOutside(calls, ':')
		for _, call := range []string{yes, no} {
			k.call(strings.TrimSpace(call))
		}
	case "set":
		name, _, ok := strings.Cut(text, "=")
		if !ok {
			k.find(config.Warning, "argument-count", "", "Set needs name=value")
		}
		if function, _, ok := strings.Cut(strings.TrimSpace(name), "("); ok && !dynamic(function) {
			k.function(function)
		}
	}
}

// call checks an application written inside another's arguments.
func (k *planCheck) call(text string) {
	if text == "" || dynamic(text) && !strings.Contains(text, "(") {
		return
	}
	name, args, _ := strings.Cut(text, "(")
	name = strings.TrimSpace(name)
	if dynamic(name) {
		return
	}
	if _, ok := k.catalog.Application(name); !ok {
		var names []string
		for _, a := range k.catalog.Applications() {
			names = append(names, a.Name)
		}
		hint := ""
		if near := config.Nearest(name, names); near != "" {
			hint = "did you mean " + near + "?"
		}
		k.find(config.Error, "unknown-application", hint, "there is no application %q", name)
		return
	}
	k.application(name, strings.TrimSuffix(args, ")"))
}

// withoutArgs takes the arguments of a Gosub off: context,exten,priority(args).
func withoutArgs(text string) string {
	place, _, _ := cutOutside(text, '(')
	return place
}

// cutOutside cuts at the first c that stands outside quotes, brackets,
// parentheses and braces.
func cutOutside(text string, c byte) (before, after string, found bool) {
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

// place checks where a Goto leads: [[context,]extension,]priority. Parts that a
// call decides are passed over.
func (k *planCheck) place(text string) {
	text = strings.TrimSpace(text)
	if text == "" {
		return
	}
	parts := decl.Split(text, 0)
	if len(parts) > 3 {
		parts = parts[:3]
	}
	context, exten, priority := k.context.Name, "", parts[len(parts)-1]
	if len(parts) == 3 {
		context = strings.TrimSpace(parts[0])
	}
	if len(parts) > 1 {
		exten = strings.TrimSpace(parts[len(parts)-2])
	}
	priority = strings.TrimSpace(priority)
	if len(parts) == 3 {
		before := len(k.found)
		k.contextName(context)
		if len(k.found) > before || dynamic(context) {
			return
		}
	}
	if dynamic(exten) || dynamic(priority) || strings.HasPrefix(priority, "+") || strings.HasPrefix(priority, "-") {
		return // known, or counted from where the call is, when it runs
	}
	if _, ok := k.plan.Context(context); !ok {
		return
	}
	if exten == "" { // the extension that runs
		k.own(context, priority)
		return
	}
	n, err := strconv.Atoi(priority)
	there := false
	for _, caller := range k.callers() {
		if err == nil {
			p, _ := k.plan.Find(context, exten, n, caller, k.at)
			there = there || p != nil
		} else {
			p, _ := k.plan.FindLabel(context, exten, priority, caller, k.at)
			there = there || p != nil
		}
	}
	if !there && !k.anywhere(context) {
		k.find(config.Error, "unknown-place", "", "there is no %s,%s,%s", context, exten, priority)
	}
}

// own checks a priority or label of the extension that runs. Another extension
// of the same name may hold it: one for other callers, or one that an include
// brings.
func (k *planCheck) own(context, priority string) {
	n, err := strconv.Atoi(priority)
	if err == nil && k.exten.Priority(n) != nil || err != nil && k.exten.Label(priority) != nil {
		return
	}
	name := k.exten.Name
	for _, caller := range k.callers() {
		if err == nil {
			if p, _ := k.plan.Find(context, name, n, caller, k.at); p != nil {
				return
			}
		} else if p, _ := k.plan.FindLabel(context, name, priority, caller, k.at); p != nil {
			return
		}
	}
	what := "priority"
	if err != nil {
		what = "label"
	}
	k.find(config.Error, "unknown-place", "", "extension %s has no %s %s", name, what, priority)
}

// callers are the numbers that a place is looked up for: none, and those that
// extensions here are written for.
func (k *planCheck) callers() []string {
	list := []string{""}
	for _, c := range k.plan.Contexts() {
		for _, e := range c.Extensions() {
			if !e.AnyCaller {
				list = append(list, e.Caller)
			}
		}
	}
	return list
}

// anywhere reports whether a context looks beyond what is written: at another
// engine, or at contexts by the time of day.
func (k *planCheck) anywhere(name string) bool {
	c, ok := k.plan.Context(name)
	if !ok {
		return true
	}
	if len(c.Switches) > 0 {
		return true
	}
	for _, inc := range c.Includes {
		if inc.Timing != nil {
			return true
		}
	}
	return false
}

// functions checks the names of the functions in a text.
func (k *planCheck) functions(text string) {
	for i := strings.Index(text, "${"); i >= 0; {
		rest := text[i+2:]
		end := strings.IndexFunc(rest, func(r rune) bool {
			return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
		})
		if end > 0 && rest[end] == '(' {
			k.function(rest[:end])
		}
		next := strings.Index(rest, "${")
		if next < 0 {
			return
		}
		i += 2 + next
	}
}

func (k *planCheck) function(name string) {
	if _, ok := k.catalog.Function(name); ok {
		return
	}
	var names []string
	for _, f := range k.catalog.Functions() {
		names = append(names, f.Name)
	}
	hint := ""
	if near := config.Nearest(name, names); near != "" {
		hint = "did you mean " + near + "?"
	}
	k.find(config.Error, "unknown-function", hint, "there is no function %s", name)
}
