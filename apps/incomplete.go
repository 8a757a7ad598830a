package apps

import (
	"pbx/channel"
	"pbx/decl"
)

func incomplete() channel.Application {
	letters := []decl.Option{{Letter: 'n', Help: "Do not answer."}}
	return channel.Application{
		Name:     "Incomplete",
		Synopsis: "Ask for more digits",
		Help: `Says that the number dialled so far is too short and takes more digits, until they make an extension of the context. ` +
			`The call is answered for that, because many phones send digits only then.`,
		Args: []decl.Arg{
			{Name: "options", Help: "The letter n leaves the call unanswered: the phone itself is asked for a longer number.", Optional: true, Options: true},
		},
		Options: letters,
		SeeAlso: []string{"WaitExten"},
		Wait:    true,
		Run: func(t channel.Thread, args *decl.Args) error {
			ch := t.Channel()
			if ch.HungUp() {
				return channel.ErrHangup
			}
			options(t, "Incomplete", args, args.Arg(0), letters)
			if _, err := pickUp(ch, false, given(args, 'n')); err != nil {
				return err
			}
			if ch.State() != channel.Up {
				ch.SetCause(channel.CauseInvalidNumberFormat, "")
			}
			if err := forgive(t, "Incomplete", ch.Leg().Indicate(channel.ControlIncomplete)); err != nil {
				return err
			}
			return channel.ErrIncomplete
		},
	}
}
