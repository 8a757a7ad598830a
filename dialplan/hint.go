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
