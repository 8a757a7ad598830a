package apps

import (
	"strings"

	"pbx/channel"
	"pbx/decl"
)

func storeDTMF() channel.Application {
	return channel.Application{
		Name:     "StoreDTMF",
		Synopsis: "Keep the keys that are pressed in a variable",
		Help: `From now on each key that the caller presses is added to the variable, whatever the channel does: in a call with somebody too. ` +
			`StoreDTMF(remove) ends that. The keys that the other party presses are those of its own channel: Dial's option b runs a subroutine there.`,
		Args: []decl.Arg{
			{Name: "direction", Help: "RX for what the caller presses, remove for nothing any more."},
			{Name: "variable_name", Help: "The variable; what it held is gone.", Optional: true, Target: decl.VarName},
		},
		SeeAlso: []string{"Read", "SendDTMF"},
		Run: func(t channel.Thread, args *decl.Args) error {
			ch := t.Channel()
			switch direction := strings.ToLower(args.Arg(0)); {
			case direction == "remove":
				ch.KeepDigits("")
			case !args.Has(1):
				warn(t, "StoreDTMF requires an argument (direction,variable_name)")
			case direction == "rx":
				ch.SetVar(args.Arg(1), channel.Value{})
				ch.KeepDigits(args.Arg(1))
			case direction == "tx":
				warn(t, "StoreDTMF: TX: what the other party presses goes to the phone as it is; use it on the other party's channel")
			default:
				warn(t, "StoreDTMF: '%s' is not RX, TX or remove", args.Arg(0))
			}
			return nil
		},
	}
}
