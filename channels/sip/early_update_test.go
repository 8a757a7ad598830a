package sip

import (
	"strings"
	"testing"
	"time"

	"pbx/channel"
)

// ringsFor calls a destination, and tells it after a second that somebody else calls.
func ringsFor(dest string) func(*channel.Channel) {
	return func(ch *channel.Channel) {
		leg, err := ch.Registry().Request(dest, channel.Request{From: ch, Formats: ch.Settings().Formats})
		if err != nil {
			return
		}
		defer leg.Hangup()
		leg.UpdateIdentity(func(id *channel.Identity) { id.Connected = ch.Identity().Caller })
		_ = leg.Leg().Call()
		if ch.Sleep(time.Second) != nil {
			return
		}
		becomes(leg, "300", "Dora")
		for {
			if _, _, err := channel.WaitAny(-1, ch, leg); err != nil {
				return
			}
		}
	}
}

// TestUpdateWhileRinging: a phone that rings is told by UPDATE who calls it now (RFC
// 3311 5.1), in each of its early dialogs; one that does not take it hears of it when
// it has answered.
func TestUpdateWhileRinging(t *testing.T) {
	conf := strings.Replace(office, "[bob]\n", "[bob]\nsendrpid=pai\nrpid_update=yes\n", 1)
	const begin = `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp | !Dora`
	const cancel = `
			alice > CANCEL
			alice < 200
			alice < 487
			alice > ACK
			bob < CANCEL
			bob > 200
			bob > progress 487
			bob < ACK`
	for name, tt := range map[string]struct{ conf, script string }{
		"taken": {conf, begin + `
			bob > 180 | Allow: INVITE, UPDATE
			bob < UPDATE @1s | P-Asserted-Identity: "Dora" <sip:300@192.0.2.1>
			bob > 200` + cancel},
		"by two phones behind a proxy": {conf, begin + `
			bob > progress 180 fork=one | Allow: INVITE, UPDATE
			bob > progress 180 fork=two | Allow: INVITE, UPDATE
			bob < UPDATE @1s | "Dora"
			bob > 200
			bob < UPDATE | "Dora"
			bob > 200` + cancel},
		"refused, and that is all": {conf, begin + `
			bob > 180 | Allow: INVITE, UPDATE
			bob < UPDATE @1s
			bob > 500
			bob < nothing 1s` + cancel},
		"by none that has not said that it takes it": {conf, begin + `
			bob > 180
			bob < nothing 2s` + cancel},
		"rpid_update=no": {strings.Replace(conf, "rpid_update=yes\n", "", 1), begin + `
			bob > 180 | Allow: INVITE, UPDATE
			bob < nothing 2s` + cancel},
		"disallowed_methods": {strings.Replace(conf, "[bob]\n", "[bob]\ndisallowed_methods=UPDATE\n", 1), begin + `
			bob > 180 | Allow: INVITE, UPDATE
			bob < nothing 2s` + cancel},
	} {
		t.Run(name, func(t *testing.T) {
			runFlow(t, tt.conf, map[string]func(*channel.Channel){"2000": ringsFor("SIP/bob")}, tt.script)
		})
	}
}
