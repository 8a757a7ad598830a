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

// combinations is the plan around priority 1 of extension x, which each case of
// TestCombinations makes; what it logs tells where the call went.
const combinations = `
 same => n,Log(NOTICE,next ${DIALSTATUS} ${HANGUPCAUSE})
 same => n,Hangup()
 same => n(away),Log(NOTICE,away ${CHANNEL:0:7})
 same => n,Log(NOTICE,after ${CHANNEL:0:7})
exten => h,1,Log(NOTICE,h ${CHANNEL:0:7})
exten => 1,1,Log(NOTICE,digit 1)
exten => 102,hint,SIP/bob,Bob B
exten => 102,1,Macro(call,SIP/show)
[sub]
exten => s,1,Set(GOSUB_RESULT=${ARG1})
 same => n,Return(value)
[macro-sub]
exten => s,1,Set(MACRO_RESULT=${ARG1})
[slow]
exten => s,1,Wait(2)
 same => n,Return()
[leave]
exten => s,1,Hangup()
[show]
exten => s,1,Log(NOTICE,${CHANNEL:0:7} at ${CALLERID(all)} ${CONNECTEDLINE(all)} ${EXTEN})
 same => n,Return()
[other]
exten => s,1,Set(DIALEDPEERNUMBER=another)
 same => n,Return()
[macro-call]
exten => s,1,Dial(${ARG1},1,b(show^s^1)f)
`

