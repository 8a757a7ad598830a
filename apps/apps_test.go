package apps_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/apps"
	"pbx/apps/appstest"
	"pbx/channel"
	"pbx/channel/channeltest"
)

func key(after time.Duration, digits string) []channeltest.Step {
	var steps []channeltest.Step
	for i := range len(digits) {
		steps = append(steps, channeltest.Digit(after+time.Duration(i)*200*time.Millisecond, digits[i]))
	}
	return steps
}

func hangup(after time.Duration) channeltest.Step {
	return channeltest.Hangup(after, channel.CauseNone)
}

// Each case is the plan of context t, in which x is called.
func TestApplications(t *testing.T) {
	tests := []struct {
		name, plan string
		steps      []channeltest.Step
		notices    string // joined by " | "
		told       string // what the caller's phone was told
		heard      string // what was played, "-" when it does not matter
		took       time.Duration
	}{
		{
			name: "Answer twice", plan: "exten => x,1,Answer()\n same => n,Answer()",
			told: "answer hangup(16)",
		},
		{
			name: "Answer waits", plan: "exten => x,1,Answer(1500)\n same => n,Answer(9000)",
			told: "answer hangup(16)", took: 1500 * time.Millisecond,
		},
		{
			name: "Hangup without a cause", plan: "exten => x,1,Hangup()\nexten => h,1,Log(NOTICE,${HANGUPCAUSE})",
			notices: "16", told: "hangup(16)",
		},
		{
			name: "Hangup by number", plan: "exten => x,1,Hangup(34)", told: "hangup(34)",
		},
		{
			name: "Hangup by name", plan: "exten => x,1,Hangup(call_rejected)", told: "hangup(21)",
		},
		{
			name: "Hangup by a name that is none", plan: "exten => x,1,Hangup(BUSY)", told: "hangup(16)",
		},
		{
			name: "Hangup(0) is none either", plan: "exten => x,1,Hangup(0)", told: "hangup(16)",
		},
		{
			name: "Wait with a fraction", plan: "exten => x,1,Wait(1.25)", told: "hangup(0)", took: 1250 * time.Millisecond,
		},
		{
			name: "Wait with a unit", plan: "exten => x,1,Wait(300ms)\n same => n,Wait(2m)", told: "hangup(0)", took: 2*time.Minute + 300*time.Millisecond,
		},
		{
			name: "Wait for nothing", plan: "exten => x,1,Wait(abc)\n same => n,Wait(-1)\n same => n,Wait()", told: "hangup(0)",
		},
		{
			name: "Wait ends with the call", plan: "exten => x,1,Wait(60)\n same => n,Log(NOTICE,not reached)\nexten => h,1,Log(NOTICE,h)",
			steps: []channeltest.Step{hangup(time.Second)}, notices: "h", told: "hangup(0)", took: time.Second,
		},
		{
			name: "Busy", plan: "exten => x,1,Busy(2)\nexten => h,1,Log(NOTICE,${HANGUPCAUSE})",
			notices: "17", told: "busy hangup(17)",
		},
		{
			name: "Congestion", plan: "exten => x,1,Congestion(2)\nexten => h,1,Log(NOTICE,${HANGUPCAUSE})",
			notices: "34", told: "congestion hangup(34)",
		},
		{
			name: "Busy on an answered call is a tone", plan: "exten => x,1,Answer()\n same => n,Busy(2)",
			told: "answer hangup(16)", heard: "tone", took: 2 * time.Second,
		},
		{
			name: "Busy until the caller hangs up", plan: "exten => x,1,Answer()\n same => n,Busy()",
			steps: []channeltest.Step{hangup(time.Minute)}, told: "answer hangup(16)", heard: "tone", took: time.Minute,
		},
		{
			name: "Indications", plan: "exten => x,1,Ringing()\n same => n,Progress()\n same => n,Proceeding()",
			told: "ringing progress proceeding hangup(0)",
		},
		{
			name: "Set keeps its text", plan: `exten => x,1,Set(a="b, c" \, d=e)` + "\n same => n,Log(NOTICE,[${a}])",
			notices: `["b, c" \, d=e]`, told: "hangup(0)",
		},
		{
			name: "Set without a value", plan: "exten => x,1,Set(a=1)\n same => n,Set(a)\n same => n,Log(NOTICE,[${a}])",
			notices: "[1]", told: "hangup(0)",
		},
		{
			name: "MSet divides", plan: `exten => x,1,MSet(a=1,b="2,3",c=4,d, e=5)` + "\n same => n,Log(NOTICE,[${a}][${b}][${c}][${d}][${ e}])",
			notices: "[1][2,3][4][][5]", told: "hangup(0)",
		},
		{
			name: "Log and Verbose", plan: `exten => x,1,Log(NOTICE,"a, b" \, c)` + "\n same => n,Log(nonsense,x)\n same => n,Log( NOTICE , spaced )",
			notices: `"a, b" \, c`, told: "hangup(0)", // a level has no blanks
		},
		{
			name: "Goto in all forms", plan: "exten => x,1,Goto(3)\n same => n,Log(NOTICE,not reached)\n same => n,Goto(there)\n same => n,Log(NOTICE,not reached)\n" +
				" same => n(there),Goto(y,1)\nexten => y,1,Goto(other,z,lab)\n[other]\nexten => z,1,Log(NOTICE,not reached)\n same => n(lab),Log(NOTICE,there)",
			notices: "there", told: "hangup(0)",
		},
		{
			name: "Goto a label that is not there", plan: "exten => x,1,Goto(nowhere)\n same => n,Log(NOTICE,not reached)\nexten => h,1,Log(NOTICE,h)",
			notices: "h", told: "hangup(0)",
		},
		{
			name: "Goto an extension that is not there", plan: "exten => x,1,Goto(99,1)\nexten => i,1,Log(NOTICE,i ${INVALID_EXTEN})",
			notices: "i 99", told: "hangup(0)",
		},
		{
			name: "GotoIf", plan: "exten => x,1,GotoIf(0?bad:l1)\n same => n,Log(NOTICE,no)\n same => n(l1),GotoIf(1?:bad)\n same => n,GotoIf(0?bad)\n" +
				" same => n,GotoIf(00?bad)\n same => n,GotoIf( 0?bad)\n same => n,GotoIf(0.5?bad)\n same => n,GotoIf(0abc?bad)\n same => n,GotoIf(?bad)\n" +
				" same => n,GotoIf(\"0\"?l2)\n same => n,Log(NOTICE,no)\n same => n(l2),GotoIf(abc?l3)\n same => n,Log(NOTICE,no)\n" +
				" same => n(l3),GotoIf(-1?l4:bad)\n same => n,Log(NOTICE,no)\n same => n(l4),Log(NOTICE,yes)\n same => n,Hangup()\n same => n(bad),Log(NOTICE,bad)",
			notices: "yes", told: "hangup(16)",
		},
		{
			name: "ExecIf", plan: "exten => x,1,ExecIf(1?Set(ea=A,B):Set(eb=C))\n same => n,Log(NOTICE,[${ea}] [${eb}])\n" +
				" same => n,ExecIf(0?Set(ea=X):Set(eb=C:D))\n same => n,Log(NOTICE,[${ea}] [${eb}])\n" +
				" same => n,ExecIf( 0 ?Log(NOTICE,true):Log(NOTICE,space-false))\n same => n,ExecIf(foo?Log(NOTICE,foo-true):Log(NOTICE,false))\n" +
				" same => n,ExecIf(?Log(NOTICE,true):Log(NOTICE,empty-false))\n same => n,ExecIf(0?Log(NOTICE,true))\n same => n,ExecIf(1?Hangup(17))",
			notices: "[A,B] [] | [A,B] [C:D] | space-false | foo-true | empty-false", told: "hangup(17)",
		},
		{
			name: "Gosub keeps its arguments as they are", plan: `exten => x,1,Gosub(sub,s,1(a,"b,c",d\,e,(f,g),,[h,i], j ))` +
				"\n same => n,Log(NOTICE,back with ${GOSUB_RETVAL} [${ARG1}])\n same => n,Gosub(sub,s,1())\n same => n,Gosub(sub,s,1)\n same => n,Gosub(l(x))\n same => n,Hangup()\n" +
				" same => n(l),Log(NOTICE,label ${ARG1})\n same => n,StackPop()\n same => n,StackPop()\n" +
				"[sub]\nexten => s,1,Log(NOTICE,ARGC=${ARGC} [${ARG1}] [${ARG2}] [${ARG3}] [${ARG4}] [${ARG5}] [${ARG6}] [${ARG7}] [${ARG8}])\n same => n,Return(r ${ARGC})",
			notices: `ARGC=7 [a] ["b,c"] [d\,e] [(f,g)] [] [[h,i]] [ j ] [] | back with r 7 [] | ARGC=0 [] [] [] [] [] [] [] [] | ARGC=0 [] [] [] [] [] [] [] [] | label x`,
			told:    "hangup(0)",
		},
		{
			name: "GosubIf", plan: "exten => x,1,GosubIf(1?sub,s,1(a:b):sub,s,1(no))\n same => n,GosubIf(0?sub,s,1(no):sub,s,1(f))\n same => n,GosubIf(0?sub,s,1(no))\n" +
				"[sub]\nexten => s,1,Log(NOTICE,${ARG1})\n same => n,Return()",
			notices: "a:b | f", told: "hangup(0)",
		},
		{
			name: "Return without Gosub", plan: "exten => x,1,Return()\n same => n,Log(NOTICE,not reached)\nexten => h,1,Log(NOTICE,h)", notices: "h", told: "hangup(0)",
		},
		{
			name: "While", plan: "exten => x,1,Set(I=0)\n same => n,While($[${I} < 5])\n same => n,Set(I=$[${I} + 1])\n same => n,ExecIf($[${I} = 2]?ContinueWhile())\n" +
				" same => n,Set(J=0)\n same => n,While($[${J} < 2])\n same => n,Set(J=$[${J} + 1])\n same => n,Set(L=${L}${I}${J}.)\n same => n,EndWhile\n" +
				" same => n,ExecIf($[${I} = 3]?ExitWhile())\n same => n,EndWhile()\n same => n,Log(NOTICE,${L})\n same => n,EndWhile()",
			notices: "11.12.31.32.", told: "hangup(0)",
		},
		{
			name: "RaiseException", plan: "exten => x,1,RaiseException(boom)\n same => n,Log(NOTICE,not reached)\nexten => e,1,Log(NOTICE,e)", notices: "e", told: "hangup(0)",
		},
		{
			name: "TryExec", plan: "exten => x,1,TryExec(Nonsense(1))\n same => n,Log(NOTICE,${TRYSTATUS})\n same => n,TryExec(Hangup(17))\n same => n,Log(NOTICE,${TRYSTATUS})\n" +
				" same => n,TryExec(Set(a=b))\n same => n,Log(NOTICE,${TRYSTATUS} ${a})\n same => n,Exec(Hangup(18))\n same => n,Log(NOTICE,not reached)",
			notices: "NOAPP | FAILED | SUCCESS b", told: "hangup(18)",
		},
		{
			name: "SendDTMF", plan: "exten => x,1,SendDTMF(1w2,100,50,,a)", told: "answer digit(1) digit(2) hangup(16)", took: 800 * time.Millisecond,
		},
		{
			name: "Transfer", plan: "exten => x,1,Transfer(SIP/5)\n same => n,Log(NOTICE,${TRANSFERSTATUS})\n same => n,Transfer(IAX2/5)\n same => n,Log(NOTICE,${TRANSFERSTATUS})",
			notices: "SUCCESS | FAILURE", told: "transfer(5) hangup(0)",
		},
		{
			name: "GotoIfTime", plan: "exten => x,1,GotoIfTime(*,*,*,*?yes:no)\n same => n(no),Log(NOTICE,no)\n same => n(yes),GotoIfTime(*,*,31,feb?no)\n same => n,Log(NOTICE,fell through)\n" +
				" same => n,ExecIfTime(0:00-23:59,sat,*,*?Log(NOTICE,saturday))\n same => n,ExecIfTime(*,sun,*,*?Log(NOTICE,no))",
			notices: "fell through | saturday", told: "hangup(0)", // the bubble's clock begins on a Saturday
		},
		{
			name: "Playback answers and plays to the end", plan: "exten => x,1,Playback(beep&beep)\n same => n,Log(NOTICE,${PLAYBACKSTATUS})",
			steps: key(100*time.Millisecond, "1"), notices: "SUCCESS", told: "answer hangup(16)", heard: "sound(350ms) sound(350ms)", took: 700 * time.Millisecond,
		},
		{
			name: "Playback of what is not there", plan: "exten => x,1,Playback(nowhere&beep)\n same => n,Log(NOTICE,${PLAYBACKSTATUS})",
			notices: "FAILED", told: "answer hangup(16)", heard: "sound(350ms)", took: 350 * time.Millisecond,
		},
		{
			name: "Playback,noanswer is early audio", plan: "exten => x,1,Playback(beep,noanswer)\n same => n,Playback(beep,noanswer)",
			told: "progress hangup(0)", heard: "sound(350ms) sound(350ms)", took: 700 * time.Millisecond,
		},
		{
			name: "Playback,skip", plan: "exten => x,1,Playback(beep,skip)\n same => n,Log(NOTICE,${PLAYBACKSTATUS})",
			notices: "SUCCESS", told: "hangup(0)", heard: "",
		},
		{
			name: "Playback with options in quotes", plan: `exten => x,1,Playback("beep", "skip")`, told: "hangup(0)",
		},
		{
			name: "Playback,say", plan: "exten => x,1,Playback(a1,say)", told: "answer hangup(16)", heard: "-", took: -1,
		},
		{
			name: "Playback cut by the caller", plan: "exten => x,1,Playback(demo-congrats)\n same => n,Log(NOTICE,not reached)",
			steps: []channeltest.Step{hangup(time.Second)}, told: "answer hangup(16)", heard: "-", took: time.Second,
		},
		{
			name: "Background goes to one digit at once", plan: "exten => x,1,Background(demo-congrats)\n same => n,WaitExten(5)\nexten => 2,1,Log(NOTICE,two)",
			steps: key(time.Second, "2"), notices: "two", told: "answer hangup(16)", heard: "-", took: time.Second,
		},
		{
			name: "Background takes more digits", plan: "exten => x,1,Background(demo-congrats)\nexten => 2,1,Log(NOTICE,two)\nexten => 234,1,Log(NOTICE,${EXTEN})",
			steps: key(time.Second, "234"), notices: "234", told: "answer hangup(16)", heard: "-", took: 1400 * time.Millisecond,
		},
		{
			name: "a short number after the digit timeout", plan: "exten => x,1,Background(demo-congrats)\nexten => 2,1,Log(NOTICE,two)\nexten => 234,1,Log(NOTICE,${EXTEN})",
			steps: key(time.Second, "2"), notices: "two", told: "answer hangup(16)", heard: "-", took: 6 * time.Second,
		},
		{
			name: "Background with a wrong digit", plan: "exten => x,1,Background(demo-congrats)\nexten => 2,1,Log(NOTICE,two)\nexten => i,1,Log(NOTICE,invalid ${INVALID_EXTEN})",
			steps: key(time.Second, "9"), notices: "invalid 9", told: "answer hangup(16)", heard: "-", took: time.Second,
		},
		{
			name: "Background without a digit", plan: "exten => x,1,Background(beep)\n same => n,Log(NOTICE,${BACKGROUNDSTATUS})",
			notices: "SUCCESS", told: "answer hangup(16)", heard: "sound(350ms)", took: 350 * time.Millisecond,
		},
		{
			name: "Background m", plan: "exten => x,1,Background(hello&beep,m)\n same => n,Log(NOTICE,end)\nexten => 2,1,Log(NOTICE,two)\nexten => 34,1,NoOp()",
			steps: key(10*time.Millisecond, "932"), notices: "two", told: "answer hangup(16)", heard: "-", took: 410 * time.Millisecond,
		},
		{
			name: "Background p", plan: "exten => x,1,Background(beep,p)\n same => n,Log(NOTICE,end)\nexten => 2,1,Log(NOTICE,two)",
			steps: key(10*time.Millisecond, "2"), notices: "end", told: "answer hangup(16)", heard: "sound(350ms)", took: 350 * time.Millisecond,
		},
		{
			name: "Background in another context", plan: "exten => x,1,Background(demo-congrats,,,other)\nexten => 2,1,Log(NOTICE,two)\n[other]\nexten => 2,1,Log(NOTICE,other two)",
			steps: key(time.Second, "2"), notices: "other two", told: "answer hangup(16)", heard: "-", took: time.Second,
		},
		{
			name: "WaitExten", plan: "exten => x,1,Answer()\n same => n,WaitExten(5)\nexten => 234,1,Log(NOTICE,${EXTEN})",
			steps: key(time.Second, "234"), notices: "234", told: "answer hangup(16)", took: 1400 * time.Millisecond,
		},
		{
			name: "WaitExten goes on", plan: "exten => x,1,Answer()\n same => n,WaitExten(2.5)\n same => n,Log(NOTICE,went on)\nexten => t,1,Log(NOTICE,t)",
			notices: "went on", told: "answer hangup(16)", took: 2500 * time.Millisecond,
		},
		{
			name: "WaitExten goes to t", plan: "exten => x,1,Answer()\n same => n,WaitExten()\nexten => t,1,Log(NOTICE,t)",
			notices: "t", told: "answer hangup(16)", took: 10 * time.Second,
		},
		{
			name: "WaitExten without t", plan: "exten => x,1,Answer()\n same => n,WaitExten(1)\nexten => h,1,Log(NOTICE,h)",
			notices: "h", told: "answer hangup(16)", took: time.Second,
		},
		{
			name: "WaitExten with dial tone", plan: "exten => x,1,Answer()\n same => n,WaitExten(5,d)\nexten => 2,1,Log(NOTICE,two)",
			steps: key(time.Second, "2"), notices: "two", told: "answer hangup(16)", heard: "tone stop", took: time.Second,
		},
		{
			name: "Read", plan: "exten => x,1,Read(n,beep,3)\n same => n,Log(NOTICE,${n} ${READSTATUS})",
			steps: key(time.Second, "1234"), notices: "123 OK", told: "answer hangup(16)", heard: "sound(350ms)", took: 1400 * time.Millisecond,
		},
		{
			name: "Read during the prompt, ended by a key", plan: "exten => x,1,Read(n,demo-congrats)\n same => n,Log(NOTICE,${n} ${READSTATUS})",
			steps: key(time.Second, "12#"), notices: "12 OK", told: "answer hangup(16)", heard: "-", took: 1400 * time.Millisecond,
		},
		{
			name: "Read and time", plan: "exten => x,1,Read(n,beep,,,2,1.5)\n same => n,Log(NOTICE,[${n}] ${READSTATUS})",
			notices: "[] TIMEOUT", told: "answer hangup(16)", heard: "sound(350ms) sound(350ms)", took: 3700 * time.Millisecond,
		},
		{
			name: "Read in two attempts", plan: "exten => x,1,Read(n,beep,,,2,1.5)\n same => n,Log(NOTICE,[${n}] ${READSTATUS})",
			steps: key(3*time.Second, "7#"), notices: "[7] OK", told: "answer hangup(16)", heard: "-", took: 3200 * time.Millisecond,
		},
		{
			name: "Read stops at the digit timeout", plan: "exten => x,1,Read(n)\n same => n,Log(NOTICE,[${n}] ${READSTATUS})",
			steps: key(time.Second, "7"), notices: "[7] TIMEOUT", told: "answer hangup(16)", took: 6 * time.Second,
		},
		{
			name: "Read with other ends", plan: "exten => x,1,Read(n,,,t(*)e)\n same => n,Log(NOTICE,[${n}] ${READSTATUS})",
			steps: key(time.Second, "*"), notices: "[*] OK", told: "answer hangup(16)", took: time.Second,
		},
		{
			name: "Read of a call that is not up", plan: "exten => x,1,Read(n,beep,,s)\n same => n,Log(NOTICE,[${n}] ${READSTATUS})\n same => n,Read(n,beep,1,n)",
			steps: key(100*time.Millisecond, "1"), notices: "[] SKIPPED", told: "progress hangup(0)", heard: "-", took: 100 * time.Millisecond,
		},
		{
			name: "Read with a tone", plan: "exten => x,1,Read(n,dial,2,i)\n same => n,Log(NOTICE,[${n}] ${READSTATUS})",
			steps: key(time.Second, "12"), notices: "[12] OK", told: "answer hangup(16)", heard: "tone stop", took: 1200 * time.Millisecond,
		},
		{
			name: "Read and the caller leaves", plan: "exten => x,1,Read(n)\nexten => h,1,Log(NOTICE,[${n}] ${READSTATUS})",
			steps: append(key(time.Second, "12"), hangup(2*time.Second)), notices: "[12] HANGUP", told: "answer hangup(16)", took: 2 * time.Second,
		},
		{
			name: "Echo until the key", plan: "exten => x,1,Answer()\n same => n,Echo()\n same => n,Log(NOTICE,over)",
			steps: key(time.Second, "1#"), notices: "over", told: "answer hangup(16)", heard: "echo(true) echo(false)", took: 1200 * time.Millisecond,
		},
		{
			name: "SayDigits", plan: "exten => x,1,Answer()\n same => n,SayDigits(12#*)", told: "answer hangup(16)", heard: "-", took: -1,
		},
		{
			name: "SayDigits is not cut by keys", plan: "exten => x,1,Answer()\n same => n,SayDigits(123456)\n same => n,Log(NOTICE,to the end)\nexten => 2,1,Log(NOTICE,two)",
			steps: key(time.Second, "2"), notices: "to the end", told: "answer hangup(16)", heard: "-", took: -1,
		},
		{
			name: "unless it is asked for", plan: "exten => x,1,Answer()\n same => n,Set(SAY_DTMF_INTERRUPT=true)\n same => n,SayDigits(123456)\nexten => 2,1,Log(NOTICE,two)",
			steps: key(time.Second, "2"), notices: "two", told: "answer hangup(16)", heard: "-", took: time.Second,
		},
		{
			name: "SayNumber of no number", plan: "exten => x,1,SayNumber(abc)\n same => n,Log(NOTICE,on)\n same => n,SayNumber()\n same => n,Log(NOTICE,not reached)", notices: "on", told: "hangup(0)",
		},
		{
			name: "PlayTones", plan: "exten => x,1,Answer()\n same => n,PlayTones(busy)\n same => n,Wait(1)\n same => n,StopPlayTones()\n same => n,PlayTones(425/100,0/100)\n same => n,PlayTones(nonsense)\n same => n,Playback(beep)",
			told: "answer hangup(16)", heard: "tone stop tone stop sound(350ms)", took: 1350 * time.Millisecond,
		},
		{
			name: "Incomplete takes the rest", plan: "exten => x,1,Goto(12,1)\nexten => 12,1,Incomplete()\nexten => 1234,1,Log(NOTICE,${EXTEN})",
			steps: key(time.Second, "34"), notices: "1234", told: "answer incomplete hangup(16)", took: 1200 * time.Millisecond,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := appstest.New(t, "[t]\n"+tt.plan+"\n")
				start := time.Now()
				caller := o.Run("x", tt.steps...)
				if got := strings.Join(o.Log.Notices(), " | "); got != tt.notices {
					t.Errorf("plan: %s\nwant: %s", got, tt.notices)
				}
				if got := caller.Heard(); got != tt.told {
					t.Errorf("told: %s\nwant: %s", got, tt.told)
				}
				if got := o.Session(caller.Channel()).Heard(); got != tt.heard && tt.heard != "-" {
					t.Errorf("heard: %s\nwant:  %s", got, tt.heard)
				}
				if took := time.Since(start); took != tt.took && tt.took >= 0 {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				if t.Failed() {
					t.Logf("warnings: %q", o.Log.Warnings())
				}
			})
		})
	}
}

