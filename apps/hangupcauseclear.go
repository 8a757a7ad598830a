package apps

import (
	"pbx/channel"
	"pbx/decl"
)

func hangupCauseClear() channel.Application {
	return channel.Application{
		Name:     "HangupCauseClear",
		Synopsis: "Forget how dialled devices ended",
		Help:     `Forgets what HANGUPCAUSE() tells of the devices that were dialled so far.`,
		SeeAlso:  []string{"Dial", "Hangup"},
		Run: func(t channel.Thread, _ *decl.Args) error {
			t.Channel().ClearLegCauses()
			return nil
		},
	}
}
