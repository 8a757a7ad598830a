package apps

import (
	"pbx/channel"
	"pbx/decl"
)

func playTones(s *set) channel.Application {
	return channel.Application{
		Name:     "PlayTones",
		Synopsis: "Start a tone",
		Help:     `Starts a tone of the country and goes on with the next priority at once. The tone plays until StopPlayTones, a sound, or the end of the call.`,
		Args: []decl.Arg{
			{Name: "tone", Help: "A name of indications.conf such as dial, busy, congestion or ring, or a list such as 425/480,0/480."},
		},
		SeeAlso: []string{"StopPlayTones", "Busy"},
		Raw:     true, // a list has commas
		Run: func(t channel.Thread, args *decl.Args) error {
			if args.Raw == "" {
				warn(t, "PlayTones requires an argument")
				return nil
			}
			return forgive(t, "PlayTones", s.player.StartTone(t.Channel(), args.Raw, ""))
		},
	}
}

func stopPlayTones(s *set) channel.Application {
	return channel.Application{
		Name:     "StopPlayTones",
		Synopsis: "Stop a tone",
		Help:     `Stops the tone that PlayTones started.`,
		SeeAlso:  []string{"PlayTones"},
		Run: func(t channel.Thread, _ *decl.Args) error {
			s.player.StopTone(t.Channel())
			return nil
		},
	}
}
