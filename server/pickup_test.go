package server

import "testing"

const pickupPlan = `[t]
exten => 102,1,Dial(SIP/bob,30)
 same => n,NoOp(AFTER ${DIALSTATUS})
exten => 105,1,Set(__PICKUPMARK=sales)
 same => n,Dial(SIP/bob&SIP/dave,30)
exten => 106,1,Dial(SIP/bob,30,b(secure^s^1))
exten => 200,1,Pickup(102@t)
 same => n,NoOp(NOTHING)
 same => n,Hangup(21)
exten => 201,1,Pickup(Sales@PickupMark)
exten => 202,1,Pickup()
 same => n,NoOp(NOTHING)
 same => n,Hangup(21)
exten => 203,1,PickupChan(SIP/bob)
exten => 204,1,Pickup()
exten => h,1,NoOp(HEXT ${CHANNEL} ${DIALSTATUS} ${DIALEDPEERNAME})
[secure]
exten => s,1,Set(CHANNEL(secure_bridge_signaling)=1)
 same => n,Return()
`

const pickupSIP = storySIP + `[bob](+)
callgroup=1,3
namedcallgroup=sales
[carol](+)
pickupgroup=3
[dave](+)
namedpickupgroup=office,Sales
`

// pickedUp is a call of alice that rings at bob and that carol takes by dialling
// number.
func pickedUp(number string) string {
	return `
	alice > INVITE 102 call=A
	alice < 100
	bob < INVITE call=B
	bob > 180
	alice < 180
	carol > INVITE ` + number + ` call=C
	carol < 100
	carol < 200 C
	carol > ACK C
	bob < CANCEL B | Reason: SIP;cause=200;text="Call completed elsewhere"
	bob > 200
	bob > 487 B
	bob < ACK B
	alice < 200 A
	alice > ACK A
	show "core show channels" 2 active channels
	show "core show channel SIP/alice-00000000" SIP/carol-00000002
	carol > BYE C
	carol < 200 C
	alice < BYE A
	alice > 200
	log HEXT SIP/alice-00000000 ANSWER SIP/carol-00000002`
}

// TestPickupFailSound: who finds nothing to pick up hears so, where features.conf says what.
func TestPickupFailSound(t *testing.T) {
	for name, number := range map[string]string{"by the pickup extension": "*8", "by the application": "204"} {
		t.Run(name, func(t *testing.T) {
			tell(t, map[string]string{
				"sip.conf": pickupSIP, "extensions.conf": pickupPlan, "features.conf": "[general]\npickupfailsound=beeperr\n",
			}, `
	carol > INVITE `+number+` call=C
	carol < 100
	carol < 200 C
	carol > ACK C
	wait 1s
	carol < BYE C
	carol > 200`)
		})
	}
}

func TestPickup(t *testing.T) {
	stories := map[string]string{
		"by the pickup extension, numbered groups": pickedUp("*8"),
		"by extension": pickedUp("200"),
		"by group":     pickedUp("202"),
		"by channel":   pickedUp("203"),
		"by the pickup extension, named groups": `
	alice > INVITE 102 call=A
	alice < 100
	bob < INVITE call=B
	bob > 180
	alice < 180
	dave > INVITE *8 call=D
	dave < 100
	dave < 200 D
	dave > ACK D
	bob < CANCEL B
	bob > 200
	bob > 487 B
	bob < ACK B
	alice < 200 A
	alice > ACK A
	alice > BYE A
	alice < 200 A
	dave < BYE D
	dave > 200`,
		"by mark, one of two phones": `
	alice > INVITE 105 call=A
	alice < 100
	bob < INVITE call=B
	bob > 180
	alice < 180
	dave < INVITE call=D
	dave > 180
	carol > INVITE 201 call=C
	carol < 100
	carol < 200 C
	carol > ACK C
	bob < CANCEL B
	bob > 200
	bob > 487 B
	bob < ACK B
	dave < CANCEL D
	dave > 200
	dave > 487 D
	dave < ACK D
	alice < 200 A
	alice > ACK A
	alice > BYE A
	alice < 200 A
	carol < BYE C
	carol > 200`,
		"somebody of no group": `
	alice > INVITE 102 call=A
	alice < 100
	bob < INVITE call=B
	bob > 180
	alice < 180
	trudy > INVITE *8 call=T
	trudy < 503 T
	trudy > ACK T
	trudy > INVITE 202 call=T
	trudy < 100
	trudy < 403 T
	trudy > ACK T
	log NOTHING
	bob > 200 B
	bob < ACK B
	alice < 200 A
	alice > ACK A
	alice > BYE A
	alice < 200 A
	bob < BYE B
	bob > 200`,
		"by a phone in the clear, where TLS is wanted": `
	alice > INVITE 106 call=A
	alice < 100
	bob < INVITE call=B
	bob > 180
	alice < 180
	carol > INVITE *8 call=C
	carol < 100
	carol < 488 C
	carol > ACK C
	carol > INVITE 203 call=C
	carol < 100
	log was not picked up: the call wants encryption
	carol < 603 C
	carol > ACK C
	bob > INVITE x call=N | Replaces: [B];early-only
	bob < 100
	bob < 488 N
	bob > ACK N
	bob > 200 B
	bob < ACK B
	alice < 200 A
	alice > ACK A
	bob > INVITE x call=M | Replaces: [B]
	bob < 100
	bob < 488 M
	bob > ACK M
	alice > BYE A
	alice < 200 A
	bob < BYE B
	bob > 200`,
		"nothing rings": `
	carol > INVITE *8 call=C
	carol < 503 C | SIP/2.0 503 Unavailable
	carol > ACK C`,
	}
	for name, script := range stories {
		t.Run(name, func(t *testing.T) {
			tell(t, map[string]string{"sip.conf": pickupSIP, "extensions.conf": pickupPlan, "missed.conf": followed}, script)
		})
	}
}

