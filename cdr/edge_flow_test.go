package cdr_test

import (
	"time"

	"pbx/cdr"
	"pbx/channel"
	"pbx/channel/channeltest"
)

// edgePlan are the extensions of edgeFlows, which no exchange was asked about: their rows are reasoned
// from how the field makes records.
const edgePlan = `
[t]
exten => unregmail,1,Dial(SIP/unreg,3)
 same => n,Answer()
 same => n,Wait(2)
exten => busymail,1,Dial(SIP/busy,3)
 same => n,Answer()
 same => n,Wait(2)
exten => small,1,dial(SIP/102,5)
exten => optG,1,Dial(SIP/102,5,G(both^1))
exten => both,1,Wait(2)
 same => n,Wait(3)
exten => optF,1,Dial(SIP/102,5,F(after^1))
exten => after,1,Wait(2)
exten => notme,1,Dial(SIP/102,5,U(notme^s^1))
 same => n,Dial(SIP/103,5)
exten => marked,1,Set(CDR(userfield)=mine)
 same => n,Set(CDR(own)=a)
 same => n,Dial(SIP/102,5,b(mark^s^1)U(mark^s^1))
exten => marked-b,1,Dial(SIP/ring,2,b(mark^s^1))
exten => sub,1,Gosub(dialsub,s,1(SIP/102))
exten => fwdbusy,1,Dial(SIP/fwdbusy,15)
exten => three,1,Dial(SIP/102&SIP/fwdring&SIP/busy,20)
exten => ring2,1,Dial(SIP/ring&SIP/ring,20)
exten => own,1,Answer()
 same => n,Wait(1)
 same => n,Set(CDR(userfield)=${CDR(disposition)} ${CDR(disposition,u)})
 same => n,Dial(SIP/102,5)
exten => local,1,Dial(Local/ans@t,10)
exten => ansdial,1,Answer()
 same => n,Wait(2)
 same => n,Dial(SIP/102,5)
exten => forkdial,1,Set(CDR(userfield)=one)
 same => n,ForkCDR(v)
 same => n,Set(CDR(userfield)=both)
 same => n,Dial(SIP/102,5)
exten => orig,1,Originate(SIP/102,app,Wait,2)
 same => n,Originate(SIP/busy,app,Wait,2)
exten => macro,1,Dial(SIP/102,5,M(vet))
exten => elsewhere,1,Wait(5)
[macro-vet]
exten => s,1,Wait(1)
[notme]
exten => s,1,Wait(2)
 same => n,Set(GOSUB_RESULT=CONTINUE)
 same => n,Return()
[mark]
exten => s,1,Set(CDR(userfield)=theirs)
 same => n,Set(CDR(own)=b)
 same => n,Set(CDR(other)=b)
 same => n,Return()
[dialsub]
exten => s,1,Dial(${ARG1},5)
[late]
exten => x,1,Dial(SIP/102,5)
exten => h,1,NoCDR()
 same => n,Set(CDR(userfield)=kept)
[latealone]
exten => x,1,Answer()
 same => n,Wait(2)
exten => h,1,NoCDR()
[last]
exten => x,1,Answer()
 same => n,Wait(2)
exten => h,1,NoOp(over)
`

func edgeFlows() []flow {
	const s = time.Second
	hang := func(after time.Duration) []channeltest.Step {
		return []channeltest.Step{channeltest.Hangup(after, channel.CauseNormalClearing)}
	}
	place := channel.Location{Context: "t", Exten: "elsewhere", Priority: 1}
	noEnd := func(s *cdr.Settings) { s.EndBeforeH = false }
	return []flow{
		{name: "unregistered phone, then an application", exten: "unregmail"},
		{name: "busy phone, then an application", exten: "busymail"},
		{name: "Dial in small letters", exten: "small", steps: hang(3 * s)},
		{name: "option G", exten: "optG"},
		{name: "option F", exten: "optF", steps: hang(3 * s)},
		{name: "U() goes on without the called party", exten: "notme", steps: hang(8 * s)},
		{name: "the called party's user field", exten: "marked", steps: hang(3 * s)},
		{name: "the user field of a called party that does not answer", exten: "marked-b"},
		{name: "Dial in a subroutine", exten: "sub", steps: hang(3 * s)},
		{name: "called phone forwards to a busy one", exten: "fwdbusy", steps: hang(9 * s)},
		{name: "fork of three, one forwards, one is busy", exten: "three", steps: hang(4 * s)},
		{name: "fork of two that ring, caller gives up", exten: "ring2", steps: hang(4 * s)},
		{name: "the disposition before it is one", exten: "own", steps: hang(4 * s)},
		{name: "Local channel that takes itself out", exten: "local", steps: hang(4 * s)},
		{name: "Answer, Wait, Dial", exten: "ansdial", steps: hang(6 * s)},
		{name: "ForkCDR before Dial", exten: "forkdial", steps: hang(3 * s)},
		{name: "Originate, answered and busy", exten: "orig"},
		{name: "macro of Dial", exten: "macro", steps: hang(4 * s)},
		{name: "NoCDR in extension h is too late", exten: "x", context: "late", steps: hang(3 * s)},
		{name: "NoCDR in extension h, without a Dial", exten: "x", context: "latealone"},
		{name: "extension h without a Dial, endbeforehexten=no", exten: "x", context: "last", settings: noEnd},
		{name: "both parties sent elsewhere", exten: "ans", during: func(_ *office, caller *channeltest.Leg) {
			time.Sleep(3 * s)
			bob := caller.Channel().Bridged()
			bob.AsyncGoto(place)
			caller.Channel().AsyncGoto(place)
		}},
		{name: "the called party sent elsewhere", exten: "ans", during: func(_ *office, caller *channeltest.Leg) {
			time.Sleep(3 * s)
			caller.Channel().Bridged().AsyncGoto(place)
		}},
	}
}
