package apps

import (
	"pbx/channel"
	"pbx/decl"
)

func hangup() channel.Application {
	return channel.Application{
		Name:     "Hangup",
		Synopsis: "End the call",
		Help: `Ends the call. A call that was not answered is refused in a way that fits the cause: 17 or USER_BUSY as busy, 34 as congestion, 1 as a number that is not there. ` +
			`Without a cause, the one that a failed Dial left is used, else 16, normal clearing.`,
		Args: []decl.Arg{
			{Name: "cause", Help: "A Q.850 cause: its number, or its full name such as CALL_REJECTED in any case.", Optional: true},
		},
		SeeAlso: []string{"Answer", "Busy", "Congestion"},
		Run: func(t channel.Thread, args *decl.Args) error {
			ch := t.Channel()
			if text := args.Raw; text != "" {
				cause, ok := channel.ParseCause(text)
				if n, number := leadingNumber(text); !ok && number && n > 0 && n < 1<<31 {
					cause, ok = channel.Cause(n), true
				}
				if ok {
					ch.SetCause(cause, "")
					return channel.ErrHangup
				}
				warn(t, "Invalid cause given to Hangup(): \"%s\"", text)
			}
			if ch.Cause() == channel.CauseNone {
				ch.SetCause(channel.CauseNormalClearing, "")
			}
			return channel.ErrHangup
		},
	}
}
