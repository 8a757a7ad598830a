package apps

import (
	"pbx/apps/field"
	"pbx/channel"
	"pbx/decl"
)

func execIf() channel.Application {
	return channel.Application{
		Name:     "ExecIf",
		Synopsis: "Run one of two applications",
		Help:     `Runs the first application when the condition is true and the second, if there is one, when it is not. The rules for conditions are those of GotoIf. The form from before there was a question mark, ExecIf(condition,application,arguments), runs with a warning.`,
		Args: []decl.Arg{
			{Name: "condition?application(arguments):application(arguments)", Help: "A colon inside parentheses does not divide."},
		},
		SeeAlso: []string{"GotoIf", "ExecIfTime"},
		Raw:     true,
		Run: func(t channel.Thread, args *decl.Args) error {
			text := field.Of(args)
			i := field.Index(text, ",?")
			if i < 0 {
				warn(t, "ExecIf requires an argument: <expr>?<appiftrue>[(<args>)][:<appiffalse>[(<args>)]]")
				return nil
			}
			if text.S[i] == ',' {
				return execIfOld(t, text)
			}
			condition, branches, _ := field.Halves(text, '?')
			app, other, _ := field.Halves(branches, ':')
			if !truth(condition.S) {
				app = other
			}
			if app.S == "" {
				return nil
			}
			return execute(t, app)
		},
	}
}

// execIfOld is ExecIf(condition,application,arguments), from before there was a
// question mark.
func execIfOld(t channel.Thread, text channel.Value) error {
	condition, call, _ := field.Halves(text, ',')
	app, args, _ := field.Halves(call, ',')
	warn(t, "Deprecated syntax found. Please upgrade to using ExecIf(<expr>?%s(%s))", app.S, args.S)
	if !truth(condition.S) || app.S == "" {
		return nil
	}
	return t.Exec(field.Trim(app).S, args)
}

// execute runs "application(arguments)".
func execute(t channel.Thread, v channel.Value) error {
	name, text := v, channel.Value{}
	if i := field.Index(v, "("); i >= 0 {
		name, text = v.Slice(0, i), v.Slice(i+1, len(v.S))
		if j := field.LastIndex(text, ')'); j >= 0 {
			text = text.Slice(0, j)
		} else {
			warn(t, "Ending parentheses not found '%s'", v.S)
		}
	}
	return t.Exec(field.Trim(name).S, text)
}
