package apps

import (
	"time"

	"pbx/apps/field"
	"pbx/channel"
	"pbx/decl"
	"pbx/dialplan"
)

// Macros are the subroutines of before Gosub: the extension s of a context
// macro-NAME.

var macroVariables = []decl.Variable{
	{Name: "ARG1", Help: "The first argument, ARG2 the second and so on."},
	{Name: "MACRO_EXTEN", Help: "The extension that called the macro; s, where another macro did."},
	{Name: "MACRO_CONTEXT", Help: "Its context."},
	{Name: "MACRO_PRIORITY", Help: "Its priority."},
	{Name: "MACRO_OFFSET", Help: "Set in the macro, how many priorities are left out after it, if the one that follows them is there."},
	{Name: "MACRO_RECURSION", Help: "How many macros may run within each other, 7 unless it is set."},
}

var macroArgs = []decl.Arg{
	{Name: "name", Help: "The macro: the context is macro-name."},
	{Name: "argument", Help: "ARG1, ARG2 …", Optional: true, Repeat: true},
}

const macroHelp = `Runs the extension s of the context macro-NAME until its priorities run out, then goes on with the next priority. ` +
	`A Goto into another context ends the macro. Gosub does the same without the limits of a macro.`

func macro() channel.Application {
	return channel.Application{
		Name:      "Macro",
		Synopsis:  "Run a macro of the dialplan",
		Help:      macroHelp,
		Args:      macroArgs,
		Variables: macroVariables,
		SeeAlso:   []string{"MacroExit", "MacroIf", "MacroExclusive", "Gosub", "Goto"},
		Raw:       true,
		Run: func(t channel.Thread, args *decl.Args) error {
			return runMacro(t, "Macro", field.Of(args))
		},
	}
}

func macroExclusive(s *set) channel.Application {
	return channel.Application{
		Name:      "MacroExclusive",
		Synopsis:  "Run a macro that one call at a time may run",
		Help:      `As Macro; a second call that comes to the same macro waits until the first has left it.`,
		Args:      macroArgs,
		Variables: macroVariables,
		SeeAlso:   []string{"Macro"},
		Raw:       true,
		Wait:      true,
		Run: func(t channel.Thread, args *decl.Args) error {
			name, _, _ := field.Cut(field.Of(args), ',')
			lock := "macro-" + name.S
			for !s.locks.Lock(t.Channel(), lock, time.Second) {
				if t.Channel().HungUp() {
					return channel.ErrHangup
				}
			}
			defer s.locks.Unlock(t.Channel(), lock)
			return runMacro(t, "MacroExclusive", field.Of(args))
		},
	}
}

func macroIf() channel.Application {
	return channel.Application{
		Name:     "MacroIf",
		Synopsis: "Run one of two macros",
		Help:     `Runs the first macro when the condition is true and the second, if there is one, when it is not. The rules for conditions are those of GotoIf.`,
		Args: []decl.Arg{
			{Name: "condition?name,argument:name,argument", Help: "Arguments follow the names after commas."},
		},
		Variables: macroVariables,
		SeeAlso:   []string{"Macro", "GotoIf"},
		Raw:       true,
		Run: func(t channel.Thread, args *decl.Args) error {
			condition, branches, ok := field.Cut(field.Of(args), '?')
			if !ok {
				warn(t, "MacroIf requires an argument: MacroIf(<expr>?macroname_a[,arg1][:macroname_b[,arg1]])")
				return nil
			}
			yes, no, other := field.Cut(branches, ':')
			if !truth(condition.S) {
				if yes = no; !other {
					return nil
				}
			}
			return runMacro(t, "MacroIf", yes)
		},
	}
}

func macroExit() channel.Application {
	return channel.Application{
		Name:     "MacroExit",
		Synopsis: "Leave a macro before its end",
		Help:     `Goes on after the Macro that runs.`,
		SeeAlso:  []string{"Macro"},
		Run: func(channel.Thread, *decl.Args) error {
			return dialplan.ErrMacroExit
		},
	}
}

// maxMacroArgs is how many arguments a macro has at most.
const maxMacroArgs = 79

// runMacro runs "name,argument,argument". Every comma divides, and quotes stay.
func runMacro(t channel.Thread, app string, v channel.Value) error {
	if v.S == "" {
		warn(t, "%s() requires arguments. See \"core show application %s\" for help.", app, app)
		return channel.ErrHangup
	}
	name, rest, more := field.Cut(v, ',')
	if name.S == "" {
		warn(t, "Invalid macro name specified")
		return nil
	}
	var list []channel.Value
	for more && len(list) < maxMacroArgs {
		var arg channel.Value
		arg, rest, more = field.Cut(rest, ',')
		list = append(list, arg)
	}
	return t.Macro(t.Channel(), name.S, list)
}
