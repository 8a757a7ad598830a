package apps

import (
	"pbx/channel"
	"pbx/decl"
)

func raiseException() channel.Application {
	return channel.Application{
		Name:     "RaiseException",
		Synopsis: "Go to the extension e with a reason",
		Help:     `Goes to the extension e of the context, where EXCEPTION(reason) is the reason and EXCEPTION(context), (exten) and (priority) are where it was raised.`,
		Args:     []decl.Arg{{Name: "reason", Help: "Any text."}},
		SeeAlso:  []string{"Goto"},
		Raw:      true,
		Run: func(t channel.Thread, args *decl.Args) error {
			if !t.Raise(args.Raw) {
				warn(t, "RaiseException: no extension e in context '%s'", t.Location().Context)
			}
			return nil
		},
	}
}
