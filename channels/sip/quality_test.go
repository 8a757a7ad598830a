package sip

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
	"pbx/event"
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

// TestQualityWhenWeHangUp: a program that listens hears of it before the Hangup event,
// and the extension h finds it when it begins; it is told once.
func TestQualityWhenWeHangUp(t *testing.T) {
	const told = "RTPAUDIOQOS RTPAUDIOQOSJITTER RTPAUDIOQOSLOSS RTPAUDIOQOSRTT RTPAUDIOQOSMES hangup"
	for name, tt := range map[string]struct {
		kinds []event.Kind
		h     bool // the engine asks before it runs h
		want  string
	}{
		"a program":        {[]event.Kind{event.VarSet, event.ChannelHangup}, false, told},
		"h, and a program": {[]event.Kind{event.VarSet, event.ChannelHangup}, true, told},
		"nobody looks":     {[]event.Kind{event.ChannelHangup}, false, "hangup"},
	} {
		t.Run(name, func(t *testing.T) {
			plan := map[string]func(*channel.Channel){"1000": func(ch *channel.Channel) {
				_ = ch.Leg().Answer()
				_, _ = ch.Wait(time.Second)
				if !tt.h {
					return
				}
				ch.Summarize()
				if v, _ := ch.Var("RTPAUDIOQOS"); !strings.HasPrefix(v.S, "ssrc=") {
					t.Errorf("h finds %q", v.S)
				}
			}}
			withFlow(t, office, plan, func(f *flow) {
				sub := f.bus.Subscribe(64, tt.kinds...)
				f.play(`
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > ACK
			alice < BYE @1s
			alice > 200`)
				synctest.Wait()
				sub.Close()
				var heard []string
				for e := range sub.C {
					switch {
					case e.Kind == event.ChannelHangup:
						heard = append(heard, "hangup")
					case strings.HasPrefix(e.Name, "RTP"):
						heard = append(heard, e.Name)
					}
				}
				if got := strings.Join(heard, " "); got != tt.want {
					t.Errorf("heard %q, want %q", got, tt.want)
				}
			})
		})
	}
}
