package apps

import (
	"errors"

	"pbx/apps/field"
	"pbx/channel"
	"pbx/decl"
	"pbx/dialplan"
)

func execIf() channel.Application {
	return channel.Application{
		Name:     "ExecIf",
		Synopsis: "Run one of two applications",
		Help:     `Runs the first application when the condition is true and the second, if there is one, when it is not. An application that is not there ends the call. The rules for conditions are those of GotoIf. The form from before there was a question mark, ExecIf(condition,application,arguments), runs with a warning.`,
		Args: []decl.Arg{
			{Name: "condition?application(arguments):application(arguments)", Help: "A colon inside parentheses does not divide."},
		},
		SeeAlso: []string{"GotoIf", "ExecIfTime"},
		Raw:     true,
		Run: func(t channel.Thread, args *decl.Args) error {
			text := field.Of(args)
			if i := field.Index(text, ",?"); i < 0 || text.S[i] == ',' {
				return execIfOld(t, text)
			}
			condition, branches, _ := field.Halves(text, '?')
			if branches.S == "" {
				t.Log().Error("Usage: ExecIf(<expr>?<appiftrue>(<args>)[:<appiffalse>(<args)])")
				return channel.ErrHangup
			}
			app, other, _ := field.Halves(branches, ':')
			if !truth(condition.S) {
				if app = other; app.S == "" {
					return nil
				}
			}
			return execute(t, app)
		},
	}
}

// execIfOld is ExecIf(condition,application,arguments), from before there was a
// question mark.
func execIfOld(t channel.Thread, text channel.Value) error {
	parts := append(field.Split(text, ',', 3), make([]channel.Value, 3)...)
	condition, app, args := parts[0], parts[1], parts[2]
	warn(t, "Deprecated syntax found. Please upgrade to using ExecIf(<expr>?%s(%s))", app.S, args.S)
	if !truth(condition.S) {
		return nil
	}
	return call(t, app.S, args)
}

// execute runs "application(arguments)". An application that is not there ends the
// call.
func execute(t channel.Thread, v channel.Value) error {
	name, text := application(t, v)
	return call(t, name, text)
}

func call(t channel.Thread, app string, args channel.Value) error {
	err := t.Exec(app, args)
	if errors.Is(err, dialplan.ErrNoApplication) {
		warn(t, "Could not find application (%s)", app)
		return channel.ErrHangup
	}
	return err
}

// application divides "application(arguments)".
func application(t channel.Thread, v channel.Value) (name string, args channel.Value) {
	i := field.Index(v, "(")
	if i < 0 {
		return v.S, args
	}
	args = v.Slice(i+1, len(v.S))
	if j := field.LastIndex(args, ')'); j >= 0 {
		args = args.Slice(0, j)
	} else {
		warn(t, "Ending parentheses not found '%s'", v.S)
	}
	return v.S[:i], args
}
