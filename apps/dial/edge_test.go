package dial_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/apps/appstest"
	"pbx/channel"
	"pbx/channel/channeltest"
	"pbx/event"
)

// TestEdges is what Dial does with options and results that are odd.
func TestEdges(t *testing.T) {
	const end = "\n same => n,Log(NOTICE,on ${DIALSTATUS})\nexten => h,1,Log(NOTICE,h ${DIALSTATUS})"
	for _, tt := range []struct{ name, plan, want, warns string }{
		{"S without a time", "exten => x,1,Dial(SIP/bob,5,gS(0))" + end, "h INVALIDARGS", "option S"},
		{"S() is no limit", "exten => x,1,Dial(SIP/bob,5,gS())" + end, "on ANSWER h ANSWER", ""},
		{"L without a time", "exten => x,1,Dial(SIP/bob,5,gL(0:1))" + end, "h ", "option L"},
		{"an option that is not closed", "exten => x,1,Dial(SIP/bob,5,gL(5000)" + end, "h INVALIDARGS", "Missing closing parenthesis for argument 'L'"},
		{
			"U says ABORT", "exten => x,1,Dial(SIP/bob,5,U(s))" + end + "\n[s]\nexten => s,1,Set(GOSUB_RESULT=ABORT)\n same => n,Return()",
			"h ANSWER", "",
		},
		{
			"U says ABORT and g goes on", "exten => x,1,Dial(SIP/bob,5,gU(s))" + end + "\n[s]\nexten => s,1,Set(GOSUB_RESULT=ABORT)\n same => n,Return()",
			"on ANSWER h ANSWER", "",
		},
		{
			"U says CHANUNAVAIL and returns a value", "exten => x,1,Dial(SIP/bob,5,U(s))\n same => n,Log(NOTICE,${GOSUB_RETVAL})" + end +
				"\n[s]\nexten => s,1,Set(GOSUB_RESULT=CHANUNAVAIL)\n same => n,Return(v)",
			"v on CHANUNAVAIL h CHANUNAVAIL", "",
		},
		{
			"U runs a subroutine of AEL", "exten => x,1,Dial(SIP/bob,5,gU(s^a))" + end + "\n[s]\nexten => ~~s~~,1,Log(NOTICE,sub ${ARG1})\n same => n,Return()",
			"sub a on ANSWER h ANSWER", "",
		},
		{
			"after the end of the call", "exten => x,1,Hangup()\nexten => h,1,Dial(SIP/bob,5,b(s^s^1))\n same => n,Log(NOTICE,not reached)\n[s]\nexten => s,1,Log(NOTICE,not reached)\n same => n,Return()",
			"", "",
		},
		{
			"OUTBOUND_GROUP", "exten => x,1,Set(OUTBOUND_GROUP=all@c)\n same => n,Set(OUTBOUND_GROUP_ONCE=one)\n same => n,Dial(SIP/bob,5,gb(s^s^1))" +
				"\n same => n,Dial(SIP/bob&SIP/carol,5,gb(s^s^1))\n[s]\nexten => s,1,Log(NOTICE,${GROUP_LIST()}:${GROUP_COUNT(one)}:${GROUP_COUNT(all@c)})\n same => n,Return()",
			"one:1:0 all@c:0:2 all@c:0:2", "",
		},
		{
			"RetryDial tries as often as it is told", "exten => x,1,RetryDial(,2,2,SIP/busy,5,b(s^s^1))" + end + "\n[s]\nexten => s,1,Log(NOTICE,try)\n same => n,Return()",
			"try try on BUSY h BUSY", "",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := appstest.New(t, "[t]\n"+tt.plan+"\n")
				o.SIP.Script("bob", channeltest.Answer(0), channeltest.Hangup(time.Second, channel.CauseNormalClearing))
				o.SIP.Script("carol")
				o.SIP.Script("busy", channeltest.Fail(0, channel.ControlBusy, channel.CauseUserBusy, ""))
				o.Run("x")
				if got := strings.Join(o.Log.Notices(), " "); got != tt.want {
					t.Errorf("plan: %s\nwant: %s", got, tt.want)
				}
				complaints := strings.Join(append(o.Log.Warnings(), o.Log.At(event.LevelError)...), "\n")
				if !strings.Contains(complaints, tt.warns) || tt.warns == "" && complaints != "" {
					t.Errorf("complaints: %q\nwant: %q", complaints, tt.warns)
				}
			})
		})
	}
}
