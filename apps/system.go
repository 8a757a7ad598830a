package apps

import (
	"context"
	"errors"

	"pbx/apps/field"
	"pbx/channel"
	"pbx/decl"
	"pbx/dialplan/program"
)

var systemVariables = []decl.Variable{
	{Name: "SYSTEMSTATUS", Help: "How it went: APPERROR when the command ended with another status than 0.", Values: []string{"SUCCESS", "FAILURE", "APPERROR"}},
	program.StatusVariable, program.ReplyVariable, program.StdinVariable,
}

const systemHelp = `Runs the line with /bin/sh and waits for its end. ` +
	`Text from a caller may stand in it only if it means nothing to the shell: a number or name does, quotes, $, ;, & and their like do not, and such a line is not run. ` +
	`The facts of a SIP call are in the environment: SIP_HF_NAME for each header, SIP_TID, SIP_DID, SIP_SRCIP, SIP_RURI, SIP_ORURI, SIP_USER and SIP_OUSER.`

func system(s *set) channel.Application {
	return channel.Application{
		Name:      "System",
		Synopsis:  "Run a command of the operating system",
		Help:      systemHelp + ` A command that cannot be run ends the call.`,
		Args:      []decl.Arg{{Name: "command", Help: "A line for the shell."}},
		Variables: systemVariables,
		SeeAlso:   []string{"TrySystem"},
		Raw:       true,
		Wait:      true,
		Run:       func(t channel.Thread, args *decl.Args) error { return command(t, s.programs, args, channel.ErrHangup) },
	}
}

func trySystem(s *set) channel.Application {
	return channel.Application{
		Name:      "TrySystem",
		Synopsis:  "Run a command of the operating system, whatever comes of it",
		Help:      systemHelp + ` The call goes on even if the command cannot be run.`,
		Args:      []decl.Arg{{Name: "command", Help: "A line for the shell."}},
		Variables: systemVariables,
		SeeAlso:   []string{"System"},
		Raw:       true,
		Wait:      true,
		Run:       func(t channel.Thread, args *decl.Args) error { return command(t, s.programs, args, nil) },
	}
}

// command runs the line; failure is what one that cannot be run comes to.
func command(t channel.Thread, programs *program.Runner, args *decl.Args, failure error) error {
	ended := func(status string, err error) error {
		t.Channel().SetVar("SYSTEMSTATUS", channel.Clean(status))
		return err
	}
	line := field.Of(args)
	if line.S == "" {
		warn(t, "System requires an argument(command)")
		return ended("FAILURE", failure)
	}
	if n := len(line.S); n > 1 && (line.S[0] == '"' || line.S[0] == '\'') && line.S[n-1] == line.S[0] {
		line = line.Slice(1, n-1) // as it is often written
	}
	if err := program.Check(line); err != nil {
		t.Log().Error("System: " + err.Error())
		return ended("FAILURE", failure)
	}
	r, err := programs.Run(context.Background(), program.For(t, line.S))
	switch {
	case errors.Is(err, program.ErrNotRun):
		warn(t, "Unable to execute '%s'", line.S)
		return ended("FAILURE", failure)
	case errors.Is(err, program.ErrTime):
		warn(t, "'%s': %v", line.S, err)
		return ended("APPERROR", program.Reply(t, r.Status))
	case err != nil:
		warn(t, "'%s': %v", line.S, err)
		return ended("FAILURE", failure)
	case r.Status != 0:
		return ended("APPERROR", program.Reply(t, r.Status))
	}
	return ended("SUCCESS", program.Reply(t, 0))
}
