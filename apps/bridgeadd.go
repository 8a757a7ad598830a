package apps

import (
	"errors"

	"pbx/bridge"
	"pbx/channel"
	"pbx/decl"
)

func bridgeAdd() channel.Application {
	return channel.Application{
		Name:     "BridgeAdd",
		Synopsis: "Join the call that another channel is in",
		Help: `The caller is answered and talks with both parties of the other channel's call from then on. It goes on with the next priority when their call is over; they go on when it leaves. ` +
			`All of them must speak µ-law or A-law. BRIDGERESULT is FAILURE where the other channel talks to nobody, or the audio cannot be mixed, and INCOMPATIBLE where one wants encryption that another has not.`,
		Args: []decl.Arg{
			{Name: "channel", Help: "The name of the channel, the beginning of it, or its unique id."},
		},
		Variables: []decl.Variable{
			{Name: "BRIDGERESULT", Help: "How it went.", Values: []string{"SUCCESS", "FAILURE", "LOOP", "NONEXISTENT", "INCOMPATIBLE"}},
		},
		SeeAlso: []string{"Bridge"},
		Wait:    true,
		Run: func(t channel.Thread, args *decl.Args) error {
			ch := t.Channel()
			if err := ch.Answer(); err != nil {
				return err
			}
			result, err := comeIn(t, args.Arg(0))
			ch.SetVar("BRIDGERESULT", channel.Clean(result))
			return err
		},
	}
}

// comeIn returns what BRIDGERESULT is.
func comeIn(t channel.Thread, name string) (result string, err error) {
	ch := t.Channel()
	other, ok := ch.Registry().Lookup(name)
	if !ok && name != "" {
		other, ok = ch.Registry().FindPrefix(name)
	}
	switch {
	case !ok:
		warn(t, "BridgeAdd: there is no channel %s", name)
		return "NONEXISTENT", nil
	case other == ch:
		warn(t, "BridgeAdd: a channel cannot talk to itself")
		return "LOOP", nil
	}
	for _, party := range []*channel.Channel{other, other.Bridged()} {
		if party == nil {
			continue
		}
		if err := channel.Together(ch, party); err != nil {
			warn(t, "BridgeAdd: %s: %v", party.Name(), err)
			return "INCOMPATIBLE", nil
		}
	}
	switch err := bridge.Add(ch, other); {
	case err == nil:
		return "SUCCESS", nil
	case errors.Is(err, channel.ErrHangup), errors.Is(err, channel.ErrRedirect):
		return "SUCCESS", err
	default:
		warn(t, "BridgeAdd: %s: %v", other.Name(), err)
		return "FAILURE", nil
	}
}
