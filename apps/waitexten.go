package apps

import (
	"pbx/apps/prompt"
	"pbx/channel"
	"pbx/decl"
)

func waitExten(s *set) channel.Application {
	letters := []decl.Option{
		{Letter: 'd', Args: []string{"tone"}, Help: "Play the dial tone, or the tone of that name, until the first digit."},
		{Letter: 'm', Args: []string{"class"}, Help: "Play hold music meanwhile.", Absent: "hold music is not there yet"},
	}
	return channel.Application{
		Name:     "WaitExten",
		Synopsis: "Wait for the caller to dial an extension",
		Help: `Waits for digits and goes to the extension of this context that they make. ` +
			`What is no extension goes to i, with the digits in INVALID_EXTEN. When no digit comes the next priority is run; without one, the extension t.`,
		Args: []decl.Arg{
			{Name: "seconds", Help: "How long to wait for the first digit; TIMEOUT(response) without it.", Optional: true},
			{Name: "options", Help: "What the caller hears meanwhile.", Optional: true, Options: true},
		},
		Options:   letters,
		Variables: []decl.Variable{{Name: "INVALID_EXTEN", Help: "What was dialled, in the extension i."}},
		SeeAlso:   []string{"Background", "Read", "Wait"},
		Wait:      true,
		Run: func(t channel.Thread, args *decl.Args) error {
			d, ok := duration(args.Arg(0))
			if !ok || d == 0 {
				d = t.Timeouts().Response
			}
			options(t, "WaitExten", args, args.Arg(1), letters)
			if tone, ok := args.Option('d'); ok {
				if tone == "" {
					tone = "dial"
				}
				if err := forgive(t, "WaitExten", s.player.StartTone(t.Channel(), tone, "")); err != nil {
					return err
				}
				defer s.player.StopTone(t.Channel())
			}
			digit, err := prompt.WaitDigit(t.Channel(), d)
			if err != nil {
				return err
			}
			s.player.StopTone(t.Channel())
			at := t.Location()
			if digit != 0 {
				return dialled(digit)
			}
			if t.Match(at.Context, at.Exten, at.Priority+1).Exists() {
				tell(t, 3, "Timeout on %s, continuing...", t.Channel().Name())
				return nil
			}
			if t.Match(at.Context, "t", 1).Exists() {
				tell(t, 3, "Timeout on %s, going to 't'", t.Channel().Name())
				t.GotoLocation(channel.Location{Context: at.Context, Exten: "t", Priority: 1})
				return nil
			}
			if t.Raise("RESPONSETIMEOUT") {
				return nil
			}
			warn(t, "Timeout but no rule 't' or 'e' in context '%s'", at.Context)
			return channel.ErrHangup
		},
	}
}
