package dialplan

import (
	"iter"
	"slices"
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

// HintParts are the devices of an extension's hint and its presence provider, ""
// where it names none; there are no devices without a hint.
func (e *Engine) HintParts(context, exten string) (devices []string, presence string) {
	list, name := e.hint(e.Plan(), context, exten)
	if name = strings.TrimSpace(name); strings.Contains(name, ":") {
		presence = name
	}
	return slices.Collect(Devices(list)), presence
}

// DeviceState is what a device such as SIP/100 is doing.
func (e *Engine) DeviceState(device string) channel.DeviceState {
	if e.opts.Channels == nil {
		return channel.DeviceInvalid
	}
	return e.opts.Channels.DeviceState(device)
}

// HintName is the name that a hint gives an extension.
func (e *Engine) HintName(context, exten string) string {
	_, name := e.hint(e.Plan(), context, exten)
	return name
}

// ExtensionState tells what the devices of a hint do; ok is false without a
// hint.
func (e *Engine) ExtensionState(context, exten string) (s channel.ExtensionState, ok bool) {
	devices := e.Hint(context, exten)
	if devices == "" {
		return 0, false
	}
	var all channel.Combined
	for d := range Devices(devices) {
		all.Add(e.DeviceState(d))
	}
	return all.State(), true
}

// Devices are the devices of a hint, one after the other.
func Devices(hint string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for d := range strings.SplitSeq(hint, "&") {
			if d = strings.TrimSpace(d); d != "" && !yield(d) {
				return
			}
		}
	}
}
