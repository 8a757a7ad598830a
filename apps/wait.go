package apps

import (
	"pbx/channel"
	"pbx/decl"
)

func wait() channel.Application {
	return channel.Application{
		Name:     "Wait",
		Synopsis: "Wait for some time",
		Help:     `Waits, then goes on with the next priority. Keys that are pressed meanwhile are dropped.`,
		Args: []decl.Arg{
			{Name: "seconds", Help: "How long, with a fraction if wished; one of the units h, m, s and ms may follow."},
		},
		SeeAlso: []string{"WaitExten"},
		Wait:    true,
		Run: func(t channel.Thread, args *decl.Args) error {
			d, ok := duration(args.Arg(0))
			if !ok && args.Has(0) {
				warn(t, "Wait: '%s' is not a time", args.Arg(0))
			}
			if d == 0 {
				return nil
			}
			return t.Channel().Sleep(d)
		},
	}
}
