package sip

import (
	"strings"

	"pbx/channel"
	"pbx/event"
)

// DeviceState implements channel.Technology. It may be called from any goroutine
// but the loop's.
func (d *Driver) DeviceState(resource string) channel.DeviceState {
	name, _, _ := strings.Cut(resource, "/")
	if i := strings.LastIndexByte(name, '@'); i >= 0 {
		name = name[i+1:]
	}
	state := channel.DeviceInvalid
	if err := d.Call(func() {
		if p := d.peer(name); p != nil {
			state = d.stateOf(p)
		}
	}); err != nil {
		return channel.DeviceUnknown
	}
	return state
}

// stateOf is what a peer is doing, from its calls and its reachability.
func (d *Driver) stateOf(p *Peer) channel.DeviceState {
	counting := p.CallCounter || p.CallLimit > 0 || p.BusyLevel > 0
	switch {
	case p.onHold > 0 && counting && d.cfg.General.NotifyHold:
		return channel.DeviceOnHold
	case len(p.ringing) > 0 && counting:
		if len(p.ringing) >= p.inUse {
			return channel.DeviceRinging
		}
		return channel.DeviceRingInUse
	case p.CallLimit > 0 && p.inUse >= p.CallLimit:
		return channel.DeviceBusy
	case p.BusyLevel > 0 && p.inUse >= p.BusyLevel:
		return channel.DeviceBusy
	case p.inUse > 0 && counting:
		return channel.DeviceInUse
	case p.published.dialog != channel.ExtensionIdle:
		return p.published.dialog.Device()
	case p.Qualify > 0 && !p.reach().callable():
		return channel.DeviceUnavailable
	case p.Dynamic && len(p.contacts) == 0 && !p.DefaultIP.IsValid():
		return channel.DeviceUnavailable
	case !p.Dynamic && !d.staticAddr(p).IsValid():
		return channel.DeviceUnavailable
	}
	return channel.DeviceNotInUse
}

// deviceChanged tells the bus when the state of a peer is another one than it
// last said. The dialogs call it after they changed a counter.
func (d *Driver) deviceChanged(p *Peer) {
	d.placeExtensions(p)
	state := d.stateOf(p)
	if state == p.told {
		return
	}
	p.told = state
	if d.bus.Wants(event.DeviceState) {
		d.bus.Publish(event.Event{Kind: event.DeviceState, Time: d.now(), Name: "SIP/" + p.Name, Value: state.String()})
	}
}

// deviceGone tells the bus that there is no such device any more.
func (d *Driver) deviceGone(p *Peer) {
	p.told = channel.DeviceInvalid
	if d.bus.Wants(event.DeviceState) {
		d.bus.Publish(event.Event{Kind: event.DeviceState, Time: d.now(), Name: "SIP/" + p.Name, Value: p.told.String()})
	}
}
