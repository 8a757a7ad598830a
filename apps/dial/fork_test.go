package dial_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
	"pbx/channel/channeltest"
)

// TestFork: one resource that is several devices.
func TestFork(t *testing.T) {
	ringing := []channeltest.Step{channeltest.Ringing(0)}
	answers := func(after time.Duration) []channeltest.Step {
		return []channeltest.Step{channeltest.Ringing(0), channeltest.Answer(after)}
	}
	fails := func(after time.Duration, cause channel.Cause) []channeltest.Step {
		return []channeltest.Step{channeltest.Ringing(0), channeltest.Hangup(after, cause)}
	}
	type device struct {
		name  string
		after time.Duration
		steps []channeltest.Step
	}
	for _, c := range []struct {
		name    string
		devices []device
		timeout string
		status  string
		legs    string // each with the second it was called in and what it heard
	}{
		{"equals ring at once, losers were answered elsewhere", []device{
			{"desk", 0, ringing}, {"soft", 0, answers(3 * time.Second)},
		}, "20", "ANSWER", "desk@0 call hangup(26); soft@0 call hangup(16)"},
		{"the next joins in time", []device{
			{"desk", 0, ringing}, {"mobile", 15 * time.Second, answers(2 * time.Second)},
		}, "30", "ANSWER", "desk@0 call hangup(26); mobile@15 call hangup(16)"},
		{"the next is not needed", []device{
			{"desk", 0, answers(5 * time.Second)}, {"mobile", 15 * time.Second, ringing},
		}, "30", "ANSWER", "desk@0 call hangup(16)"},
		{"the next at once when nobody rings", []device{
			{"desk", 0, fails(2*time.Second, channel.CauseUserBusy)}, {"mobile", 15 * time.Second, answers(time.Second)},
		}, "30", "ANSWER", "desk@0 call hangup(17); mobile@2 call hangup(16)"},
		{"the first group cannot be called", []device{
			{"mobile", 15 * time.Second, answers(time.Second)},
		}, "30", "ANSWER", "mobile@0 call hangup(16)"},
		{"all groups fail", []device{
			{"desk", 0, fails(time.Second, channel.CauseUserBusy)}, {"mobile", 15 * time.Second, fails(time.Second, channel.CauseUserBusy)},
		}, "30", "BUSY", "desk@0 call hangup(17); mobile@1 call hangup(17)"},
		{"Dial's time is over first", []device{
			{"desk", 0, ringing}, {"mobile", 15 * time.Second, ringing},
		}, "10", "NOANSWER", "desk@0 call hangup(0)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(t, "[t]\nexten => x,1,Dial(SIP/bob,"+c.timeout+")\n same => n,NoOp()\nexten => h,1,Log(NOTICE,${DIALSTATUS})\n")
				for _, d := range c.devices {
					o.SIP.Script(d.name, d.steps...)
					o.SIP.Branch("bob", d.name, d.after)
				}
				began := time.Now()
				caller := o.Call("x")
				end := time.AfterFunc(25*time.Second, func() { caller.Channel().SoftHangup(channel.CauseNormalClearing) })
				defer end.Stop()
				<-caller.Gone()
				var legs []string
				for _, l := range o.SIP.Legs()[1:] {
					legs = append(legs, fmt.Sprintf("%s@%d %s", l.Resource, int(l.Channel().Created().Sub(began).Seconds()), l.Heard()))
				}
				if got := strings.Join(legs, "; "); got != c.legs {
					t.Errorf("legs: %s\nwant  %s", got, c.legs)
				}
				if got := o.Log.Notices(); len(got) != 1 || got[0] != c.status {
					t.Errorf("%q, want %s", got, c.status)
				}
			})
		})
	}
}
