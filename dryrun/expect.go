package dryrun

import (
	"fmt"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/config"
	"pbx/dialplan/trace"
)

// Expectation is one "expect" line of a test.
type Expectation struct {
	Pos  config.Pos
	Text string
	// check looks at a trace from a step on; it returns the step from which the
	// next one looks, and what is wrong, "" for nothing.
	check func(t *Trace, from int) (next int, wrong string)
}

// expectations are the words and the forms that follow them, for messages.
const expectations = "app NAME or NAME(arguments), no app …, extension EXTEN@CONTEXT, variable NAME = VALUE, played FILE, not played FILE, " +
	"called DEVICE, not called DEVICE, connected DEVICE, event NAME, answered, not answered, busy, congestion or cause NUMBER"

// ParseExpectation reads what follows "expect". Applications are expected in the
// order of the lines; "..." in their arguments stands for any text.
func ParseExpectation(text string) (Expectation, error) {
	e := Expectation{Text: text}
	not := false
	rest := text
	for _, p := range []string{"no ", "not "} {
		if s, ok := strings.CutPrefix(rest, p); ok {
			not, rest = true, strings.TrimSpace(s)
			break
		}
	}
	word, arg, _ := strings.Cut(rest, " ")
	arg = strings.TrimSpace(arg)
	if arg == "" && !strings.Contains(" answered busy congestion ", " "+word+" ") {
		return e, fmt.Errorf("expect %s: known are %s", text, expectations)
	}
	switch word {
	case "app", "application":
		e.check = expectApp(arg, not)
	case "extension":
		e.check = expectExtension(arg, not)
	case "variable":
		name, want, ok := strings.Cut(arg, "=")
		if !ok {
			return e, fmt.Errorf("expect %s: a variable is NAME = VALUE", text)
		}
		e.check = expectVariable(strings.TrimSpace(name), strings.TrimSpace(want), not)
	case "played", "called", "connected", "event":
		kind := map[string]string{"played": "played", "called": "call", "connected": "joined", "event": "event"}[word]
		e.check = expectNote(kind, word, arg, not)
	case "answered":
		e.check = expectAnswered(!not)
	case "busy", "congestion":
		e.check = expectRefused(word, not)
	case "cause":
		cause, ok := channel.ParseCause(arg)
		if !ok {
			n, err := strconv.Atoi(arg)
			if err != nil {
				return e, fmt.Errorf("expect %s: %q is no cause", text, arg)
			}
			cause = channel.Cause(n)
		}
		e.check = expectCause(cause, not)
	default:
		return e, fmt.Errorf("expect %s: known are %s", text, expectations)
	}
	return e, nil
}

func expectApp(arg string, not bool) func(*Trace, int) (int, string) {
	name, args, withArgs := strings.Cut(arg, "(")
	args = strings.TrimSuffix(args, ")")
	fits := func(s *trace.Step) bool {
		return strings.EqualFold(s.App, strings.TrimSpace(name)) && (!withArgs || like(args, s.Args))
	}
	return func(t *Trace, from int) (int, string) {
		if not {
			for _, s := range t.Steps {
				if fits(s) {
					return from, fmt.Sprintf("%s(%s) ran at %s", s.App, s.Args, s.Pos)
				}
			}
			return from, ""
		}
		for i := from; i < len(t.Steps); i++ {
			if fits(t.Steps[i]) {
				return i + 1, ""
			}
		}
		for _, s := range t.Steps[:from] {
			if fits(s) {
				return from, fmt.Sprintf("%s ran, but before what is expected before it, at %s", s.App, s.Pos)
			}
		}
		for _, s := range t.Steps {
			if withArgs && strings.EqualFold(s.App, strings.TrimSpace(name)) {
				return from, fmt.Sprintf("it was %s(%s), at %s", s.App, s.Args, s.Pos)
			}
		}
		return from, "it did not run"
	}
}

// like compares a text with one in which "..." stands for any text.
func like(pattern, text string) bool {
	parts := strings.Split(pattern, "...")
	if len(parts) == 1 {
		return pattern == text
	}
	text, ok := strings.CutPrefix(text, parts[0])
	if !ok {
		return false
	}
	last := len(parts) - 1
	for _, p := range parts[1:last] {
		i := strings.Index(text, p)
		if i < 0 {
			return false
		}
		text = text[i+len(p):]
	}
	return strings.HasSuffix(text, parts[last])
}

func expectExtension(arg string, not bool) func(*Trace, int) (int, string) {
	exten, context, in := strings.Cut(arg, "@")
	return func(t *Trace, from int) (int, string) {
		for _, s := range t.Steps {
			if s.Exten == exten && (!in || s.Context == context) {
				if not {
					return from, "the call came there, at " + s.Pos.String()
				}
				return from, ""
			}
		}
		if not {
			return from, ""
		}
		return from, "the call did not come there"
	}
}

func expectVariable(name, want string, not bool) func(*Trace, int) (int, string) {
	return func(t *Trace, from int) (int, string) {
		got, where := "", ""
		for _, s := range t.Steps {
			for _, v := range s.Sets {
				if v.Name == name && s.Channel == t.Caller {
					got, where = v.Value, " since "+s.Pos.String()
				}
			}
		}
		if (got == want) == not {
			return from, fmt.Sprintf("it is %q%s", got, where)
		}
		return from, ""
	}
}

func expectNote(kind, word, arg string, not bool) func(*Trace, int) (int, string) {
	return func(t *Trace, from int) (int, string) {
		var others []string
		for _, s := range t.Steps {
			for _, n := range s.Notes {
				if n.Kind != kind {
					continue
				}
				if strings.EqualFold(n.Detail, arg) {
					if not {
						return from, "it was, at " + s.Pos.String()
					}
					return from, ""
				}
				others = append(others, n.Detail)
			}
		}
		switch {
		case not:
			return from, ""
		case len(others) == 0:
			return from, "nothing was " + word
		}
		return from, fmt.Sprintf("%s was %s", word, strings.Join(others, ", "))
	}
}

func expectAnswered(want bool) func(*Trace, int) (int, string) {
	return func(t *Trace, from int) (int, string) {
		if t.Outcome.Answered != want {
			return from, t.Outcome.String()
		}
		return from, ""
	}
}

func expectRefused(how string, not bool) func(*Trace, int) (int, string) {
	cause := channel.CauseUserBusy
	if how == "congestion" {
		cause = channel.CauseCongestion
	}
	return func(t *Trace, from int) (int, string) {
		o := t.Outcome
		if (!o.Answered && (o.Refused == how || channel.Cause(o.Cause) == cause)) == not {
			return from, o.String()
		}
		return from, ""
	}
}

func expectCause(want channel.Cause, not bool) func(*Trace, int) (int, string) {
	return func(t *Trace, from int) (int, string) {
		if (channel.Cause(t.Outcome.Cause) == want) == not {
			return from, t.Outcome.String()
		}
		return from, ""
	}
}

// Failure is the first expectation that a trace does not meet.
type Failure struct {
	Expectation
	Wrong string
}

func (f *Failure) Error() string {
	return fmt.Sprintf("%s: expect %s: %s", f.Pos, f.Text, f.Wrong)
}

// Compare looks at what a test's call did. It returns nil when all is as expected.
func (t *Test) Compare(made *Trace) *Failure {
	at := 0
	for _, e := range t.Expects {
		next, wrong := e.check(made, at)
		if wrong != "" {
			return &Failure{e, wrong}
		}
		at = next
	}
	return nil
}
