package apps

import (
	"pbx/channel"
	"pbx/decl"
)

// dialled ends an application with the digit that the caller pressed: the engine
// takes the rest of the number. Without a digit the next priority follows.
func dialled(digit byte) error {
	if digit == 0 {
		return nil
	}
	return channel.Digit(digit)
}

// options reads the option letters of an application's argument text.
func options(t channel.Thread, app string, args *decl.Args, text string, known []decl.Option) {
	for _, c := range args.ParseOptions(text, known) {
		warn(t, "%s: unknown option '%c'", app, c)
	}
	if args.Unclosed != 0 {
		warn(t, "Missing closing parenthesis for argument '%c' in string '%s'", args.Unclosed, text)
	}
}

// given reports whether a letter is among the options.
func given(args *decl.Args, letter byte) bool {
	_, ok := args.Option(letter)
	return ok
}

// pickUp answers a call that is not up, unless the application was told to skip
// such a call, which skip then says, or to leave it unanswered.
func pickUp(ch *channel.Channel, skipIfDown, noAnswer bool) (skip bool, err error) {
	switch {
	case ch.State() == channel.Up:
		return false, nil
	case skipIfDown:
		return true, nil
	case noAnswer:
		return false, nil
	}
	return false, ch.Answer()
}
