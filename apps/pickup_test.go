package apps_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pbx/apps/appstest"
	"pbx/channel"
	"pbx/channel/channeltest"
)

// TestPickupSounds: who picks up by groups hears a sound before he talks, or another one where
// nothing rings, and the plan goes on.
func TestPickupSounds(t *testing.T) {
	for _, tt := range []struct {
		name            string
		groups          uint64 // of the phone that rings
		exten           string
		heard, told, at string
	}{
		{"a call", 1, "p", "sound(350ms)", "answer", "[]"},
		{"nothing", 0, "p", "sound(400ms)", "answer", "[nothing]"},
		{"a call by its extension", 1, "e", "", "answer", "[]"},
		{"none by its extension", 1, "n", "", "", "[nothing]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := appstest.New(t, `[t]
exten => x,1,Dial(SIP/bob,30)
exten => p,1,Pickup()
 same => n,Log(NOTICE,nothing)
exten => e,1,Pickup(X@T)
exten => n,1,Pickup(y&z@t)
 same => n,Log(NOTICE,nothing)
`)
				f := channel.DefaultFeatures()
				f.PickupSound, f.PickupFailSound = "beep", "beeperr"
				o.Registry.SetFeatures(f)
				o.SIP.Script("bob", channeltest.Ringing(0))
				caller := o.Call("x")
				time.Sleep(time.Second)
				leg := o.SIP.Leg("bob").Channel()
				leg.SetSettings(func(s *channel.Settings) { s.CallGroup = tt.groups })
				carol := o.SIP.Inbound(channel.Options{
					Name: "carol", Location: channel.Location{Context: "t", Exten: tt.exten, Priority: 1}, Settings: channel.Settings{PickupGroup: 1},
				})
				by := carol.Channel()
				o.Engine.Start(by)
				time.Sleep(5 * time.Second)
				who := by
				if tt.at == "[]" {
					who = leg // carol's phone is in its place
				}
				if got := o.Session(who).Heard(); got != tt.heard {
					t.Errorf("carol heard %q, want %q", got, tt.heard)
				}
				if got := carol.Record(); tt.told != "" && (len(got) == 0 || got[0] != tt.told) {
					t.Errorf("carol was told %q", got)
				}
				if got := fmt.Sprint(o.Log.Notices()); got != tt.at {
					t.Errorf("plan: %s, want %s", got, tt.at)
				}
				caller.Channel().SoftHangup(channel.CauseNormalClearing)
				<-caller.Gone()
				<-o.Registry.Empty()
			})
		})
	}
}
