package apps

import (
	"context"

	"pbx/channel"
	"pbx/decl"
	"pbx/event"
)

// maxVerbose is the highest class of verbose message.
const maxVerbose = 10

func verbose() channel.Application {
	return channel.Application{
		Name:     "Verbose",
		Synopsis: "Show a text to those who watch the exchange",
		Help:     `Shows the message on consoles, and in log files, that show verbose messages of its level.`,
		Args: []decl.Arg{
			{Name: "level", Help: "0 to 10; 0, the default, is always shown. A message alone needs none.", Optional: true},
			{Name: "message", Help: "The text, commas included."},
		},
		SeeAlso: []string{"Log", "NoOp"},
		Run: func(t channel.Thread, args *decl.Args) error {
			if args.Raw == "" {
				return nil
			}
			level, message := 0, args.Arg(0)
			if len(args.Pos) > 1 {
				n, ok := leadingNumber(args.Arg(0))
				if !ok {
					warn(t, "'%s' is not a level of verbose messages", args.Arg(0))
				}
				if n < 0 { // read without a sign, it is a big one
					n = maxVerbose
				}
				level, message = int(min(n, maxVerbose)), args.Arg(1)
			}
			t.Log().Log(context.Background(), event.LevelVerbose(level), message)
			return nil
		},
	}
}
