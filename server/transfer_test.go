package server

import (
	"strings"
	"testing"
)

// transferPlan is the dialplan of the stories about transfers.
const transferPlan = `[t]
exten => 102,1,NoOp(BT=${BLINDTRANSFER})
 same => n,Dial(SIP/bob,15)
 same => n,Hangup()
exten => 103,1,NoOp(BT=${BLINDTRANSFER} FWD=${FORWARDERNAME} RC=${SIPREFERRINGCONTEXT} RR=${SIPREFERREDBYHDR} ST=${SIPTRANSFER})
 same => n,Dial(SIP/carol,15)
 same => n,Hangup()
exten => 104,1,Dial(SIP/dave,15,g)
 same => n,NoOp(ON ${DIALSTATUS})
 same => n,Hangup()
exten => 1001,1,Answer()
 same => n,Wait(60)
exten => 1702,1,Set(TRANSFER_CONTEXT=other)
 same => n,Dial(SIP/bob,15)
exten => 1600,1,Transfer(SIP/900@127.0.60.99)
 same => n,NoOp(TRES ${TRANSFERSTATUS} ${TRANSFERSTATUSPROTOCOL})
 same => n,Hangup()
exten => 1601,1,Answer()
 same => n,Wait(0.5)
 same => n,Transfer(SIP/900@127.0.60.99)
 same => n,NoOp(TRES ${TRANSFERSTATUS} ${TRANSFERSTATUSPROTOCOL})
 same => n,Wait(1)
 same => n,Hangup()
exten => 1602,1,Transfer(900)
 same => n,NoOp(TRES ${TRANSFERSTATUS} ${TRANSFERSTATUSPROTOCOL})
exten => 1603,1,Transfer(IAX2/900)
 same => n,NoOp(TRES ${TRANSFERSTATUS} ${TRANSFERSTATUSPROTOCOL})
exten => 1604,1,Transfer()
 same => n,NoOp(TRES ${TRANSFERSTATUS} ${TRANSFERSTATUSPROTOCOL})
exten => 1605,1,Transfer(900)
 same => n,Wait(600)
exten => h,1,NoOp(HEXT ${CHANNEL} BT=${BLINDTRANSFER} DS=${DIALSTATUS})
[other]
exten => 77,1,Answer()
 same => n,Wait(1)
`

// talk is a call of alice to bob that both of them are in.
const talk = `
	alice > INVITE 102 call=A
	alice < 100
	bob < INVITE call=A | From: "Alice A" <sip:101@
	bob > 180
	alice < 180
	bob > 200
	bob < ACK A
	alice < 200 A
	alice > ACK A
`

// consult is a second call, of bob to carol.
const consult = `
	bob > INVITE 103 call=B
	bob < 100
	carol < INVITE call=B | From: "Bob B" <sip:102@
	carol > 180
	bob < 180
	carol > 200
	carol < ACK B
	bob < 200 B
	bob > ACK B
`

