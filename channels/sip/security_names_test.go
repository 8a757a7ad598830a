package sip

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"pbx/channel"
	"pbx/event"
)

// TestSecurityRules: which rule was broken, as programs of the security class are told.
func TestSecurityRules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, phones+"[sealed]\ntype=friend\nhost=dynamic\nsecret=sealedpw\ntransport=tls\n", nil)
		sub := r.bus.Subscribe(64, event.Security)
		for i, name := range []string{"fenced", "statpeer", "strict", "sealed"} {
			p := r.phone(fmt.Sprintf("127.0.50.1%d:5070", 2+i), name)
			p.register(name+"pw", p.contact())
		}
		sub.Close()
		var got []string
		for e := range sub.C {
			_, last, _ := strings.Cut(e.AppData, "RemoteAddress: IPV4/UDP/")
			if e.Name != "ChallengeSent" && e.Name != "SuccessfulAuth" {
				got = append(got, e.Name+" "+strings.ReplaceAll(last, "\n", " "))
			}
		}
		want := `FailedACL 127.0.50.12/5070 ACLName: device_must_match_acl
FailedACL 127.0.50.13/5070 ACLName: peer_not_dynamic
FailedACL 127.0.50.14/5070 ACLName: contact_must_match_acl
InvalidTransport 127.0.50.15/5070 AttemptedTransport: UDP`
		if strings.Join(slices.Compact(got), "\n") != want {
			t.Errorf("%s\nwant\n%s", strings.Join(slices.Compact(got), "\n"), want)
		}
	})
}

// TestSessionLimit: a call beyond call-limit is told of.
func TestSessionLimit(t *testing.T) {
	withFlow(t, office+"call-limit=1\n", map[string]func(*channel.Channel){"1000": answerAndWait}, func(f *flow) {
		sub := f.bus.Subscribe(8, event.Security)
		f.phone("carol")
		f.play(`
			carol > INVITE 1000 sdp
			carol < 100
			carol < 200 sdp
			carol > ACK
			carol > INVITE 1000 sdp call=new
			carol < 480
			carol > ACK`)
		f.endAll()
		sub.Close()
		got := ""
		for e := range sub.C {
			got += e.Name + " " + e.Value + "\n"
		}
		if got != "SessionLimit 1000\n" {
			t.Errorf("told of %q", got)
		}
	})
}
