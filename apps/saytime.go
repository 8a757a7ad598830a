package apps

import (
	"strconv"
	"strings"
	"time"

	"pbx/apps/prompt"
	"pbx/apps/say"
	"pbx/channel"
	"pbx/decl"
)

// sayTime declares SayUnixTime, which has two names.
func sayTime(s *set, name string) channel.Application {
	letters := []decl.Option{{Letter: 'j', Help: "A key stops the speech and begins the number of an extension to go to."}}
	return channel.Application{
		Name:     name,
		Synopsis: "Speak a date and time",
		Help: `Answers the call unless it was, and speaks a moment in the caller's language. The letters of the format are A weekday, B month, d day, Y year, I hour of 12, H hour of 24, ` +
			`M minute, N minute with hundred for the full hour, S second, p A. M. or P. M., Q today, yesterday, the weekday or the date, q as Q but silent for today, T hour, minute and second, R hour and minute; a sound stands in single quotes.`,
		Args: []decl.Arg{
			{Name: "unixtime", Help: "Seconds since 1970; now if not given.", Optional: true},
			{Name: "timezone", Help: "Such as Europe/Paris; that of the system if not given.", Optional: true},
			{Name: "format", Help: say.DefaultTime + " if not given.", Optional: true},
			{Name: "options", Help: "Letters, see below.", Optional: true, Options: true},
		},
		Options:   letters,
		Variables: sayVariables,
		SeeAlso:   []string{"SayNumber", "SayDigits"},
		Wait:      true,
		Run: func(t channel.Thread, args *decl.Args) error {
			options(t, name, args, args.Arg(3), letters)
			if err := t.Channel().Answer(); err != nil {
				return err
			}
			at, now := s.now(), s.now()
			if text := strings.TrimSpace(args.Arg(0)); text != "" {
				if seconds := wholeNumber(text); seconds > 0 && seconds < 1<<40 {
					at = time.Unix(seconds, 0)
				}
			}
			if zone := args.Arg(1); zone != "" {
				l, err := time.LoadLocation(zone)
				if err != nil {
					warn(t, "%s: unknown time zone '%s'", name, zone)
					l = time.Local
				}
				at = at.In(l)
			}
			format := args.Arg(2)
			if format == "" {
				format = say.DefaultTime
			}
			files := say.Time(t.Channel().Settings().Language, at, now, format)
			if !given(args, 'j') {
				return s.say(t, name, files)
			}
			digit, err := s.player.PlayAll(t.Channel(), files, prompt.Options{Stops: prompt.AnyDigit})
			if err != nil {
				return forgive(t, name, err)
			}
			return dialled(digit)
		},
	}
}

// spoken declares an application that speaks one text in some way.
func spoken(s *set, name, synopsis, help, arg string, files func(language, text string) ([]string, error)) channel.Application {
	return channel.Application{
		Name:      name,
		Synopsis:  synopsis,
		Help:      help + ` The call is not answered for it.`,
		Args:      []decl.Arg{{Name: arg, Help: "What to speak."}},
		Variables: sayVariables,
		SeeAlso:   []string{"SayNumber", "SayAlpha"},
		Wait:      true,
		Run: func(t channel.Thread, args *decl.Args) error {
			if !args.Has(0) {
				warn(t, "%s requires an argument (%s)", name, arg)
				return nil
			}
			list, err := files(t.Channel().Settings().Language, args.Arg(0))
			if err != nil {
				warn(t, "%s(%s): %v", name, args.Arg(0), err)
				return nil
			}
			return s.say(t, name, list)
		},
	}
}

func sayPhonetic(s *set) channel.Application {
	return spoken(s, "SayPhonetic", "Spell a text with the words of radio operators", `Speaks alpha, bravo, charlie … for the letters of the text.`, "text",
		func(_, text string) ([]string, error) { return say.Phonetic(text), nil })
}

func sayOrdinal(s *set) channel.Application {
	return spoken(s, "SayOrdinal", "Speak a number as first, second, third", `Speaks a whole number as an ordinal.`, "number",
		func(language, text string) ([]string, error) {
			n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
			if err != nil {
				return nil, err
			}
			return say.Ordinal(language, n)
		})
}

func sayMoney(s *set) channel.Application {
	return spoken(s, "SayMoney", "Speak an amount of money", `Speaks dollars and cents, which are divided by a point.`, "amount", say.Money)
}

func sayAlphaCase(s *set) channel.Application {
	return channel.Application{
		Name:     "SayAlphaCase",
		Synopsis: "Spell a text and say which letters are capital",
		Help:     `Speaks each letter, digit and sign of the text, and upper case or lower case before letters. The call is not answered for it.`,
		Args: []decl.Arg{
			{Name: "casetype", Help: "a: both cases are told, u: only upper case, l: only lower case, n: none."},
			{Name: "text", Help: "What to spell."},
		},
		Variables: sayVariables,
		SeeAlso:   []string{"SayAlpha"},
		Wait:      true,
		Run: func(t channel.Thread, args *decl.Args) error {
			kind := strings.ToLower(args.Arg(0))
			if len(kind) != 1 || !strings.Contains("auln", kind) || !args.Has(1) {
				warn(t, "SayAlphaCase requires two arguments (types, data)")
				return nil
			}
			return s.say(t, "SayAlphaCase", say.AlphaCase(args.Arg(1), say.Case(kind[0])))
		},
	}
}
