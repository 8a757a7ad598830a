package funcs

import (
	"errors"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

// Speech finds the sound files that speak a value: kind is alpha, digits, money,
// number, ordinal or phonetic.
type Speech func(kind, language, value string) ([]string, error)

func sayFunctions(d Deps) []channel.Function {
	return []channel.Function{{
		Name: "SAYFILES", Synopsis: "The sound files that speak a text",
		Help: "They are joined by &, as Playback, BackGround and Read take them.",
		Args: []decl.Arg{arg("value", "what is spoken"), optional("type", "alpha, the default, digits, money, number, ordinal or phonetic")},
		Read: func(t channel.Thread, a *decl.Args) (string, error) {
			if d.Speech == nil {
				return "", errors.New("there is nothing to speak with")
			}
			kind := strings.ToLower(a.Arg(1))
			if kind == "" {
				kind = "alpha"
			}
			a.Tainted = false // names of files that we know
			files, err := d.Speech(kind, t.Channel().Settings().Language, a.Arg(0))
			return strings.Join(files, "&"), err
		},
	}}
}
