package apps

import (
	"pbx/apps/feature"
	"pbx/channel"
	"pbx/decl"
	"pbx/event"
)

// transferArgs are those of BlindTransfer and AttendedTransfer.
var transferArgs = []decl.Arg{
	{Name: "exten", Help: "The extension to transfer to."},
	{Name: "context", Help: "Its context; without it TRANSFER_CONTEXT, or else the context of the channel.", Optional: true},
}

const duringCall = " It is for a channel that talks to another one, and so for a feature of [applicationmap] in features.conf, or for a program."

func blindTransfer(s *set) channel.Application {
	return channel.Application{
		Name:     "BlindTransfer",
		Synopsis: "Transfer who the channel talks to",
		Help:     "Sends who the channel talks to to an extension, as if the channel's phone had transferred it, and ends the channel's call." + duringCall,
		Args:     transferArgs,
		Variables: []decl.Variable{
			{Name: "BLINDTRANSFERSTATUS", Help: "How it went: INVALID for a channel that talks to nobody, FAILURE where there is no such extension.", Values: []string{"SUCCESS", "FAILURE", "INVALID", "NOTPERMITTED"}},
		},
		SeeAlso: []string{"AttendedTransfer", "Transfer"},
		Run: func(t channel.Thread, args *decl.Args) error {
			ch := t.Channel()
			peer := ch.Bridged()
			at := transferPlace(ch, args)
			status := "SUCCESS"
			switch {
			case at.Exten == "":
				warn(t, "BlindTransfer requires an argument (exten)")
				status = "FAILURE"
			case peer == nil || peer.HungUp():
				status = "INVALID"
			case !s.dialplan.Match(at.Context, at.Exten, 1, peer.Identity().Caller.Number).Exists():
				status = "FAILURE"
			}
			ch.SetVar("BLINDTRANSFERSTATUS", channel.Clean(status))
			if status == "SUCCESS" {
				feature.Send(ch, peer, at, event.ByDigits)
				ch.SoftHangup(channel.CauseNormalClearing)
			}
			return nil
		},
	}
}

func attendedTransfer() channel.Application {
	return channel.Application{
		Name:     "AttendedTransfer",
		Synopsis: "Begin an attended transfer",
		Help:     "Dials the code atxfer of features.conf and the extension for the channel, which must be one that may dial it (Dial's options t and T)." + duringCall,
		Args:     transferArgs,
		Variables: []decl.Variable{
			{Name: "ATTENDEDTRANSFERSTATUS", Help: "SUCCESS when the digits are on their way; FAILURE where there is no code, and for a channel that talks to nobody.", Values: []string{"SUCCESS", "FAILURE", "NOTPERMITTED"}},
		},
		SeeAlso: []string{"BlindTransfer", "Transfer"},
		Run: func(t channel.Thread, args *decl.Args) error {
			ch := t.Channel()
			code, status := ch.Features().AttendedTransfer, "SUCCESS"
			switch {
			case args.Arg(0) == "":
				warn(t, "AttendedTransfer requires an argument (exten)")
				status = "FAILURE"
			case code == "":
				warn(t, "AttendedTransfer: there is no code for it: atxfer in [featuremap] of features.conf")
				status = "FAILURE"
			case ch.Bridged() == nil:
				status = "FAILURE"
			}
			ch.SetVar("ATTENDEDTRANSFERSTATUS", channel.Clean(status))
			if status == "SUCCESS" {
				if args.Arg(1) != "" {
					ch.SetVar("TRANSFER_CONTEXT", channel.Clean(args.Arg(1)))
				}
				feature.Press(ch, code+args.Arg(0))
			}
			return nil
		},
	}
}

// transferPlace is where the arguments send a party.
func transferPlace(ch *channel.Channel, args *decl.Args) channel.Location {
	at := channel.Location{Context: ch.Location().Context, Exten: args.Arg(0), Priority: 1}
	if v, ok := ch.Var("TRANSFER_CONTEXT"); ok && v.S != "" {
		at.Context = v.S
	}
	if args.Arg(1) != "" {
		at.Context = args.Arg(1)
	}
	return at
}
