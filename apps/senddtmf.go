package apps

import (
	"time"

	"pbx/apps/prompt"
	"pbx/channel"
	"pbx/decl"
)

// defaultGap is the pause between two digits.
const defaultGap = 250 * time.Millisecond

func sendDTMF() channel.Application {
	letters := []decl.Option{{Letter: 'a', Help: "Answer the call first."}}
	return channel.Application{
		Name:     "SendDTMF",
		Synopsis: "Send digits to the caller or another channel",
		Help:     `Plays digits to the far end of a channel, in the way that it takes them.`,
		Args: []decl.Arg{
			{Name: "digits", Help: "0-9, *, #, a-d; w waits half a second, W a whole one."},
			{Name: "gap", Help: "Milliseconds between two digits, 250 if not given.", Optional: true},
			{Name: "length", Help: "Milliseconds of each digit, 100 if not given.", Optional: true},
			{Name: "channel", Help: "The channel to send to, instead of the caller's own.", Optional: true},
			{Name: "options", Help: "Letters, see below.", Optional: true, Options: true},
		},
		Options: letters,
		SeeAlso: []string{"Read"},
		Wait:    true,
		Run: func(t channel.Thread, args *decl.Args) error {
			if !args.Has(0) {
				warn(t, "SendDTMF requires an argument")
				return nil
			}
			options(t, "SendDTMF", args, args.Arg(4), letters)
			ch := t.Channel()
			if given(args, 'a') {
				if err := ch.Answer(); err != nil {
					return err
				}
			}
			to := ch
			if name := args.Arg(3); name != "" {
				var ok bool
				if to, ok = ch.Registry().Find(name); !ok {
					warn(t, "SendDTMF: no such channel: %s", name)
					return nil
				}
			}
			d := prompt.Digits{Text: args.Arg(0), Gap: milliseconds(args.Arg(1), defaultGap), Length: milliseconds(args.Arg(2), 0)}
			return forgive(t, "SendDTMF", d.Send(to, ch))
		},
	}
}

// milliseconds reads a number of them, or is otherwise where there is none.
func milliseconds(s string, otherwise time.Duration) time.Duration {
	n, ok := leadingNumber(s)
	if !ok || n < 0 {
		return otherwise
	}
	return min(time.Duration(min(n, int64(maxTime/time.Millisecond)))*time.Millisecond, maxTime)
}
