package server

import (
	"fmt"
	"strings"

	"pbx/channels/sip"
	"pbx/config"
	"pbx/dialplan"
	"pbx/dialplan/flow"
)

// sinkRules are the rules of what callers must not steer.
var sinkRules = map[flow.Sink]struct {
	severity   config.Severity
	rule, what string
}{
	flow.Shell:     {config.Warning, "tainted-shell", "a command line"},
	flow.Device:    {config.Note, "tainted-dial", "what is called"},
	flow.File:      {config.Warning, "tainted-file", "the name of a file"},
	flow.Evaluated: {config.Warning, "tainted-code", "a part of the dialplan"},
}

// tainted finds what callers send where they must not steer anything.
func (k *planCheck) tainted() {
	for _, t := range k.flow.Taint() {
		k.step = t.Step
		from := ""
		if t.Origin.Text != t.Via || t.Origin.Pos != t.Step.Pos {
			from = fmt.Sprintf(" (it comes from %s at %s)", t.Origin.Text, t.Origin.Pos)
		}
		r := sinkRules[t.Sink]
		k.findAt(t.Via, r.severity, r.rule, "FILTER() lets through only the characters that belong there",
			"%s brings any characters from outside into %s: %s%s", t.Via, r.what, t.Into, from)
	}
}

// guests finds ways from callers that prove nothing to trunks.
func (k *planCheck) guests() {
	if k.conf.sip == nil {
		return
	}
	type entry struct{ who, context string }
	var entries []entry
	if g := k.conf.sip.General; g.AllowGuest {
		entries = append(entries, entry{"a guest", g.Defaults.Context})
	}
	for _, p := range k.conf.sip.Peers {
		if unproven(p) {
			entries = append(entries, entry{"who calls himself " + p.Name + ", which has no password,", p.Context})
		}
	}
	told := make(map[string]bool)
	for _, e := range entries {
		if told[e.context] {
			continue
		}
		told[e.context] = true
		for _, r := range k.flow.Reach(e.context, k.conf.classify) {
			if r.Class != flow.Trunk {
				continue
			}
			k.step = r.Step
			severity := config.Warning
			if !r.Chosen {
				severity = config.Note
			}
			k.findAt(r.What, severity, "guest-trunk", "lead guests into a context that has no way out", "%s can call %s from [%s]: %s", e.who, r.What, e.context, pathText(r.Path))
		}
	}
}

// unproven reports whether anybody may call as a device.
func unproven(p *sip.PeerConfig) bool {
	return p.Dynamic && p.Type != sip.TypePeer && p.Secret == "" && p.MD5Secret == "" && p.SHA256Secret == "" && len(p.ACL) == 0
}

// pathText is a way through the plan in one line.
func pathText(path []*dialplan.Priority) string {
	var steps []string
	for _, p := range path {
		steps = append(steps, fmt.Sprintf("%s,%s,%d at %s", p.Extension().Context.Name, p.Extension().Name, p.Number, p.Pos))
	}
	return strings.Join(steps, " → ")
}

// classify tells what a device of a dial string is.
func (c *configuration) classify(device string) flow.Class {
	tech, resource, _ := strings.Cut(device, "/")
	first, number, hasNumber := strings.Cut(resource, "/")
	switch strings.ToUpper(tech) {
	case "SIP":
		return c.classifySIP(first, number)
	case "PJSIP":
		if strings.Contains(first, "@") || hasNumber {
			return flow.Trunk
		}
		return flow.Phone
	case "DAHDI", "ZAP":
		if hasNumber || strings.ContainsAny(first[:min(1, len(first))], "gGrR") {
			return flow.Trunk
		}
		return flow.Phone
	case "IAX2", "IAX":
		if hasNumber || strings.Contains(first, "@") {
			return flow.Trunk
		}
		return flow.Phone
	case "SCCP", "SKINNY", "MGCP", "CONSOLE", "ALSA", "OSS", "UNISTIM", "PHONE", "AGENT", "MULTICASTRTP", "USTM":
		return flow.Phone
	case "DONGLE", "QUECTEL", "KHOMP", "MISDN", "CAPI", "OOH323", "H323", "MOTIF", "WOOMERA", "DATACARD":
		return flow.Trunk
	}
	return flow.Other
}

func (c *configuration) classifySIP(first, number string) flow.Class {
	name := first
	if i := strings.LastIndexByte(first, '@'); i >= 0 {
		number, name = first[:i], first[i+1:]
	}
	name, _, _ = strings.Cut(name, "!")
	if c.sip != nil {
		for _, p := range c.sip.Peers {
			if !strings.EqualFold(p.Name, name) {
				continue
			}
			if !p.Dynamic && p.Host != "" && (number != "" || len(p.Called) > 0) {
				return flow.Trunk
			}
			return flow.Phone
		}
	}
	switch {
	case number != "" && (dynamic(name) || strings.ContainsAny(name, ".:")):
		return flow.Trunk // a host, or a peer that a call decides and that gets a number
	case strings.ContainsAny(name, ".:") && !dynamic(name):
		return flow.Trunk
	case dynamic(name):
		return flow.Phone
	}
	return flow.Other
}
