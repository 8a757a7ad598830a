package apps

import (
	"pbx/channel"
	"pbx/decl"
)

func channelRedirect(s *set) channel.Application {
	return channel.Application{
		Name:     "ChannelRedirect",
		Synopsis: "Send another channel to a place in the dialplan",
		Help: `The other channel leaves what it does and goes on there. Context and extension are its own where they are left out. ` +
			`Whom it talked to goes on as if it had hung up.`,
		Args: []decl.Arg{
			{Name: "channel", Help: "The name of the channel."},
			{Name: "place", Help: "[[context,]extension,]priority, or a label."},
		},
		Variables: []decl.Variable{
			{Name: "CHANNELREDIRECT_STATUS", Help: "How it went.", Values: []string{"SUCCESS", "NOCHANNEL"}},
		},
		SeeAlso: []string{"Goto", "SoftHangup"},
		Raw:     true,
		Run: func(t channel.Thread, args *decl.Args) error {
			parts := decl.Split(args.Raw, 2)
			if len(parts) < 2 || parts[1] == "" {
				warn(t, "ChannelRedirect requires an argument (channel,[[context,]exten,]priority)")
				return channel.ErrHangup
			}
			status := func(text string) { t.Channel().SetVar("CHANNELREDIRECT_STATUS", channel.Clean(text)) }
			other, ok := t.Channel().Registry().Find(parts[0])
			if !ok || other.HungUp() {
				warn(t, "No such channel: %s", parts[0])
				status("NOCHANNEL")
				return nil
			}
			at := other.Location()
			if other == t.Channel() {
				at = t.Location()
			}
			to, err := s.dialplan.Resolve(other, at, parts[1])
			if err != nil {
				warn(t, "ChannelRedirect: %v", err)
				return channel.ErrHangup
			}
			status("SUCCESS")
			if other == t.Channel() {
				t.GotoLocation(to)
				return nil
			}
			other.AsyncGoto(to)
			return nil
		},
	}
}