// TestPickupExtension: features.conf names another one.
func TestPickupExtension(t *testing.T) {
	tell(t, map[string]string{"sip.conf": pickupSIP, "extensions.conf": pickupPlan, "features.conf": "[general]\npickupexten = **\n"}, `
	carol > INVITE *8 call=C
	carol < 404 C
	carol > ACK C`+pickedUp("**"))
}

// TestReplaces: an INVITE takes over a call (RFC 3891).
func TestReplaces(t *testing.T) {
	ringing := `
	alice > INVITE 102 call=A
	alice < 100
	bob < INVITE call=B
	bob > 180
	alice < 180
`
	talking := ringing + `
	bob > 200 B
	bob < ACK B
	alice < 200 A
	alice > ACK A
`
	end := `
	alice > BYE A
	alice < 200 A
	bob < BYE B
	bob > 200`
	for name, script := range map[string]string{
		"a call that rings, by its phone": ringing + `
	bob > INVITE x call=N | Replaces: [B];early-only
	bob < 100
	bob < 200 N
	bob > ACK N
	bob < CANCEL B
	bob > 200
	bob > 487 B
	bob < ACK B
	alice < 200 A
	alice > ACK A
	alice > BYE A
	alice < 200 A
	bob < BYE N
	bob > 200`,
		"a call that was answered": talking + `
	bob > INVITE x call=N | Replaces: [B] | Require: replaces
	bob < 100
	bob < 200 N
	bob > ACK N
	bob < BYE B | X-Asterisk-HangupCauseCode: 16
	bob > 200
	show "core show channels" 2 active channels
	alice > BYE A
	alice < 200 A
	bob < BYE N
	bob > 200`,
		"the caller's own": talking + `
	alice > INVITE x call=N | Replaces: [A]
	alice < 100
	alice < 200 N
	alice > ACK N
	alice < BYE A
	alice > 200
	alice > BYE N
	alice < 200 N
	bob < BYE B
	bob > 200`,
		"early only, and answered": talking + `
	bob > INVITE x call=N | Replaces: [B];early-only
	bob < 486 N
	bob > ACK N` + end,
		"one that is not there": talking + `
	bob > INVITE x call=N | Replaces: nosuch@x;to-tag=1;from-tag=2
	bob < 481 N
	bob > ACK N` + end,
		"with the tags the wrong way": talking + `
	bob > INVITE x call=N | Replaces: wrong[B]
	bob < 481 N
	bob > ACK N` + end,
		"twice": talking + `
	bob > INVITE x call=N | Replaces: [B] | Replaces: [B]
	bob < 400 N
	bob > ACK N` + end,
		"with Join": talking + `
	bob > INVITE x call=N | Replaces: [B] | Join: [B]
	bob < 400 N
	bob > ACK N` + end,
		"Join": talking + `
	bob > INVITE x call=J | Join: nosuch@x;to-tag=1;from-tag=2
	bob < 481 J
	bob > ACK J
	bob > INVITE x call=N | Join: [B]
	bob < 100
	bob < 200 N
	bob > ACK N
	show "core show channels" 3 active channels
	show "core show channel SIP/bob-00000002" BridgeAdd
	show "bridge show all" softmix
	bob > BYE N
	bob < 200 N
	show "core show channels" 2 active channels` + end,
		"a caller that waits for an answer": ringing + `
	alice > INVITE x call=N | Replaces: [A];early-only
	alice < 481 N
	alice > ACK N
	bob > 486 B
	bob < ACK B
	alice < 486 A
	alice > ACK A`,
		"a pickup without a subscription": ringing + `
	carol > INVITE x call=N | Replaces: pickup-nosuch@x;to-tag=1;from-tag=2
	carol < 481 N
	carol > ACK N
	bob > 486 B
	bob < ACK B
	alice < 486 A
	alice > ACK A`,
	} {
		t.Run(name, func(t *testing.T) {
			tell(t, map[string]string{"extensions.conf": pickupPlan, "missed.conf": followed}, script)
		})
	}
}

// TestReplacesForged: who has only seen the tags of a call does not get it.
func TestReplacesForged(t *testing.T) {
	talking := talk + `
	trudy > INVITE x call=N | Replaces: [bob:A]
	trudy < 403 N | SIP/2.0 403 Forbidden
	trudy > ACK N
	trudy > INVITE x call=N | Replaces: [alice:A]
	trudy < 403 N
	trudy > ACK N
	show "core show channels" 2 active channels
	alice > BYE A
	alice < 200 A
	bob < BYE A
	bob > 200`
	tell(t, map[string]string{"extensions.conf": transferPlan}, talking)
}
