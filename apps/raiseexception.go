package apps

import (
	"pbx/channel"
	"pbx/decl"
)

func raiseException() channel.Application {
	return channel.Application{
		Name:     "RaiseException",
		Synopsis: "Go to the extension e with a reason",
		Help:     `Goes to the extension e of the context, where EXCEPTION(reason) is the reason and EXCEPTION(context), (exten) and (priority) are where it was raised. Without an extension e the call goes to i, or ends.`,
		Args:     []decl.Arg{{Name: "reason", Help: "Any text."}},
		SeeAlso:  []string{"Goto"},
		Raw:      true,
		Run: func(t channel.Thread, args *decl.Args) error {
			if !t.Raise(args.Raw) {
				// It is a jump like any other: the call goes on at i, or ends.
				at := t.Location()
				t.GotoLocation(channel.Location{Context: at.Context, Exten: "e", Priority: 1})
			}
			return nil
		},
	}
}
