package server

import "testing"

// localPlan is the dialplan of the stories about Local channels.
const localPlan = `[t]
exten => 102,1,Dial(SIP/bob,15)
 same => n,NoOp(AFTER ${DIALSTATUS} ${HANGUPCAUSE})
 same => n,Hangup()
exten => 103,1,NoOp(FWD=${FORWARDERNAME} COLOUR=${COLOUR} CALLER=${CALLERID(num)})
 same => n,Dial(SIP/carol,15)
 same => n,Hangup()
exten => 1005,1,Wait(2)
 same => n,Answer()
 same => n,Wait(3)
exten => 1700,1,Set(_COLOUR=red)
 same => n,Dial(Local/103@t,15)
 same => n,NoOp(AFTER ${DIALSTATUS})
exten => 1701,1,Dial(Local/103@t/n,15)
exten => 1702,1,Dial(Local/1005@t,15)
exten => 1703,1,Dial(Local/none@t,15)
 same => n,NoOp(AFTER ${DIALSTATUS})
 same => n,Hangup()
exten => 1704,1,Dial(Local/1700@t,15)
exten => 1705,1,NoOp(STATE ${DEVICE_STATE(Local/103@t)} ${DEVICE_STATE(Local/none@t)})
 same => n,Hangup(17)
exten => 1706,1,Dial(Local/1705@t)
 same => n,NoOp(AFTER ${DIALSTATUS})
 same => n,Hangup()
exten => 1707,1,Dial(Local/102@t&SIP/carol,15)
exten => h,1,NoOp(HEXT ${CHANNEL} ${DIALSTATUS})
`

// dialled is a call of alice to an extension that rings carol.
func dialled(exten string) string {
	return `
	alice > INVITE ` + exten + ` call=A
	alice < 100
	carol < INVITE call=C | From: "Alice A" <sip:101@
	carol > 180
	alice < 180
	carol > 200
	carol < ACK C
	alice < 200 A
	alice > ACK A
	`
}

const aliceHangsUp = `
	alice > BYE A
	alice < 200 A
	carol < BYE C | X-Asterisk-HangupCauseCode: 16
	carol > 200`

func TestLocalChannels(t *testing.T) {
	stories := map[string]string{
		"out of the way when both are answered": dialled("1700") + `
	log NoOp("Local/103@t-00000000;2", "FWD= COLOUR=red CALLER=101")
	log HEXT Local/103@t-00000000;2 ANSWER
	show "core show channels" 2 active channels
	show "core show channel SIP/alice-00000000" SIP/carol-00000001` + aliceHangsUp,
		"kept by /n": dialled("1701") + `
	show "core show channels" 4 active channels
	show "core show channels" Local/103@t-00000000;1                                           1701@t:1                         Up      AppDial((Outgoing Line))
	show "core show channels" Local/103@t-00000000;2                                           103@t:2                          Up      Dial(SIP/carol,15)` + aliceHangsUp,
		"kept by /n, the far end hangs up": dialled("1701") + `
	carol > BYE C
	carol < 200 C
	alice < BYE A | X-Asterisk-HangupCauseCode: 16
	alice > 200`,
		"one through another": dialled("1704") + `
	show "core show channels" 2 active channels` + aliceHangsUp,
		"into an application": `
	alice > INVITE 1702 call=A
	alice < 100
	alice < 200 A @2s
	alice > ACK A
	alice < BYE A @3s | X-Asterisk-HangupCauseCode: 16
	alice > 200`,
		"the caller gives up": `
	alice > INVITE 1700 call=A
	alice < 100
	carol < INVITE call=C
	carol > 180
	alice < 180
	alice > CANCEL A
	alice < 200 A
	alice < 487 A
	alice > ACK A
	carol < CANCEL C
	carol > 200
	carol > 487 C
	carol < ACK C`,
		"nobody there": `
	alice > INVITE 1703 call=A
	alice < 100
	alice < 603 A
	alice > ACK A
	log No such extension/context none@t while calling Local channel
	log AFTER CHANUNAVAIL`,
		"device states and causes": `
	alice > INVITE 1706 call=A
	alice < 100
	alice < 486 A
	alice > ACK A
	log STATE NOT_INUSE INVALID
	log AFTER BUSY`,
		"answered elsewhere": `
	alice > INVITE 1707 call=A
	alice < 100
	bob < INVITE call=B
	bob > 180
	alice < 180
	carol < INVITE call=C
	carol > 200
	carol < ACK C
	bob < CANCEL B | Reason: SIP;cause=200;text="Call completed elsewhere"
	bob > 200
	bob > 487 B
	bob < ACK B
	alice < 200 A
	alice > ACK A` + aliceHangsUp,
		"forwarded by the phone": `
	alice > INVITE 102 call=A
	alice < 100
	bob < INVITE call=B
	bob > 302 | Contact: <sip:103@127.0.60.1>
	bob < ACK B
	alice < 181 | SIP/2.0 181 Call is being forwarded | Diversion: <sip:102@127.0.60.1>;reason=unconditional
	carol < INVITE call=C | From: "Alice A" <sip:101@ | Diversion: <sip:102@127.0.60.1>
	log Now forwarding SIP/alice-00000000 to 'Local/103@t' (thanks to SIP/bob-00000001)
	log NoOp("Local/103@t-00000000;2", "FWD=SIP/bob-00000001
	carol > 180
	alice < 180
	carol > 200
	carol < ACK C
	alice < 200 A
	alice > ACK A
	show "core show channels" 2 active channels` + aliceHangsUp,
		"forwarded to a stranger's host": `
	alice > INVITE 102 call=A
	alice < 100
	bob < INVITE call=B
	bob > 302 | Contact: <sip:55@127.0.60.99:5060>
	bob < ACK B
	alice < 181 | Diversion: <sip:102@127.0.60.1>;reason=unconditional
	alice < 603 A | SIP/2.0 603 Declined
	alice > ACK A
	log No such extension/context 55@t while calling Local channel
	log Forwarding failed to dial 'Local/55@t'
	log AFTER CHANUNAVAIL`,
		"forwarded in a circle": `
	alice > INVITE 102 call=A
	alice < 100
	bob < INVITE call=B
	bob > 302 | Contact: <sip:102@127.0.60.1>
	bob < ACK B
	alice < 181
	bob < INVITE call=B
	bob > 302 | Contact: <sip:102@127.0.60.1>
	bob < ACK B
	bob < INVITE call=B
	alice < 181
	bob > 486
	bob < ACK B
	alice < 486 A
	alice > ACK A`,
	}
	for name, script := range stories {
		t.Run(name, func(t *testing.T) {
			tell(t, map[string]string{"extensions.conf": localPlan, "missed.conf": followed}, script)
		})
	}
}
