package apps

import (
	"pbx/channel"
	"pbx/decl"
	"pbx/event"
)

func forkCDR(s *set) channel.Application {
	options := []decl.Option{
		{Letter: 'a', Help: "If the call is answered, the new record is answered now."},
		{Letter: 'e', Help: "End the records that are open."},
		{Letter: 'r', Help: "The new record begins now, not when the open one did."},
		{Letter: 'v', Help: "Give the new record the variables of the open one."},
	}
	return channel.Application{
		Name:     "ForkCDR",
		Synopsis: "Begin another call record",
		Help:     `Opens another record beside the one that is open; both go on, and each becomes a row.`,
		Args:     []decl.Arg{{Name: "options", Help: "Letters.", Optional: true, Options: true}},
		Options:  options,
		SeeAlso:  []string{"NoCDR", "ResetCDR"},
		Run: func(t channel.Thread, args *decl.Args) error {
			for _, c := range args.ParseOptions(args.Arg(0), options) {
				warn(t, "ForkCDR: unknown option %c", c)
			}
			has := func(c byte) bool { _, ok := args.Option(c); return ok }
			if err := s.records.Fork(t.Channel().Uniqueid(), has('a'), has('e'), has('r'), has('v')); err != nil {
				warn(t, "ForkCDR: %v", err)
			}
			return nil
		},
	}
}

func resetCDR(s *set) channel.Application {
	options := []decl.Option{
		{Letter: 'v', Help: "Keep the variables."},
		{Letter: 'w', Help: "Write the record and begin another.", Absent: "records are written when the call ends"},
		{Letter: 'a', Help: "Write the records that ForkCDR left.", Absent: "it had a meaning with older records"},
		{Letter: 'e', Help: "Have records again after NoCDR."},
	}
	return channel.Application{
		Name:     "ResetCDR",
		Synopsis: "Begin the call record anew",
		Help:     `The record of the call begins at this moment: what it told of the time before is forgotten.`,
		Args:     []decl.Arg{{Name: "options", Help: "Letters.", Optional: true, Options: true}},
		Options:  options,
		SeeAlso:  []string{"ForkCDR", "NoCDR"},
		Run: func(t channel.Thread, args *decl.Args) error {
			for _, c := range args.ParseOptions(args.Arg(0), options) {
				warn(t, "ResetCDR: unknown option %c", c)
			}
			_, keep := args.Option('v')
			if err := s.records.Reset(t.Channel().Uniqueid(), keep); err != nil {
				warn(t, "ResetCDR: %v", err)
				return nil
			}
			if _, again := args.Option('e'); again {
				return s.records.Disable(t.Channel().Uniqueid(), false)
			}
			return nil
		},
	}
}

func noCDR(s *set) channel.Application {
	return channel.Application{
		Name:     "NoCDR",
		Synopsis: "Keep no call record of this call",
		Help:     `Takes the records of the channel out; Set(CDR_PROP(disable)=0) brings them back.`,
		SeeAlso:  []string{"ForkCDR", "ResetCDR"},
		Run: func(t channel.Thread, _ *decl.Args) error {
			if err := s.records.Disable(t.Channel().Uniqueid(), true); err != nil {
				warn(t, "NoCDR: %v", err)
			}
			return nil
		},
	}
}

func setAMAFlags() channel.Application {
	return channel.Application{
		Name:     "SetAMAFlags",
		Synopsis: "Set the billing flag of the call's records",
		Help:     `The same as Set(CHANNEL(amaflags)=...).`,
		Args:     []decl.Arg{{Name: "flag", Help: "omit, billing or documentation.", Optional: true}},
		Run: func(t channel.Thread, args *decl.Args) error {
			if !args.Has(0) {
				warn(t, "No parameter passed to SetAMAFlags")
				return nil
			}
			t.Channel().SetSettings(func(c *channel.Settings) { c.AMAFlags = args.Arg(0) })
			return nil
		},
	}
}

func celGenUserEvent() channel.Application {
	return channel.Application{
		Name:     "CELGenUserEvent",
		Synopsis: "Write a row of one's own to the channel event log",
		Help:     `Writes a USER_DEFINED event of that name, with a text, where cel.conf asks for such events.`,
		Args: []decl.Arg{
			{Name: "event-name", Help: "The name."},
			{Name: "extra", Help: "A text.", Optional: true},
		},
		Run: func(t channel.Thread, args *decl.Args) error {
			if !args.Has(0) {
				warn(t, "CELGenUserEvent requires an argument (event-name)")
				return nil
			}
			t.Channel().Publish(event.Event{Kind: event.UserLog, Name: args.Arg(0), Value: args.Arg(1)})
			return nil
		},
	}
}
