package apps

import (
	"pbx/channel"
	"pbx/decl"
)

func echo(s *set) channel.Application {
	return channel.Application{
		Name:     "Echo",
		Synopsis: "Send back what the caller says",
		Help:     `Sends audio and digits back to the caller, to hear how good the line is and how long the way. The key # ends it.`,
		SeeAlso:  []string{"Playback"},
		Wait:     true,
		Run: func(t channel.Thread, _ *decl.Args) error {
			return forgive(t, "Echo", s.player.Echo(t.Channel()))
		},
	}
}
