package dial_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/apps/appstest"
	"pbx/channel"
	"pbx/channel/channeltest"
)

// TestOptions runs Dial(args) in priority 1 of extension x, then NoOp's trace of
// where the call went.
func TestOptions(t *testing.T) {
	const rest = `
 same => n,Log(NOTICE,next ${DIALSTATUS})
exten => h,1,Log(NOTICE,h ${DIALSTATUS} ${HANGUPCAUSE} ${EXTEN})
exten => 7,1,Log(NOTICE,digit)
exten => both,5,Goto(away,1)
exten => both,6,Wait(1)
exten => both,7,Log(NOTICE,callee sent, it is ${CHANNEL})
exten => away,1,Log(NOTICE,caller sent)
exten => after,1,Wait(1)
exten => after,2,Log(NOTICE,callee after)
[other]
exten => 7,1,Log(NOTICE,other digit)
[sub]
exten => s,1,Log(NOTICE,sub on ${CHANNEL} with ${ARG1} and ${ARG2})
 same => n,Set(GOSUB_RESULT=${ARG1})
 same => n,Return()
`
	tests := []struct {
		name, dial string
		steps      []channeltest.Step
		setup      func(o *appstest.Office)
		notices    string // joined by " | "
		caller     string // what the caller's phone was told
		callee     string // and the first device
		took       time.Duration
	}{
		{
			name: "plain", dial: "SIP/ansbye@uas",
			notices: "h ANSWER 16 h", caller: "ringing answer hangup(16)", callee: "call hangup(16)", took: 1500 * time.Millisecond,
		},
		{
			name: "A plays to the callee first", dial: "SIP/ansbye@uas,,A(beep)",
			notices: "h ANSWER 16 h", caller: "ringing answer hangup(16)", callee: "call hangup(16)", took: 1500 * time.Millisecond,
		},
		{
			name: "c", dial: "SIP/ring@uas,1,c",
			notices: "next NOANSWER | h NOANSWER 0 h", caller: "ringing hangup(0)", callee: "call hangup(26)", took: time.Second,
		},
		{
			name: "without c", dial: "SIP/ring@uas,1",
			notices: "next NOANSWER | h NOANSWER 0 h", caller: "ringing hangup(0)", callee: "call hangup(0)", took: time.Second,
		},
		{
			name: "d leaves by a digit", dial: "SIP/ring@uas,5,d",
			steps:   []channeltest.Step{channeltest.Digit(100*time.Millisecond, '3'), channeltest.Digit(200*time.Millisecond, '7')},
			notices: "digit | h CANCEL 0 h", caller: "ringing hangup(0)", callee: "call hangup(0)", took: 200 * time.Millisecond,
		},
		{
			name: "d in EXITCONTEXT", dial: "SIP/ring@uas,5,d",
			setup: func(o *appstest.Office) { o.Engine.SetGlobal("EXITCONTEXT", "other") },
			steps: []channeltest.Step{channeltest.Digit(200*time.Millisecond, '7')},
			// h is that of the context in which the call ends.
			notices: "other digit", caller: "ringing hangup(0)", callee: "call hangup(0)", took: 200 * time.Millisecond,
		},
		{
			name: "D sends digits both ways", dial: "SIP/ans@uas,,D(1w2:3)S(1)",
			notices: "h ANSWER 16 h", caller: "ringing answer digit(3) hangup(16)", callee: "call digit(1) digit(2) hangup(16)", took: 2950 * time.Millisecond,
		},
		{
			name: "D on progress", dial: "SIP/early@uas,1,D(::9)",
			setup: func(o *appstest.Office) {
				o.SIP.Script("early@uas", channeltest.Progress(moment))
			},
			notices: "next NOANSWER | h NOANSWER 0 h", caller: "progress hangup(0)", callee: "call digit(9) hangup(0)", took: time.Second,
		},
		{
			name: "g", dial: "SIP/ansbye@uas,,g",
			notices: "next ANSWER | h ANSWER 16 h", caller: "ringing answer hangup(16)", callee: "call hangup(16)", took: 1500 * time.Millisecond,
		},
		{
			name: "G sends both away", dial: "SIP/ans@uas,,G(both^5)",
			notices: "caller sent | h ANSWER 16 h | callee sent, it is SIP/uas-00000001 | h  16 h", caller: "ringing answer hangup(16)", callee: "call hangup(16)", took: 1400 * time.Millisecond,
		},
		{
			name: "F sends the callee on", dial: "SIP/ans@uas,,F(after^1)",
			steps:   []channeltest.Step{channeltest.Hangup(time.Second, channel.CauseNormalClearing)},
			notices: "h ANSWER 16 h | callee after | h  16 h", caller: "ringing answer hangup(16)", callee: "call hangup(16)", took: 2 * time.Second,
		},
		{
			name: "H lets the caller hang up by a key", dial: "SIP/ans@uas,,H",
			steps:   []channeltest.Step{channeltest.Digit(time.Second, '*')},
			notices: "h ANSWER 16 h", caller: "ringing answer hangup(16)", callee: "call hangup(16)", took: time.Second,
		},
		{
			name: "H while it rings", dial: "SIP/ring@uas,,H",
			steps:   []channeltest.Step{channeltest.Digit(time.Second, '*')},
			notices: "next CANCEL | h CANCEL 0 h", caller: "ringing hangup(0)", callee: "call hangup(0)", took: time.Second,
		},
		{
			name: "without H a key is for the callee", dial: "SIP/ans@uas,,S(2)",
			steps:   []channeltest.Step{channeltest.Digit(time.Second, '*')},
			notices: "h ANSWER 16 h", caller: "ringing answer hangup(16)", callee: "call digit(*) hangup(16)", took: 2400 * time.Millisecond,
		},
		{
			name: "h is the callee's", dial: "SIP/star@uas,,h",
			setup: func(o *appstest.Office) {
				o.SIP.Script("star@uas", channeltest.Answer(moment), channeltest.Digit(time.Second, '*'))
			},
			notices: "h ANSWER 16 h", caller: "answer hangup(16)", callee: "call hangup(16)", took: time.Second,
		},
		{
			name: "L is in milliseconds", dial: "SIP/ans@uas,,L(1200)",
			notices: "h ANSWER 16 h", caller: "ringing answer hangup(16)", callee: "call hangup(16)", took: 1600 * time.Millisecond,
		},
		{
			name: "r rings at once, and again for the callee's ringing", dial: "SIP/ansbye@uas,,r",
			notices: "h ANSWER 16 h", caller: "ringing ringing answer hangup(16)", callee: "call hangup(16)", took: 1500 * time.Millisecond,
		},
		{
			name: "r keeps early audio from the caller", dial: "SIP/early@uas,1,r",
			setup: func(o *appstest.Office) {
				o.SIP.Script("early@uas", channeltest.Progress(moment))
			},
			notices: "next NOANSWER | h NOANSWER 0 h", caller: "ringing hangup(0)", callee: "call hangup(0)", took: time.Second,
		},
		{
			name: "R lets it take over", dial: "SIP/early@uas,1,R",
			setup: func(o *appstest.Office) {
				o.SIP.Script("early@uas", channeltest.Progress(moment))
			},
			notices: "next NOANSWER | h NOANSWER 0 h", caller: "ringing progress hangup(0)", callee: "call hangup(0)", took: time.Second,
		},
		{
			name: "U runs on the callee", dial: "SIP/ansbye@uas,,U(sub^x^y)",
			notices: "sub on SIP/uas-00000001 with x and y | h ANSWER 16 h", caller: "ringing answer hangup(16)", callee: "call hangup(16)", took: 1500 * time.Millisecond,
		},
		{
			name: "U may say busy", dial: "SIP/ansbye@uas,,U(sub^BUSY)",
			notices: "sub on SIP/uas-00000001 with BUSY and  | next BUSY | h BUSY 17 h", caller: "ringing busy hangup(17)", callee: "call hangup(16)", took: 400 * time.Millisecond,
		},
		{
			name: "U may end the call", dial: "SIP/ansbye@uas,,U(sub^ABORT)",
			notices: "sub on SIP/uas-00000001 with ABORT and  | h ANSWER 16 h", caller: "ringing hangup(16)", callee: "call hangup(16)", took: 400 * time.Millisecond,
		},
		{
			name: "U may go elsewhere", dial: "SIP/ansbye@uas,,U(sub^GOTO:t^7^1)",
			notices: "sub on SIP/uas-00000001 with GOTO:t and 7", caller: "", callee: "", took: -1,
		},
		{
			name: "b and B run before the call", dial: "SIP/ring@uas,1,b(sub^s^1(x^y))B(sub^s^1(z))",
			notices: "sub on SIP/alice-00000000 with z and  | sub on SIP/uas-00000001 with x and y | next NOANSWER | h NOANSWER 0 h",
			caller:  "ringing hangup(0)", callee: "call hangup(0)", took: time.Second,
		},
		{
			name: "the losers hear that it was answered elsewhere", dial: "SIP/ring@uas&SIP/ansbye@uas2",
			notices: "h ANSWER 16 h", caller: "ringing answer hangup(16)", callee: "call hangup(26)", took: 1500 * time.Millisecond,
		},
		{
			name: "Q is another cause for them", dial: "SIP/ring@uas&SIP/ansbye@uas2,,Q(USER_BUSY)",
			notices: "h ANSWER 16 h", caller: "ringing answer hangup(16)", callee: "call hangup(17)", took: 1500 * time.Millisecond,
		},
		{
			name: "a forward is followed", dial: "SIP/fwd@uas,3",
			setup: func(o *appstest.Office) {
				o.SIP.Script("fwd@uas", forward(moment, "SIP/ring@uas"))
			},
			notices: "next NOANSWER | h NOANSWER 0 h", caller: "forward ringing hangup(0)", callee: "call hangup(0)", took: 3 * time.Second,
		},
		{
			name: "of one among several the caller is not told", dial: "SIP/fwd@uas&SIP/486@uas,3",
			setup: func(o *appstest.Office) {
				o.SIP.Script("fwd@uas", forward(10*time.Millisecond, ""), channeltest.Fail(second, channel.ControlBusy, channel.CauseNoAnswer, ""))
			},
			notices: "next BUSY | h BUSY 17 h", caller: "busy hangup(17)", callee: "call hangup(19)", took: second,
		},
		{
			name: "z gives it all the time it wants", dial: "SIP/fwd@uas,3,z",
			setup: func(o *appstest.Office) {
				o.SIP.Script("fwd@uas", forward(moment, "SIP/late@uas"))
				o.SIP.Script("late@uas", channeltest.Fail(time.Minute, channel.ControlBusy, channel.CauseUserBusy, ""))
			},
			notices: "next BUSY | h BUSY 17 h", caller: "forward busy hangup(17)", callee: "call hangup(0)", took: time.Minute + moment,
		},
		{
			name: "a forward to several places tries one after the other", dial: "SIP/fwd@uas,3",
			setup: func(o *appstest.Office) {
				o.SIP.Script("fwd@uas", forward(moment, "Local/5@t|SIP/486@uas|SIP/503@uas|SIP/ring@uas|SIP/never@uas"))
			},
			notices: "next NOANSWER | h NOANSWER 0 h", caller: "forward ringing hangup(0)", callee: "call hangup(0)", took: 3 * time.Second,
		},
		{
			name: "a forward to several places of which none takes it", dial: "SIP/fwd@uas,3",
			setup: func(o *appstest.Office) {
				o.SIP.Script("fwd@uas", forward(moment, "SIP/ansbye@nowhere|SIP/486@uas"))
			},
			notices: "next BUSY | h BUSY 17 h", caller: "forward busy hangup(17)", callee: "call hangup(0)", took: 2 * moment,
		},
		{
			name: "a place of several that declines for all of them", dial: "SIP/fwd@uas,3",
			setup: func(o *appstest.Office) {
				o.SIP.Script("fwd@uas", forward(moment, "SIP/no@uas|SIP/ring@uas"))
				o.SIP.Script("no@uas", channeltest.Fail(moment, channel.ControlBusy, channel.CauseCallRejected, "SIP 603 Decline"))
			},
			notices: "next BUSY | h BUSY 17 h", caller: "forward busy hangup(17)", callee: "call hangup(0)", took: 2 * moment,
		},
		{
			name: "a forward to nowhere", dial: "SIP/fwd@uas,3",
			setup: func(o *appstest.Office) {
				o.SIP.Script("fwd@uas", forward(moment, "Local/5@t"))
			},
			notices: "next CHANUNAVAIL | h CHANUNAVAIL 34 h", caller: "forward congestion hangup(34)", callee: "call hangup(0)", took: moment,
		},
		{
			name: "i takes no forward", dial: "SIP/fwd@uas,3,i",
			setup: func(o *appstest.Office) {
				o.SIP.Script("fwd@uas", forward(moment, "SIP/ring@uas"))
			},
			notices: "next BUSY | h BUSY 17 h", caller: "forward busy hangup(17)", callee: "call hangup(0)", took: moment,
		},
		{
			name: "phones that forward to each other", dial: "SIP/a@uas,30",
			setup: func(o *appstest.Office) {
				o.SIP.Script("a@uas", forward(moment, "SIP/b@uas"))
				o.SIP.Script("b@uas", forward(moment, "SIP/a@uas"))
			},
			notices: "next BUSY | h BUSY 17 h", caller: "forward forward forward forward forward forward busy hangup(17)", callee: "call hangup(0)", took: 6 * moment,
		},
		{
			name: "an unknown letter is left out", dial: "SIP/ansbye@uas,,Yg",
			notices: "next ANSWER | h ANSWER 16 h", caller: "ringing answer hangup(16)", callee: "call hangup(16)", took: 1500 * time.Millisecond,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(t, "[t]\nexten => x,1,Dial("+tt.dial+")"+rest)
				if tt.setup != nil {
					tt.setup(o)
				}
				start := time.Now()
				caller := o.Run("x", tt.steps...)
				if got := strings.Join(planned(o.Log.Notices()), " | "); got != tt.notices && tt.took >= 0 {
					t.Errorf("plan: %s\nwant: %s", got, tt.notices)
				} else if tt.took < 0 && !strings.HasPrefix(got, tt.notices) {
					t.Errorf("plan: %s\nwant: %s…", got, tt.notices)
				}
				if tt.took < 0 {
					return
				}
				if took := time.Since(start); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				if got := caller.Heard(); got != tt.caller {
					t.Errorf("caller: %s\nwant:   %s", got, tt.caller)
				}
				if got := o.SIP.Legs()[1].Heard(); got != tt.callee {
					t.Errorf("callee: %s\nwant:   %s", got, tt.callee)
				}
			})
		})
	}
}

// planned leaves out what Dial itself has to say.
func planned(lines []string) (out []string) {
	for _, l := range lines {
		if !strings.HasPrefix(l, "Forwarding") && !strings.HasPrefix(l, "Unable") {
			out = append(out, l)
		}
	}
	return out
}

func forward(after time.Duration, to string) channeltest.Step {
	return channeltest.Step{After: after, Frame: channel.Frame{Kind: channel.FrameControl, Control: channel.ControlForward, Text: to}}
}
