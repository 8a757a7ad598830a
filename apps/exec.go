package apps

import (
	"errors"
	"strings"

	"pbx/apps/field"
	"pbx/channel"
	"pbx/decl"
	"pbx/dialplan"
)

func exec() channel.Application {
	return channel.Application{
		Name:     "Exec",
		Synopsis: "Run an application that a variable names",
		Help:     `Runs the application whose name and arguments are given. Variables and functions in its arguments are expanded once more, so that a text out of a database may name them. When it fails, the call ends as it would have without Exec.`,
		Args:     []decl.Arg{{Name: "application(arguments)", Help: "What to run."}},
		SeeAlso:  []string{"TryExec", "ExecIf"},
		Raw:      true,
		Run: func(t channel.Thread, args *decl.Args) error {
			if args.Raw == "" {
				return nil
			}
			return execute(t, again(t, field.Of(args)))
		},
	}
}

// again expands what stands in the arguments of an application, but not what came
// from the network.
func again(t channel.Thread, v channel.Value) channel.Value {
	open := field.Index(v, "(")
	if open < 0 || !strings.Contains(v.S[open:], "$") {
		return v
	}
	var b field.Builder
	b.AddValue(v.Slice(0, open))
	end := len(v.S)
	if shut := field.LastIndex(v, ')'); shut > open {
		end = shut
	}
	for i := open; i < end; {
		tainted, j := field.TaintedAt(v, i), i
		for j < end && field.TaintedAt(v, j) == tainted {
			j++
		}
		if tainted {
			b.AddValue(v.Slice(i, j))
		} else {
			b.AddValue(t.Expand(v.S[i:j]))
		}
		i = j
	}
	b.AddValue(v.Slice(end, len(v.S)))
	return b.Value()
}

func tryExec() channel.Application {
	return channel.Application{
		Name:     "TryExec",
		Synopsis: "Run an application and go on whatever it does",
		Help:     `Runs the application, as Exec does, and goes on with the next priority even if it fails; TRYSTATUS tells.`,
		Args:     []decl.Arg{{Name: "application(arguments)", Help: "What to run."}},
		Variables: []decl.Variable{
			{Name: "TRYSTATUS", Help: "How it went.", Values: []string{"SUCCESS", "FAILED", "NOAPP"}},
		},
		SeeAlso: []string{"Exec", "ExecIf"},
		Raw:     true,
		Run: func(t channel.Thread, args *decl.Args) error {
			if args.Raw == "" {
				return nil
			}
			name, text := application(t, again(t, field.Of(args)))
			err := t.Exec(name, text)
			status := "SUCCESS"
			switch {
			case err == nil:
			case t.Channel().HungUp():
				return channel.ErrHangup
			case errors.Is(err, dialplan.ErrNoApplication):
				warn(t, "Could not find application (%s)", name)
				status = "NOAPP"
			default:
				status = "FAILED"
			}
			t.Channel().SetVar("TRYSTATUS", channel.Clean(status))
			return nil
		},
	}
}
