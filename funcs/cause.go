package funcs

import (
	"fmt"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

func causeFunctions() []channel.Function {
	return []channel.Function{
		{
			Name: "HANGUPCAUSE", Synopsis: "Why a dialled leg ended", SeeAlso: []string{"HANGUPCAUSE_KEYS"},
			Args: []decl.Arg{arg("channel", "the leg, from HANGUPCAUSE_KEYS()"), arg("type", "tech: the driver's words, ast: the Q.850 text")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				for _, l := range t.Channel().LegCauses() {
					if !strings.EqualFold(l.Channel, a.Arg(0)) {
						continue
					}
					switch what := strings.ToLower(a.Arg(1)); what {
					case "tech":
						a.Tainted = true
						return l.Tech, nil
					case "ast":
						return l.Cause.String(), nil
					default:
						return "", fmt.Errorf("unknown type '%s'", what)
					}
				}
				return "", fmt.Errorf("no information for channel '%s'", a.Arg(0))
			},
		},
		{
			Name: "HANGUPCAUSE_KEYS", Synopsis: "The legs that HANGUPCAUSE knows", SeeAlso: []string{"HANGUPCAUSE"},
			Read: func(t channel.Thread, _ *decl.Args) (string, error) {
				var names []string
				for _, l := range t.Channel().LegCauses() {
					names = append(names, l.Channel)
				}
				return strings.Join(names, ","), nil
			},
		},
	}
}
