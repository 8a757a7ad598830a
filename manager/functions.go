package manager

import (
	"fmt"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

// Functions are those of the dialplan that tell of managers; server is the exchange's,
// nil where there is none.
func Functions(server func() *Server) []channel.Function {
	return []channel.Function{{
		Name: "AMI_CLIENT", Synopsis: "What an account of manager.conf is doing",
		Help: "SESSIONS is how many connections are logged in with it.",
		Args: []decl.Arg{{Name: "loginname", Help: "The account."}, {Name: "field", Help: "SESSIONS."}},
		Read: func(_ channel.Thread, a *decl.Args) (string, error) {
			if !strings.EqualFold(a.Arg(1), "SESSIONS") {
				return "", fmt.Errorf("unknown field '%s', SESSIONS is one", a.Arg(1))
			}
			s, n := server(), 0
			if s == nil {
				return "0", nil
			}
			for _, x := range s.list() {
				if u := x.loggedIn(); u != nil && u.Name == a.Arg(0) {
					n++
				}
			}
			return strconv.Itoa(n), nil
		},
	}}
}
