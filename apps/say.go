package apps

import (
	"strings"

	"pbx/apps/prompt"
	"pbx/apps/say"
	"pbx/channel"
	"pbx/config"
	"pbx/decl"
)

var sayVariables = []decl.Variable{
	{Name: "SAY_DTMF_INTERRUPT", Help: "Read: when true, a key stops the speech and begins the number of an extension to go to."},
}

func sayDigits(s *set) channel.Application {
	return channel.Application{
		Name:      "SayDigits",
		Synopsis:  "Speak the digits of a number",
		Help:      `Speaks each digit of the text in the caller's language, *, # and - as well. The call is not answered for it.`,
		Args:      []decl.Arg{{Name: "digits", Help: "What to speak."}},
		Variables: sayVariables,
		SeeAlso:   []string{"SayNumber", "SayAlpha"},
		Wait:      true,
		Run: func(t channel.Thread, args *decl.Args) error {
			return s.say(t, "SayDigits", say.Digits(args.Arg(0)))
		},
	}
}

func sayAlpha(s *set) channel.Application {
	return channel.Application{
		Name:      "SayAlpha",
		Synopsis:  "Spell a text",
		Help:      `Speaks each letter, digit and sign of the text in the caller's language. The call is not answered for it.`,
		Args:      []decl.Arg{{Name: "text", Help: "What to spell."}},
		Variables: sayVariables,
		SeeAlso:   []string{"SayDigits", "SayNumber"},
		Wait:      true,
		Run: func(t channel.Thread, args *decl.Args) error {
			return s.say(t, "SayAlpha", say.Alpha(args.Arg(0)))
		},
	}
}

func sayNumber(s *set) channel.Application {
	return channel.Application{
		Name:     "SayNumber",
		Synopsis: "Speak a number",
		Help:     `Speaks a whole number in the caller's language: British, Danish, French, German, Hungarian, Italian and Spanish have their own order of words, where their sounds are there. The call is not answered for it.`,
		Args: []decl.Arg{
			{Name: "number", Help: "The number, which may be negative."},
			{Name: "gender", Help: "f, m, c or n in languages where that matters.", Optional: true},
		},
		Variables: sayVariables,
		SeeAlso:   []string{"SayDigits", "SayAlpha"},
		Wait:      true,
		Run: func(t channel.Thread, args *decl.Args) error {
			if args.Raw == "" {
				warn(t, "SayNumber requires an argument (number)")
				return channel.ErrHangup
			}
			n, ok := leadingNumber(args.Arg(0))
			if !ok {
				warn(t, "argument '%s' to SayNumber could not be parsed as a number.", args.Arg(0))
				return nil
			}
			gender := strings.ToLower(args.Arg(1))
			if len(args.Pos) > 1 && (len(gender) != 1 || !strings.Contains("fmcn", gender)) {
				warn(t, "SayNumber gender option is either 'f', 'm', 'c' or 'n'")
				return channel.ErrHangup
			}
			ch := t.Channel()
			files, err := say.Spoken(ch.Settings().Language, n, gender, func(file string) bool { return s.player.Exists(ch, file) })
			if err != nil {
				warn(t, "SayNumber(%d): %v", n, err)
				return nil
			}
			return s.say(t, "SayNumber", files)
		},
	}
}

// say plays the files of a spoken text. A key goes to an extension if that was
// asked for.
func (s *set) say(t channel.Thread, app string, files []string) error {
	var o prompt.Options
	if on, _ := config.Bool(t.Get("SAY_DTMF_INTERRUPT").S); on {
		o.Stops = prompt.AnyDigit
	}
	digit, err := s.player.PlayAll(t.Channel(), files, o)
	if err != nil {
		return forgive(t, app, err)
	}
	return dialled(digit)
}
