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
		Help:     `Runs the first application when the condition is true and the second, if there is one, when it is not. The rules for conditions are those of GotoIf.`,
		Args: []decl.Arg{
			{Name: "condition?application(arguments):application(arguments)", Help: "A colon inside parentheses does not divide."},
		},
		SeeAlso: []string{"GotoIf", "ExecIfTime"},
		Raw:     true,
		Run: func(t channel.Thread, args *decl.Args) error {
			parts := field.Split(field.Of(args), '?', 2)
			if len(parts) < 2 {
				warn(t, "ExecIf requires an argument: <expr>?<appiftrue>[(<args>)][:<appiffalse>[(<args>)]]")
				return nil
			}
			apps := field.Split(parts[1], ':', 2)
			which := 1
			if truth(parts[0].S) {
				which = 0
			}
			if which >= len(apps) || apps[which].S == "" {
				return nil
			}
			return execute(t, apps[which])
		},
	}
}

// execute runs "application(arguments)".
func execute(t channel.Thread, v channel.Value) error {
	name, text := v, channel.Value{}
	if i := field.Index(v, "("); i >= 0 {
		name, text = field.Slice(v, 0, i), field.Slice(v, i+1, len(v.S))
		if j := field.LastIndex(text, ')'); j >= 0 {
			text = field.Slice(text, 0, j)
		} else {
			warn(t, "Ending parentheses not found '%s'", v.S)
		}
	}
	return t.Exec(field.Trim(name).S, text)
}
