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
			Help: "from-num is the number that redirected it; the other parts are kept for the plan.",
			Args: []decl.Arg{arg("datatype", "the part"), inhibit},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				a.Tainted = true
				what := strings.ToLower(a.Arg(0))
				if what == "from-num" {
					return t.Channel().Identity().RDNIS, nil
				}
				return extra(t.Channel(), "redirecting-"+what), nil
			},
			Write: func(t channel.Thread, a *decl.Args, v string) error {
				what := strings.ToLower(a.Arg(0))
				if what == "from-num" {
					t.Channel().UpdateIdentity(func(id *channel.Identity) { id.RDNIS = v })
					return nil
				}
				setExtra(t.Channel(), "redirecting-"+what, v)
				return nil
			},
		},
	}
}
