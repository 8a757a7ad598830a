package flow

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
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
	// bound are the arguments of the subroutine that runs, and the variables that
	// hold one of them, as the one that calls wrote them.
	bound bindings
}

// bindings are texts by the names of variables.
type bindings map[string]string

// maxBound is how long a text may grow in subroutines that call each other.
const maxBound = 200

// put replaces the variables of a text that are bound.
func (b bindings) put(text string) string {
	if !Dynamic(text) {
		return text
	}
	for name, value := range b {
		text = strings.ReplaceAll(text, "${"+name+"}", value)
	}
	return text
}

// key tells one binding from another.
func (b bindings) key() string {
	var all []string
	for name, value := range b {
		all = append(all, name+"="+value)
	}
	slices.Sort(all)
	return strings.Join(all, "\x00")
}

// maxHops bounds the walk through subroutines that are called in many ways.
const maxHops = 200000

// Reach are the things that a caller in a context can get to, by class and then in
// the order in which they are found: each device, and each application with an
// effect outside of calls, once, by the shortest path.
func (f *Flow) Reach(context string, classify Classify) []Reached {
	start, ok := f.plan.Context(context)
	if !ok {
		return nil
	}
	w := &walk{f: f, classify: classify, seen: make(map[visited]bool), dialled: make(map[*dialplan.Context]bool), told: make(map[string]bool)}
	w.dial(start, nil)
	for len(w.queue) > 0 && len(w.seen) < maxHops {
		h := w.queue[0]
		w.queue = w.queue[1:]
		w.visit(h)
	}
	slices.SortStableFunc(w.found, func(a, b Reached) int { return int(a.Class) - int(b.Class) })
	return w.found
}

// visited is a spot with what is bound there.
type visited struct {
	Spot
	bound string
}

type walk struct {
	f        *Flow
	classify Classify
	queue    []*hop
	seen     map[visited]bool
	dialled  map[*dialplan.Context]bool
	told     map[string]bool
	found    []Reached
}

func (w *walk) push(s Spot, from *hop, jump bool, bound bindings) {
	key := visited{s, bound.key()}
	if !w.seen[key] {
		w.seen[key] = true
		w.queue = append(w.queue, &hop{s, from, jump, bound})
	}
}

// called are the arguments of a subroutine.
func (h *hop) called(args []string) bindings {
	b := make(bindings, len(args))
	for i, a := range args {
		if a = h.bound.put(strings.TrimSpace(a)); a != "" && len(a) < maxBound {
			b["ARG"+strconv.Itoa(i+1)] = a
		}
	}
	return b
}

// after is what is bound behind a step: a variable that is set to an argument is
// another name of it.
func (w *walk) after(h *hop) bindings {
	bound, copied := h.bound, false
	for _, c := range w.f.Calls(h.Step) {
		name, value, ok := Cut(c.Args, '=')
		if !ok || !c.Is("set") {
			continue
		}
		name = strings.TrimSpace(name)
		if inner, local := strings.CutPrefix(name, "LOCAL("); local {
			name = strings.TrimSuffix(inner, ")")
		}
		name = strings.TrimLeft(name, "_")
		_, had := bound[name]
		value, now := h.bound.put(value), strings.Contains(value, "${ARG")
		if !had && !now {
			continue
		}
		if !copied {
			bound, copied = maps.Clone(bound), true
		}
		if delete(bound, name); now && len(value) < maxBound && bound != nil {
			bound[name] = value
		}
	}
	return bound
}

// dial has the caller dial every extension of a context.
func (w *walk) dial(c *dialplan.Context, from *hop) {
	if w.dialled[c] {
		return
	}
	w.dialled[c] = true
	for _, e := range w.f.visible[c] {
		for _, p := range stepsOf(e, "1") {
			w.push(Spot{p, c}, from, true, nil)
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
	bound := w.after(h)
	for _, s := range w.f.Next(h.Spot) {
		w.push(s, h, s.Step.Extension() != h.Step.Extension(), bound)
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
		inner := bound
		switch e.Kind {
		case Gosub, Macro:
			inner = h.called(e.Args)
		case Local:
			inner = nil
		}
		for _, s := range w.f.Resolve(e.Place, h.Spot) {
			w.push(s, h, s.Step.Extension() != h.Step.Extension(), inner)
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
		name := c.Name
		if c.App != nil {
			name = c.App.Name
		}
		w.tell(h, Effect, name, Dynamic(c.Args))
	}
	devices := ""
	switch {
	case c.Is("dial", "page", "originate"):
		devices = argument(c.Args, 0)
	case c.Is("retrydial"):
		devices = argument(c.Args, 3)
	}
	for _, d := range Split(w.f.Globals(h.bound.put(devices)), '&') {
		d = strings.TrimSpace(d)
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
