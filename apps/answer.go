package apps

import (
	"time"

	"pbx/channel"
	"pbx/decl"
)

func answer() channel.Application {
	return channel.Application{
		Name:     "Answer",
		Synopsis: "Pick up a call that rings here",
		Help:     `Answers the call if that has not been done. On a call that is up it does nothing.`,
		Args: []decl.Arg{
			{Name: "delay", Help: "Milliseconds to wait after the answer, so that nothing that is played next is cut off.", Optional: true},
			{Name: "options", Help: "The letter i is accepted; audio is never waited for.", Optional: true, Options: true},
		},
		Options: []decl.Option{{Letter: 'i', Help: "Do not wait for the first audio."}},
		SeeAlso: []string{"Hangup", "Progress"},
		Run: func(t channel.Thread, args *decl.Args) error {
			ch := t.Channel()
			up := ch.State() == channel.Up
			if err := ch.Answer(); err != nil {
				return err
			}
			if d := wholeNumber(args.Arg(0)); d > 0 && !up {
				return ch.Sleep(time.Duration(d) * time.Millisecond)
			}
			return nil
		},
	}
}
