package server

import (
	"strings"
	"testing"
	"testing/synctest"
)

// TestClick: a phone that has said that it takes REFER is called on hold and told to
// call; one that has not is called and sent on.
func TestClick(t *testing.T) {
	const (
		refers = `
			bob > REGISTER bob call=R | Expires: 3600 | Allow: INVITE, ACK, BYE, REFER, NOTIFY
			bob < 200 R`
		silent = `
			bob > REGISTER bob call=R | Expires: 3600
			bob < 200 R`
		asked = `{"from":"bob","to":"103"}`
	)
	for _, c := range []struct {
		name, before, ask, mode, after string
		code                           int
	}{
		{
			"by REFER", refers, asked, "refer", `
			bob < INVITE call=A | From: <sip:103@127.0.60.1> | a=sendonly
			bob > 180
			wait 2s
			bob > 200
			bob < ACK A
			bob < REFER A | Refer-To: <sip:103@127.0.60.1> | Referred-By: <sip:
			bob > 202
			bob > INVITE 103 call=B
			bob < 100 B
			carol < INVITE call=B | From: "Bob B" <sip:102@
			bob > NOTIFY A | Event: refer | Subscription-State: active;expires=60 | Content-Type: message/sipfrag | body SIP/2.0 100 Trying
			bob < 200 A
			carol > 200
			carol < ACK B
			bob < 200 B
			bob > ACK B
			bob > NOTIFY A | Event: refer | Subscription-State: terminated;reason=noresource | Content-Type: message/sipfrag | body SIP/2.0 200 OK
			bob < 200 A
			bob < BYE A
			bob > 200
			show "core show channels" 2 active channels
			bob > BYE B
			bob < 200 B
			carol < BYE B
			carol > 200`, 202,
		},
		{
			"by REFER, which is refused", refers, asked, "refer", `
			bob < INVITE call=A
			bob > 200
			bob < ACK A
			bob < REFER A
			bob > 501
			bob < BYE A
			bob > 200
			log SIP transfer was refused with 501`, 202,
		},
		{
			"a phone that has not said", silent, asked, "originate", `
			bob < INVITE call=A | From: <sip:103@127.0.60.1> | a=sendrecv
			bob > 200
			bob < ACK A
			carol < INVITE call=B | From: "Bob B" <sip:102@
			carol > 200
			carol < ACK B
			bob > BYE A
			bob < 200 A
			carol < BYE B
			carol > 200`, 202,
		},
		{
			"by a call, as it is asked for", refers, `{"from":"bob","to":"103","mode":"originate"}`, "originate", `
			bob < INVITE call=A | a=sendrecv
			bob > 486
			bob < ACK A`, 202,
		},
		{
			"what a phone could not know", refers, `{"from":"bob","to":"103","variables":{"A":"1"}}`, "originate", `
			bob < INVITE call=A | a=sendrecv
			bob > 486
			bob < ACK A`, 202,
		},
		{
			"by REFER, as it is asked for", silent, `{"from":"bob","to":"103","mode":"refer"}`, "refer", `
			bob < INVITE call=A | a=sendonly
			bob > 486
			bob < ACK A`, 202,
		},
		{"a mode that is none", silent, `{"from":"bob","to":"103","mode":"magic"}`, "", "", 422},
		{"a device that cannot", silent, `{"from":"Local/103@t","to":"103","context":"t","mode":"refer"}`, "", "", 422},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStory(t, map[string]string{
					"sip.conf": storySIP + "[bob](+)\nhost=dynamic\n", "extensions.conf": transferPlan, "api.conf": apiConf,
				})
				defer s.stop()
				s.play(c.before)
				a := s.ask("POST", "/api/calls", c.ask)
				if a.code != c.code || c.mode != "" && a.json["mode"] != c.mode {
					t.Fatalf("%d %s", a.code, a.body)
				}
				s.play(strings.ReplaceAll(c.after, "\t", ""))
				s.end()
			})
		})
	}
}

// TestRefersIsKept: what a phone said in its REGISTER is known after a restart.
func TestRefersIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStory(t, map[string]string{
			"sip.conf": storySIP + "[desk](phone)\nhost=dynamic\n", "extensions.conf": transferPlan,
		})
		s.play(`
			dave > REGISTER desk call=R from=desk | Expires: 3600 | Allow: INVITE, REFER
			dave < 200 R`)
		for range 2 {
			if !s.s.sip.Refers("desk") || s.s.sip.Refers("alice") || s.s.sip.Refers("nobody") {
				t.Error("desk takes REFER, the others have not said so")
			}
			s.restart(0)
		}
		s.stop()
	})
}