// TestTransfers are the stories of golden/transfers.md: the messages of each
// dialog are the same and in the same order.
func TestTransfers(t *testing.T) {
	stories := map[string]string{
		"blind, by the callee": talk + `
	bob > REFER A | Refer-To: <sip:103@127.0.60.1> | Referred-By: <sip:bob@127.0.60.1>
	bob < 202 A | SIP/2.0 202 Accepted
	bob < NOTIFY A | Event: refer;id=1 | Subscription-State: terminated;reason=noresource | Content-Type: message/sipfrag;version=2.0 | SIP/2.0 200 OK | Contact: <sip:101@
	bob > 200
	carol < INVITE call=C | From: "Alice A" <sip:101@
	log Executing [103@t:1] NoOp("SIP/alice-00000000", "BT=SIP/bob-00000001 FWD= RC=t RR=<sip:bob@127.0.60.1> ST=yes")
	carol > 180
	carol > 200
	carol < ACK C
	bob > BYE A
	bob < 200 A
	alice > BYE A
	alice < 200 A
	carol < BYE C | X-Asterisk-HangupCauseCode: 16
	carol > 200
	bob < nothing 40s`,
		"blind, by the caller": talk + `
	alice > REFER A | Refer-To: <sip:103@127.0.60.1> | Referred-By: <sip:alice@127.0.60.1>
	alice < 202 A
	alice < NOTIFY A | Event: refer;id=2 | SIP/2.0 200 OK
	alice > 200
	carol < INVITE call=C | From: "Bob B" <sip:102@
	log Executing [103@t:1] NoOp("SIP/bob-00000001", "BT=SIP/alice-00000000 FWD= RC=t RR=<sip:alice@127.0.60.1> ST=yes")
	carol > 200
	carol < ACK C
	alice > BYE A
	alice < 200 A
	bob > BYE A
	bob < 200 A
	carol < BYE C
	carol > 200`,
		"blind, and the transferer never hangs up": talk + `
	bob > REFER A | Refer-To: <sip:1001@127.0.60.1>
	bob < 202 A
	bob < NOTIFY A
	bob > 200
	bob < BYE A @32s
	bob > 200
	alice > BYE A
	alice < 200 A`,
		"blind to a phone that is busy": talk + `
	bob > REFER A | Refer-To: <sip:103@127.0.60.1>
	bob < 202 A
	bob < NOTIFY A | SIP/2.0 200 OK
	bob > 200
	carol < INVITE call=C
	carol > 486
	carol < ACK C
	alice < BYE A | X-Asterisk-HangupCause: User busy | X-Asterisk-HangupCauseCode: 17
	alice > 200
	bob > BYE A
	bob < 200 A`,
		"blind to nowhere": talk + `
	bob > REFER A | Refer-To: <sip:9999@127.0.60.1>
	bob < 202 A
	bob < NOTIFY A | Event: refer;id=1 | SIP/2.0 404 Not found
	bob > 200
	bob > REFER A | Refer-To: <sip:123@10.9.9.9>
	bob < 202 A
	bob < NOTIFY A | Event: refer;id=2 | SIP/2.0 404 Not found
	bob > 200
	bob > REFER A
	bob < 400 A | SIP/2.0 400 Bad Request (Refer-to missing)
	bob > REFER A | Refer-To: <tel:103>
	bob < 603 A | SIP/2.0 603 Declined (Non sip: uri)
	show "core show channels" 2 active channels
	alice > BYE A
	alice < 200 A
	bob < BYE A
	bob > 200`,
		"blind without NOTIFY (RFC 4488)": talk + `
	bob > REFER A | Refer-To: <sip:1001@127.0.60.1> | Refer-Sub: false | Require: norefersub
	bob < 202 A | Refer-Sub: false
	bob < nothing 1s
	bob > BYE A
	bob < 200 A
	alice > BYE A
	alice < 200 A`,
		"numbers of the context that TRANSFER_CONTEXT names": `
	alice > INVITE 1702 call=A
	alice < 100
	bob < INVITE call=A
	bob > 200
	bob < ACK A
	alice < 200 A
	alice > ACK A
	alice > REFER A | Refer-To: <sip:77@127.0.60.1>
	alice < 202 A
	alice < NOTIFY A | SIP/2.0 200 OK
	alice > 200
	alice > BYE A
	alice < 200 A
	bob < BYE A @1s
	bob > 200`,
		"headers that the referrer adds": talk + `
	bob > REFER A | Refer-To: <sip:103@127.0.60.1> | X-Ticket: 42
	bob < 202 A
	bob < NOTIFY A
	bob > 200
	carol < INVITE call=C | X-Ticket: 42
	carol > 486
	carol < ACK C
	alice < BYE A
	alice > 200
	bob > BYE A
	bob < 200 A`,
		"nobody to transfer": `
	alice > INVITE 1001 call=A
	alice < 100
	alice < 200 A
	alice > ACK A
	alice > REFER A | Refer-To: <sip:103@127.0.60.1>
	alice < 202 A
	alice < NOTIFY A | SIP/2.0 503 Service Unavailable
	alice > 200
	alice > BYE A
	alice < 200 A`,
		"out of a call": `
	alice > REFER 102 call=A | Refer-To: <sip:103@127.0.60.1>
	alice < 603 A | SIP/2.0 603 Declined (No dialog)`,
		"attended, by the callee": talk + consult + `
	bob > REFER A | Refer-To: <sip:103@127.0.60.1?Replaces={B}> | Referred-By: <sip:bob@127.0.60.1>
	bob < 202 A
	bob < NOTIFY A | Event: refer;id=1 | SIP/2.0 200 OK
	bob > 200
	bob < BYE B | X-Asterisk-HangupCauseCode: 16
	bob > 200
	show "core show channels" 2 active channels
	show "core show channel SIP/alice-00000000" SIP/carol-00000003
	bob > BYE A
	bob < 200 A
	alice > BYE A
	alice < 200 A
	carol < BYE B | X-Asterisk-HangupCauseCode: 16
	carol > 200
	bob < nothing 40s`,
		"attended, by the caller": talk + `
	alice > INVITE 103 call=B
	alice < 100
	carol < INVITE call=B | From: "Alice A" <sip:101@
	carol > 200
	carol < ACK B
	alice < 200 B
	alice > ACK B
	alice > REFER A | Refer-To: <sip:103@127.0.60.1?Replaces={B}> | Referred-By: <sip:alice@127.0.60.1>
	alice < 202 A
	alice < NOTIFY A | SIP/2.0 200 OK
	alice > 200
	alice < BYE B | X-Asterisk-HangupCauseCode: 16
	alice > 200
	alice > BYE A
	alice < 200 A
	bob > BYE A
	bob < 200 A
	carol < BYE B
	carol > 200`,
		"attended, both were called": talk + `
	carol > INVITE 102 call=B
	carol < 100
	bob < INVITE call=B
	bob > 200
	bob < ACK B
	carol < 200 B
	carol > ACK B
	bob > REFER A | Refer-To: <sip:103@127.0.60.1?Replaces={B}>
	bob < 202 A
	bob < NOTIFY A | SIP/2.0 200 OK
	bob > 200
	bob < BYE B
	bob > 200
	bob > BYE A
	bob < 200 A
	carol > BYE B
	carol < 200 B
	alice < BYE A
	alice > 200`,
		"attended, one that rings": talk + `
	bob > INVITE 103 call=B
	bob < 100
	carol < INVITE call=B
	carol > 180
	bob < 180
	bob > REFER A | Refer-To: <sip:103@127.0.60.1?Replaces={B}>
	bob < 202 A
	bob < NOTIFY A | SIP/2.0 200 OK
	bob > 200
	bob < 603 B | SIP/2.0 603 Declined
	bob > ACK B
	carol > 200
	carol < ACK B
	show "core show channels" 2 active channels
	bob > BYE A
	bob < 200 A
	alice > BYE A
	alice < 200 A
	carol < BYE B
	carol > 200`,
		"attended, to an application": talk + `
	bob > INVITE 1001 call=B
	bob < 100
	bob < 200 B
	bob > ACK B
	bob > REFER A | Refer-To: <sip:1001@127.0.60.1?Replaces={B}>
	bob < 202 A
	bob < NOTIFY A | SIP/2.0 200 OK
	bob > 200
	bob < BYE B | X-Asterisk-HangupCauseCode: 16
	bob > 200
	show "core show channels" SIP/alice-00000000                                               1001@t:2                         Up      Wait(60)
	bob > BYE A
	bob < 200 A
	alice > BYE A
	alice < 200 A`,
		"attended, a call that is not there": talk + `
	bob > REFER A | Refer-To: <sip:103@127.0.60.1?Replaces=nosuch%40x%3Bto-tag%3Da%3Bfrom-tag%3Db>
	bob < 202 A
	bob < NOTIFY A | SIP/2.0 481 Call leg/transaction does not exist
	bob > 200
	alice > BYE A
	alice < 200 A
	bob < BYE A
	bob > 200`,
		"REFER with another's tags": talk + `
	trudy > INVITE 104 call=T
	trudy < 100
	dave < INVITE call=T
	dave > 200
	dave < ACK T
	trudy < 200 T
	trudy > ACK T
	trudy > REFER T | Refer-To: <sip:103@127.0.60.1?Replaces=alice-1%40test%3Bto-tag%3Dx%3Bfrom-tag%3Dalice1>
	trudy < 202 T
	trudy < NOTIFY T | SIP/2.0 481 Call leg/transaction does not exist
	trudy > 200
	trudy > BYE T
	trudy < 200 T
	dave < BYE T
	dave > 200
	show "core show channels" 2 active channels
	alice > BYE A
	alice < 200 A
	bob < BYE A
	bob > 200`,
	}
	for name, script := range stories {
		t.Run(name, func(t *testing.T) {
			tell(t, map[string]string{"extensions.conf": transferPlan, "missed.conf": followed}, script)
		})
	}
}

