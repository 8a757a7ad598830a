package funcs

import (
	"errors"
	"strings"

	"pbx/channel"
	"pbx/decl"
	"pbx/dialplan/expr"
)

func regexFunctions(d Deps) []channel.Function {
	return []channel.Function{{
		Name: "REGEX", Synopsis: "1 when a regular expression matches", Raw: true,
		Help: "A POSIX extended regular expression in quotes, a blank, and the text: REGEX(\"^[0-9]+$\" ${EXTEN}).",
		Args: []decl.Arg{arg("\"regular expression\" string", "the expression and the text")},
		Read: func(_ channel.Thread, a *decl.Args) (string, error) {
			parts := separate(a.Raw, '"', 3)
			if len(parts) != 3 {
				return "", errors.New(`the argument must have the form "expression" text`)
			}
			re, err := d.Engine.Regexps().Compile(expr.Widen(parts[1]))
			if err != nil {
				return "", err
			}
			s := parts[2]
			if strings.HasPrefix(s, " ") || strings.HasPrefix(s, "\t") {
				s = s[1:]
			}
			return flag(re.MatchString(expr.Widen(s))), nil
		},
	}}
}
