package apps

import (
	"strings"

	"pbx/apps/field"
	"pbx/channel"
	"pbx/decl"
)

var subroutineVariables = []decl.Variable{
	{Name: "ARG1", Help: "The first argument, ARG2 the second and so on, as they were written."},
	{Name: "ARGC", Help: "The number of arguments."},
	{Name: "GOSUB_RETVAL", Help: "What Return gave back."},
}

func gosub() channel.Application {
	return channel.Application{
		Name:     "Gosub",
		Synopsis: "Run a subroutine of the dialplan",
		Help:     `Goes on at the place and comes back to the next priority when Return is run there. The arguments are ARG1, ARG2 … of the subroutine; those of the caller are back after it.`,
		Args: []decl.Arg{
			{Name: "place(arg1,arg2...)", Help: whereTo + " Arguments follow in parentheses.", Target: decl.Location},
		},
		Variables: subroutineVariables,
		SeeAlso:   []string{"GosubIf", "Return", "StackPop", "Goto"},
		Raw:       true,
		Run: func(t channel.Thread, args *decl.Args) error {
			if args.Raw == "" {
				t.Log().Error("Gosub requires an argument: Gosub([[context,]exten,]priority[(arg1[,...][,argN])])")
				return channel.ErrHangup
			}
			return enter(t, field.Of(args))
		},
	}
}

func gosubIf() channel.Application {
	return channel.Application{
		Name:     "GosubIf",
		Synopsis: "Run one of two subroutines",
		Help:     `Runs the first subroutine when the condition is true and the second when it is not; one that is left out is the next priority. The rules for conditions are those of GotoIf.`,
		Args: []decl.Arg{
			{Name: "condition?place(args):place(args)", Help: "A colon inside parentheses does not divide.", Target: decl.Location},
		},
		Variables: subroutineVariables,
		SeeAlso:   []string{"Gosub", "GotoIf", "Return"},
		Raw:       true,
		Run: func(t channel.Thread, args *decl.Args) error {
			condition, branches, ok := field.Halves(field.Of(args), '?')
			if !ok {
				warn(t, "GosubIf requires an argument: GosubIf(cond?label1(args):label2(args)")
				return nil
			}
			place, other, _ := field.Halves(branches, ':')
			if !truth(condition.S) {
				place = other
			}
			if place.S == "" {
				return nil
			}
			return enter(t, place)
		},
	}
}

// aelMacro is the extension that a macro of extensions.ael runs.
const aelMacro = "~~s~~"

func aelSub() channel.Application {
	return channel.Application{
		Name:     "AELSub",
		Synopsis: "Run a macro of extensions.ael",
		Help:     `Runs the macro with the arguments and goes on at the next priority, as &name(arguments) does in extensions.ael.`,
		Args: []decl.Arg{
			{Name: "routine", Help: "The name of the macro."},
			{Name: "args", Help: "What its parameters are.", Optional: true, Repeat: true},
		},
		Variables: subroutineVariables,
		SeeAlso:   []string{"Gosub", "Return"},
		Raw:       true,
		Run: func(t channel.Thread, args *decl.Args) error {
			name, rest, _ := field.Halves(field.Of(args), ',')
			if err := t.Call(strings.TrimSpace(name.S)+","+aelMacro+",1", field.SplitRaw(rest, ',')); err != nil {
				t.Log().Error("AELSub: " + err.Error())
				return channel.ErrHangup
			}
			return nil
		},
	}
}

// enter runs the subroutine "place(arguments)".
func enter(t channel.Thread, v channel.Value) error {
	place, args := v, []channel.Value(nil)
	if i := field.Index(v, "("); i >= 0 {
		text := v.Slice(i+1, len(v.S))
		place = v.Slice(0, i)
		if j := field.LastIndex(text, ')'); j >= 0 {
			text = text.Slice(0, j)
		} else {
			warn(t, "Gosub: no closing parenthesis in '%s'", v.S)
		}
		args = field.SplitRaw(text, ',')
	}
	if err := t.Call(place.S, args); err != nil {
		t.Log().Error("Gosub: " + err.Error())
		return channel.ErrHangup
	}
	return nil
}

func returnApp() channel.Application {
	return channel.Application{
		Name:      "Return",
		Synopsis:  "Come back from a subroutine",
		Help:      `Goes on after the Gosub that began the subroutine. Without one the call ends.`,
		Args:      []decl.Arg{{Name: "value", Help: "What GOSUB_RETVAL is then.", Optional: true}},
		Variables: subroutineVariables[2:],
		SeeAlso:   []string{"Gosub", "StackPop"},
		Raw:       true,
		Run: func(t channel.Thread, args *decl.Args) error {
			if err := t.Return(field.Of(args)); err != nil {
				t.Log().Error("Return: " + err.Error())
				return channel.ErrHangup
			}
			return nil
		},
	}
}

func stackPop() channel.Application {
	return channel.Application{
		Name:     "StackPop",
		Synopsis: "Forget the last Gosub",
		Help:     `Removes the last return address without going there, so that the subroutine can be left with Goto.`,
		SeeAlso:  []string{"Gosub", "Return"},
		Run: func(t channel.Thread, _ *decl.Args) error {
			if err := t.Pop(); err != nil {
				warn(t, "StackPop: %v", err)
			}
			return nil
		},
	}
}