// TestTransferPolicy: allowtransfer=no.
func TestTransferPolicy(t *testing.T) {
	tell(t, map[string]string{
		"extensions.conf": transferPlan,
		"sip.conf":        storySIP + "[bob](+)\nallowtransfer=no\n",
	}, talk+`
	bob > REFER A | Refer-To: <sip:103@127.0.60.1>
	bob < 603 A | SIP/2.0 603 Declined (policy)
	alice > BYE A
	alice < 200 A
	bob < BYE A
	bob > 200`)
}

// TestTransferAccounts: a phone connects calls of two accounts that it has.
func TestTransferAccounts(t *testing.T) {
	tell(t, map[string]string{
		"extensions.conf": transferPlan,
		"sip.conf":        storySIP + "[desk](phone)\nhost=127.0.60.12\n",
	}, talk+`
	bob > INVITE 1001 call=B from=desk
	bob < 100
	bob < 200 B
	bob > ACK B
	show "core show channels" SIP/desk-00000002
	bob > REFER A | Refer-To: <sip:1001@127.0.60.1?Replaces={B}>
	bob < 202 A
	bob < NOTIFY A | SIP/2.0 200 OK
	bob > 200
	bob < BYE B
	bob > 200
	bob > BYE A
	bob < 200 A
	alice > BYE A
	alice < 200 A`)
}

