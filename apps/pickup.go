package apps

import (
	"strings"

	"pbx/apps/prompt"
	"pbx/channel"
	"pbx/decl"
)

// pickupMark is the context that stands for "the call whose variable PICKUPMARK is".
const pickupMark = "PICKUPMARK"

func pickup(player *prompt.Player) channel.Application {
	return channel.Application{
		Name:     "Pickup",
		Synopsis: "Answer a call that rings elsewhere",
		Help: `Answers the call that rings at one of the extensions, tried in order; the phones that rang show it as answered elsewhere. Without an argument it takes the call that has rung longest at a phone whose call groups and the caller's pickup groups (callgroup, pickupgroup, namedcallgroup and namedpickupgroup of sip.conf) have one in common; pickupsound and pickupfailsound of features.conf are heard then.

After it the caller has the call, and the dialplan of this channel ends. When nothing rings, the next priority is run.`,
		Args: []decl.Arg{
			{Name: "extension@context", Help: "The extension that was dialled, in the caller's context if none is given. extension@PICKUPMARK takes the call whose variable PICKUPMARK is that text.", Optional: true, Separator: "&"},
		},
		Variables: []decl.Variable{
			{Name: pickupMark, Help: "Read from the ringing channels."},
		},
		SeeAlso: []string{"PickupChan"},
		Run: func(t channel.Thread, args *decl.Args) error {
			if !args.Has(0) {
				return takeGroup(player, t)
			}
			for spec := range strings.SplitSeq(args.Arg(0), "&") {
				if spec = strings.TrimSpace(spec); spec == "" {
					continue
				}
				exten, context, ok := strings.Cut(spec, "@")
				if !ok {
					context = t.Location().Context
				}
				match := func(c *channel.Channel) bool {
					l := c.Location()
					return strings.EqualFold(l.Exten, exten) && strings.EqualFold(l.Context, context)
				}
				if strings.EqualFold(context, pickupMark) {
					match = func(c *channel.Channel) bool {
						v, ok := c.Var(pickupMark)
						return ok && strings.EqualFold(v.S, exten)
					}
				}
				if err := takeCall(t, spec, match); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func pickupChan() channel.Application {
	return channel.Application{
		Name:     "PickupChan",
		Synopsis: "Answer the call that rings at a channel",
		Help:     `Like Pickup, for channels by their names.`,
		Args: []decl.Arg{
			{Name: "Technology/resource", Help: "A channel's name, with or without the part after the last dash.", Separator: "&"},
			{Name: "options", Help: "Letters.", Optional: true, Options: true},
		},
		Options: []decl.Option{{Letter: 'p', Help: "The names are beginnings of names."}},
		SeeAlso: []string{"Pickup"},
		Run: func(t channel.Thread, args *decl.Args) error {
			if !args.Has(0) {
				warn(t, "PickupChan requires an argument (channel)")
				return nil
			}
			for _, c := range args.ParseOptions(args.Arg(1), []decl.Option{{Letter: 'p'}}) {
				warn(t, "PickupChan: unknown option %c", c)
			}
			_, partial := args.Option('p')
			for name := range strings.SplitSeq(args.Arg(0), "&") {
				if name = strings.TrimSpace(name); name == "" {
					continue
				}
				err := takeCall(t, name, func(c *channel.Channel) bool {
					full := c.Name()
					if partial {
						return len(full) >= len(name) && strings.EqualFold(full[:len(name)], name)
					}
					if i := strings.LastIndexByte(full, '-'); i >= 0 && strings.EqualFold(full[:i], name) {
						return true
					}
					return strings.EqualFold(full, name)
				})
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// takeGroup takes a call of the channel's groups, with the sounds of features.conf.
func takeGroup(player *prompt.Player, t channel.Thread) error {
	by := t.Channel()
	f := by.Features()
	if f.PickupSound != "" {
		by.SetVar(channel.BridgeSound, channel.Clean(f.PickupSound)) // who takes the call takes it along
	}
	if err := takeCall(t, "its group", by.MayPickUp); err != nil {
		return err
	}
	if f.PickupSound != "" {
		by.UnsetVar(channel.BridgeSound)
	}
	if f.PickupFailSound == "" {
		return nil
	}
	if err := by.Answer(); err != nil {
		return err
	}
	if _, err := player.Play(by, f.PickupFailSound, prompt.Options{}); prompt.Ended(err) {
		return err
	} else if err != nil {
		warn(t, "Pickup: %v", err)
	}
	return nil
}

// takeCall takes the first call that matches. It returns channel.ErrHangup when the
// channel's phone has a call now, and nil when there was none.
func takeCall(t channel.Thread, what string, match func(*channel.Channel) bool) error {
	by := t.Channel()
	target := by.Registry().Ringing(func(c *channel.Channel) bool { return c != by && match(c) })
	if target == nil {
		tell(t, 3, "Nothing to pick up for %s at %s", by.Name(), what)
		return nil
	}
	name := target.Name()
	if err := channel.Pickup(by, target); err != nil {
		if by.HungUp() {
			return channel.ErrHangup
		}
		tell(t, 3, "%s was not picked up: %v", name, err)
		return nil
	}
	tell(t, 3, "%s picked up %s", target.Name(), name)
	return channel.ErrHangup
}