// Every declaration is complete: the console and the reference print it.
func TestDeclarations(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range apps.All(apps.Deps{}) {
		if seen[strings.ToLower(a.Name)] {
			t.Errorf("%s is there twice", a.Name)
		}
		seen[strings.ToLower(a.Name)] = true
		if a.Synopsis == "" || strings.HasSuffix(a.Synopsis, ".") {
			t.Errorf("%s: synopsis %q", a.Name, a.Synopsis)
		}
		if a.Help == "" || !strings.HasSuffix(a.Help, ".") {
			t.Errorf("%s: help %q", a.Name, a.Help)
		}
		if a.Run == nil {
			t.Errorf("%s does nothing", a.Name)
		}
		for i, arg := range a.Args {
			if arg.Name == "" || arg.Help == "" {
				t.Errorf("%s: argument %d has no name or help", a.Name, i)
			}
		}
		letters := map[byte]bool{}
		for _, o := range a.Options {
			if letters[o.Letter] || o.Help == "" {
				t.Errorf("%s: option %c is there twice or has no help", a.Name, o.Letter)
			}
			letters[o.Letter] = true
		}
		for _, v := range a.Variables {
			if v.Name == "" || v.Help == "" {
				t.Errorf("%s: variable %q has no help", a.Name, v.Name)
			}
		}
	}
	for _, a := range apps.All(apps.Deps{}) {
		for _, also := range a.SeeAlso {
			if !seen[strings.ToLower(also)] {
				t.Errorf("%s refers to %s, which is not there", a.Name, also)
			}
		}
	}
}
