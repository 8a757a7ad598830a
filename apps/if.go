package apps

import (
	"strings"

	"pbx/channel"
	"pbx/decl"
	"pbx/dialplan"
)

// A block is what stands in the plan, as with While: If, any number of ElseIf, an
// Else, EndIf. Who comes to an ElseIf or Else from the line before it has run a
// branch, and goes on after the EndIf.

func ifApp() channel.Application {
	return channel.Application{
		Name:     "If",
		Synopsis: "Begin a block that runs when a condition is true",
		Help:     `Runs the priorities up to the ElseIf, Else or EndIf that belongs to it when the condition is true, and what follows them otherwise. The rules for conditions are those of GotoIf.`,
		Args:     []decl.Arg{{Name: "condition", Help: "Usually an expression."}},
		SeeAlso:  []string{"ElseIf", "Else", "EndIf", "ExitIf", "GotoIf"},
		Raw:      true,
		Run: func(t channel.Thread, args *decl.Args) error {
			if args.Raw == "" {
				warn(t, "If requires a condition")
			}
			if truth(args.Raw) {
				return nil
			}
			return leaveBlock(t, "If", true)
		},
	}
}

func elseIf() channel.Application {
	return channel.Application{
		Name:     "ElseIf",
		Synopsis: "Begin another branch of a block",
		Help:     `Its priorities run when no branch before it did and the condition is true.`,
		Args:     []decl.Arg{{Name: "condition", Help: "Usually an expression; it is looked at when the branches before were not taken."}},
		SeeAlso:  []string{"If", "Else", "EndIf"},
		Raw:      true,
		Run:      func(t channel.Thread, _ *decl.Args) error { return leaveBlock(t, "ElseIf", false) },
	}
}

func elseApp() channel.Application {
	return channel.Application{
		Name:     "Else",
		Synopsis: "Begin the last branch of a block",
		Help:     `Its priorities run when no branch before it did.`,
		SeeAlso:  []string{"If", "ElseIf", "EndIf"},
		Run:      func(t channel.Thread, _ *decl.Args) error { return leaveBlock(t, "Else", false) },
	}
}

func endIf() channel.Application {
	return channel.Application{
		Name:     "EndIf",
		Synopsis: "End a block",
		Help:     `The end of what If began.`,
		SeeAlso:  []string{"If", "ElseIf", "Else", "ExitIf"},
		Run:      func(channel.Thread, *decl.Args) error { return nil },
	}
}

func exitIf() channel.Application {
	return channel.Application{
		Name:     "ExitIf",
		Synopsis: "Leave a block",
		Help:     `Goes on after the EndIf of the innermost block.`,
		SeeAlso:  []string{"If", "EndIf"},
		Run:      func(t channel.Thread, _ *decl.Args) error { return leaveBlock(t, "ExitIf", false) },
	}
}

// leaveBlock goes on after the EndIf of the block that a place is in. With
// branches the first ElseIf that is true, or Else, is where it goes on instead.
func leaveBlock(t channel.Thread, app string, branches bool) error {
	at := t.Location()
	depth, found := 0, false
	scan(t, at, +1, func(p *dialplan.Priority) bool {
		name := strings.ToLower(p.App)
		switch {
		case name == "if":
			depth++
		case name == "endif" && depth > 0:
			depth--
		case depth > 0:
		case name == "endif":
			found = true
		case branches && name == "else":
			found = true
		case branches && name == "elseif":
			found = truth(t.Expand(p.Args).S)
		}
		if found {
			at.Priority = p.Number + 1
		}
		return found
	})
	if !found {
		warn(t, "%s: couldn't find matching EndIf? (%s,%s,%d)", app, at.Context, at.Exten, at.Priority)
		return nil
	}
	t.GotoLocation(at)
	return nil
}
