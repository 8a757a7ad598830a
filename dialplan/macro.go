package dialplan

import (
	"errors"
	"fmt"
	"strconv"

	"pbx/channel"
)

// macroContext begins the names of the contexts that macros are.
const macroContext = "macro-"

// maxMacros is how deep macros may call each other, unless MACRO_RECURSION says
// otherwise.
const maxMacros = 7

// ErrMacroExit leaves the macro that runs: MacroExit.
var ErrMacroExit = errors.New("leave the macro")

// Macro implements channel.Thread: it runs the extension s of the context
// macro-NAME and comes back where its priorities run out. A macro that jumps into
// another context ends there, and the call goes on in that place.
func (t *Thread) Macro(ch *channel.Channel, name string, args []channel.Value) error {
	if ch != t.ch {
		other := t.engine.thread(ch)
		other.plan, other.place = t.plan, t.place
		return other.Macro(ch, name, args)
	}
	context := macroContext + name
	c, ok := t.plan.contexts[context]
	if !ok {
		t.warn(fmt.Sprintf("No such context '%s' for macro '%s'. Was called by %s@%s", context, name, t.place.Exten, t.place.Context))
		return nil
	}
	if !t.Match(context, "s", 1).Exists() {
		t.warn(fmt.Sprintf("Context '%s' for macro '%s' lacks 's' extension, priority 1", c.Name, name))
		return nil
	}
	depth := t.macroDepth()
	if most := t.macroLimit(); depth >= most {
		t.Log().Error(fmt.Sprintf("Macro():  possible infinite loop detected.  Returning early. (%d macros within each other at %s)", depth, format(t.place)))
		return nil
	}
	leave := t.enterMacro(depth, args)
	defer leave()
	return t.macro(context)
}

// macroDepth is how many macros run within each other.
func (t *Thread) macroDepth() int {
	v, _ := t.ch.Var("MACRO_DEPTH")
	n, _ := strconv.Atoi(v.S)
	return max(n, 0)
}

func (t *Thread) macroLimit() int {
	if v, ok := t.ch.Var("MACRO_RECURSION"); ok {
		if n, err := strconv.Atoi(v.S); err == nil && n > 0 && n < maxFrames {
			return n
		}
	}
	return maxMacros
}

// enterMacro sets the variables of a macro, and returns what takes them away: those
// of a macro around it are seen again then.
func (t *Thread) enterMacro(depth int, args []channel.Value) (leave func()) {
	names := make([]string, 0, len(args)+5)
	push := func(name string, v channel.Value) {
		names = append(names, name)
		t.ch.PushVar(name, v)
	}
	t.ch.SetVar("MACRO_DEPTH", channel.Clean(strconv.Itoa(depth+1)))
	push("MACRO_EXTEN", t.variable("EXTEN", builtins["EXTEN"]))
	push("MACRO_CONTEXT", channel.Clean(t.place.Context))
	push("MACRO_PRIORITY", channel.Clean(strconv.Itoa(t.place.Priority)))
	push("MACRO_OFFSET", channel.Value{})
	for i, v := range args {
		push("ARG"+strconv.Itoa(i+1), v)
	}
	return func() {
		for _, name := range names {
			t.ch.PopVar(name)
		}
		t.ch.SetVar("MACRO_DEPTH", channel.Clean(strconv.Itoa(depth)))
	}
}

// macro runs the priorities of a macro's context.
func (t *Thread) macro(context string) error {
	from, depth := t.place, len(t.frames)
	t.place = channel.Location{Context: context, Exten: "s", Priority: 1}
	restore := func() { t.place, t.jumped = from, false }
	for {
		found, err := t.step()
		switch {
		case errors.Is(err, ErrMacroExit) || err == nil && !found:
			restore()
			t.skip(from)
			return nil
		case err != nil:
			restore()
			return err
		case t.ch.Redirected():
			restore()
			return channel.ErrRedirect
		case t.ch.HungUp() && !t.dead:
			restore()
			return channel.ErrHangup
		case t.place.Context != context && len(t.frames) <= depth:
			t.verbose(2, "Channel '%s' jumping out of macro '%s'", t.ch.Name(), context[len(macroContext):])
			out := t.place
			restore()
			t.GotoLocation(out)
			return nil
		}
	}
}

// skip goes on MACRO_OFFSET priorities further than the one after the macro, if
// that priority is there.
func (t *Thread) skip(from channel.Location) {
	v, ok := t.ch.Var("MACRO_OFFSET")
	if !ok {
		return
	}
	n, err := strconv.Atoi(v.S)
	if err != nil {
		return
	}
	from.Priority += n + 1
	if from.Priority > 0 && t.Match(from.Context, from.Exten, from.Priority).Exists() {
		t.GotoLocation(from)
	}
}
