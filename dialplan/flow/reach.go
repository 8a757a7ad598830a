package flow

import (
	"fmt"
	"slices"
	"strings"

	"pbx/dialplan"
)

// Class sorts what a caller can get to, the gravest first.
type Class uint8

// The classes.
const (
	Trunk  Class = iota // the world outside, at the office's cost
	Phone               // a device of the office
	Effect              // something done to the machine: a program, a file
	Other               // a device of which nothing is known
)

func (c Class) String() string { return [...]string{"trunk", "phone", "effect", "device"}[c] }

// Reached is one thing that a caller can get to.
type Reached struct {
	Class Class
	What  string // the device or application
	// Chosen says that the caller has a say in it: the number that a trunk
	// dials is not fixed.
	Chosen bool
	Step   *dialplan.Priority
	// Path are the steps that lead there, the one that does it last. A step in
	// the middle is one that goes to another extension.
	Path []*dialplan.Priority
}

// Classify tells what a device such as SIP/100 or DAHDI/g1/5551234 is. What a call
// decides stands in it as it is written.
type Classify func(device string) Class

// hop is a spot and how it was come by.
type hop struct {
	Spot
	from *hop
	jump bool // from another extension
}

// Reach are the things that a caller in a context can get to, by class and then in
// the order in which they are found: each device, and each application with an
// effect outside of calls, once, by the shortest path.
func (f *Flow) Reach(context string, classify Classify) []Reached {
	start, ok := f.plan.Context(context)
	if !ok {
		return nil
	}
	w := &walk{f: f, classify: classify, seen: make(map[Spot]bool), dialled: make(map[*dialplan.Context]bool), told: make(map[string]bool)}
	w.dial(start, nil)
	for len(w.queue) > 0 {
		h := w.queue[0]
		w.queue = w.queue[1:]
		w.visit(h)
	}
	slices.SortStableFunc(w.found, func(a, b Reached) int { return int(a.Class) - int(b.Class) })
	return w.found
}

type walk struct {
	f        *Flow
	classify Classify
	queue    []*hop
	seen     map[Spot]bool
	dialled  map[*dialplan.Context]bool
	told     map[string]bool
	found    []Reached
}

func (w *walk) push(s Spot, from *hop, jump bool) {
	if !w.seen[s] {
		w.seen[s] = true
		w.queue = append(w.queue, &hop{s, from, jump})
	}
}

// dial has the caller dial every extension of a context.
func (w *walk) dial(c *dialplan.Context, from *hop) {
	if w.dialled[c] {
		return
	}
	w.dialled[c] = true
	for _, e := range w.f.visible[c] {
		for _, p := range stepsOf(e, "1") {
			w.push(Spot{p, c}, from, true)
		}
	}
}

func (w *walk) visit(h *hop) {
	for _, c := range w.f.Calls(h.Step) {
		w.reach(h, &c)
	}
	if strings.Contains(h.Step.Args, "${SHELL(") || strings.Contains(h.Step.Args, "${CURL(") {
		w.tell(h, Effect, functionEffect(h.Step.Args), false)
	}
	for _, s := range w.f.Next(h.Spot) {
		w.push(s, h, s.Step.Extension() != h.Step.Extension())
	}
	for _, e := range w.f.edges[h.Step] {
		switch e.Kind {
		case Mention:
			continue
		case Digits:
			for _, c := range w.f.contexts(e.Place.Context) {
				w.dial(c, h)
			}
			continue
		}
		for _, s := range w.f.Resolve(e.Place, h.Spot) {
			w.push(s, h, e.Kind != Block)
		}
	}
	if w.f.digits[h.Step] || !w.f.plan.Settings.AutoFallthrough && w.f.falls[h.Step] && len(w.f.Next(h.Spot)) == 0 {
		w.dial(h.In, h)
	}
}

func functionEffect(args string) string {
	if strings.Contains(args, "${SHELL(") {
		return "SHELL()"
	}
	return "CURL()"
}

// effects are the applications that act on the machine or the world beside calls.
func effect(name string) bool {
	switch strings.ToLower(name) {
	case "system", "trysystem", "agi", "eagi", "deadagi", "externalivr", "stasis", "mixmonitor", "monitor", "record", "dictate",
		"chanspy", "extenspy", "voicemailmain", "reload", "dbdeltree", "messagesend", "disa", "softhangup", "channelredirect":
		return true
	}
	return false
}

func (w *walk) reach(h *hop, c *Call) {
	if effect(c.Name) {
		w.tell(h, Effect, c.Name, Dynamic(c.Args))
	}
	devices := ""
	switch {
	case c.Is("dial", "page", "originate"):
		devices = argument(c.Args, 0)
	case c.Is("retrydial"):
		devices = argument(c.Args, 3)
	}
	for _, d := range Split(devices, '&') {
		d = w.f.Globals(strings.TrimSpace(d))
		if tech, _, _ := strings.Cut(d, "/"); d == "" || strings.EqualFold(tech, "Local") {
			continue
		}
		w.tell(h, w.classify(d), d, Dynamic(d))
	}
}

// Globals puts global variables that nothing changes into a text.
func (f *Flow) Globals(text string) string {
	if !Dynamic(text) {
		return text
	}
	for name, value := range f.constants {
		text = strings.ReplaceAll(text, "${"+name+"}", value)
		text = strings.ReplaceAll(text, "${GLOBAL("+name+")}", value)
	}
	return text
}

func (w *walk) tell(h *hop, class Class, what string, chosen bool) {
	key := fmt.Sprint(class, strings.ToLower(what))
	if w.told[key] {
		return
	}
	w.told[key] = true
	r := Reached{Class: class, What: what, Chosen: chosen, Step: h.Step}
	r.Path = append(r.Path, h.Step)
	for at := h; at.from != nil; at = at.from {
		if at.jump {
			r.Path = append(r.Path, at.from.Step)
		}
	}
	slices.Reverse(r.Path)
	w.found = append(w.found, r)
}
