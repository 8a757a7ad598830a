package sip

import (
	"fmt"
	"strings"
	"testing"

	"pbx/channel"
)

// TestJoin: nobody is mixed into a call (RFC 3911 section 4), and only who may know of
// it learns that there is one.
func TestJoin(t *testing.T) {
	conf := office + "[alice](+)\ncallgroup=1\n[bob](+)\npickupgroup=1\n"
	for name, tt := range map[string]struct{ who, header, status string }{
		"by one who may take it over": {"bob", "Join: %s", "488"},
		"by its own phone":            {"alice2", "Join: %s", "488"},
		"by anybody else":             {"carol", "Join: %s", "403"},
		"no such call":                {"bob", "Join: x%s", "481"},
		"nonsense":                    {"bob", "Join: ;;", "400"},
		"with Replaces":               {"bob", "Join: %[1]s | Replaces: %[1]s", "400"},
		"two of them":                 {"bob", "Join: %[1]s | Join: %[1]s", "400"},
	} {
		t.Run(name, func(t *testing.T) {
			withFlow(t, conf, map[string]func(*channel.Channel){"1000": answerAndWait}, func(f *flow) {
				f.play(`
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > ACK`)
				a := f.phone("alice")
				header := tt.header
				if tt.header != "Join: ;;" {
					header = fmt.Sprintf(tt.header, fmt.Sprintf("%s;to-tag=%s;from-tag=%s", a.callID, dialogTag(a.remote), dialogTag(a.local)))
				}
				f.play(`
			` + tt.who + ` > INVITE 1000 sdp call=new | ` + header + `
			` + tt.who + ` < ` + tt.status + `
			` + tt.who + ` > ACK
			alice > BYE
			alice < 200`)
			})
		})
	}
}

// dialogTag is the tag of a From or To header value.
func dialogTag(header string) string {
	_, tag, _ := strings.Cut(header, ";tag=")
	return tag
}
