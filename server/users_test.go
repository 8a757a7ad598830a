package server

import (
	"fmt"
	"testing"
)

// TestUsers: people of users.conf have extensions and hints in the dialplan.
func TestUsers(t *testing.T) {
	const users = `[general]
hassip=yes
hasvoicemail=no
[phones](!)
host=dynamic
secret=JustAnOrdinarySecret3
[6001](phones)
alternateexts=ann, 16001
[6002](phones)
hasvoicemail=yes
[6003](phones)
hasexten=no
[6004](phones)
hassip=no
[6005](phones)
`
	for name, tt := range map[string]struct {
		plan, core, context string
		want                []string
	}{
		"the usual context": {
			"[default]\nexten => 6005,1,NoOp(mine)\n", "", "default",
			[]string{
				"6001,hint,SIP/6001", "6001,1,Dial(${HINT})", "ann,1,Goto(6001,1)", "16001,1,Goto(6001,1)",
				"6002,hint,SIP/6002", "6002,1,Gosub(6002,stdexten(${HINT}))", "6005,1,NoOp(mine)", "6005,hint,SIP/6005",
			},
		},
		"another context, and the macro": {
			"[general]\nuserscontext=people\n[default]\nexten => 1,1,NoOp()\n", "[options]\nstdexten=macro\n", "people",
			[]string{
				"6001,hint,SIP/6001", "6001,1,Dial(${HINT})", "ann,1,Goto(6001,1)", "16001,1,Goto(6001,1)",
				"6002,hint,SIP/6002", "6002,1,Macro(stdexten,6002,${HINT})", "6005,hint,SIP/6005", "6005,1,Dial(${HINT})",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := rehearsal(t, "sip.conf", "[general]\n", "users.conf", users, "extensions.conf", tt.plan, "asterisk.conf", tt.core)
			c, ok := r.Plan().Context(tt.context)
			if !ok {
				t.Fatalf("no context %s", tt.context)
			}
			got := make(map[string]bool)
			for _, e := range c.Extensions() {
				if e.Hint != nil {
					got[fmt.Sprintf("%s,hint,%s", e.Name, e.Hint.App)] = true
				}
				for _, p := range e.Priorities {
					got[fmt.Sprintf("%s,%d,%s(%s)", e.Name, p.Number, p.App, p.Args)] = true
				}
			}
			if p := c.Extensions()[0].Priorities[0]; name != "the usual context" && p.Pos.File != "users.conf" {
				t.Errorf("%s is of %v", p.App, p.Pos)
			}
			for _, w := range tt.want {
				if !got[w] {
					t.Errorf("no %s in %v", w, got)
				}
				delete(got, w)
			}
			if len(got) > 0 {
				t.Errorf("and %v", got)
			}
		})
	}
}
