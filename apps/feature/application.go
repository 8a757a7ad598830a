package feature

import (
	"errors"

	"pbx/bridge"
	"pbx/channel"
)

// applications are the codes of those that DYNAMIC_FEATURES of a channel names.
func (d Deps) applications(side bridge.Side, by *channel.Channel, f *channel.Features) (all []bridge.Code) {
	names, _ := by.Var("DYNAMIC_FEATURES")
	if names.S == "" || d.Execute == nil {
		return nil
	}
	for _, a := range f.Named(names.S) {
		all = append(all, bridge.Code{Digits: a.Digits, By: side, Run: func(t *bridge.Talk) bool { return d.run(t, &a) }})
	}
	return all
}

// run has one of the two go through an application while the other one waits. It reports
// whether the call is over by that.
func (d Deps) run(t *bridge.Talk, a *channel.FeatureApplication) (end bool) {
	on, idle := t.By(), t.Party()
	if a.Peer {
		on, idle = idle, on
	}
	verbose(on, "Feature %s of %s: %s(%s) on %s", a.Name, t.By().Name(), a.App, a.Args, on.Name())
	on.SetVar("DYNAMIC_FEATURENAME", channel.Clean(a.Name))
	on.SetVar("DYNAMIC_WHO_ACTIVATED", channel.Clean(t.By().Name()))
	t.Apart()
	if a.Music != "" {
		_ = idle.Leg().Indicate(channel.ControlHold) // who cannot be held waits without music
	}
	stop := t.Follow(idle)
	err := d.Execute(on, a.App, a.Args)
	stop()
	if a.Music != "" && !idle.HungUp() {
		_ = idle.Leg().Indicate(channel.ControlUnhold)
	}
	switch {
	case on.Redirected() || idle.Redirected():
		return true
	case errors.Is(err, channel.ErrHangup):
		on.SoftHangup(channel.CauseNone)
	case err != nil:
		on.Log().Warn("feature "+a.Name, "channel", on.Name(), "application", a.App, "error", err)
	}
	return false
}
