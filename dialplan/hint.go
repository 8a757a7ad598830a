package dialplan

import (
	"strings"

	"pbx/channel"
	"pbx/decl"
)

// hint returns the devices and the name of an extension's hint.
func (e *Engine) hint(p *Plan, context, exten string) (devices, name string) {
	h, _ := p.Find(context, exten, hintPriority, "", e.at(p))
	if h == nil {
		return "", ""
	}
	text := h.App
	if h.template.parts != nil {
		text = newExpander(hintSource{e, context, exten}, nil).expand(h.template).S
	}
	devices, name, _ = strings.Cut(text, ",")
	return devices, name
}

// hintSource finds the variables of a hint, which belongs to no channel.
type hintSource struct {
	engine         *Engine
	context, exten string
}

func (s hintSource) variable(name string, _ builtin) channel.Value {
	switch name {
	case "EXTEN":
		return channel.Value{S: s.exten}
	case "CONTEXT":
		return channel.Value{S: s.context}
	}
	v, _ := s.engine.Global(name)
	return channel.Value{S: v}
}

func (s hintSource) function(name, args string, _ []decl.Span) (channel.Value, bool) {
	if name == "GLOBAL" {
		return s.variable(args, noBuiltin), true
	}
	return channel.Value{}, false
}

func (s hintSource) warn(string) {}

// Hint implements channel.Dialplan.
func (e *Engine) Hint(context, exten string) string {
	devices, _ := e.hint(e.Plan(), context, exten)
	return devices
}

// DeviceState is what a device such as SIP/100 is doing.
func (e *Engine) DeviceState(device string) channel.DeviceState {
	if strings.HasPrefix(device, "Custom:") {
		return channel.DeviceUnknown
	}
	tech, resource, ok := strings.Cut(device, "/")
	if !ok || e.opts.Channels == nil {
		return channel.DeviceInvalid
	}
	t, ok := e.opts.Channels.Technology(tech)
	if !ok {
		return channel.DeviceInvalid
	}
	return t.DeviceState(resource)
}

// HintName is the name that a hint gives an extension.
func (e *Engine) HintName(context, exten string) string {
	_, name := e.hint(e.Plan(), context, exten)
	return name
}

// ExtensionState is what the devices of a hint do together.
type ExtensionState uint8

// The states of an extension, as bits.
const (
	ExtensionIdle    ExtensionState = 0
	ExtensionInUse   ExtensionState = 1
	ExtensionBusy    ExtensionState = 2
	ExtensionGone    ExtensionState = 4 // no device can be reached
	ExtensionRinging ExtensionState = 8
	ExtensionHold    ExtensionState = 16
)

// String is the word that core show hints prints.
func (s ExtensionState) String() string {
	switch s {
	case ExtensionIdle:
		return "Idle"
	case ExtensionInUse:
		return "InUse"
	case ExtensionBusy:
		return "Busy"
	case ExtensionGone:
		return "Unavailable"
	case ExtensionRinging:
		return "Ringing"
	case ExtensionInUse | ExtensionRinging:
		return "InUse&Ringing"
	case ExtensionHold:
		return "Hold"
	case ExtensionInUse | ExtensionHold:
		return "InUse&Hold"
	}
	return "Unknown"
}

// Device is the device state of the same meaning.
func (s ExtensionState) Device() channel.DeviceState {
	switch s {
	case ExtensionIdle:
		return channel.DeviceNotInUse
	case ExtensionInUse:
		return channel.DeviceInUse
	case ExtensionBusy:
		return channel.DeviceBusy
	case ExtensionGone:
		return channel.DeviceUnavailable
	case ExtensionRinging:
		return channel.DeviceRinging
	case ExtensionInUse | ExtensionRinging:
		return channel.DeviceRingInUse
	case ExtensionHold, ExtensionInUse | ExtensionHold:
		return channel.DeviceOnHold
	}
	return channel.DeviceUnknown
}

// ExtensionState tells what the devices of a hint do; ok is false without a
// hint.
func (e *Engine) ExtensionState(context, exten string) (s ExtensionState, ok bool) {
	devices := e.Hint(context, exten)
	if devices == "" {
		return 0, false
	}
	return e.devicesState(devices), true
}

// devicesState puts the states of several devices together as the field does:
// anything that rings and anything in use show; all busy, all on hold or all
// unavailable show where nothing else is going on.
func (e *Engine) devicesState(devices string) ExtensionState {
	var inUse, ringing, idle, other bool
	busy, hold, gone := true, true, true
	for d := range strings.SplitSeq(devices, "&") {
		state := e.DeviceState(strings.TrimSpace(d))
		if state != channel.DeviceBusy {
			busy = false
		}
		if state != channel.DeviceOnHold {
			hold = false
		}
		if state != channel.DeviceUnavailable && state != channel.DeviceInvalid {
			gone = false
		}
		switch state {
		case channel.DeviceNotInUse, channel.DeviceUnknown:
			idle = true
		case channel.DeviceInUse:
			inUse = true
		case channel.DeviceRinging:
			ringing = true
		case channel.DeviceRingInUse:
			inUse, ringing = true, true
		case channel.DeviceBusy, channel.DeviceOnHold:
			other = true
		}
	}
	switch {
	case ringing && (inUse || other):
		return ExtensionInUse | ExtensionRinging
	case ringing:
		return ExtensionRinging
	case busy:
		return ExtensionBusy
	case hold:
		return ExtensionHold
	case gone:
		return ExtensionGone
	case inUse, other:
		return ExtensionInUse
	case idle:
		return ExtensionIdle
	}
	return ExtensionIdle
}
