package apps

import (
	"time"

	"pbx/channel"
	"pbx/decl"
)

func milliwatt(s *set) channel.Application {
	letters := []decl.Option{
		{Letter: 'm', Help: "Ten seconds of tone and one of silence in turn, as the test lines of the network have it."},
		{Letter: 'o', Help: "1000 Hz instead of 1004."},
	}
	return channel.Application{
		Name:     "Milliwatt",
		Synopsis: "Play the test tone",
		Help:     `Answers and plays a tone of 1004 Hz until the caller hangs up, to measure a line with.`,
		Args:     []decl.Arg{{Name: "options", Help: "Letters, see below.", Optional: true, Options: true}},
		Options:  letters,
		SeeAlso:  []string{"Echo", "PlayTones"},
		Wait:     true,
		Run: func(t channel.Thread, args *decl.Args) error {
			options(t, "Milliwatt", args, args.Arg(0), letters)
			if err := t.Channel().Answer(); err != nil {
				return err
			}
			tone := "1004"
			if given(args, 'o') {
				tone = "1000"
			}
			if given(args, 'm') {
				tone += "/10000,0/1000"
			}
			if err := s.player.StartTone(t.Channel(), tone, ""); err != nil {
				return forgive(t, "Milliwatt", err)
			}
			defer s.player.StopTone(t.Channel())
			for {
				if err := t.Channel().Sleep(time.Hour); err != nil {
					return err
				}
			}
		},
	}
}
