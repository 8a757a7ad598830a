package funcs

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

// errNoRecording is the reason of a question about a recording that was not made.
var errNoRecording = errors.New("nothing was recorded yet")

func recordingFunctions() []channel.Function {
	return []channel.Function{{
		Name: "RECORDING_INFO", Synopsis: "What the last Record made",
		Help: "duration is how long the recording is, in milliseconds: what the last Record on this channel wrote, without what it had from before (option a) and without the silence that ended it. Before the first one has ended there is nothing to tell, which is a warning.",
		Args: []decl.Arg{arg("property", "duration")},
		Read: func(t channel.Thread, a *decl.Args) (string, error) {
			r, ok := t.Channel().Recording()
			switch property := a.Arg(0); {
			case !ok:
				return "", errNoRecording
			case strings.EqualFold(property, "duration"):
				return strconv.FormatInt(r.Duration.Milliseconds(), 10), nil
			default:
				return "", fmt.Errorf("no property '%s', duration is one", property)
			}
		},
	}}
}
