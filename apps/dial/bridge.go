package dial

import (
	"strings"

	"pbx/apps/field"
	"pbx/apps/prompt"
	"pbx/bridge"
	"pbx/channel"
	"pbx/decl"
)

// bridgeOptions are the letters of Bridge. Those that Dial has mean the same.
var bridgeOptions = func() []decl.Option {
	own := []decl.Option{
		{Letter: 'n', Help: "Do not answer the caller before."},
		{Letter: 'p', Help: "Play a beep to the other channel before."},
		{Letter: 'v', Help: "Wait for the other channel's audio.", Absent: noStreams},
		{Letter: 'x', Help: "End the other channel after the call; else it goes on in the dialplan after the priority that it left."},
		{Letter: 'F', Args: []string{"context^exten^priority"}, Help: "When the caller hangs up, send the other channel to that place, or to the next priority."},
	}
	for _, o := range optionTable {
		if strings.IndexByte("hHkKLStTwWX", o.Letter) >= 0 {
			own = append(own, o)
		}
	}
	return own
}()

// Bridge declares the application of that name.
func Bridge(d Deps) channel.Application {
	return channel.Application{
		Name:     "Bridge",
		Synopsis: "Talk to a channel that is in a call",
		Help: `Takes another channel from what it does, the party that it talks to too, and connects the caller with it. After the call each goes on with the priority after the one it left, ` +
			`one that was only a leg of somebody's Dial ends. BRIDGERESULT is INCOMPATIBLE where one of the two wants encryption (CHANNEL(secure_bridge_signaling), CHANNEL(secure_bridge_media)) that the other has not.`,
		Args: []decl.Arg{
			{Name: "channel", Help: "The name of the channel."},
			{Name: "options", Help: "Letters, see below.", Optional: true, Options: true},
		},
		Options: bridgeOptions,
		Variables: []decl.Variable{
			{Name: "BRIDGERESULT", Help: "How it went.", Values: []string{"SUCCESS", "FAILURE", "LOOP", "NONEXISTENT", "INCOMPATIBLE"}},
		},
		SeeAlso: []string{"Dial", "ChannelRedirect"},
		Wait:    true,
		Run: func(t channel.Thread, args *decl.Args) error {
			if !args.Has(0) {
				t.Log().Warn("Bridge requires an argument (channel)")
				return channel.ErrHangup
			}
			result, err := join(d, t, args)
			t.Channel().SetVar("BRIDGERESULT", channel.Clean(result))
			return err
		},
	}
}

// join returns what BRIDGERESULT is.
func join(d Deps, t channel.Thread, args *decl.Args) (result string, err error) {
	ch, log := t.Channel(), t.Log()
	other, ok := ch.Registry().Find(args.Arg(0))
	switch {
	case !ok || other.HungUp():
		log.Warn("Bridge failed because channel " + args.Arg(0) + " does not exist")
		return "NONEXISTENT", nil
	case other == ch:
		log.Warn("Bridge: a channel cannot talk to itself")
		return "LOOP", nil
	case other.State() != channel.Up || other.Owner() == nil && other.Bridged() == nil:
		log.Warn("Bridge: " + other.Name() + " is not in a call")
		return "FAILURE", nil
	}
	if err := channel.Together(ch, other); err != nil {
		log.Warn("Bridge: " + other.Name() + ": " + err.Error())
		return "INCOMPATIBLE", nil
	}
	letters := field.Split(field.Of(args), ',', 2)
	c := &call{Deps: d, t: t, caller: ch, log: log, options: &options{}}
	a := decl.Args{Tainted: args.Tainted}
	if len(letters) > 1 {
		for _, l := range a.ParseOptions(trusted(letters[1], log), bridgeOptions) {
			log.Warn("Bridge: unknown option", "letter", string(rune(l)))
		}
	}
	flag := func(letter byte) bool { _, ok := a.Option(letter); return ok }
	c.callerHangsUp, c.calleeHangsUp, c.afterward = flag('H'), flag('h'), place(&a, 'F')
	c.callerTransfers, c.calleeTransfers = flag('T'), flag('t')
	c.goOn, c.calleeGoesOn = true, !flag('x')
	c.readLimits(&a, log)
	if !flag('n') {
		if err := ch.Answer(); err != nil {
			return "FAILURE", err
		}
	}
	var r bridge.Result
	err = bridge.JoinFrom(ch, other, func() {
		if flag('p') {
			if _, err := d.Player.Play(other, "beep", prompt.Options{Watch: ch}); err != nil && !prompt.Ended(err) {
				log.Warn("Bridge: " + err.Error())
			}
		}
		r = c.talk(other)
		switch left := ch.HungUp() || r.Reason == bridge.Feature && r.By == bridge.Caller; {
		case other.HungUp() || other.Redirected():
		case left && c.afterward.given:
			at := t.Location()
			at.Priority++
			if c.afterward.place != "" {
				to, err := t.Resolve(c.afterward.place)
				if err != nil {
					log.Warn("Bridge: option F: " + err.Error())
				} else {
					at = to
				}
			}
			other.AsyncGoto(at)
		case flag('x') || r.Reason == bridge.Feature && r.By == bridge.Callee:
			other.SoftHangup(channel.CauseNormalClearing)
		}
	})
	switch {
	case err != nil || r.Reason == bridge.Failed:
		log.Warn("Bridge: " + other.Name() + " did not come")
		result = "FAILURE"
	default:
		result = "SUCCESS"
	}
	switch {
	case ch.Redirected():
		return result, channel.ErrRedirect
	case ch.HungUp():
		return result, channel.ErrHangup
	}
	return result, nil
}
