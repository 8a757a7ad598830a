package apps

import (
	"strings"

	"pbx/apps/field"
	"pbx/channel"
	"pbx/decl"
)

const inheritance = `A name with one underscore before it is handed to channels that this one dials, with two to theirs as well; the underscores are not part of the name.`

func setVar() channel.Application {
	return channel.Application{
		Name:     "Set",
		Synopsis: "Set a variable or a function",
		Help: `Sets a variable of the channel, or writes a function such as CALLERID(num). Everything after the first = is the value, with its quotes, blanks and commas.

` + inheritance,
		Args: []decl.Arg{
			{Name: "name=value", Help: "The name and its value.", Target: decl.VarName},
		},
		SeeAlso: []string{"MSet"},
		Raw:     true,
		Run: func(t channel.Thread, args *decl.Args) error {
			if args.Raw == "" {
				warn(t, "Set requires one variable name/value pair.")
				return nil
			}
			name, value, ok := field.Cut(field.Of(args), '=')
			return assign(t, name, value, ok, "Set requires an '=' to be a valid assignment.")
		},
	}
}

func mset() channel.Application {
	return channel.Application{
		Name:     "MSet",
		Synopsis: "Set several variables",
		Help: `Sets one variable after the other. Unlike Set it divides its text at commas: a value that holds one stands in quotes, which are removed.

` + inheritance,
		Args: []decl.Arg{
			{Name: "name=value", Help: "A name and its value.", Repeat: true, Target: decl.VarName},
		},
		SeeAlso: []string{"Set"},
		Raw:     true,
		Run: func(t channel.Thread, args *decl.Args) error {
			if args.Raw == "" {
				warn(t, "MSet requires at least one variable name/value pair.")
				return nil
			}
			for _, v := range field.Split(field.Of(args), ',', 0) {
				name, value, ok := field.Halves(v, '=')
				if err := assign(t, name, value, ok, "MSet: ignoring entry '"+v.S+"' with no '='"); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// assign sets a name to a value; where there was no '=' it warns and sets nothing.
func assign(t channel.Thread, name, value channel.Value, ok bool, without string) error {
	if !ok {
		warn(t, "%s", without)
		return nil
	}
	if strings.HasPrefix(name.S, " ") || strings.HasSuffix(name.S, " ") {
		warn(t, "Please avoid unnecessary spaces on variables as it may lead to unexpected results ('%s' set to '%s').", name.S, value.S)
	}
	return forgive(t, "Set", t.SetNamed(name, value))
}
