package dial

import (
	"strconv"
	"strings"

	"pbx/channel"
)

// caller is where the caller is in the plan: in a macro, the place from which it was
// called, and of macros within each other the first one was.
func caller(t channel.Thread) channel.Location {
	at, ch := t.Location(), t.Channel()
	v, _ := ch.Var("MACRO_DEPTH")
	depth, _ := strconv.Atoi(v.S)
	if depth < 1 {
		return at
	}
	context, ok := ch.HiddenVar("MACRO_CONTEXT", depth-1)
	exten, there := ch.HiddenVar("MACRO_EXTEN", depth-1)
	if ok && there {
		at.Context, at.Exten = context.S, exten.S
	}
	return at
}

// yes reads a truth word of a variable, or is otherwise when there is none.
func yes(s string, otherwise bool) bool {
	switch strings.ToLower(s) {
	case "":
		return otherwise
	case "yes", "true", "y", "t", "1", "on":
		return true
	}
	return false
}
