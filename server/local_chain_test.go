package server

import (
	"strings"
	"testing"
)

// chainPlan has Local channels within each other.
const chainPlan = `[t]
exten => 102,1,Dial(SIP/bob,15)
 same => n,NoOp(INNER ${DIALSTATUS} ${HANGUPCAUSE})
 same => n,Hangup()
exten => 112,1,Dial(SIP/bob,15)
exten => 122,1,Dial(Local/102@t/n,5)
 same => n,NoOp(MIDDLE ${DIALSTATUS} ${HANGUPCAUSE})
 same => n,Hangup()
exten => 132,1,Dial(SIP/bob,15,i)
 same => n,NoOp(INNER ${DIALSTATUS} ${HANGUPCAUSE})
 same => n,Hangup()
exten => 103,1,Dial(SIP/carol,15)
 same => n,Hangup()
exten => 1800,1,Dial(Local/122@t/n,30)
 same => n,NoOp(OUTER ${DIALSTATUS} ${HANGUPCAUSE})
 same => n,Hangup()
exten => 1804,1,Dial(Local/122@t/n,30)
 same => n,NoOp(KEYS ${HANGUPCAUSE_KEYS()} TECH ${HANGUPCAUSE(${HANGUPCAUSE_KEYS()},tech)} ${HANGUPCAUSE(${HANGUPCAUSE_KEYS()},ast)})
 same => n,Hangup()
exten => 1801,1,Dial(Local/112@t/n,30)
 same => n,NoOp(OUTER ${DIALSTATUS} ${HANGUPCAUSE})
 same => n,Hangup()
exten => 1802,1,Dial(Local/102@t/n&SIP/carol,30)
 same => n,NoOp(OUTER ${DIALSTATUS} ${HANGUPCAUSE})
 same => n,Hangup()
exten => 1803,1,Dial(Local/102@t,30,g)
 same => n,NoOp(OUTER ${DIALSTATUS} ${HANGUPCAUSE} ${DIALEDPEERNAME} ${DIALEDPEERNUMBER})
 same => n,Hangup()
`

func TestLocalChains(t *testing.T) {
	rings := `
	alice > INVITE 1800 call=A
	alice < 100
	bob < INVITE call=B | From: "Alice A" <sip:101@
	bob > 180
	alice < 180
`
	for name, script := range map[string]string{
		"busy": rings + `
	bob > 486 B
	bob < ACK B
	alice < 486 A
	alice > ACK A
	log INNER BUSY 17
	log MIDDLE BUSY 17
	log OUTER BUSY 17`,
		"no such number": rings + `
	bob > 404 B
	bob < ACK B
	alice < 404 A
	alice > ACK A
	log INNER CHANUNAVAIL 1
	log MIDDLE CHANUNAVAIL 1
	log OUTER CHANUNAVAIL 1`,
		"HANGUPCAUSE() knows the leg at the end": `
	alice > INVITE 1804 call=A
	alice < 100
	bob < INVITE call=B
	bob > 404 B
	bob < ACK B
	alice < 404 A
	alice > ACK A
	log "KEYS SIP/bob-00000001 TECH SIP 404 Test Unallocated (unassigned) number"`,
		"nobody answers": rings + `
	bob < CANCEL B @5s
	bob > 200
	bob > 487 B
	bob < ACK B
	log MIDDLE NOANSWER 0
	alice < 603 A
	alice > ACK A
	log OUTER NOANSWER 16`,
		"early audio": `
	alice > INVITE 1800 call=A
	alice < 100
	bob < INVITE call=B
	bob > 183 B
	alice < 183 A
	bob > 200 B
	bob < ACK B
	alice < 200 A
	alice > ACK A
	alice > BYE A
	alice < 200 A
	bob < BYE B
	bob > 200`,
		"busy by itself": `
	alice > INVITE 1801 call=A
	alice < 100
	bob < INVITE call=B
	bob > 486 B
	bob < ACK B
	alice < 603 A
	alice > ACK A
	log OUTER BUSY 0`,
		"one of two is busy": `
	alice > INVITE 1802 call=A
	alice < 100
	bob < INVITE call=B
	carol < INVITE call=C
	carol > 180
	alice < 180
	bob > 486 B
	bob < ACK B
	wait 1s
	carol > 200 C
	carol < ACK C
	alice < 200 A
	alice > ACK A
	carol > BYE C
	carol < 200 C
	alice < BYE A
	alice > 200`,
		"g after the pair has gone": `
	alice > INVITE 1803 call=A
	alice < 100
	bob < INVITE call=B
	bob > 200
	bob < ACK B
	alice < 200 A
	alice > ACK A
	wait 2s
	show "core show channels" 2 active channels
	bob > BYE B
	bob < 200 B
	log OUTER ANSWER 16 Local/102@t-00000000;1 102@t
	alice < BYE A
	alice > 200`,
		"the middle is forwarded": rings + `
	bob > 302 B | Contact: <sip:103@127.0.60.1>
	bob < ACK B
	alice < 181 A | Diversion: <sip:102@
	carol < INVITE call=C | From: "Alice A" <sip:101@ | Diversion: <sip:102@
	carol > 180
	alice < 180
	carol > 200
	carol < ACK C
	alice < 200 A
	alice > ACK A` + aliceHangsUp,
	} {
		t.Run(name, func(t *testing.T) { tell(t, map[string]string{"extensions.conf": chainPlan}, script) })
	}
}

