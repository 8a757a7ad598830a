package apps

import (
	"pbx/apps/field"
	"pbx/channel"
	"pbx/decl"
)

const whereTo = "[[context,]extension,]priority, where the priority may be a label. What is left out stays as it is."

func gotoApp() channel.Application {
	return channel.Application{
		Name:     "Goto",
		Synopsis: "Go on at another place of the dialplan",
		Help:     `Goes on at the place. When there is no such extension or priority the call goes to the extension i of the context, with the number in INVALID_EXTEN, or ends.`,
		Args:     []decl.Arg{{Name: "place", Help: whereTo, Target: decl.Location}},
		SeeAlso:  []string{"GotoIf", "GotoIfTime", "Gosub"},
		Raw:      true,
		Run: func(t channel.Thread, args *decl.Args) error {
			if args.Raw == "" {
				warn(t, "Goto requires an argument ([[context,]extension,]priority)")
				return channel.ErrHangup
			}
			return goTo(t, args.Raw)
		},
	}
}

func gotoIf() channel.Application {
	return channel.Application{
		Name:     "GotoIf",
		Synopsis: "Go to one of two places",
		Help: `Goes to the first place when the condition is true and to the second when it is not; a place that is left out is the next priority.

A condition that begins with a number is true when that is not 0; an empty one is false, any other text true.`,
		Args: []decl.Arg{
			{Name: "condition?place:place", Help: "The condition, usually an expression, and the places: " + whereTo, Target: decl.Location},
		},
		SeeAlso: []string{"Goto", "ExecIf", "GosubIf"},
		Raw:     true,
		Run: func(t channel.Thread, args *decl.Args) error {
			if args.Raw == "" {
				warn(t, "GotoIf requires an argument")
				return nil
			}
			condition, branches, _ := field.Cut(field.Of(args), '?')
			yes, no, _ := field.Cut(branches, ':')
			place := no
			if truth(condition.S) {
				place = yes
			}
			if place.S == "" {
				tell(t, 4, "Not taking any branch")
				return nil
			}
			return goTo(t, place.S)
		},
	}
}