// TestCombinations is what becomes of a call where options, failures and hang-ups
// meet.
func TestCombinations(t *testing.T) {
	callerLeaves := func(after time.Duration) []channeltest.Step {
		return []channeltest.Step{channeltest.Hangup(after, channel.CauseNormalClearing)}
	}
	press := func(after time.Duration, digits string) (steps []channeltest.Step) {
		for i := range len(digits) {
			steps = append(steps, channeltest.Digit(after+time.Duration(i)*100*time.Millisecond, digits[i]))
		}
		return steps
	}
	for _, tt := range []struct {
		name, dial string
		caller     []channeltest.Step
		setup      func(o *appstest.Office)
		exten      string // x if it is empty
		want       string // what the plan logged
		alice      string // what the caller's phone was told
	}{
		// Several legs with mixed fates.
		{name: "a device that is missing ends the call", dial: "SIP/ring@uas&SIP/,1", want: "h SIP/ali"},
		{name: "but with g", dial: "SIP/ring@uas&SIP/,1,g", want: "next INVALIDARGS 0 | h SIP/ali"},
		{name: "486, 404 and 503", dial: "SIP/486@uas&SIP/404@uas2&SIP/r503@uas,3", want: "next BUSY 34 | h SIP/ali"},
		{name: "487 and 503", dial: "SIP/487@uas&SIP/503@uas2,3", want: "next NOANSWER 34 | h SIP/ali"},
		{name: "480, 404 and one that rings to the end", dial: "SIP/r480@uas&SIP/404@uas&SIP/ring@uas,1", want: "next NOANSWER 19 | h SIP/ali"},
		{name: "a subroutine of b ends early", dial: "SIP/ring@uas,1,b(leave^s^1)", want: "next NOANSWER 0 | h SIP/ali"},
		{name: "a subroutine of b is not there", dial: "SIP/ring@uas,1,b(nowhere^s^1)", want: "next NOANSWER 0 | h SIP/ali"},
		{name: "the caller leaves during b", dial: "SIP/ring@uas,5,b(slow^s^1)", caller: callerLeaves(time.Second), want: "h SIP/ali"},
		{name: "the caller leaves during B", dial: "SIP/ring@uas,5,B(slow^s^1)", caller: callerLeaves(time.Second), want: "h SIP/ali"},

		// Who goes where after the call.
		{name: "h and g: the callee's key", dial: "SIP/star@uas,,hg", want: "next ANSWER 16 | h SIP/ali"},
		{name: "H and g: the caller's key", dial: "SIP/ans@uas,,Hg", caller: press(time.Second, "*"), want: "next ANSWER 16 | h SIP/ali"},
		{name: "F to a label", dial: "SIP/ans@uas,,F(away)", caller: callerLeaves(time.Second), want: "h SIP/ali | away SIP/uas | after SIP/uas | h SIP/uas"},
		{name: "F to the next priority", dial: "SIP/ans@uas,,F", caller: callerLeaves(time.Second), want: "h SIP/ali | next  16 | h SIP/uas"},
		{name: "F, g, h, H: the caller's key", dial: "SIP/ans@uas,,FghH", caller: press(time.Second, "*"), want: "h SIP/ali | h SIP/uas | next  16 | next ANSWER 16"},
		{name: "F and h: the callee's key", dial: "SIP/star@uas,,F(away)h", want: "h SIP/ali | away SIP/uas | after SIP/uas | h SIP/uas"},
		{name: "F and g: the callee hangs up", dial: "SIP/ansbye@uas,,F(away)g", want: "next ANSWER 16 | h SIP/ali"},
		{name: "e is before F", dial: "SIP/ans@uas,,eF(away)", caller: callerLeaves(time.Second), want: "h SIP/uas | h SIP/ali"},
		{name: "F, the caller leaves during U", dial: "SIP/ans@uas,,F(away)U(slow)", caller: callerLeaves(time.Second), want: "h SIP/ali | away SIP/uas | after SIP/uas | h SIP/uas"},
		{name: "g, the callee leaves during U", dial: "SIP/brief@uas,,gU(slow)", want: "next ANSWER 16 | h SIP/ali"},
		{name: "the callee leaves during U", dial: "SIP/brief@uas,,U(slow)", want: "h SIP/ali"},
		{name: "e, the callee leaves during U", dial: "SIP/brief@uas,,geU(slow)", want: "h SIP/uas | next ANSWER 16 | h SIP/ali"},
		{name: "G to a label", dial: "SIP/ans@uas,,G(away)", want: "after SIP/uas | away SIP/ali | after SIP/ali | h SIP/ali | h SIP/uas"},
		{name: "G after A", dial: "SIP/ans@uas,,G(away)A(beep)", want: "after SIP/uas | away SIP/ali | after SIP/ali | h SIP/ali | h SIP/uas"},
		{name: "G to no label", dial: "SIP/ans@uas,,G(nowhere)", want: "h SIP/ali"},

		// What M and U decide.
		{name: "U BUSY", dial: "SIP/ans@uas,,U(sub^BUSY)", want: "next BUSY 16 | h SIP/ali"},
		{name: "U CONGESTION", dial: "SIP/ans@uas,,U(sub^CONGESTION)", want: "next CONGESTION 16 | h SIP/ali"},
		{name: "U CONTINUE", dial: "SIP/ans@uas,,U(sub^CONTINUE)", want: "next ANSWER 16 | h SIP/ali"},
		{name: "U busy in small letters", dial: "SIP/ans@uas,,U(sub^busy)", want: "next busy 16 | h SIP/ali"},
		{name: "U says something else", dial: "SIP/ansbye@uas,,gU(sub^HELLO)", want: "next ANSWER 16 | h SIP/ali"},
		{name: "U GOTO without a place", dial: "SIP/ansbye@uas,,gU(sub^GOTO)", want: "next ANSWER 16 | h SIP/ali"},
		{name: "U GOTO a label", dial: "SIP/ans@uas,,U(sub^GOTO:away)", want: "away SIP/ali | after SIP/ali | h SIP/ali"},
		{name: "U GOTO no label", dial: "SIP/ans@uas,,U(sub^GOTO:nowhere)", want: "h SIP/ali"},
		{name: "U hangs up", dial: "SIP/ans@uas,,U(leave)", want: "h SIP/ali"},
		{name: "U hangs up, g", dial: "SIP/ans@uas,,gU(leave)", want: "next ANSWER 16 | h SIP/ali"},
		{name: "M BUSY", dial: "SIP/ans@uas,,M(sub^BUSY)", want: "next BUSY 16 | h SIP/ali"},
		{name: "M CONGESTION", dial: "SIP/ans@uas,,M(sub^CONGESTION)", want: "next CONGESTION 16 | h SIP/ali"},
		{name: "M CONTINUE", dial: "SIP/ans@uas,,M(sub^CONTINUE)", want: "next ANSWER 16 | h SIP/ali"},
		{name: "M ABORT", dial: "SIP/ans@uas,,M(sub^ABORT)", want: "h SIP/ali"},
		{name: "M ABORT, g", dial: "SIP/ans@uas,,gM(sub^ABORT)", want: "next ANSWER 16 | h SIP/ali"},
		{name: "M GOTO", dial: "SIP/ans@uas,,M(sub^GOTO:away)", want: "away SIP/ali | after SIP/ali | h SIP/ali"},
		{name: "M is not there", dial: "SIP/ansbye@uas,,gM(none)", want: "next ANSWER 16 | h SIP/ali"},

		// Time limits.
		{name: "L has the last word over S", dial: "SIP/ans@uas,,gS(1)L(3000)", want: "next ANSWER 16 | h SIP/ali"},
		{name: "the limit of the ringing does not end the talk", dial: "SIP/ansbye@uas,1,gL(60000:30000:10000)", want: "next ANSWER 16 | h SIP/ali"},
		{name: "S begins with the talk", dial: "SIP/ans@uas,,gS(1)U(slow)", want: "next ANSWER 16 | h SIP/ali"},

		// While it rings.
		{name: "H while it rings", dial: "SIP/ring@uas,5,H", caller: press(time.Second, "*"), want: "next CANCEL 0 | h SIP/ali"},
		{name: "d is before H", dial: "SIP/ring@uas,5,dH", caller: press(time.Second, "1"), want: "digit 1 | h SIP/ali"},
		{name: "r, 180, 183 and 486", dial: "SIP/all@uas,5,r", want: "next BUSY 17 | h SIP/ali", alice: "ringing ringing hangup(17)"},
		{name: "R, 180, 183 and 486", dial: "SIP/all@uas,5,R", want: "next BUSY 17 | h SIP/ali", alice: "ringing ringing progress hangup(17)"},
		{name: "180, 183 and 486", dial: "SIP/all@uas,5", want: "next BUSY 17 | h SIP/ali", alice: "ringing progress hangup(17)"},
		{name: "of one among several", dial: "SIP/all@uas&SIP/ring@uas,2", want: "next NOANSWER 17 | h SIP/ali", alice: "ringing hangup(17)"},

		// Forwards.
		{name: "a forward rings anew", dial: "SIP/cfna@uas,5", want: "next NOANSWER 0 | h SIP/ali", alice: "ringing forward ringing hangup(16)"},
		{name: "I keeps it from the caller", dial: "SIP/cfna@uas,5,I", want: "next NOANSWER 0 | h SIP/ali", alice: "ringing ringing hangup(16)"},
		{name: "i and another that rings", dial: "SIP/cfna@uas&SIP/ring@uas,5,i", want: "next NOANSWER 17 | h SIP/ali", alice: "ringing hangup(17)"},
		{name: "f names the caller of all", dial: `SIP/show,1,b(show^s^1)f("F" <77>)`, want: `SIP/sho at "" <x> "F" <77> s | next NOANSWER 0 | h SIP/ali`},
		{name: "f by itself only of forwards", dial: "SIP/show,1,b(show^s^1)f", want: `SIP/sho at "" <x> "Alice A" <101> s | next NOANSWER 0 | h SIP/ali`},
		{name: "in a macro, and with a hint's name", exten: "102", want: `SIP/sho at "Bob B" <102> "Alice A" <101> s | h SIP/ali`},
		{name: "DIALEDPEERNUMBER is what b made of it", dial: "SIP/ansbye@uas,,gb(other^s^1)", want: "next ANSWER 16 | h SIP/ali"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(t, "[t]\nexten => x,1,Dial("+tt.dial+")"+combinations)
				o.SIP.Script("show", channeltest.Ringing(0))
				o.SIP.Script("star@uas", channeltest.Answer(moment), channeltest.Digit(time.Second, '*'))
				o.SIP.Script("brief@uas", channeltest.Answer(moment), channeltest.Hangup(time.Second, channel.CauseNormalClearing))
				o.SIP.Script("all@uas", channeltest.Ringing(moment), channeltest.Progress(second), channeltest.Fail(time.Second, channel.ControlBusy, channel.CauseUserBusy, ""))
				o.SIP.Script("cfna@uas", channeltest.Ringing(moment), forward(time.Second, "SIP/ring@uas2"))
				exten := tt.exten
				if exten == "" {
					exten = "x"
				}
				caller := o.Run(exten, tt.caller...)
				got, want := planned(o.Log.Notices()), strings.Split(tt.want, " | ")
				if strings.Contains(tt.want, "h SIP/uas") { // two threads speak, in any order
					slices.Sort(got)
					slices.Sort(want)
				}
				if got, want := strings.Join(got, " | "), strings.Join(want, " | "); got != want {
					t.Errorf("plan: %s\nwant: %s", got, want)
				}
				if got := caller.Heard(); tt.alice != "" && got != tt.alice {
					t.Errorf("caller: %s\nwant:   %s", got, tt.alice)
				}
			})
		})
	}
}