// TestForcedIdentity: whom the called phone sees with option f, and what the caller's hears of a
// forward.
func TestForcedIdentity(t *testing.T) {
	const plan = `[t]
exten => 1,1,Dial(SIP/bob,15,f("Office" <555>))
exten => 2,1,Dial(SIP/bob,15,f(555)u(prohib))
exten => 3,1,Dial(SIP/bob,15,f)
exten => 4,1,Dial(SIP/bob,15,I)
exten => 103,1,Dial(SIP/carol,15)
`
	const gives = `
	bob > 486 B
	bob < ACK B
	alice < 486 A
	alice > ACK A`
	const forwards = `
	bob > 302 B | Contact: <sip:103@127.0.60.1>
	bob < ACK B`
	const ends = `
	carol > 486 C
	carol < ACK C
	alice < 486 A
	alice > ACK A`
	for name, script := range map[string]string{
		"name and number": `
	alice > INVITE 1 call=A
	alice < 100
	bob < INVITE call=B | From: "Office" <sip:555@` + gives,
		"withheld": `
	alice > INVITE 2 call=A
	alice < 100
	bob < INVITE call=B | From: "Anonymous" <sip:anonymous@` + gives,
		"the extension, of forwards alone": `
	alice > INVITE 3 call=A
	alice < 100
	bob < INVITE call=B | From: "Alice A" <sip:101@` + forwards + `
	alice < 181 A | Diversion: <sip:102@
	carol < INVITE call=C | From: <sip:3@` + ends,
		"I": `
	alice > INVITE 4 call=A
	alice < 100
	bob < INVITE call=B` + forwards + `
	carol < INVITE call=C | From: "Alice A" <sip:101@ | Diversion: <sip:102@` + ends,
	} {
		t.Run(name, func(t *testing.T) { tell(t, map[string]string{"extensions.conf": plan}, script) })
	}
}

