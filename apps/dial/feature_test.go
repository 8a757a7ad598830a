package dial_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/apps/appstest"
	"pbx/channel"
	"pbx/channel/channeltest"
)

// TestFeatures are the codes that the parties of a call dial.
func TestFeatures(t *testing.T) {
	const plan = `[t]
exten => x,1,%s
 same => n,Log(NOTICE,next ${DIALSTATUS})
exten => 77,1,Log(NOTICE,${CHANNEL} is at 77 by ${BLINDTRANSFER})
 same => n,Wait(1)
exten => _8XX,1,Log(NOTICE,${EXTEN})
exten => h,1,Log(NOTICE,h)
[other]
exten => 5,1,Log(NOTICE,other ${CHANNEL})
`
	keys := func(at time.Duration, digits string) (steps []channeltest.Step) {
		for i := range digits {
			steps = append(steps, channeltest.Digit(at+time.Duration(i)*200*time.Millisecond, digits[i]))
		}
		return steps
	}
	answer := []channeltest.Step{channeltest.Answer(time.Second)}
	for _, tt := range []struct {
		name, dial     string
		caller, callee []channeltest.Step
		notices        string
	}{
		{"T, the callee is sent on", "Dial(SIP/bob,20,T)", keys(3*time.Second, "#77"), answer, "h | SIP/bob-00000001 is at 77 by SIP/alice-00000000 | h"},
		{"t, the caller is sent on", "Dial(SIP/bob,20,t)", nil, append(keys(3*time.Second, "#77"), answer...), "SIP/alice-00000000 is at 77 by SIP/bob-00000001 | h"},
		{"a longer number, after the announcement", "Dial(SIP/bob,20,T)", append(keys(3*time.Second, "#"), keys(5*time.Second, "801")...), answer, "h | 801 | h"},
		{"a code of its own", "Set(FEATUREMAP(blindxfer)=**1)\n same => n,Dial(SIP/bob,20,T)", keys(3*time.Second, "**177"), answer, "h | SIP/bob-00000001 is at 77 by SIP/alice-00000000 | h"},
		{"the caller's, for the callee", "Set(FEATUREMAP(blindxfer)=**1)\n same => n,Set(FEATURE(inherit)=yes)\n same => n,Dial(SIP/bob,20,t)", nil, append(keys(3*time.Second, "**177"), answer...), "SIP/alice-00000000 is at 77 by SIP/bob-00000001 | h"},
		{"the caller's alone", "Set(FEATUREMAP(blindxfer)=**1)\n same => n,Dial(SIP/bob,20,tS(20))", nil, append(keys(3*time.Second, "**177"), answer...), "h"},
		{"TRANSFER_CONTEXT", "Set(TRANSFER_CONTEXT=other)\n same => n,Dial(SIP/bob,20,T)", keys(3*time.Second, "#5"), answer, "h | other SIP/bob-00000001"},
		{"GOTO_ON_BLINDXFR, the caller's", "Set(GOTO_ON_BLINDXFR=other^5^1)\n same => n,Dial(SIP/bob,20,Tg)", keys(3*time.Second, "#77"), answer, "h | other SIP/alice-00000000 | SIP/bob-00000001 is at 77 by SIP/alice-00000000"},
		{"GOTO_ON_BLINDXFR, the called party's", "Set(_GOTO_ON_BLINDXFR=other^5^1)\n same => n,Dial(SIP/bob,20,t)", nil, append(keys(3*time.Second, "#77"), answer...), "SIP/alice-00000000 is at 77 by SIP/bob-00000001 | h | other SIP/bob-00000001"},
		{"GOTO_ON_BLINDXFR to no place", "Set(GOTO_ON_BLINDXFR=nowhere)\n same => n,Dial(SIP/bob,20,T)", keys(3*time.Second, "#77"), answer, "h | SIP/bob-00000001 is at 77 by SIP/alice-00000000 | h"},
		{"GOTO_ON_BLINDXFR without a transfer", "Set(GOTO_ON_BLINDXFR=other^5^1)\n same => n,Dial(SIP/bob,20,TgS(30))", keys(3*time.Second, "#"), answer, "next ANSWER | h"},
		{"no such number, three times, and back", "Dial(SIP/bob,20,TS(60))", append(append(keys(3*time.Second, "#9"), keys(8*time.Second, "9")...), keys(14*time.Second, "9")...), answer, "h"},
		{"nothing is dialled", "Dial(SIP/bob,20,TS(30))", keys(3*time.Second, "#"), answer, "h"},
		{"not allowed", "Dial(SIP/bob,20,S(10))", keys(3*time.Second, "#77"), answer, "h"},
		{"switched off", "Set(FEATUREMAP(blindxfer)=)\n same => n,Dial(SIP/bob,20,TS(10))", keys(3*time.Second, "#77"), answer, "h"},
		{"the other leaves meanwhile", "Dial(SIP/bob,20,Tg)", keys(3*time.Second, "#"), append([]channeltest.Step{channeltest.Hangup(3500*time.Millisecond, channel.CauseNormalClearing)}, answer...), "next ANSWER | h"},
		{"H with a code of two digits", "Set(FEATUREMAP(disconnect)=*0)\n same => n,Dial(SIP/bob,20,Hg)", keys(3*time.Second, "*0"), answer, "next ANSWER | h"},
		{"H while it rings", "Set(FEATUREMAP(disconnect)=*0)\n same => n,Dial(SIP/bob,20,H)", keys(time.Second, "5*0"), []channeltest.Step{channeltest.Ringing(0)}, "h | next CANCEL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := appstest.New(t, strings.Replace(plan, "%s", tt.dial, 1))
				o.SIP.Script("bob", tt.callee...)
				o.Run("x", tt.caller...)
				// Two threads speak, in any order.
				got, want := slices.Sorted(slices.Values(o.Log.Notices())), strings.Split(tt.notices, " | ")
				if slices.Sort(want); !slices.Equal(got, want) {
					t.Errorf("plan: %q\nwant: %q\n%q", got, want, o.Log.Warnings())
				}
			})
		})
	}
}

// FEATURE and FEATUREMAP are the channel's own once they are written.
func TestFeatureFunctions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := appstest.New(t, `[t]
exten => x,1,Log(NOTICE,${FEATUREMAP(blindxfer)} ${FEATUREMAP(disconnect)} ${FEATURE(featuredigittimeout)} ${FEATURE(transferdigittimeout)} ${FEATURE(transferdialattempts)})
 same => n,Set(FEATURE(featuredigittimeout)=500)
 same => n,Set(FEATURE(transferdialattempts)=x)
 same => n,Set(FEATUREMAP(atxfer)=*5)
 same => n,Set(FEATURE(atxferdropcall)=yes)
 same => n,Set(FEATUREMAP(nothing)=1)
 same => n,Log(NOTICE,${FEATURE(featuredigittimeout)} ${FEATURE(transferdialattempts)}[${FEATURE(nothing)}${FEATUREMAP(nothing)}] ${FEATUREMAP(atxfer)} ${FEATURE(atxferdropcall)} ${FEATURE(atxfernoanswertimeout)} ${FEATURE(atxferabort)} ${FEATURE(inherit)})
`)
		o.Run("x")
		if got := strings.Join(o.Log.Notices(), " | "); got != "# * 1000 3 3 | 500 3[] *5 yes 15 *1 no" {
			t.Error(got)
		}
	})
}
