package apps_test

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

// Each case is a plan that begins in the context t, in which x is called; what it
// logs as notices is joined by " ".
func TestFlow(t *testing.T) {
	tests := []struct {
		name, plan, want string
		steps            []channeltest.Step
		warns            string // a part of a warning or error, "" for none
	}{
		{
			name: "Macro has arguments and comes back",
			plan: `exten => x,1,Set(ARG1=mine)
 same => n,Macro(m,one,two)
 same => n,Log(NOTICE,back[${ARG1}${MACRO_EXTEN}]${MACRO_DEPTH})
[macro-m]
exten => s,1,Log(NOTICE,${ARG1}-${ARG2}-${MACRO_EXTEN}-${MACRO_CONTEXT}-${MACRO_PRIORITY}-${EXTEN})`,
			want: "one-two-x-t-2-s back[mine]0",
		},
		{
			name: "AELSub runs a macro of AEL",
			plan: `exten => x,1,AELSub(m,one,"two,three")
 same => n,AELSub( m)
 same => n,Log(NOTICE,back ${GOSUB_RETVAL})
 same => n,AELSub(none)
 same => n,Log(NOTICE,not reached)
[m]
exten => ~~s~~,1,Log(NOTICE,${ARGC} ${ARG1} ${ARG2})
 same => n,Return(x)`,
			want: `2 one "two,three" 0   back x`, warns: "AELSub: ",
		},
		{
			name: "A macro within another has MACRO_EXTEN of that one",
			plan: `exten => x,1,Macro(a,1)
 same => n,Log(NOTICE,end)
[macro-a]
exten => s,1,Macro(b,2)
 same => n,Log(NOTICE,a${ARG1})
[macro-b]
exten => s,1,Log(NOTICE,b${ARG1}${MACRO_EXTEN}${MACRO_DEPTH})`,
			want: "b2s2 a1 end",
		},
		{
			name: "Macro: a Goto out of it ends it",
			plan: `exten => x,1,Macro(m)
 same => n,Log(NOTICE,not here)
exten => y,1,Log(NOTICE,there[${MACRO_EXTEN}])
[macro-m]
exten => s,1,Goto(t,y,1)`,
			want: "there[]",
		},
		{
			name: "Macro: a Goto within it does not",
			plan: `exten => x,1,Macro(m)
 same => n,Log(NOTICE,back)
[macro-m]
exten => s,1,Goto(z,1)
exten => z,1,Log(NOTICE,z)`,
			want: "z back",
		},
		{
			name: "MacroExit, MACRO_OFFSET",
			plan: `exten => x,1,Macro(m)
 same => n,Log(NOTICE,one)
 same => n,Log(NOTICE,two)
[macro-m]
exten => s,1,Set(MACRO_OFFSET=1)
 same => n,MacroExit()
 same => n,Log(NOTICE,never)`,
			want: "two",
		},
		{
			name: "Macro: Gosub inside",
			plan: `exten => x,1,Macro(m)
 same => n,Log(NOTICE,back)
[macro-m]
exten => s,1,Gosub(sub,s,1(a))
 same => n,Log(NOTICE,r${GOSUB_RETVAL})
[sub]
exten => s,1,Return(${ARG1})`,
			want: "ra back",
		},
		{
			name: "Macro without an end stops at seven",
			plan: `exten => x,1,Macro(m)
 same => n,Log(NOTICE,alive)
[macro-m]
exten => s,1,Macro(m)`,
			want: "alive", warns: "possible infinite loop",
		},
		{
			name: "Macro that is not there",
			plan: `exten => x,1,Macro(none)
 same => n,Log(NOTICE,on)`,
			want: "on", warns: "No such context 'macro-none' for macro 'none'",
		},
		{
			name: "Macro ends with the call",
			plan: `exten => x,1,Macro(m)
 same => n,Log(NOTICE,not here)
exten => h,1,Log(NOTICE,h)
[macro-m]
exten => s,1,Hangup()`,
			want: "h",
		},
		{
			name: "MacroIf, MacroExclusive",
			plan: `exten => x,1,MacroIf(1?m,a:m,b)
 same => n,MacroIf(0?m,a:m,b)
 same => n,MacroIf(0?m,a)
 same => n,MacroExclusive(m,c)
 same => n,MacroExclusive(m,d)
[macro-m]
exten => s,1,Log(NOTICE,${ARG1})`,
			want: "a b c d",
		},
		{
			name: "Dial with M",
			plan: `exten => x,1,Dial(SIP/bob,,M(m^one))
[macro-m]
exten => s,1,Log(NOTICE,${ARG1})
 same => n,Set(MACRO_RESULT=BUSY)
[ignored]`,
			want: "one",
		},
		{
			name: "If, true",
			plan: `exten => x,1,If(1)
 same => n,Log(NOTICE,yes)
 same => n,ElseIf(1)
 same => n,Log(NOTICE,no)
 same => n,Else()
 same => n,Log(NOTICE,no)
 same => n,EndIf()
 same => n,Log(NOTICE,end)`,
			want: "yes end",
		},
		{
			name: "If, the first ElseIf that is true; blocks within blocks",
			plan: `exten => x,1,Set(N=2)
 same => n,If($[${N} = 1])
 same => n,If(1)
 same => n,Else()
 same => n,EndIf()
 same => n,ElseIf($[${N} = 2])
 same => n,If(0)
 same => n,Log(NOTICE,no)
 same => n,Else()
 same => n,Log(NOTICE,two)
 same => n,EndIf()
 same => n,ElseIf(1)
 same => n,Log(NOTICE,no)
 same => n,EndIf()
 same => n,Log(NOTICE,end)`,
			want: "two end",
		},
		{
			name: "If, Else; ExitIf",
			plan: `exten => x,1,If(0)
 same => n,ElseIf(0)
 same => n,Else()
 same => n,Log(NOTICE,else)
 same => n,ExitIf()
 same => n,Log(NOTICE,no)
 same => n,EndIf()
 same => n,Log(NOTICE,end)`,
			want: "else end",
		},
		{
			name: "If without EndIf",
			plan: `exten => x,1,If(0)
 same => n,Log(NOTICE,on)`,
			want: "on", warns: "couldn't find matching EndIf",
		},
		{
			name: "ImportVar, ClearHash",
			plan: `exten => x,1,Set(A=5)
 same => n,ImportVar(B=${CHANNEL},A)
 same => n,Set(~HASH~h~k~=1)
 same => n,ClearHash(h)
 same => n,Log(NOTICE,${B}[${~HASH~h~k~}])`,
			want: "5[]",
		},
		{
			name: "System",
			plan: `exten => x,1,System(true)
 same => n,Log(NOTICE,${SYSTEMSTATUS})
 same => n,System("false")
 same => n,Log(NOTICE,${SYSTEMSTATUS})
 same => n,TrySystem(/no/such/thing)
 same => n,Log(NOTICE,${SYSTEMSTATUS})
 same => n,System(/no/such/thing)
 same => n,Log(NOTICE,not here)`,
			want: "SUCCESS APPERROR FAILURE", warns: "Unable to execute '/no/such/thing'",
		},
		{
			name: "System: what a caller sends is no command",
			plan: `exten => x,1,TrySystem(test 101 = ${CALLERID(num)})
 same => n,Log(NOTICE,${SYSTEMSTATUS})
 same => n,Set(CALLERID(name)=x)
 same => n,TrySystem(echo ${EXTEN})
 same => n,Read(D)
 same => n,TrySystem(exit ${D})
 same => n,Log(NOTICE,${SYSTEMSTATUS})
 same => n,TrySystem(echo "*${D}")
 same => n,Log(NOTICE,${SYSTEMSTATUS})`,
			steps: key(time.Second, "*#"),
			want:  "SUCCESS FAILURE FAILURE", warns: `"*" came from a caller`,
		},
		{
			name: "WaitUntil",
			plan: `exten => x,1,Set(T=${EPOCH})
 same => n,WaitUntil($[${T} + 2])
 same => n,Log(NOTICE,${WAITUNTILSTATUS}$[${EPOCH} - ${T}])
 same => n,WaitUntil(5)
 same => n,Log(NOTICE,${WAITUNTILSTATUS})`,
			want: "OK2 PAST",
		},
		{
			name: "WaitDigit",
			plan: `exten => x,1,WaitDigit(5,23)
 same => n,Log(NOTICE,${WAITDIGITSTATUS}${WAITDIGITRESULT})
 same => n,WaitDigit(1)
 same => n,Log(NOTICE,${WAITDIGITSTATUS}${WAITDIGITRESULT})`,
			steps: key(time.Second, "12"), want: "DTMF2 TIMEOUT",
		},
		{
			name: "WaitForCondition",
			plan: `exten => x,1,Set(T=${EPOCH})
 same => n,WaitForCondition(#,#[#{EPOCH} > ${T} + 2],9)
 same => n,Log(NOTICE,${WAITFORCONDITIONSTATUS})
 same => n,WaitForCondition(#,#[0],2,1)
 same => n,Log(NOTICE,${WAITFORCONDITIONSTATUS})`,
			want: "TRUE TIMEOUT",
		},
		{
			name: "ReadExten",
			plan: `exten => x,1,ReadExten(A,,menu)
 same => n,Log(NOTICE,${A}${READEXTENSTATUS})
 same => n,ReadExten(A,,menu)
 same => n,Log(NOTICE,${A}${READEXTENSTATUS}${INVALID_EXTEN})
 same => n,ReadExten(A,,menu,,1)
 same => n,Log(NOTICE,${A}${READEXTENSTATUS})
[menu]
exten => 12,1,NoOp()`,
			steps: key(time.Second, "129"), want: "12OK iINVALID9 tTIMEOUT",
		},
		{
			name: "ReadExten: what came too late to be an extension is invalid",
			plan: `exten => x,1,ReadExten(A,,menu,,3)
 same => n,Log(NOTICE,${A}${READEXTENSTATUS}${INVALID_EXTEN})
[menu]
exten => 123,1,NoOp()`,
			steps: key(time.Second, "12"), want: "iINVALID12",
		},
		{
			name: "ReadExten: # ends and is part of what begins with it",
			plan: `exten => x,1,ReadExten(A,,menu)
 same => n,Log(NOTICE,${A}${READEXTENSTATUS})
 same => n,ReadExten(A,,menu)
 same => n,Log(NOTICE,${A}${READEXTENSTATUS})
 same => n,ReadExten(A,,menu,p)
 same => n,Log(NOTICE,${A}${READEXTENSTATUS})
 same => n,ReadExten(A,,menu)
 same => n,Log(NOTICE,${A}${READEXTENSTATUS}[${INVALID_EXTEN}])
[menu]
exten => 12,1,NoOp()
exten => 123,1,NoOp()
exten => 4,1,NoOp()
exten => 4#5,1,NoOp()`,
			steps: key(time.Second, "12#4#54##"), want: "12OK 4#5OK 4OK iINVALID[]",
		},
		{
			name: "ReadExten and the caller leaves",
			plan: `exten => x,1,ReadExten(A,,menu)
exten => h,1,Log(NOTICE,${A}${READEXTENSTATUS})
[menu]
exten => 12,1,NoOp()`,
			steps: []channeltest.Step{hangup(time.Second)}, want: "HANGUP",
		},
		{
			name: "Read without a variable",
			plan: `exten => x,1,Read()
 same => n,Log(NOTICE,${READSTATUS})`,
			warns: "Invalid! Usage", want: "ERROR",
		},
		{
			name: "ChanIsAvail",
			plan: `exten => x,1,ChanIsAvail(SIP/bob&SIP/none)
 same => n,Log(NOTICE,${AVAILORIGCHAN}/${AVAILSTATUS}/${AVAILCAUSECODE})
 same => n,ChanIsAvail(SIP/none&SIP/bob)
 same => n,Log(NOTICE,${AVAILORIGCHAN})`,
			want: "SIP/bob/0/0 SIP/bob",
		},
		{
			name: "SendText, ReceiveText",
			plan: `exten => x,1,SendText(hi)
 same => n,Log(NOTICE,${SENDTEXTSTATUS})
 same => n,ReceiveText(1)
 same => n,Log(NOTICE,${RECEIVETEXTSTATUS})`,
			want: "SUCCESS FAILURE",
		},
		{
			name: "SoftHangup",
			plan: `exten => x,1,SoftHangup(SIP/alice)
 same => n,SoftHangup(${CHANNEL},a)
 same => n,Log(NOTICE,on)
 same => n,SoftHangup(SIP/alice,a)
 same => n,Wait(5)
 same => n,Log(NOTICE,not here)
exten => h,1,Log(NOTICE,h)`,
			want: "on h", warns: "Soft hanging SIP/alice-00000000 up.",
		},
		{
			name: "Authenticate: the third try",
			plan: `exten => x,1,Authenticate(1234,a,4)
 same => n,Log(NOTICE,in[${CHANNEL(accountcode)}])`,
			steps: key(time.Second, "111122221234"), want: "in[1234]",
		},
		{
			name: "Authenticate: three wrong ones",
			plan: `exten => x,1,Authenticate(1234,,4)
 same => n,Log(NOTICE,not here)`,
			steps: key(time.Second, "111122223333"),
		},
		{
			name: "SayUnixTime, DateTime, SayPhonetic, SayOrdinal, SayMoney, SayAlphaCase",
			plan: `exten => x,1,Answer()
 same => n,Set(T=${EPOCH})
 same => n,SayUnixTime(1795889100,UTC,HM)
 same => n,DateTime()
 same => n,SayPhonetic(a)
 same => n,SayOrdinal(21)
 same => n,SayMoney(1.05)
 same => n,SayAlphaCase(a,aB)
 same => n,Log(NOTICE,$[${EPOCH} > ${T}])`,
			want: "1",
		},
		{
			name: "SayUnixTime with j",
			plan: `exten => x,1,SayUnixTime(,,ABdY,j)
 same => n,Log(NOTICE,not here)
exten => 7,1,Log(NOTICE,seven)`,
			steps: key(500*time.Millisecond, "7"), want: "seven",
		},
		{
			name: "RetryDial",
			plan: `exten => x,1,RetryDial(beep,2,2,SIP/busy)
 same => n,Log(NOTICE,${DIALSTATUS})`,
			want: "BUSY",
		},
		{
			name: "TESTTIME",
			plan: `exten => x,1,Set(TESTTIME(2026/12/24,18:05)=)
 same => n,GotoIfTime(18:00-18:10,thu,24,dec?yes)
 same => n,Log(NOTICE,no)
 same => n(yes),Log(NOTICE,yes)`,
			want: "yes",
		},
		{
			name: "EVAL_SUB, EVAL_EXTEN",
			plan: `exten => x,1,Set(V=v)
 same => n,Log(NOTICE,${EVAL_SUB(sub,1(a))}${EVAL_EXTEN(text,1)})
exten => sub,1,Return(<${ARG1}>)
exten => text,1,NoOp([${V}])`,
			want: "<a>[v]",
		},
		{
			name: "MASTER_CHANNEL, EXPORT",
			plan: `exten => x,1,Set(MASTER_CHANNEL(M)=m)
 same => n,Set(EXPORT(${CHANNEL},E)=e)
 same => n,Log(NOTICE,${M}${E}${MASTER_CHANNEL(E)})`,
			want: "mee",
		},
		{
			name: "Locks",
			plan: `exten => x,1,Log(NOTICE,${LOCK(a)}${TRYLOCK(a)}${UNLOCK(a)}${UNLOCK(a)}${UNLOCK(a)})`,
			want: "11110",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := appstest.New(t, "[t]\n"+tt.plan+"\n")
				o.SIP.Script("bob", channeltest.Answer(0))
				o.SIP.Script("busy", channeltest.Fail(0, channel.ControlBusy, channel.CauseUserBusy, ""))
				o.SIP.Refuse("none", channel.CauseSubscriberAbsent)
				o.Run("x", tt.steps...)
				if got := strings.Join(o.Log.Notices(), " "); got != tt.want {
					t.Errorf("plan: %s\nwant: %s", got, tt.want)
				}
				complaints := strings.Join(append(o.Log.Warnings(), o.Log.At(event.LevelError)...), "\n")
				if tt.warns == "" && complaints != "" || !strings.Contains(complaints, tt.warns) {
					t.Errorf("complaints: %q\nwant: %q", complaints, tt.warns)
				}
			})
		})
	}
}