// TestLocalLeaves: what was said of a phone's channel, and is to be done at its end, stays with
// it when the Local channel before it leaves the call, and what was said of that one goes.
func TestLocalLeaves(t *testing.T) {
	const plan = `[t]
exten => 1,1,Set(OUTBOUND_GROUP=pair)
 same => n,Set(GROUP()=caller)
 same => n,Dial(Local/102@t,15)
exten => 102,1,Set(OUTBOUND_GROUP=trunk)
 same => n,Set(GROUP()=half)
 same => n,Set(CHANNEL(hangup_handler_push)=over,s,1(half))
 same => n,Dial(SIP/bob,15,b(new^s^1))
exten => 9,1,NoOp(CALLER ${GROUP_COUNT(caller)} PAIR ${GROUP_COUNT(pair)} TRUNK ${GROUP_COUNT(trunk)} HALF ${GROUP_COUNT(half)} NOTE ${SHARED(note,SIP/bob-00000001)})
 same => n,Hangup(17)
[new]
exten => s,1,Set(CHANNEL(hangup_handler_push)=over,s,1(bob))
 same => n,Set(SHARED(note)=kept)
 same => n,Return()
[over]
exten => s,1,NoOp(OVER ${ARG1} ${CHANNEL})
 same => n,Return()
`
	counts := func(call, want string) string {
		return `
	dave > INVITE 9 call=` + call + `
	dave < 100
	dave < 486
	dave > ACK ` + call + `
	log "` + want + `"`
	}
	tell(t, map[string]string{"extensions.conf": plan}, `
	alice > INVITE 1 call=A
	alice < 100
	bob < INVITE call=B`+counts("D", "CALLER 1 PAIR 1 TRUNK 1 HALF 1 NOTE kept")+`
	bob > 200 B
	bob < ACK B
	alice < 200
	alice > ACK A
	wait 2s
	show "core show channels" 2 active channels
	log "OVER half Local/102@t-00000000;2"`+counts("E", "CALLER 1 PAIR 0 TRUNK 1 HALF 0 NOTE kept")+`
	alice > BYE A
	alice < 200
	bob < BYE B
	bob > 200
	log "OVER bob SIP/bob-00000001"`)
}

// TestLocalLeavesRights: what the plan behind a Local channel lets a phone do, and for how long,
// stays when the Local channel has left.
func TestLocalLeavesRights(t *testing.T) {
	const plan = `[t]
exten => 1,1,Dial(Local/102@t,15,g)
 same => n,NoOp(NEXT ${DIALSTATUS} ${ANSWEREDTIME})
 same => n,Hangup()
exten => 2,1,Dial(Local/112@t,15)
exten => 3,1,Dial(Local/122@t,15)
exten => 4,1,Dial(Local/1@t,15)
exten => 102,1,Dial(SIP/bob,15,S(5))
exten => 112,1,Dial(SIP/bob,15,tT)
exten => 122,1,Dial(SIP/bob,15,h)
exten => 103,1,Dial(SIP/carol,15)
`
	files := map[string]string{
		"extensions.conf": plan, "sip.conf": strings.Replace(storySIP, "type=friend\n", "type=friend\ndtmfmode=info\n", 1),
	}
	talks := func(number string) string {
		return `
	alice > INVITE ` + number + ` call=A
	alice < 100
	bob < INVITE call=B
	bob > 200 B
	bob < ACK B
	alice < 200
	alice > ACK A
	wait 2s
	show "core show channels" 2 active channels
`
	}
	const over = `
	bob < BYE B
	bob > 200
	alice < BYE A
	alice > 200`
	const limit = `
	wait 2900ms
	show "core show channels" 2 active channels
	wait 200ms` + over
	for name, script := range map[string]string{
		"S":                     talks("1") + limit + "\n\tlog NEXT ANSWER 5",
		"S behind two of them":  talks("4") + limit,
		"h":                     talks("3") + dials("bob", "B", "*") + over,
		"t":                     talks("2") + dials("bob", "B", "#103") + "\n\twait 1s\n\tlog Executing [103@t:1]",
		"T is the caller's own": talks("2") + dials("alice", "A", "#103") + "\n\twait 5s\n\tshow \"core show channels\" 2 active channels",
	} {
		t.Run(name, func(t *testing.T) { tell(t, files, script) })
	}
}
