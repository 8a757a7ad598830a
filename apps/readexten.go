package apps

import (
	"pbx/apps/prompt"
	"pbx/channel"
	"pbx/decl"
)

func readExten(s *set) channel.Application {
	letters := []decl.Option{
		{Letter: 's', Help: "Read nothing if the call is not up."},
		{Letter: 'i', Help: "The file is the name of a tone, such as dial, or a tone list."},
		{Letter: 'n', Help: "Do not answer the call."},
		{Letter: 'p', Help: "# ends the entry even where an extension with # could follow."},
	}
	return channel.Application{
		Name:     "ReadExten",
		Synopsis: "Read digits until they make an extension",
		Help:     `Plays a sound and takes digits as long as more of them could make an extension of the context. # ends them. The variable is what was dialled if that is an extension, and i or t otherwise.`,
		Args: []decl.Arg{
			{Name: "variable", Help: "Where the digits go.", Target: decl.VarName},
			{Name: "filename", Help: "A sound to play first.", Optional: true, Target: decl.Sound},
			{Name: "context", Help: "Where the extensions are; the current context if not given.", Optional: true, Target: decl.ContextRef},
			{Name: "options", Help: "Letters, see below.", Optional: true, Options: true},
			{Name: "timeout", Help: "Seconds to wait for the first digit; TIMEOUT(response) if not given. TIMEOUT(digit) is for the others.", Optional: true},
		},
		Options: letters,
		Variables: []decl.Variable{
			{Name: "READEXTENSTATUS", Help: "How it went.", Values: []string{"OK", "TIMEOUT", "INVALID", "SKIP", "ERROR", "HANGUP"}},
		},
		SeeAlso: []string{"Read", "WaitExten"},
		Wait:    true,
		Run: func(t channel.Thread, args *decl.Args) error {
			if !args.Has(0) {
				warn(t, "ReadExten requires at least one argument")
				t.Channel().SetVar("READEXTENSTATUS", channel.Clean("ERROR"))
				return nil
			}
			options(t, "ReadExten", args, args.Arg(3), letters)
			ch := t.Channel()
			digits, status, err := s.readExten(t, args)
			if err != nil {
				ch.SetVar("READEXTENSTATUS", channel.Clean("HANGUP"))
				return err
			}
			ch.SetVar("READEXTENSTATUS", channel.Clean(status))
			switch status {
			case "OK":
				return t.Set(args.Arg(0), channel.Tainted(digits))
			case "INVALID":
				ch.SetVar("INVALID_EXTEN", channel.Tainted(digits))
				return t.Set(args.Arg(0), channel.Clean("i"))
			case "TIMEOUT":
				return t.Set(args.Arg(0), channel.Clean("t"))
			}
			return t.Set(args.Arg(0), channel.Value{})
		},
	}
}

func (s *set) readExten(t channel.Thread, args *decl.Args) (digits, status string, err error) {
	ch := t.Channel()
	if skip, err := pickUp(ch, given(args, 's'), given(args, 'n')); err != nil || skip {
		return "", "SKIP", err
	}
	first, next := t.Timeouts().Response, t.Timeouts().Digit
	if d, ok := duration(args.Arg(4)); ok && d > 0 {
		first = d
	}
	context := args.Arg(2)
	if context == "" {
		context = t.Location().Context
	}
	digit, err := s.invite(t, args)
	if err != nil {
		return "", "", err
	}
	defer s.player.StopTone(ch)
	for wait := first; ; wait = next {
		if digit == 0 {
			if digit, err = prompt.WaitDigit(ch, wait); err != nil {
				return "", "", err
			}
		}
		s.player.StopTone(ch)
		if digit == 0 && digits == "" {
			return "", "TIMEOUT", nil
		}
		switch m := t.Match(context, digits+keyed(digit), 1); {
		case digit == 0, digit == '#' && (given(args, 'p') || !m.Exists() && !m.Partial()):
			if digits == "" || !t.Match(context, digits, 1).Exists() {
				return digits, "INVALID", nil
			}
			return digits, "OK", nil
		case m.Exists() && !m.Partial():
			return digits + keyed(digit), "OK", nil
		case !m.Exists() && !m.Partial():
			return digits + keyed(digit), "INVALID", nil
		}
		digits += keyed(digit)
		digit = 0
	}
}

func keyed(digit byte) string {
	if digit == 0 {
		return ""
	}
	return string(rune(digit))
}

// invite plays the sound or tone of ReadExten; the key that stopped it is the
// first digit.
func (s *set) invite(t channel.Thread, args *decl.Args) (digit byte, err error) {
	switch file := args.Arg(1); {
	case file == "":
		return 0, nil
	case given(args, 'i'):
		return 0, forgive(t, "ReadExten", s.player.StartTone(t.Channel(), file, ""))
	default:
		digit, err = s.player.Play(t.Channel(), file, prompt.Options{Stops: prompt.AnyDigit, Untrusted: args.Tainted})
		return digit, forgive(t, "ReadExten", err)
	}
}
