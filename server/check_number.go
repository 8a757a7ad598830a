package server

import (
	"slices"
	"strconv"
	"strings"

	"pbx/config"
	"pbx/dialplan"
	"pbx/dialplan/flow"
)

// enter finds the steps that are come to by more than the priority before them.
func (k *planCheck) enter() {
	k.entered = make(map[*dialplan.Priority]bool)
	k.flow.Steps(func(p *dialplan.Priority) {
		for _, at := range k.flow.Runs(p) {
			for _, n := range k.flow.Next(at) {
				if n.Step.Extension() != p.Extension() {
					k.entered[n.Step] = true
				}
			}
			for _, e := range k.flow.Edges(p) {
				k.open = k.open || e.Place.Context.Open()
				for _, n := range k.flow.Resolve(e.Place, at) {
					k.entered[n.Step] = true
				}
			}
		}
	})
}

// gaps looks at the numbers of an extension's priorities, and at steps that
// nothing leads to.
func (k *planCheck) gaps() {
	steps := k.exten.Priorities
	if k.open {
		return // a jump that may lead anywhere
	}
	for i := range steps {
		k.step = steps[i]
		switch {
		case k.entered[k.step]:
		case i == 0 && k.step.Number > 1:
			// The step of a phone that is registered (regcontext) is priority 1.
			registered := k.step.Number == 2 && k.conf.contextComes(k.context.Name)
			if !registered && !made(k.step) && !k.elsewhere(k.step.Number-1) {
				k.find(config.Warning, "priority-gap", "calls look for priority 1", "extension %s begins with priority %d, and nothing leads there", k.exten.Name, k.step.Number)
			}
		case i == 0 || k.continues(steps[i-1]):
		case k.step.Number > steps[i-1].Number+1:
			if k.elsewhere(k.step.Number - 1) {
				continue // a pattern has those between
			}
			hint := "number it on, or write n"
			if k.exten.Priority(k.step.Number-101) != nil {
				hint = "jumps to n+101 are no longer made: test the status variable of the application"
			}
			k.find(config.Warning, "priority-gap", hint, "priority %d follows priority %d, and nothing leads there", k.step.Number, steps[i-1].Number)
		case closing(k.step):
		default:
			k.find(config.Note, "unreachable", "", "nothing leads to this step: %s before it does not go on", steps[i-1].App)
			// What follows it is as unreachable; once is enough.
			return
		}
	}
}

// made reports whether a step is one of a switch's, which AEL makes.
func made(p *dialplan.Priority) bool {
	return strings.HasSuffix(p.Pos.File, ".ael") && strings.HasPrefix(strings.TrimPrefix(p.Extension().Name, "_"), "sw_")
}

// closing reports whether a step is one that people write, and AEL makes, behind a
// jump to be sure.
func closing(p *dialplan.Priority) bool {
	return slices.Contains([]string{"hangup", "return", "noop", "macroexit"}, strings.ToLower(p.App)) ||
		p.App == "Goto" && strings.HasSuffix(p.Pos.File, ".ael")
}

// continues reports whether the call goes on from a step to the one that is
// checked.
func (k *planCheck) continues(before *dialplan.Priority) bool {
	return k.flow.Falls(before) && k.step.Number == before.Number+1
}

// elsewhere reports whether another extension that the number matches has a
// priority, so that a call comes from there.
func (k *planCheck) elsewhere(number int) bool {
	l := flow.Place{Exten: dialplan.PatternShape(k.exten.Name), Priority: strconv.Itoa(number)}
	for _, at := range k.flow.Runs(k.step) {
		if len(k.flow.Resolve(l, at)) > 0 || k.flow.Elsewhere(at.In) {
			return true
		}
	}
	return false
}

// letters finds letters of a word that are wildcards in a pattern.
func (k *planCheck) letters() {
	name := k.exten.Name
	if !k.exten.Pattern() || len(k.exten.Priorities) == 0 {
		return
	}
	for _, made := range []string{"_sw_"} { // AEL's own
		if strings.HasPrefix(name, made) {
			return
		}
	}
	word, wild := false, ""
	set := false
	for _, c := range name[1:] {
		switch {
		case c == '[':
			set = true
		case c == ']':
			set = false
		case set:
		case c == 'n' || c == 'x' || c == 'z':
			wild += string(c)
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z' && c != 'N' && c != 'X' && c != 'Z':
			word = true
		}
	}
	if word && wild != "" {
		k.step = k.exten.Priorities[0]
		k.findAt(name, config.Warning, "pattern-letters", "write ["+wild[:1]+"] for the letter, or leave out the underscore",
			"%q in the pattern %s stands for digits, not for the letter", wild[:1], name)
	}
}

// manyPatterns is how many extensions of a context are compared with each other.
const manyPatterns = 1000

// hidden finds extensions that no number reaches: others come before them for all
// that they match.
func (k *planCheck) hidden() {
	if k.open || k.conf.sip == nil {
		return
	}
	for _, k.context = range k.plan.Contexts() {
		for _, k.exten = range k.context.Extensions() {
			if len(k.exten.Priorities) == 0 {
				continue
			}
			if k.step = k.exten.Priorities[0]; k.step.Number == 1 && !k.entered[k.step] && !special(k.exten.Name) {
				k.hiding()
			}
		}
	}
}

// hiding looks whether the extension is hidden in every context that a call may
// look for it in.
func (k *planCheck) hiding() {
	var by []*dialplan.Extension
	for _, at := range k.flow.Runs(k.step) {
		if !k.named[at.In.Name] && at.In != k.context {
			continue // no call is there
		}
		if at.In == k.context && !k.named[at.In.Name] && len(k.flow.Runs(k.step)) > 1 {
			continue // only included
		}
		before := k.flow.Before(k.exten, at.In)
		if len(before) == 0 || len(before) > manyPatterns {
			return
		}
		var names []string
		var who []*dialplan.Extension
		shape := dialplan.PatternShape(k.exten.Name)
		for _, e := range before {
			if e.AnyCaller && e.Priority(1) != nil && shape.CouldBe(e.Name) {
				names, who = append(names, e.Name), append(who, e)
			}
		}
		if !dialplan.Covered(k.exten.Name, names) {
			return
		}
		by = append(by, who...)
	}
	if len(by) == 0 {
		return
	}
	var list []string
	for _, e := range by {
		text := e.Name + " of [" + e.Context.Name + "] at " + e.Priorities[0].Pos.String()
		if !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	severity := config.Warning
	if len(by) == 1 && by[0].Name == k.exten.Name {
		severity = config.Note // overruling an extension of an include is often meant so
	}
	k.find(severity, "shadowed", "", "no call reaches extension %s: %s come%s first", k.exten.Name, strings.Join(list[:min(3, len(list))], ", "), map[bool]string{true: "s"}[len(list) == 1])
}

func special(name string) bool {
	return slices.Contains([]string{"s", "h", "i", "t", "T", "e", "o", "a", "fax", "talk", "failed"}, name)
}
