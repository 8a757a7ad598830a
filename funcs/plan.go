package funcs

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/decl"
	"pbx/dialplan"
)

func planFunctions(d Deps) []channel.Function {
	place := []decl.Arg{{Name: "context", Help: "the context", Target: decl.ContextRef}, optional("extension", "the extension"), optional("priority", "the priority, 1 by default, or a label")}
	exten := arg("extension@context", "the extension; the context is default without one")
	return []channel.Function{
		{Name: "DIALPLAN_EXISTS", Synopsis: "1 when a place in the dialplan is there", Args: place, Read: exists},
		{
			Name: "VALID_EXTEN", Synopsis: "1 when a place in the dialplan is there", Help: "An older form of DIALPLAN_EXISTS: it wants an extension, and knows no labels.",
			Args: []decl.Arg{{Name: "context", Help: "the context, that of the call when it is left empty", Optional: true, Target: decl.ContextRef}, optional("extension", "the extension"), optional("priority", "the priority, 1 by default")},
			Read: validExtension,
		},
		{
			Name: "EXTENSION_STATE", Synopsis: "What the devices of an extension's hint are doing", Help: "The words of DEVICE_STATE, and HOLDINUSE where one device talks and another is on hold.", SeeAlso: []string{"HINT"},
			Args: []decl.Arg{exten},
			Read: func(_ channel.Thread, a *decl.Args) (string, error) {
				e, context := atContext(a.Arg(0))
				if e == "" {
					return "", errors.New("an extension is required")
				}
				s, ok := d.Engine.ExtensionState(context, e)
				switch {
				case !ok:
					return "UNKNOWN", nil
				case s == channel.ExtensionInUse|channel.ExtensionHold:
					return "HOLDINUSE", nil
				}
				return s.Device().String(), nil
			},
		},
		{
			Name: "HINT", Synopsis: "The devices of an extension's hint", SeeAlso: []string{"EXTENSION_STATE"},
			Args: []decl.Arg{exten, optional("options", "n: the name instead")},
			Read: func(_ channel.Thread, a *decl.Args) (string, error) {
				e, context := atContext(a.Arg(0))
				if strings.Contains(a.Arg(1), "n") {
					return d.Engine.HintName(context, e), nil
				}
				return d.Engine.Hint(context, e), nil
			},
		},
		{
			Name: "EXCEPTION", Synopsis: "Why the extension e runs", Help: "reason is INVALID, RESPONSETIMEOUT, ABSOLUTETIMEOUT or what RaiseException said.",
			Args: []decl.Arg{arg("field", "reason, context, exten or priority")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				thread, ok := t.(*dialplan.Thread)
				if !ok {
					return "", nil
				}
				reason, at, ok := thread.Exception()
				if !ok {
					return "", errors.New("no exception was raised")
				}
				switch what := strings.ToLower(a.Arg(0)); what {
				case "reason":
					return reason, nil
				case "context":
					return at.Context, nil
				case "exten", "extension":
					a.Tainted = true
					return at.Exten, nil
				case "priority":
					return strconv.Itoa(at.Priority), nil
				default:
					return "", fmt.Errorf("unknown field '%s'", what)
				}
			},
		},
		{
			Name: "STACK_PEEK", Synopsis: "Where a subroutine was called",
			Args: []decl.Arg{arg("n", "1 is the innermost"), optional("which", "c, e, p or l: context, extension, priority, or all with commas"), optional("suppress", "1: no warning")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				n, _ := leadingInteger(a.Arg(0))
				thread, ok := t.(*dialplan.Thread)
				if !ok {
					return "", nil
				}
				at, ok := thread.Caller(n)
				if !ok {
					if a.Arg(2) == "1" {
						return "", nil
					}
					return "", errors.New("there are not so many subroutines on the stack")
				}
				switch strings.ToLower(a.Arg(1)) {
				case "c":
					return at.Context, nil
				case "e":
					return at.Exten, nil
				case "p":
					return strconv.Itoa(at.Priority - 1), nil
				}
				return fmt.Sprintf("%s,%s,%d", at.Context, at.Exten, at.Priority-1), nil
			},
		},
	}
}

func atContext(s string) (exten, context string) {
	exten, context, _ = strings.Cut(s, "@")
	if context == "" {
		context = "default"
	}
	return exten, context
}

func exists(t channel.Thread, a *decl.Args) (string, error) {
	thread, ok := t.(*dialplan.Thread)
	if !ok || a.Raw == "" {
		return "", errors.New("an argument is required")
	}
	context, e, priority := a.Arg(0), a.Arg(1), a.Arg(2)
	if e == "" && priority == "" {
		if context == "" {
			return "", errors.New("a context, an extension or a priority is required")
		}
		_, ok := thread.Plan().Context(context)
		return flag(ok), nil
	}
	if priority == "" {
		priority = "1"
	}
	if n, ok := leadingInteger(priority); ok && n > 0 {
		return flag(t.Match(context, e, n).Exists()), nil
	}
	return flag(thread.HasLabel(context, e, priority)), nil
}

func validExtension(t channel.Thread, a *decl.Args) (string, error) {
	context, e, priority := a.Arg(0), a.Arg(1), 1
	if e == "" {
		return "", errors.New("syntax: VALID_EXTEN([context],extension[,priority])")
	}
	if context == "" {
		context = t.Location().Context
	}
	if a.Has(2) {
		priority, _ = leadingInteger(a.Arg(2))
	}
	return flag(t.Match(context, e, priority).Exists()), nil
}
