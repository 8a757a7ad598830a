package dialplan

import (
	"strconv"

	"pbx/channel"
)

// variable looks a name up: what the exchange knows, the channel's variables,
// the global ones. What is not there is empty.
func (t *Thread) variable(name string, known builtin) channel.Value {
	switch known {
	case noBuiltin:
	case varExten:
		return channel.Tainted(t.place.Exten)
	case varContext:
		return channel.Value{S: t.place.Context}
	case varPriority:
		return channel.Value{S: strconv.Itoa(t.place.Priority)}
	case varChannel:
		return channel.Value{S: t.ch.Name()}
	case varUniqueid:
		return channel.Value{S: t.ch.Uniqueid()}
	case varHangupCause:
		return channel.Value{S: strconv.Itoa(int(t.ch.Cause()))}
	case varHint:
		devices, _ := t.engine.hint(t.plan, t.place.Context, t.place.Exten)
		return channel.Value{S: devices}
	case varHintName:
		_, name := t.engine.hint(t.plan, t.place.Context, t.place.Exten)
		return channel.Value{S: name}
	case varCallingPres:
		caller := t.ch.Identity().Caller
		return channel.Value{S: strconv.Itoa(int(caller.Shown()))}
	case varCallingPlan:
		return channel.Value{S: strconv.Itoa(t.ch.Identity().Caller.Plan)}
	case varCallingANI2:
		return channel.Value{S: strconv.Itoa(t.ch.Identity().ANI2)}
	case varCallingNetwork:
		return channel.Value{S: "0"}
	case varEpoch:
		return channel.Value{S: strconv.FormatInt(t.engine.Now().Unix(), 10)}
	case varSystem:
		return channel.Value{S: t.engine.opts.System[name]}
	}
	if v, ok := t.ch.Var(name); ok {
		return v
	}
	v, _ := t.engine.globals.get(name)
	return v
}

// Truth is how GotoIf, ExecIf, While and others read a condition: empty text and
// what begins with a number that is 0 are false, all other text is true
// (golden/corrections.md, row 34).
func Truth(s string) bool {
	if s == "" {
		return false
	}
	if n, _, ok := scanInt(s, 0); ok {
		return n != 0
	}
	return true
}
