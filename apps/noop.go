package apps

import (
	"pbx/channel"
	"pbx/decl"
)

func noop() channel.Application {
	return channel.Application{
		Name:     "NoOp",
		Synopsis: "Do nothing",
		Help:     `Does nothing. Its text shows in the trace of the dialplan with all variables filled in, which is what it is for.`,
		Args:     []decl.Arg{{Name: "text", Help: "Anything.", Optional: true}},
		SeeAlso:  []string{"Verbose", "Log"},
		Raw:      true,
		Run:      func(channel.Thread, *decl.Args) error { return nil },
	}
}
