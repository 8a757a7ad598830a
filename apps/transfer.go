package apps

import (
	"strings"

	"pbx/channel"
	"pbx/decl"
)

func transfer() channel.Application {
	return channel.Application{
		Name:     "Transfer",
		Synopsis: "Ask the caller's phone to call elsewhere",
		Help:     `Sends the caller elsewhere: by a redirection before the call is answered, by a transfer request after it. Whether the phone does it is its own affair.`,
		Args: []decl.Arg{
			{Name: "destination", Help: "A number or an address; Technology/ may stand before it, and another technology than the caller's sends nobody anywhere."},
		},
		Variables: []decl.Variable{
			{Name: "TRANSFERSTATUS", Help: "Whether the phone was asked.", Values: []string{"SUCCESS", "FAILURE", "UNSUPPORTED"}},
		},
		SeeAlso: []string{"Dial"},
		Run: func(t channel.Thread, args *decl.Args) error {
			ch, status := t.Channel(), "SUCCESS"
			dest := args.Arg(0)
			switch tech, rest, ok := strings.Cut(dest, "/"); {
			case dest == "":
				warn(t, "Transfer requires an argument ([Tech/]destination)")
				status = "FAILURE"
			case ok && !strings.EqualFold(tech, ch.Tech().Name()):
				status = "FAILURE"
			case ok:
				dest = rest
			}
			if status == "SUCCESS" {
				if err := ch.Leg().Transfer(dest); err != nil {
					warn(t, "Transfer: %v", err)
					status = "UNSUPPORTED"
				}
			}
			ch.SetVar("TRANSFERSTATUS", channel.Clean(status))
			return nil
		},
	}
}
