package apps

import (
	"pbx/channel"
	"pbx/decl"
)

// What PrivacyManager asks for where nobody says.
const (
	privacyTries  = 3
	privacyLength = 10
	maxNumber     = 30
)

func privacyManager(s *set) channel.Application {
	return channel.Application{
		Name:     "PrivacyManager",
		Synopsis: "Ask callers without a number for one",
		Help: `Does nothing when the caller has a number. Else the call is answered and the caller is asked for a telephone number; the number becomes that of the caller, whose name is "Privacy Manager" then. ` +
			`The next priority runs in any case; PRIVACYMGRSTATUS tells what came of it.`,
		Args: []decl.Arg{
			{Name: "maxretries", Help: "How often the caller may try, 3 if not given.", Optional: true},
			{Name: "minlength", Help: "How many digits a number has at least, 10 if not given.", Optional: true},
			{Name: "options", Help: "Not used.", Optional: true},
			{Name: "context", Help: "The number must be an extension of this context.", Optional: true, Target: decl.ContextRef},
		},
		Variables: []decl.Variable{
			{Name: "PRIVACYMGRSTATUS", Help: "What came of it; not set when nothing was asked.", Values: []string{"SUCCESS", "FAILED"}},
		},
		SeeAlso: []string{"Zapateller", "Authenticate"},
		Wait:    true,
		Run: func(t channel.Thread, args *decl.Args) error {
			ch := t.Channel()
			if c := ch.Identity().Caller; c.HasNumber && c.Number != "" {
				tell(t, 3, "CallerID number present: Skipping")
				return nil
			}
			tries, length := privacyTries, privacyLength
			if n := int(wholeNumber(args.Arg(0))); n > 0 {
				tries = n
			}
			if n := int(wholeNumber(args.Arg(1))); n > 0 {
				length = n
			}
			if err := ch.Answer(); err != nil {
				return err
			}
			number, err := s.askNumber(t, tries, length, args.Arg(3))
			switch {
			case err != nil:
				return err
			case number == "":
				ch.SetVar("PRIVACYMGRSTATUS", channel.Clean("FAILED"))
				return nil
			}
			if err := s.tellCaller(t, "PrivacyManager", "privacy-thankyou"); err != nil {
				return err
			}
			ch.UpdateIdentity(func(id *channel.Identity) {
				id.Caller = channel.Party{Name: "Privacy Manager", Number: number, HasNumber: true}
			})
			ch.SetVar("PRIVACYMGRSTATUS", channel.Clean("SUCCESS"))
			return nil
		},
	}
}

// askNumber asks for a number until it is long enough and an extension of the
// context, if there is one; "" after the last try.
func (s *set) askNumber(t channel.Thread, tries, length int, context string) (string, error) {
	if err := s.tellCaller(t, "PrivacyManager", "privacy-unident"); err != nil {
		return "", err
	}
	for range tries {
		number, err := s.askDigits(t, "privacy-prompt", maxNumber)
		if err != nil {
			return "", err
		}
		if len(number) >= length && (context == "" || t.Match(context, number, 1).Exists()) {
			return number, nil
		}
		if err := s.tellCaller(t, "PrivacyManager", "privacy-incorrect"); err != nil {
			return "", err
		}
	}
	return "", nil
}
