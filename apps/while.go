package apps

import (
	"strings"

	"pbx/channel"
	"pbx/decl"
	"pbx/dialplan"
)

// The loop is what stands in the plan: the steps between While and the EndWhile
// that belongs to it. No state is kept, so a Goto may leave or enter one.

func while() channel.Application {
	return channel.Application{
		Name:     "While",
		Synopsis: "Begin a loop",
		Help:     `Runs the priorities up to the EndWhile that belongs to it as long as the condition is true. The rules for conditions are those of GotoIf.`,
		Args:     []decl.Arg{{Name: "condition", Help: "Usually an expression; it is looked at before each round."}},
		SeeAlso:  []string{"EndWhile", "ExitWhile", "ContinueWhile"},
		Raw:      true,
		Run: func(t channel.Thread, args *decl.Args) error {
			if args.Raw == "" {
				warn(t, "While requires a condition")
			}
			if truth(args.Raw) {
				return nil
			}
			return leaveLoop(t, "While")
		},
	}
}

func endWhile() channel.Application {
	return channel.Application{
		Name:     "EndWhile",
		Synopsis: "End a loop",
		Help:     `Goes back to the While that belongs to it.`,
		SeeAlso:  []string{"While", "ExitWhile", "ContinueWhile"},
		Run: func(t channel.Thread, _ *decl.Args) error {
			return nextRound(t, "EndWhile")
		},
	}
}

func exitWhile() channel.Application {
	return channel.Application{
		Name:     "ExitWhile",
		Synopsis: "Leave a loop",
		Help:     `Goes on after the EndWhile of the innermost loop.`,
		SeeAlso:  []string{"While", "EndWhile", "ContinueWhile"},
		Run: func(t channel.Thread, _ *decl.Args) error {
			return leaveLoop(t, "ExitWhile")
		},
	}
}

func continueWhile() channel.Application {
	return channel.Application{
		Name:     "ContinueWhile",
		Synopsis: "Begin the next round of a loop",
		Help:     `Goes back to the While of the innermost loop.`,
		SeeAlso:  []string{"While", "EndWhile", "ExitWhile"},
		Run: func(t channel.Thread, _ *decl.Args) error {
			return nextRound(t, "ContinueWhile")
		},
	}
}

func leaveLoop(t channel.Thread, app string) error {
	at := t.Location()
	n, ok := bracket(t, at, +1)
	if !ok {
		warn(t, "%s: couldn't find matching EndWhile? (%s,%s,%d)", app, at.Context, at.Exten, at.Priority)
		return nil
	}
	at.Priority = n + 1
	t.GotoLocation(at)
	return nil
}

func nextRound(t channel.Thread, app string) error {
	at := t.Location()
	n, ok := bracket(t, at, -1)
	if !ok {
		warn(t, "%s: no While before it (%s,%s,%d)", app, at.Context, at.Exten, at.Priority)
		return nil
	}
	at.Priority = n
	t.GotoLocation(at)
	return nil
}

// bracket finds the EndWhile after a place, or the While before it, that is not
// that of a loop in between.
func bracket(t channel.Thread, at channel.Location, step int) (priority int, ok bool) {
	wanted, other := "EndWhile", "While"
	if step < 0 {
		wanted, other = other, wanted
	}
	depth := 0
	scan(t, at, step, func(p *dialplan.Priority) bool {
		switch {
		case strings.EqualFold(p.App, other):
			depth++
		case !strings.EqualFold(p.App, wanted):
		case depth == 0:
			priority, ok = p.Number, true
		default:
			depth--
		}
		return ok
	})
	return priority, ok
}

// scan hands the priorities after a place, or those before it when step is
// negative, to f until it is done or there are no more.
func scan(t channel.Thread, at channel.Location, step int, f func(p *dialplan.Priority) (done bool)) {
	planner, ok := t.(interface{ Plan() *dialplan.Plan })
	if !ok {
		return
	}
	caller, now := t.Channel().Identity().Caller.Number, t.Channel().Registry().Now()
	for n := at.Priority + step; n > 0; n += step {
		p, _ := planner.Plan().Find(at.Context, at.Exten, n, caller, now)
		if p == nil || f(p) {
			return
		}
	}
}