// TestRetryDialDigit: a digit while RetryDial waits goes to the extension, or to the next try
// where there is none; option d takes it during the announcement too.
func TestRetryDialDigit(t *testing.T) {
	for _, tt := range []struct {
		name, args string
		digit      byte
		want       string
		took       time.Duration
	}{
		{"an extension", ",30,2,SIP/486@uas", '1', "try | digit 1", time.Second},
		{"in EXITCONTEXT", ",30,2,SIP/486@uas", '5', "try | other 5", time.Second},
		{"none", ",30,2,SIP/486@uas", '9', "try | try | next BUSY", 31*time.Second + moment},
		{"an announcement that plays on", "demo-congrats,60,1,SIP/486@uas", '1', "try | next BUSY", 0},
		{"an announcement that stops", "demo-congrats,60,1,SIP/486@uas,,d", '1', "try | digit 1", time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				plan := "[t]\nexten => x,1,RetryDial(" + tt.args
				if !strings.HasSuffix(tt.args, "d") {
					plan += ",,"
				}
				plan += `b(sub^s^1))
 same => n,Log(NOTICE,next ${DIALSTATUS})
 same => n,Hangup()
exten => 1,1,Log(NOTICE,digit 1)
 same => n,Hangup()
[sub]
exten => s,1,Log(NOTICE,try)
 same => n,Return()
[other]
exten => 5,1,Log(NOTICE,other 5)
 same => n,Hangup()
`
				o := newOffice(t, plan)
				if tt.digit == '5' {
					o.Engine.SetGlobal("EXITCONTEXT", "other")
				}
				start := time.Now()
				o.Run("x", channeltest.Digit(time.Second, tt.digit))
				if got := strings.Join(o.Log.Notices(), " | "); got != tt.want {
					t.Errorf("plan: %s\nwant: %s", got, tt.want)
				}
				if took := time.Since(start); tt.took != 0 && took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
			})
		})
	}
}
