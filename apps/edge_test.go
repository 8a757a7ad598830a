package apps_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/apps/appstest"
	"pbx/channel/channeltest"
	"pbx/event"
)

// TestEdges is what applications do with arguments that are missing, odd or too many:
// a plan that the field's users wrote depends on whether the call goes on after them.
func TestEdges(t *testing.T) {
	tests := []struct {
		name, plan, want string
		steps            []channeltest.Step
		warns            string // a part of a warning or error, "" for none
	}{
		{
			name: "RaiseException without an e goes to i",
			plan: `exten => x,1,RaiseException(boom)
 same => n,Log(NOTICE,not reached)
exten => i,1,Log(NOTICE,i ${INVALID_EXTEN})`,
			want: "i e",
		},
		{
			name: "RaiseException without anything to go to ends the call",
			plan: `exten => x,1,RaiseException(boom)
 same => n,Log(NOTICE,not reached)
exten => h,1,Log(NOTICE,h)`,
			want: "h", warns: "sent to invalid extension but no invalid handler",
		},
		{
			name: "ExecIf keeps the quotes of what it runs",
			plan: `exten => x,1,ExecIf(1?Set(A="x, y"):Set(B=1))
 same => n,ExecIf(0?Set(C=1):Set(D="z"))
 same => n,ExecIf(1?Set(E=a\,b))
 same => n,Log(NOTICE,[${A}][${B}][${C}][${D}][${E}])`,
			want: `["x, y"][][]["z"][a\,b]`,
		},
		{
			name: "ExecIf: a quoted zero is a text",
			plan: `exten => x,1,ExecIf("0"?Log(NOTICE,yes):Log(NOTICE,no))`, want: "yes",
		},
		{
			name: "ExecIf: true without an application ends the call",
			plan: `exten => x,1,ExecIf(0?Set(A=1))
 same => n,Log(NOTICE,on)
 same => n,ExecIf(1?:Set(A=1))
 same => n,Log(NOTICE,not reached)`,
			want: "on", warns: "Could not find application ()",
		},
		{
			name: "ExecIf: an application that is not there ends the call",
			plan: `exten => x,1,ExecIf(0?Nonsense())
 same => n,ExecIf(1?Nonsense())
 same => n,Log(NOTICE,not reached)`,
			warns: "Could not find application (Nonsense)",
		},
		{
			name: "ExecIf without a question mark", plan: `exten => x,1,ExecIf(0)
 same => n,ExecIf(0,Set,A=1)
 same => n,ExecIf(1,Set,A=a,b)
 same => n,Log(NOTICE,${A})
 same => n,ExecIf(1)
 same => n,Log(NOTICE,not reached)`,
			want: "a,b", warns: "Deprecated syntax",
		},
		{
			name: "ExecIf with nothing after the question mark",
			plan: `exten => x,1,ExecIf(0?)
 same => n,Log(NOTICE,not reached)`,
			warns: "Usage: ExecIf",
		},
		{
			name: "GosubIf divides where nothing protects",
			plan: `exten => x,1,GosubIf("a?b"?yes,1(a:b):no,1)
 same => n,GosubIf(1?)
 same => n,Log(NOTICE,on)
exten => yes,1,Log(NOTICE,yes ${ARG1})
 same => n,Return()
exten => no,1,Log(NOTICE,no)
 same => n,Return()`,
			want: "yes a:b on",
		},
		{
			name: "Goto: a blank is part of a name", plan: `exten => x,1,Goto(t, y,1)
exten => y,1,Log(NOTICE,not reached)
exten => i,1,Log(NOTICE,i[${INVALID_EXTEN}])`, want: "i[ y]",
		},
		{
			name: "Goto: a blank before the number is none", plan: `exten => x,1,Goto(t,y, 1 )
exten => y,1,Log(NOTICE,y)`, want: "y",
		},
		{
			name: "Goto: a label has no blanks", plan: `exten => x,1,Goto( there)
 same => n(there),Log(NOTICE,not reached)`, warns: "priority ' there' must be a number > 0, or valid label",
		},
		{
			name: "Goto: what is empty stays as it is, what is too much is left out",
			plan: `exten => x,1,Goto(,,3,9)
 same => n,Log(NOTICE,not reached)
 same => n,Log(NOTICE,three)
 same => n,Goto(other,,1)
[other]
exten => x,1,Log(NOTICE,other)`, want: "three other",
		},
		{
			name: "Goto: a label with a sign", plan: `exten => x,1,Goto(+there)
 same => n,Log(NOTICE,not reached)
 same => n(there),Log(NOTICE,there)`, want: "there",
		},
		{
			name: "Goto: before the first priority is the next one", plan: `exten => x,1,Goto(-7)
 same => n,Log(NOTICE,two)`, want: "two",
		},
		{
			name: "Goto: priority 0 is none", plan: `exten => x,1,Goto(0)
 same => n,Log(NOTICE,not reached)
exten => i,1,Log(NOTICE,not reached)
exten => h,1,Log(NOTICE,h)`, want: "h",
		},
		{
			name: "GotoIfTime without an argument ends the call", plan: `exten => x,1,GotoIfTime(?a:b)
 same => n(a),Log(NOTICE,a)
 same => n(b),Log(NOTICE,b)
 same => n,GotoIfTime()
 same => n,Log(NOTICE,not reached)`, want: "b", warns: "GotoIfTime requires an argument",
		},
		{
			name: "GotoIfTime: a blank before a name is part of it", plan: `exten => x,1,GotoIfTime(*,mon-sun,*,*?a)
 same => n,Log(NOTICE,not reached)
 same => n(a),GotoIfTime(*, mon-sun,*,*?b)
 same => n,Log(NOTICE,no)
 same => n(b),GotoIfTime( 00:00 - 23:59 ,*, 1-31,*?c)
 same => n,Log(NOTICE,not reached)
 same => n(c),Log(NOTICE,c)`, want: "no c", warns: `" mon" is not a day of week`,
		},
		{
			name: "ExecIfTime without an application ends the call", plan: `exten => x,1,ExecIfTime(*,*,*,*)
 same => n,Log(NOTICE,not reached)`, warns: "ExecIfTime requires an argument",
		},
		{
			name: "Macro: quotes do not keep commas together", plan: `exten => x,1,Macro(m,"a,b",c)
[macro-m]
exten => s,1,Log(NOTICE,[${ARG1}][${ARG2}][${ARG3}])`, want: `["a][b"][c]`,
		},
		{
			name: "Macro without a name", plan: `exten => x,1,Macro(,a)
 same => n,Log(NOTICE,on)
 same => n,MacroIf(0?a)
 same => n,MacroIf(1?:a)
 same => n,Log(NOTICE,not reached)`, want: "on", warns: "Invalid macro name specified",
		},
		{
			name: "Macro after the end of the call", plan: `exten => x,1,Hangup()
exten => h,1,Macro(m)
 same => n,Log(NOTICE,h)
[macro-m]
exten => s,1,Log(NOTICE,one)
 same => n,Log(NOTICE,two)`, want: "one two h",
		},
		{
			name: "Playback of nothing", plan: `exten => x,1,Playback(,noanswer)
 same => n,Log(NOTICE,${PLAYBACKSTATUS})
 same => n,Playback()
 same => n,Log(NOTICE,not reached)`, want: "FAILED", warns: "Playback requires an argument",
		},
		{
			name: "Playback that the caller leaves", plan: `exten => x,1,Playback(demo-congrats)
exten => h,1,Log(NOTICE,${PLAYBACKSTATUS})`, want: "FAILED",
			steps: []channeltest.Step{channeltest.Hangup(time.Second, 16)},
		},
		{
			name: "Background: words of old", plan: `exten => x,1,Background(demo-congrats,skip)
 same => n,Log(NOTICE,${BACKGROUNDSTATUS} ${CHANNEL(state)})
 same => n,Background(beep,noanswer)
 same => n,Log(NOTICE,${BACKGROUNDSTATUS} ${CHANNEL(state)})
 same => n,Background(,n)
 same => n,Log(NOTICE,${BACKGROUNDSTATUS})
 same => n,Background()
 same => n,Log(NOTICE,not reached)`, want: "SUCCESS Ring SUCCESS Ring FAILED", warns: "Background requires an argument",
		},
		{
			name: "Background in a macro looks for digits where the macro was called", plan: `exten => x,1,Macro(menu)
exten => 1,1,Log(NOTICE,one ${CONTEXT})
[macro-menu]
exten => s,1,Background(demo-congrats)
exten => 1,1,Log(NOTICE,not reached)`, want: "one t",
			steps: key(time.Second, "1"),
		},
		{
			name: "Background m: a digit that is an extension, though a longer one begins with it", plan: `exten => x,1,Background(demo-congrats,m)
exten => 1,1,Log(NOTICE,one)
exten => 12,1,Log(NOTICE,not reached)`, want: "one",
			steps: key(time.Second, "31"),
		},
		{
			name: "Incomplete that nothing completes", plan: `exten => x,1,Goto(12,1)
exten => 12,1,Incomplete()
exten => 1234,1,Log(NOTICE,not reached)
exten => t,1,Log(NOTICE,t)`, want: "t",
		},
		{
			name: "Read from a file that is not there does not wait", plan: `exten => x,1,Set(D=old)
 same => n,Read(D,nowhere)
 same => n,Log(NOTICE,[${D}] ${READSTATUS})`, want: "[] ERROR", warns: "nowhere",
		},
		{
			name: "TryExec", plan: `exten => x,1,TryExec()
 same => n,Log(NOTICE,[${TRYSTATUS}])
 same => n,TryExec(Goto(nowhere))
 same => n,Log(NOTICE,${TRYSTATUS})`, want: "[] FAILED", warns: "nowhere",
		},
		{
			name: "Originate with too little ends the call", plan: `exten => x,1,Originate(SIP/bob,app)
 same => n,Log(NOTICE,not reached)
exten => h,1,Log(NOTICE,${ORIGINATE_STATUS})`, want: "FAILED", warns: "Originate needs",
		},
		{
			name: "ImportVar into what cannot be written", plan: `exten => x,1,ImportVar(NONSENSE(a)=${CHANNEL},CHANNEL)
 same => n,Log(NOTICE,on)`, want: "on", warns: "function NONSENSE not registered",
		},
		{
			name: "Hangup with the number that a text begins with", plan: `exten => x,1,Hangup(17x)
exten => h,1,Log(NOTICE,${HANGUPCAUSE})`, want: "17",
		},
		{
			name: "Verbose and Log of nothing", plan: `exten => x,1,Verbose()
 same => n,Log()
 same => n,Log(NOTICE,on)`, want: "on",
		},
		{
			name: "System in single quotes", plan: `exten => x,1,System('exit 0')
 same => n,Log(NOTICE,${SYSTEMSTATUS})`, want: "SUCCESS",
		},
		{
			name: "SayNumber with a gender that is none", plan: `exten => x,1,SayNumber(5 apples,F)
 same => n,Log(NOTICE,on)
 same => n,SayNumber(5,x)
 same => n,Log(NOTICE,not reached)`, want: "on", warns: "gender option",
		},
		{
			name: "SayUnixTime answers", plan: `exten => x,1,SayUnixTime()
 same => n,Log(NOTICE,${CHANNEL(state)})`, want: "Up",
		},
		{
			name: "ControlPlayback: keys that have something to do already", plan: `exten => x,1,Answer()
 same => n,ControlPlayback(demo-congrats,,,,#)
 same => n,Log(NOTICE,${CPLAYBACKSTATUS} ${CPLAYBACKSTOPKEY})`, want: "USERSTOPPED #", steps: key(time.Second, "#"),
		},
		{
			name: "A hang-up handler is where it was pushed", plan: `exten => x,1,Set(CHANNEL(hangup_handler_push)=sub,1(a))
 same => n,Set(CHANNEL(hangup_handler_push)=last)
 same => n,Goto(other,y,1)
 same => n(last),Log(NOTICE,last ${EXTEN})
 same => n,Return()
exten => sub,1,Log(NOTICE,handler ${CONTEXT} ${ARG1})
 same => n,Return()
[other]
exten => y,1,Hangup()
exten => sub,1,Log(NOTICE,not here)`, want: "last x handler t a",
		},
		{
			name: "MSet: a name may hold what divides within its parentheses", plan: `exten => x,1,MSet(A=1,B="x,y",HASH(h,a=b)=2,C=)
 same => n,Log(NOTICE,[${A}][${B}][${HASH(h,a=b)}][${C}])`, want: "[1][x,y][2][]",
		},
		{
			name: "WaitUntil: a moment that a text begins with", plan: `exten => x,1,WaitUntil(12 o'clock)
 same => n,Log(NOTICE,${WAITUNTILSTATUS})`, want: "PAST",
		},
		{
			name: "ChanIsAvail names the device as it was written", plan: `exten => x,1,ChanIsAvail(SIP/bob)
 same => n,Log(NOTICE,${AVAILORIGCHAN})`, want: "SIP/bob",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := appstest.New(t, "[t]\n"+tt.plan)
				o.SIP.Script("bob", channeltest.Answer(0))
				o.Run("x", tt.steps...)
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
