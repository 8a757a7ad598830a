package apps

import (
	"pbx/channel"
	"pbx/decl"
)

func busy(s *set) channel.Application {
	return refuse(s, "Busy", "busy", channel.ControlBusy, channel.CauseUserBusy)
}

func congestion(s *set) channel.Application {
	return refuse(s, "Congestion", "congestion", channel.ControlCongestion, channel.CauseCongestion)
}

// refuse declares an application that tells the caller of a condition and ends
// the call.
func refuse(s *set, name, what string, control channel.Control, cause channel.Cause) channel.Application {
	return channel.Application{
		Name:     name,
		Synopsis: "Tell the caller of " + what + " and end the call",
		Help: `A call that was not answered is refused as ` + what + `; an answered one hears the ` + what + ` tone. ` +
			`After the time, or when the caller hangs up, the call ends: no further priority is run.`,
		Args: []decl.Arg{
			{Name: "timeout", Help: "Seconds until the call is ended; without it the caller must hang up.", Optional: true},
		},
		SeeAlso: []string{"Hangup", "Playtones"},
		Wait:    true,
		Run: func(t channel.Thread, args *decl.Args) error {
			ch := t.Channel()
			if ch.State() != channel.Up {
				ch.SetCause(cause, "")
			}
			if err := forgive(t, name, s.player.Indicate(ch, control)); err != nil {
				return err
			}
			if ch.State() != channel.Up {
				ch.SetState(channel.BusyState)
			}
			d := maxTime
			if x, ok := duration(args.Arg(0)); ok && args.Has(0) {
				d = x
			}
			if err := ch.Sleep(d); err != nil {
				return err
			}
			return channel.ErrHangup
		},
	}
}