// TestTransferCodecs: parties that a transfer brings together use a codec that both
// have, though each spoke another one before.
func TestTransferCodecs(t *testing.T) {
	tell(t, map[string]string{
		"extensions.conf": transferPlan,
		"sip.conf":        strings.Replace(storySIP, "allow=ulaw,alaw", "allow=g722,ulaw", 1),
	}, `
	alice > INVITE 102 call=A codecs=9,0
	alice < 100
	bob < INVITE call=A
	bob > 200 codecs=9
	bob < ACK A
	alice < 200 A
	alice > ACK A
	bob > INVITE 103 call=B codecs=0
	bob < 100
	carol < INVITE call=B
	carol > 200 codecs=0
	carol < ACK B
	bob < 200 B
	bob > ACK B
	bob > REFER A | Refer-To: <sip:103@127.0.60.1?Replaces={B}>
	bob < 202 A
	bob < NOTIFY A | SIP/2.0 200 OK
	bob > 200
	bob < BYE B
	bob > 200
	bob > BYE A
	bob < 200 A
	alice < nothing 1s
	show "core show channels" 2 active channels
	show "sip show channels" alice-1@test     (ulaw)
	alice > BYE A
	alice < 200 A
	carol < BYE B
	carol > 200`)
}

// sent is a call of alice that Transfer() asks to go elsewhere once it is answered.
const sent = `
	alice > INVITE 1601 call=A
	alice < 100
	alice < 200 A
	alice > ACK A
	alice < REFER A @500ms | Refer-To: <sip:900@127.0.60.99> | Referred-By: <sip:1601@127.0.60.1:5060> | Contact: <sip:1601@127.0.60.1:5060>
`

func TestTransferApplication(t *testing.T) {
	refused := func(exten string) string {
		return `
	alice > INVITE ` + exten + ` call=A
	alice < 100
	alice < 603 A
	alice > ACK A
	log TRES FAILURE 0`
	}
	for name, script := range map[string]string{
		"before the answer": `
	alice > INVITE 1600 call=A
	alice < 100
	alice < 302 A | SIP/2.0 302 Moved Temporarily | Contact: "Transfer" <sip:900@127.0.60.99>
	alice > ACK A
	log TRES SUCCESS 0`,
		"before the answer, a number here": `
	alice > INVITE 1602 call=A
	alice < 100
	alice < 302 A | Contact: "Transfer" <sip:900@127.0.60.1>
	alice > ACK A
	log TRES SUCCESS 0`,
		"before the answer, and the dialplan goes on": `
	alice > INVITE 1605 call=A
	alice < 100
	alice < 302 A
	alice > ACK A
	show "core show channels" 1 active channel
	wait 33s
	show "core show channels" 0 active channels`,
		"before the ACK": `
	alice > INVITE 1601 call=A
	alice < 100
	alice < 200 A
	alice < 200 A @500ms
	alice < 200 A @1s
	alice > ACK A
	alice < REFER A | Refer-To: <sip:900@127.0.60.99>
	alice > 603
	log TRES FAILURE 1`,
		"another technology": refused("1603"),
		"no argument":        refused("1604"),
		"done": sent + `
	alice > 202
	alice > NOTIFY A | Event: refer | Subscription-State: active;expires=60 | Content-Type: message/sipfrag | body SIP/2.0 100 Trying
	alice < 200 A
	wait 200ms
	alice > NOTIFY A | Event: refer | Subscription-State: terminated;reason=noresource | Content-Type: message/sipfrag | body SIP/2.0 200 OK
	alice < 200 A
	alice < BYE A @1s | X-Asterisk-HangupCauseCode: 16
	alice > 200
	log TRES SUCCESS 0`,
		"busy": sent + `
	alice > 202
	alice > NOTIFY A | Event: refer | Subscription-State: terminated;reason=noresource | Content-Type: message/sipfrag | body SIP/2.0 486 Busy Here
	alice < 200 A
	alice < BYE A @1s | X-Asterisk-HangupCauseCode: 16
	alice > 200
	log TRES FAILURE 1`,
		"declined": sent + `
	alice > 603
	alice < BYE A @1s | X-Asterisk-HangupCause: Call Rejected | X-Asterisk-HangupCauseCode: 21
	alice > 200
	log TRES FAILURE 1`,
		"200 instead of 202": sent + `
	alice > 200
	alice < BYE A @1s | X-Asterisk-HangupCauseCode: 16
	alice > 200
	log unexpected 2xx response (200)
	log TRES FAILURE 1`,
		"the phone hangs up": sent + `
	alice > 202
	alice > BYE A
	alice < 200 A
	log HEXT SIP/alice-00000000`,
	} {
		t.Run(name, func(t *testing.T) {
			tell(t, map[string]string{"extensions.conf": transferPlan, "missed.conf": followed}, script)
		})
	}
}
