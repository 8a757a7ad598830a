package apps

import (
	"pbx/apps/field"
	"pbx/apps/prompt"
	"pbx/channel"
	"pbx/decl"
)

func exec() channel.Application {
	return channel.Application{
		Name:     "Exec",
		Synopsis: "Run an application that a variable names",
		Help:     `Runs the application whose name and arguments are given. When it fails, the call ends as it would have without Exec.`,
		Args:     []decl.Arg{{Name: "application(arguments)", Help: "What to run."}},
		SeeAlso:  []string{"TryExec", "ExecIf"},
		Raw:      true,
		Run: func(t channel.Thread, args *decl.Args) error {
			if args.Raw == "" {
				return nil
			}
			return execute(t, field.Of(args))
		},
	}
}

func tryExec() channel.Application {
	return channel.Application{
		Name:     "TryExec",
		Synopsis: "Run an application and go on whatever it does",
		Help:     `Runs the application and goes on with the next priority even if it fails; TRYSTATUS tells.`,
		Args:     []decl.Arg{{Name: "application(arguments)", Help: "What to run."}},
		Variables: []decl.Variable{
			{Name: "TRYSTATUS", Help: "How it went.", Values: []string{"SUCCESS", "FAILED", "NOAPP"}},
		},
		SeeAlso: []string{"Exec", "ExecIf"},
		Raw:     true,
		Run: func(t channel.Thread, args *decl.Args) error {
			err := execute(t, field.Of(args))
			status := "SUCCESS"
			switch {
			case err == nil:
			case t.Channel().HungUp():
				return channel.ErrHangup
			case prompt.Ended(err):
				status = "FAILED"
			default:
				warn(t, "TryExec: %v", err)
				status = "NOAPP"
			}
			t.Channel().SetVar("TRYSTATUS", channel.Clean(status))
			return nil
		},
	}
}
