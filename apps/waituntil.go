package apps

import (
	"errors"
	"math"
	"strings"
	"time"

	"pbx/apps/prompt"
	"pbx/channel"
	"pbx/decl"
)

func waitUntil(s *set) channel.Application {
	return channel.Application{
		Name:     "WaitUntil",
		Synopsis: "Wait until a moment",
		Help:     `Waits until the clock shows that many seconds since 1970, with a fraction if wished.`,
		Args:     []decl.Arg{{Name: "epoch", Help: "The moment."}},
		Variables: []decl.Variable{
			{Name: "WAITUNTILSTATUS", Help: "How it went.", Values: []string{"OK", "FAILURE", "HANGUP", "PAST"}},
		},
		SeeAlso: []string{"Wait"},
		Wait:    true,
		Run: func(t channel.Thread, args *decl.Args) error {
			at, _, ok := leadingFraction(args.Arg(0))
			var err error
			status := "FAILURE"
			if !ok || math.Abs(at) > 1<<40 {
				warn(t, "WaitUntil requires an argument (epoch)")
			} else if left := time.UnixMicro(int64(at * 1e6)).Sub(s.now()); left < 0 {
				status = "PAST"
			} else if status, err = "OK", t.Channel().Sleep(left); err != nil {
				status = "HANGUP"
			}
			t.Channel().SetVar("WAITUNTILSTATUS", channel.Clean(status))
			return err
		},
	}
}

func waitDigit() channel.Application {
	return channel.Application{
		Name:     "WaitDigit",
		Synopsis: "Wait for one digit",
		Help:     `Waits for one of the digits and goes on with the next priority.`,
		Args: []decl.Arg{
			{Name: "seconds", Help: "How long, without end if not given.", Optional: true},
			{Name: "digits", Help: "Those that count; any if not given.", Optional: true},
		},
		Variables: []decl.Variable{
			{Name: "WAITDIGITSTATUS", Help: "How it went.", Values: []string{"ERROR", "DTMF", "TIMEOUT", "CANCEL"}},
			{Name: "WAITDIGITRESULT", Help: "The digit."},
		},
		SeeAlso: []string{"Wait", "WaitExten", "Read"},
		Wait:    true,
		Run: func(t channel.Thread, args *decl.Args) error {
			ch, wanted := t.Channel(), args.Arg(1)
			ch.SetVar("WAITDIGITRESULT", channel.Value{})
			set := func(status string, err error) error {
				ch.SetVar("WAITDIGITSTATUS", channel.Clean(status))
				return err
			}
			left := maxTime
			if args.Has(0) {
				d, ok := duration(args.Arg(0))
				if !ok {
					warn(t, "WaitDigit: '%s' is not a time", args.Arg(0))
					return set("ERROR", nil)
				}
				left = d
			}
			for end := ch.Registry().Now().Add(left); ; {
				digit, err := prompt.WaitDigit(ch, max(0, end.Sub(ch.Registry().Now())))
				switch {
				case err != nil:
					return set("CANCEL", err)
				case digit == 0:
					return set("TIMEOUT", nil)
				case wanted == "" || strings.IndexByte(wanted, digit) >= 0:
					ch.SetVar("WAITDIGITRESULT", channel.Tainted(string(rune(digit))))
					return set("DTMF", nil)
				}
			}
		},
	}
}

// lookEvery is how often WaitForCondition looks unless it is told.
const lookEvery = 50 * time.Millisecond

func waitForCondition() channel.Application {
	return channel.Application{
		Name:     "WaitForCondition",
		Synopsis: "Wait until an expression is true",
		Help:     `Looks at the expression again and again. Write another character instead of each $ in it, so that it is not substituted before.`,
		Args: []decl.Arg{
			{Name: "replacementchar", Help: "The character that stands for $."},
			{Name: "expression", Help: "Such as #[\"#{X}\" = \"1\"]; in quotes or brackets where it has commas."},
			{Name: "timeout", Help: "Seconds to wait at most; without end if not given.", Optional: true},
			{Name: "interval", Help: "Seconds between two looks, 0.05 if not given.", Optional: true},
		},
		Variables: []decl.Variable{
			{Name: "WAITFORCONDITIONSTATUS", Help: "How it went.", Values: []string{"TRUE", "FAILURE", "TIMEOUT", "HANGUP"}},
		},
		SeeAlso: []string{"Wait", "While"},
		Wait:    true,
		Run: func(t channel.Thread, args *decl.Args) error {
			ch := t.Channel()
			set := func(status string, err error) error {
				ch.SetVar("WAITFORCONDITIONSTATUS", channel.Clean(status))
				return err
			}
			limit, ok := duration(args.Arg(2))
			every, fine := duration(args.Arg(3))
			if len(args.Arg(0)) != 1 || !args.Has(1) || !ok && args.Has(2) || !fine && args.Has(3) {
				warn(t, "WaitForCondition requires a replacement character and an expression, and numbers of seconds after them")
				return set("FAILURE", nil)
			}
			if every <= 0 {
				every = lookEvery
			}
			condition := strings.ReplaceAll(args.Arg(1), args.Arg(0), "$")
			for end := ch.Registry().Now().Add(limit); ; {
				if truth(t.Expand(condition).S) {
					return set("TRUE", nil)
				}
				if limit > 0 && !ch.Registry().Now().Before(end) {
					return set("TIMEOUT", nil)
				}
				if err := ch.Sleep(every); err != nil {
					if errors.Is(err, channel.ErrHangup) {
						return set("HANGUP", err)
					}
					return err
				}
			}
		},
	}
}
