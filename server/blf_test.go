package server

import (
	"regexp"
	"testing"
	"testing/synctest"
)

var dialogTags = regexp.MustCompile(`call-id="([^"]+)" local-tag="([^"]+)" remote-tag="([^"]+)"`)

// TestPickupByLamp: a phone that watches an extension takes the call that rings
// there by an INVITE with Replaces, with what the NOTIFY said; phones write the
// tags in either order. Who did not subscribe gets nothing with it.
func TestPickupByLamp(t *testing.T) {
	files := map[string]string{"sip.conf": storySIP + "[general](+)\nnotifycid=yes\n[phone](+)\ncallcounter=yes\n[bob](+)\ncallcounter=yes\n", "extensions.conf": pickupPlan + "[t](+)\nexten => 102,hint,SIP/bob\n"}
	for name, order := range map[string][2]int{"the watched phone's tag first": {2, 3}, "the watcher's tag first": {3, 2}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStory(t, files)
				defer s.stop()
				s.play(`
	carol > SUBSCRIBE 102 call=S | Event: dialog | Accept: application/dialog-info+xml | Expires: 3600
	carol < 200 S
	carol < NOTIFY S | <state>terminated</state>
	carol > 200
	alice > INVITE 102 call=A
	alice < 100
	bob < INVITE call=B
	bob > 180
	alice < 180
	carol < NOTIFY S | <state>early</state>
	carol > 200`)
				m := dialogTags.FindStringSubmatch(s.phones["carol"].request)
				if m == nil {
					t.Fatalf("nothing to pick up in\n%s", s.phones["carol"].request)
				}
				replaces := " | Replaces: " + m[1] + ";to-tag=" + m[order[0]] + ";from-tag=" + m[order[1]] + ";early-only | Require: replaces"
				s.play(`
	trudy > INVITE 102 call=T` + replaces + `
	trudy < 481 T
	trudy > ACK T
	carol > INVITE 102 call=C` + replaces + `
	carol < 100
	carol < 200 C
	carol > ACK C
	bob < CANCEL B | Call completed elsewhere
	bob > 200
	bob > 487 B
	bob < ACK B
	alice < 200 A
	alice > ACK A
	show "core show channels" 2 active channels
	carol < NOTIFY S
	carol > 200
	carol > BYE C
	carol < 200 C
	alice < BYE A
	alice > 200
	carol > SUBSCRIBE S | Event: dialog | Accept: application/dialog-info+xml | Expires: 0
	carol < 200 S
	carol < NOTIFY S
	carol > 200`)
				s.end()
			})
		})
	}
}
