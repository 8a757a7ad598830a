package flow

import (
	"strings"

	"pbx/channel"
	"pbx/decl"
	"pbx/dialplan"
)

// Variables are the variables of a plan.
type Variables struct {
	// Set are the steps that set a variable, by its name.
	Set map[string][]*dialplan.Priority
	// Made are the names that a call makes, such as that of Set(${X}_STATE=1).
	Made []dialplan.Shape
	// Reads are the places where one is read.
	Reads []Read
	// Open says that a program (AGI, Lua) runs that may set any.
	Open bool
}

// Read is a variable that is read at a step.
type Read struct {
	Name string
	Step *dialplan.Priority
	// Hint says that it is the hint of the extension that reads it.
	Hint bool
}

// IsSet reports whether something may set a variable.
func (v *Variables) IsSet(name string) bool {
	if _, ok := v.Set[name]; ok {
		return true
	}
	for _, m := range v.Made {
		if m.CouldEqual(name) {
			return true
		}
	}
	return false
}

// opener are the applications that run a program which may set variables.
func opener(name string) bool {
	switch strings.ToLower(name) {
	case "agi", "eagi", "deadagi", "fastagi", "externalivr", "stasis", "jack":
		return true
	}
	return false
}

func (f *Flow) variables() Variables {
	v := Variables{Set: make(map[string][]*dialplan.Priority)}
	f.Steps(func(p *dialplan.Priority) {
		for _, c := range f.Calls(p) {
			v.Open = v.Open || opener(c.Name)
			f.assigned(&v, p, &c)
		}
		f.reads(&v, p, p.App, false)
		f.reads(&v, p, p.Args, false)
	})
	for _, c := range f.plan.Contexts() {
		for _, s := range c.Switches {
			v.Open = v.Open || strings.EqualFold(s.Name, "Lua")
		}
		for _, e := range c.Extensions() {
			if e.Hint != nil {
				f.reads(&v, e.Hint, e.Hint.App, true)
			}
		}
	}
	return v
}

// set notes that a step sets a variable.
func (v *Variables) set(p *dialplan.Priority, name string) {
	name = strings.TrimSpace(name)
	if Dynamic(name) {
		v.Made = append(v.Made, dialplan.ShapeOf(strings.TrimLeft(name, "_"), nil))
		return
	}
	if len(name) > 2 && name[:2] == "__" {
		name = name[2:]
	} else if len(name) > 1 && name[0] == '_' {
		name = name[1:]
	}
	if name != "" {
		v.Set[name] = append(v.Set[name], p)
	}
}

// assigned finds the variables that an application sets.
func (f *Flow) assigned(v *Variables, p *dialplan.Priority, c *Call) {
	switch strings.ToLower(c.Name) {
	case "set":
		f.assignment(v, p, c.Args)
		return
	case "mset":
		for _, a := range Split(c.Args, ',') {
			f.assignment(v, p, a)
		}
		return
	case "importvar":
		name, _, _ := strings.Cut(c.Args, "=")
		v.set(p, name)
		return
	}
	if c.App == nil {
		return
	}
	for _, x := range c.App.Variables {
		v.set(p, x.Name)
	}
	v.named(p, c.App.Args, c.Args)
}

// named notes the variables that arguments name.
func (v *Variables) named(p *dialplan.Priority, decls []decl.Arg, args string) {
	for i, a := range Split(args, ',') {
		if len(decls) == 0 {
			return
		}
		if decls[min(i, len(decls)-1)].Target == decl.VarName {
			v.set(p, a)
		}
	}
}

// assignment is name=value of Set.
func (f *Flow) assignment(v *Variables, p *dialplan.Priority, text string) {
	name, _, _ := Cut(text, '=')
	name = strings.TrimSpace(name)
	function, args, called := strings.Cut(name, "(")
	if !called {
		v.set(p, name)
		return
	}
	args = strings.TrimSuffix(args, ")")
	switch function {
	case "GLOBAL", "LOCAL", "SHARED", "MASTER_CHANNEL", "HASH":
		v.set(p, argument(args, 0))
	case "ARRAY":
		for _, n := range Split(args, ',') {
			v.set(p, n)
		}
	default:
		if fn := f.function(function); fn != nil {
			v.named(p, fn.Args, args)
		}
	}
}

func (f *Flow) function(name string) *channel.Function {
	fn, _ := f.catalog.Function(name)
	return fn
}

// reads notes the variables that a text reads, and those that its functions set.
func (f *Flow) reads(v *Variables, p *dialplan.Priority, text string, hint bool) {
	for _, r := range dialplan.References(text) {
		switch {
		case r.Expression:
		case r.Function:
			switch r.Name {
			case "SET":
				f.assignment(v, p, r.Args)
			case "GLOBAL":
				if !Dynamic(r.Args) {
					v.Reads = append(v.Reads, Read{r.Args, p, hint})
				}
			default:
				if fn := f.function(r.Name); fn != nil {
					v.named(p, fn.Args, r.Args) // INC, SHIFT and their kin write what they name
				}
			}
		case !Dynamic(r.Name):
			v.Reads = append(v.Reads, Read{r.Name, p, hint})
		}
		f.reads(v, p, r.Inner, hint)
	}
}
