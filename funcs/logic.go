package funcs

import (
	"errors"
	"strings"

	"pbx/channel"
	"pbx/decl"
	"pbx/dialplan"
)

func logicFunctions(d Deps) []channel.Function {
	branches := func(what, help string) []decl.Arg {
		return []decl.Arg{arg(what+"?true:false", help)}
	}
	return []channel.Function{
		{
			Name: "IF", Synopsis: "One of two texts, by a condition", Raw: true, SeeAlso: []string{"IFTIME"},
			Help: "False is an empty condition and a number that is 0. Quotes around the first text are taken off.",
			Args: branches("condition", "the condition and the texts"),
			Read: pieces(func(_ channel.Thread, a *decl.Args) (string, error) {
				condition, yes, no, err := choice(a.Raw)
				if err != nil {
					return "", err
				}
				if dialplan.Truth(condition) {
					return yes, nil
				}
				return no, nil
			}),
		},
		{
			Name: "IFTIME", Synopsis: "One of two texts, by the time", Raw: true, SeeAlso: []string{"IF"},
			Help: "The times are written as for GotoIfTime: times,weekdays,monthdays,months[,timezone].",
			Args: branches("timespec", "the times and the texts"),
			Read: pieces(func(t channel.Thread, a *decl.Args) (string, error) {
				spec, rest, ok := strings.Cut(unquote(strings.Trim(a.Raw, blanks)), "?")
				yes, no, _ := strings.Cut(rest, ":")
				if !ok || spec == "" {
					return "", errors.New("syntax: timespec?[true][:false]")
				}
				timing, complaints := dialplan.ParseTiming(spec)
				for _, c := range complaints {
					t.Log().Warn("IFTIME(): " + c)
				}
				if timing.Matches(dialplan.Clock(t.Channel(), d.Now())) {
					return unquote(strings.Trim(yes, blanks)), nil
				}
				return unquote(strings.Trim(no, blanks)), nil
			}),
		},
		text("ISNULL", "1 when the text is empty", "", "data", func(s string) string { return flag(s == "") }),
		text("EXISTS", "1 when the text is not empty", "", "data", func(s string) string { return flag(s != "") }),
		{
			Name: "SET", Synopsis: "Set a variable in the middle of a text", Raw: true, Help: "The value is the result.",
			Args: []decl.Arg{arg("varname=value", "the variable and its value")},
			Read: pieces(func(t channel.Thread, a *decl.Args) (string, error) {
				name, v, ok := strings.Cut(a.Raw, "=")
				if !ok || name == "" {
					return "", errors.New("syntax: SET(varname=value)")
				}
				v = strings.Trim(v, blanks)
				set(t, a, strings.Trim(name, blanks), v)
				return v, nil
			}),
		},
		{
			Name: "EVAL", Synopsis: "Text substituted once more", Raw: true,
			Help: "Variables whose values hold ${…} are expanded. For text from the network functions that can harm the system are refused.",
			Args: []decl.Arg{arg("variable", "the text")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				if a.Raw == "" {
					return "", errors.New("an argument is required")
				}
				if thread, ok := t.(*dialplan.Thread); ok && a.Pieces("${") != nil { // what a caller wrote is expanded, too
					return thread.ExpandFenced(a.Raw).S, nil
				}
				v := t.Expand(a.Raw)
				a.Saw(v.S, v.Taint)
				a.MarkPieces(v.S)
				return v.S, nil
			},
		},
		{
			Name: "EVAL_EXTEN", Synopsis: "The text of a priority, substituted here", Raw: true, SeeAlso: []string{"EVAL", "EVAL_SUB"},
			Help: "The arguments of that priority's application are expanded with this channel's variables, and with that priority's EXTEN, CONTEXT and PRIORITY; the priority is not run.",
			Args: []decl.Arg{{Name: "place", Help: "[[context,]extension,]priority", Target: decl.Location}},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				thread, ok := t.(*dialplan.Thread)
				if !ok {
					return "", nil
				}
				v, err := thread.Preview(a.Raw)
				if err != nil {
					return "", err
				}
				return handOn(a, v)
			},
		},
		{
			Name: "EVAL_SUB", Synopsis: "What a subroutine returns", Raw: true, SeeAlso: []string{"EVAL", "EVAL_EXTEN"},
			Help: "Runs the subroutine as Gosub does; the value of its Return is the result.",
			Args: []decl.Arg{{Name: "place(arguments)", Help: "[[context,]extension,]priority, and arguments in parentheses", Target: decl.Location}},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				place, args, _ := strings.Cut(a.Raw, "(")
				var list []channel.Value
				for _, s := range decl.Split(strings.TrimSuffix(args, ")"), 0) {
					list = append(list, channel.Value{S: s, Taint: a.Pieces(s)})
				}
				if err := t.Gosub(t.Channel(), place, list); err != nil {
					return "", err
				}
				v, _ := t.Channel().Var("GOSUB_RETVAL")
				return handOn(a, v)
			},
		},
	}
}

// choice divides condition?yes:no.
func choice(s string) (condition, yes, no string, err error) {
	parts := separate(s, '?', 2)
	if len(parts) < 2 {
		return "", "", "", errors.New("syntax: condition?[true][:false]")
	}
	texts := separate(parts[1], ':', 2)
	yes = strings.Trim(texts[0], blanks)
	if len(texts) > 1 {
		no = strings.Trim(texts[1], blanks)
	}
	if parts[0] == "" || parts[1] == "" {
		return "", "", "", errors.New("the condition and one of the texts must not be empty")
	}
	return strings.Trim(parts[0], blanks), yes, no, nil
}

func unquote(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}
