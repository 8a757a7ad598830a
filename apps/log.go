package apps

import (
	"context"
	"log/slog"
	"strings"

	"pbx/channel"
	"pbx/decl"
	"pbx/event"
)

func logApp() channel.Application {
	return channel.Application{
		Name:     "Log",
		Synopsis: "Write a text to the log",
		Help:     `Writes the message to the log at a level.`,
		Args: []decl.Arg{
			{Name: "level", Help: "ERROR, WARNING, NOTICE, DEBUG, VERBOSE or DTMF."},
			{Name: "message", Help: "The text, quotes and commas included."},
		},
		SeeAlso: []string{"Verbose", "NoOp"},
		Run: func(t channel.Thread, args *decl.Args) error {
			if args.Raw == "" {
				return nil
			}
			level, ok := logLevel(args.Arg(0))
			if !ok {
				t.Log().Error("Unknown log level: '" + args.Arg(0) + "'")
				return nil
			}
			t.Log().Log(context.Background(), level, args.Arg(1))
			return nil
		},
	}
}

func logLevel(name string) (slog.Level, bool) {
	switch strings.ToUpper(name) {
	case "ERROR":
		return event.LevelError, true
	case "WARNING":
		return event.LevelWarning, true
	case "NOTICE":
		return event.LevelNotice, true
	case "DEBUG":
		return event.LevelDebug(1), true
	case "VERBOSE":
		return event.LevelVerbose(0), true
	case "DTMF":
		return event.LevelDTMF, true
	}
	return 0, false
}
