package server

import (
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/config"
	"pbx/decl"
	"pbx/dialplan"
	"pbx/dialplan/flow"
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
	if name == "gotoiftime" || name == "execiftime" {
		k.times(text)
	}
	switch name {
	case "gotoif", "gosubif", "gotoiftime", "macroif":
		if _, _, ok := flow.Cut(text, '?'); !ok {
			k.find(config.Error, "argument-count", "", "%s needs a condition, a question mark and where to go: %s", app.Name, usageLine(app))
		}
	case "execif", "execiftime":
		if name == "execif" && flow.Old(text) {
			k.find(config.Warning, "argument-count", "", "this form is from before there was a question mark; write %s", usageLine(app))
			break
		}
		if _, _, ok := flow.Cut(text, '?'); !ok {
			k.find(config.Error, "argument-count", "", "%s needs a condition, a question mark and an application: %s", app.Name, usageLine(app))
		}
	case "set":
		name, _, ok := flow.Cut(text, '=')
		if !ok {
			k.find(config.Warning, "argument-count", "", "Set needs name=value")
		}
		if function, _, ok := strings.Cut(strings.TrimSpace(name), "("); ok && !dynamic(function) {
			if f := k.function(function); f != nil && f.Write == nil {
				k.findAt(function, config.Error, "wrong-direction", "", "%s can only be read", function)
			}
		}
	}
}

// times checks those of GotoIfTime and ExecIfTime. Times with a variable are passed over.
func (k *planCheck) times(text string) {
	times, _, _ := strings.Cut(text, "?")
	if dynamic(times) {
		return
	}
	_, complaints := dialplan.ParseTiming(times)
	for _, c := range complaints {
		k.findAt(times, config.Warning, "bad-time", "a blank before or behind a value is part of it", "%s", c)
	}
}

// places checks where a step leads.
func (k *planCheck) places() {
	for _, e := range k.flow.Edges(k.step) {
		if k.contextOf(e.Place) && !e.Place.Implied && e.Kind != flow.Mention {
			k.place(e.Place)
		}
	}
}

// contextOf checks the context of a place. It reports whether there is one in which
// to look further.
func (k *planCheck) contextOf(l flow.Place) bool {
	name, known := l.Context.Known()
	switch {
	case l.Context == nil:
		return true
	case known:
		k.reached[name] = true
		if _, ok := k.plan.Context(name); ok {
			return true
		}
		if k.conf.contextComes(name) {
			return false
		}
		k.findAt(name, config.Error, "unknown-context", k.nearContext(name), "there is no context %s", name)
		return false
	case l.Context.Open():
		k.open = true
		return false
	}
	there := false
	for _, c := range k.plan.Contexts() {
		if l.Context.CouldEqual(c.Name) {
			k.reached[c.Name], there = true, true
		}
	}
	if !there {
		k.findAt(l.Text, config.Error, "unknown-context", "", "no context could be that of %s", l.Text)
	}
	return there
}

// place checks that a place could be there, in one of the contexts that the call
// may be in.
func (k *planCheck) place(l flow.Place) {
	if l.Context == nil && l.Exten == nil && l.Priority == "" && l.Offset == 0 {
		return // a label that a call decides
	}
	if bar := strings.IndexByte(l.Text, '|'); bar >= 0 {
		k.findAt(l.Text[bar:], config.Warning, "old-arguments", "commas do", "bars do not divide the parts of a place: %s is one part", l.Text)
	}
	for _, at := range k.flow.Runs(k.step) {
		if len(k.flow.Resolve(l, at)) > 0 || k.flow.Elsewhere(at.In) {
			return
		}
	}
	if name, ok := l.Context.Known(); ok && l.Context != nil {
		if c, there := k.plan.Context(name); there && k.flow.Elsewhere(c) {
			return
		}
	}
	exten, fixed := l.Exten.Known()
	switch {
	case l.Offset != 0:
		k.findAt(l.Text, config.Error, "unknown-place", "", "extension %s has no priority %d", k.exten.Name, k.step.Number+l.Offset)
	case l.Exten == nil && l.Context == nil:
		what, names := "priority", []string(nil)
		if _, err := strconv.Atoi(l.Priority); err != nil {
			what = "label"
			for _, p := range k.exten.Priorities {
				names = append(names, p.Label)
			}
		}
		k.findAt(l.Text, config.Error, "unknown-place", didYouMean(l.Priority, names), "extension %s has no %s %s", k.exten.Name, what, l.Priority)
	default:
		context := k.context.Name
		if name, ok := l.Context.Known(); ok && l.Context != nil {
			context = name
		}
		hint := ""
		if fixed {
			hint = didYouMean(exten, k.extensions(context))
		} else {
			exten, _, _ = strings.Cut(strings.TrimPrefix(l.Text, context+","), ",")
		}
		if fixed || l.Exten == nil {
			k.findAt(l.Text, config.Error, "unknown-place", hint, "there is no %s,%s,%s", context, exten, l.Priority)
		} else {
			k.findAt(l.Text, config.Error, "unknown-place", hint, "no extension of context %s with a priority %s could be %s", context, l.Priority, exten)
		}
	}
}

// extensions are the names in a context that a caller or Goto may mean.
func (k *planCheck) extensions(context string) (names []string) {
	if c, ok := k.plan.Context(context); ok {
		for _, e := range c.Extensions() {
			names = append(names, e.Name)
		}
	}
	return names
}

// didYouMean is a hint at the nearest name.
func didYouMean(name string, names []string) string {
	if near := config.Nearest(name, names); near != "" {
		return "did you mean " + near + "?"
	}
	return ""
}

// functions checks the functions in a text.
func (k *planCheck) functions(text string) {
	for _, r := range dialplan.References(text) {
		if r.Function && !dynamic(r.Name) {
			if f := k.function(r.Name); f != nil {
				k.read(f, r.Args)
			}
		}
		k.functions(r.Inner)
	}
}

// function finds a function, and says so where it is not there.
func (k *planCheck) function(name string) *channel.Function {
	if f, ok := k.catalog.Function(name); ok {
		return f
	}
	k.findAt(name, config.Error, "unknown-function", k.catalog.FunctionHint(name), "there is no function %s", name)
	return nil
}

// read checks a function that is read.
func (k *planCheck) read(f *channel.Function, args string) {
	if f.Read == nil {
		k.findAt(f.Name, config.Error, "wrong-direction", "write Set("+f.Name+"(…)=…)", "%s can only be written", f.Name)
		return
	}
	k.functionArguments(f, args)
	if f.Name == "IF" {
		k.condition(args)
	}
}

// functionArguments checks how many arguments a function is given.
func (k *planCheck) functionArguments(f *channel.Function, args string) {
	need := 0
	for _, a := range f.Args {
		if !a.Optional {
			need++
		}
	}
	if given := len(decl.Split(args, 0)); given < need {
		k.findAt(f.Name, config.Error, "argument-count", "", "%s needs %s: %s", f.Name, plural(need, "argument"), usageText(f.Name, f.Args))
	}
}
