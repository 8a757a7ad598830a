package apps

import (
	"time"

	"pbx/channel"
	"pbx/decl"
)

// informationTone is the special information tone "vacant number" (ITU-T E.180): machines
// that dial take the number off their list.
const (
	informationTone   = "!950/330,!1400/330,!1800/330,!0"
	informationLength = 3*330*time.Millisecond + time.Second
)

func zapateller(s *set) channel.Application {
	return channel.Application{
		Name:     "Zapateller",
		Synopsis: "Play the tones of a number that is not in service",
		Help:     `Plays the three tones that come before "the number you have dialled", at which many machines that call people give up, and a second of silence.`,
		Args: []decl.Arg{
			{Name: "options", Help: "answer: answer the call before; nocallerid: only for callers without a number. Several with & between them.", Optional: true},
		},
		Variables: []decl.Variable{
			{Name: "ZAPATELLERSTATUS", Help: "What was done; ANSWERED is a call that was answered and ended before the tones did.", Values: []string{"NOTHING", "ANSWERED", "ZAPPED"}},
		},
		SeeAlso: []string{"PrivacyManager"},
		Raw:     true,
		Wait:    true,
		Run: func(t channel.Thread, args *decl.Args) error {
			ch := t.Channel()
			status := func(text string) { ch.SetVar("ZAPATELLERSTATUS", channel.Clean(text)) }
			what := readWords(channel.Clean(args.Raw))
			status("NOTHING")
			if what.has("nocallerid") && ch.Identity().Caller.HasNumber && ch.Identity().Caller.Number != "" {
				return nil
			}
			if what.has("answer") && ch.State() != channel.Up {
				if err := ch.Answer(); err != nil {
					return err
				}
				status("ANSWERED")
			}
			if err := s.player.StartTone(ch, informationTone, ""); err != nil {
				return forgive(t, "Zapateller", err)
			}
			defer s.player.StopTone(ch)
			if err := ch.Sleep(informationLength); err != nil {
				return err
			}
			status("ZAPPED")
			return nil
		},
	}
}
