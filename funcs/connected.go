package funcs

import (
	"strings"

	"pbx/channel"
	"pbx/decl"
)

func connectedFunctions() []channel.Function {
	inhibit := optional("i", "i: do not tell the other end now")
	return []channel.Function{
		{
			Name: "CONNECTEDLINE", Synopsis: "Who the caller is shown to talk to",
			Help: "all, name, num, pres, name-valid, num-valid, name-pres, num-pres, num-plan, tag.",
			Args: []decl.Arg{arg("datatype", "the part"), inhibit},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				a.Tainted = true
				id := t.Channel().Identity()
				return readParty(t.Channel(), &id.Connected, "connected-", strings.ToLower(a.Arg(0)))
			},
			Write: func(t channel.Thread, a *decl.Args, v string) error {
				c := t.Channel()
				err := writeParty(c, func(id *channel.Identity) *channel.Party { return &id.Connected }, "connected-", strings.ToLower(a.Arg(0)), strings.Trim(v, blanks))
				if err == nil && a.Arg(1) != "i" {
					err = c.Leg().Indicate(channel.ControlConnectedLine)
				}
				return err
			},
		},
		{
			Name: "REDIRECTING", Synopsis: "Who redirected the call",
			Help: "from-num is the number that redirected it and reason why: cfu, cfb, cfnr, unavailable, time_of_day, dnd, deflection, follow_me, out_of_order, away or unknown. The other parts are kept for the plan.",
			Args: []decl.Arg{arg("datatype", "the part"), inhibit},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				a.Tainted = true
				what := strings.ToLower(a.Arg(0))
				switch what {
				case "from-num":
					return t.Channel().Identity().RDNIS, nil
				case "reason":
					return redirectReason(t.Channel().Identity().RedirectReason), nil
				}
				return extra(t.Channel(), "redirecting-"+what), nil
			},
			Write: func(t channel.Thread, a *decl.Args, v string) error {
				what := strings.ToLower(a.Arg(0))
				switch what {
				case "from-num":
					t.Channel().UpdateIdentity(func(id *channel.Identity) { id.RDNIS = v })
					return nil
				case "reason":
					t.Channel().UpdateIdentity(func(id *channel.Identity) { id.RedirectReason = sipReason(strings.Trim(v, blanks)) })
					return nil
				}
				setExtra(t.Channel(), "redirecting-"+what, v)
				return nil
			},
		},
	}
}

// redirectReasons are the ancestor's words for why a call was redirected, with those
// that travel (RFC 5806).
var redirectReasons = map[string]string{
	"cfu": "unconditional", "cfb": "user-busy", "cfnr": "no-answer", "unavailable": "unavailable", "time_of_day": "time-of-day",
	"dnd": "do-not-disturb", "deflection": "deflection", "follow_me": "follow-me", "out_of_order": "out-of-service", "away": "away", "unknown": "",
}

// redirectReason is the ancestor's word for one that travels.
func redirectReason(sip string) string {
	if sip == "" {
		return "unknown"
	}
	for word, w := range redirectReasons {
		if w == sip {
			return word
		}
	}
	return sip
}

func sipReason(word string) string {
	if w, ok := redirectReasons[strings.ToLower(word)]; ok {
		return w
	}
	return word
}
