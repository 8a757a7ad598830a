package sip

import (
	"strings"
	"testing"
	"testing/synctest"

	"pbx/channel"
)

// TestQualityVariables: the end of a call leaves RTPAUDIOQOS and its kin on the
// channel, and on the one that it was joined to.
func TestQualityVariables(t *testing.T) {
	var caller, other *channel.Channel
	withFlow(t, office, map[string]func(*channel.Channel){"1000": func(ch *channel.Channel) {
		caller = ch
		other = ch.Registry().New(channel.Options{Name: "other", Tech: ch.Tech(), Leg: ch.Leg()})
		ch.SetBridge("b", other)
		answerAndWait(ch)
		ch.SetBridge("", nil)
	}}, func(f *flow) {
		f.play(`
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > ACK
			alice > BYE
			alice < 200`)
		synctest.Wait()
		for _, name := range []string{"", "JITTER", "LOSS", "RTT", "MES"} {
			mine, _ := caller.Var("RTPAUDIOQOS" + name)
			theirs, _ := other.Var("RTPAUDIOQOS" + name + "BRIDGED")
			if mine.S == "" || mine.S != theirs.S {
				t.Errorf("%s: %q and %q", name, mine.S, theirs.S)
			}
			if name == "RTT" && !strings.HasPrefix(mine.S, "minrtt=000.000000;maxrtt=") {
				t.Errorf("%s: %q", name, mine.S)
			}
		}
		other.Hangup()
	})
}
