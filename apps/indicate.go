package apps

import (
	"pbx/channel"
	"pbx/decl"
)

func ringing(s *set) channel.Application {
	return channel.Application{
		Name:     "Ringing",
		Synopsis: "Let the caller hear ringing",
		Help:     `Tells the caller's phone that it rings here (180). A caller who was answered hears the ringing tone. The next priority follows at once.`,
		SeeAlso:  []string{"Progress", "Proceeding", "Busy", "Congestion"},
		Run: func(t channel.Thread, _ *decl.Args) error {
			return forgive(t, "Ringing", s.player.Indicate(t.Channel(), channel.ControlRinging))
		},
	}
}

func progress() channel.Application {
	return channel.Application{
		Name:     "Progress",
		Synopsis: "Open the audio before the answer",
		Help:     `Offers audio to a caller who was not answered (183), so that prompts can be heard without the call being charged.`,
		SeeAlso:  []string{"Ringing", "Proceeding", "Playback"},
		Run: func(t channel.Thread, _ *decl.Args) error {
			return forgive(t, "Progress", t.Channel().Leg().Indicate(channel.ControlProgress))
		},
	}
}

func proceeding() channel.Application {
	return channel.Application{
		Name:     "Proceeding",
		Synopsis: "Tell the caller that the call is on its way",
		Help:     `Tells the caller's phone that something is being done, so that it does not give up.`,
		SeeAlso:  []string{"Ringing", "Progress"},
		Run: func(t channel.Thread, _ *decl.Args) error {
			return forgive(t, "Proceeding", t.Channel().Leg().Indicate(channel.ControlProceeding))
		},
	}
}
