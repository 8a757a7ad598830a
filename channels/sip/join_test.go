package sip

import (
	"fmt"
	"strings"
	"testing"

	"pbx/bridge"
	"pbx/channel"
)

// joining is the Join that names the dialog of a phone.
func joining(p *flowPhone) string {
	return fmt.Sprintf("%s;to-tag=%s;from-tag=%s", p.callID, dialogTag(p.remote), dialogTag(p.local))
}

// dialogTag is the tag of a From or To header value.
func dialogTag(header string) string {
	_, tag, _ := strings.Cut(header, ";tag=")
	return tag
}

const joinOffice = office + "[alice](+)\ncallgroup=1\n[carol](+)\npickupgroup=1\n"

// aliceTalks is her call to bob.
const aliceTalks = `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp
			bob > 200 sdp
			bob < ACK
			alice < 200 sdp
			alice > ACK`

// TestJoin: a third phone comes into a call (RFC 3911): the two take their audio back from
// each other, and go on when it has left.
func TestJoin(t *testing.T) {
	const comes = `
			carol > INVITE 2000 %s | Join: %s
			carol < 100
			carol < 200 sdp | c=IN IP4 192.0.2.1
			carol > ACK`
	for name, tt := range map[string]struct {
		conf, before, invite, after string
	}{
		"and leaves": {joinOffice, "", "sdp", `
			carol > BYE
			carol < 200
			alice < nothing 1s
			bob > BYE
			bob < 200
			alice < BYE
			alice > 200`},
		"and one of the two leaves": {joinOffice, "", "sdp | Require: join", `
			alice > BYE
			alice < 200
			bob < BYE
			bob > 200
			carol < BYE
			carol > 200`},
		"of two that talk without us": {joinOffice + "[general](+)\ndirectmedia=yes\n", `
			alice < INVITE sdp | c=IN IP4 192.0.2.20
			bob < INVITE sdp | c=IN IP4 192.0.2.10
			alice > progress 200 sdp
			alice < ACK
			bob > progress 200 sdp
			bob < ACK`, "sdp", `
			bob < INVITE sdp | c=IN IP4 192.0.2.1
			alice < INVITE sdp | c=IN IP4 192.0.2.1
			bob > progress 200 sdp
			bob < ACK
			alice > progress 200 sdp
			alice < ACK
			carol > BYE
			carol < 200
			alice < INVITE sdp | c=IN IP4 192.0.2.20
			bob < INVITE sdp | c=IN IP4 192.0.2.10
			alice > progress 200 sdp
			alice < ACK
			bob > progress 200 sdp
			bob < ACK
			alice > BYE
			alice < 200
			bob < BYE
			bob > 200`},
	} {
		t.Run(name, func(t *testing.T) {
			withFlow(t, tt.conf, map[string]func(*channel.Channel){"2000": dialBridged("SIP/bob", bridge.Options{}, nil)}, func(f *flow) {
				f.play(aliceTalks + tt.before)
				f.play(fmt.Sprintf(comes, tt.invite, joining(f.phone("alice"))) + tt.after)
			})
		})
	}
}

// TestJoinRefused: who may not know of the call learns nothing of it, and what cannot be
// mixed is refused before it is answered.
func TestJoinRefused(t *testing.T) {
	const over = `
			alice > BYE
			alice < 200
			bob < BYE
			bob > 200`
	for name, tt := range map[string]struct{ conf, invite, header, status string }{
		"by anybody":      {office, "sdp", "Join: %s", "403"},
		"no such call":    {joinOffice, "sdp", "Join: x%s", "481"},
		"nonsense":        {joinOffice, "sdp", "Join: ;;", "400"},
		"with Replaces":   {joinOffice, "sdp", "Join: %[1]s | Replaces: %[1]s", "400"},
		"two of them":     {joinOffice, "sdp", "Join: %[1]s | Join: %[1]s", "400"},
		"another codec":   {joinOffice + "[carol](+)\nallow=g722\n", "sdp=9,101", "Join: %s", "488"},
		"of another call": {joinOffice + "[alice](+)\ndisallow=all\nallow=g722\n[bob](+)\ndisallow=all\nallow=g722\n", "sdp", "Join: %s", "488"},
	} {
		t.Run(name, func(t *testing.T) {
			withFlow(t, tt.conf, map[string]func(*channel.Channel){"2000": dialBridged("SIP/bob", bridge.Options{}, nil)}, func(f *flow) {
				script := aliceTalks
				if name == "of another call" {
					script = strings.NewReplacer("2000 sdp", "2000 sdp=9", "200 sdp\n\t\t\tbob", "200 sdp=9\n\t\t\tbob").Replace(aliceTalks)
				}
				f.play(script)
				header := tt.header
				if strings.Contains(header, "%") {
					header = fmt.Sprintf(header, joining(f.phone("alice")))
				}
				f.play(`
			carol > INVITE 2000 ` + tt.invite + ` | ` + header + `
			carol < ` + tt.status + `
			carol > ACK` + over)
			})
		})
	}
	t.Run("talks to nobody but us", func(t *testing.T) {
		withFlow(t, joinOffice, map[string]func(*channel.Channel){"1000": answerAndWait}, func(f *flow) {
			f.play(`
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > ACK`)
			f.play(`
			carol > INVITE 1000 sdp | Join: ` + joining(f.phone("alice")) + `
			carol < 488
			carol > ACK
			alice > BYE
			alice < 200`)
		})
	})
}
