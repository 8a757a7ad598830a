package server

import (
	"fmt"
	"strings"
	"testing"
)

// digitsPlan lets both parties transfer.
const digitsPlan = `[t]
exten => 102,1,Dial(SIP/bob,15,tT)
exten => 103,1,NoOp(BY ${TRANSFERERNAME})
 same => n,Dial(SIP/carol,30)
exten => h,1,NoOp(HEXT ${CHANNEL})
`

// digitsFiles is an office whose phones send their digits by INFO, and where *2 is the
// code of an attended transfer.
func digitsFiles() map[string]string {
	return map[string]string{
		"sip.conf":        strings.Replace(storySIP, "type=friend\n", "type=friend\ndtmfmode=info\n", 1),
		"extensions.conf": digitsPlan,
		"features.conf":   "[general]\natxfernoanswertimeout=6\natxfercallbackretries=1\n[featuremap]\natxfer=*2\n",
	}
}

// dials has a phone dial digits.
func dials(phone, call, digits string) string {
	var b strings.Builder
	for _, d := range digits {
		fmt.Fprintf(&b, "\t%s > INFO %s | Content-Type: application/dtmf | body %c\n\t%s < 200 %s\n", phone, call, d, phone, call)
	}
	return b.String()
}

// TestTransfersByDigits: what the phones see of attended transfers by digits.
func TestTransfersByDigits(t *testing.T) {
	asks := talk + dials("bob", "A", "*2103") + `
	carol < INVITE call=C | From: "Bob B" <sip:102@
	log Executing [103@t:1] NoOp("Local/103@t-00000000;2", "BY SIP/bob-00000001")
	carol > 180
`
	answers := asks + `
	carol > 200
	carol < ACK C
	wait 1s
`
	const ends = `
	alice > BYE A
	alice < 200 A
	carol < BYE C
	carol > 200
	wait 1s`
	leaves := `
	bob > BYE A
	bob < 200 A
`
	for name, script := range map[string]string{
		"he hangs up": answers + leaves + `
	wait 1s` + ends,
		"he dials the key": answers + dials("bob", "A", "*2") + `
	bob < BYE A | X-Asterisk-HangupCauseCode: 16
	bob > 200
	wait 1s` + ends,
		"he takes it back": answers + dials("bob", "A", "*1") + `
	carol < BYE C
	carol > 200
	wait 1s
	alice > BYE A
	alice < 200 A
	bob < BYE A
	bob > 200
	wait 1s`,
		"the target does not answer": asks + `
	carol < CANCEL C @6s
	carol > 200
	carol > 487 C
	carol < ACK C
	wait 1s
	alice > BYE A
	alice < 200 A
	bob < BYE A
	bob > 200
	wait 1s`,
		"the target is busy": asks + `
	carol > 486
	carol < ACK C
	wait 1s
	alice > BYE A
	alice < 200 A
	bob < BYE A
	bob > 200
	wait 1s`,
		"he leaves it ringing": asks + leaves + `
	wait 1s
	carol > 200
	carol < ACK C
	wait 1s` + ends,
		"he is called back": asks + leaves + `
	carol < CANCEL C @6s
	carol > 200
	carol > 487 C
	carol < ACK C
	bob < INVITE call=B | From: "Alice A" <sip:101@
	bob > 180
	bob > 200
	bob < ACK B
	wait 1s
	alice > BYE A
	alice < 200 A
	bob < BYE B
	bob > 200
	wait 1s`,
		"nobody": asks + leaves + `
	carol < CANCEL C @6s
	carol > 200
	carol > 487 C
	carol < ACK C
	bob < INVITE call=B
	bob > 180
	bob < CANCEL B @6s
	bob > 200
	bob > 487 B
	bob < ACK B
	alice < BYE A
	alice > 200
	wait 1s`,
		"the party goes": answers + `
	alice > BYE A
	alice < 200 A
	wait 1s
	bob > BYE A
	bob < 200 A
	carol < BYE C
	carol > 200
	wait 1s`,
	} {
		t.Run(name, func(t *testing.T) { tell(t, digitsFiles(), script) })
	}
}

// TestManagerAttendedTransfer: a program has a channel transfer, and hears of it.
func TestManagerAttendedTransfer(t *testing.T) {
	const begin = `
	ami m > Action: Login | Username: transfers | Secret: correct horse
	` + managerTalk + `
	ami m > Action: Atxfer | ActionID: at1 | Channel: SIP/bob-00000001 | Context: t | Exten: 103
	carol < INVITE call=C
	carol > 200
	carol < ACK C
	wait 1s
`
	for name, script := range map[string]string{
		"attended transfer": begin + `
	bob > BYE A
	bob < 200 A
	wait 1s
	alice > BYE A
	alice < 200 A
	carol < BYE C
	carol > 200
	wait 1s`,
		"attended transfer cancelled": begin + `
	ami m > Action: CancelAtxfer | ActionID: at2 | Channel: SIP/bob-00000001
	carol < BYE C
	carol > 200
	wait 1s` + managerBye,
	} {
		files := digitsFiles()
		files["manager.conf"] = managerConf + "[transfers]\nsecret=correct horse\nread=call\nwrite=call\neventfilter=Event: (AttendedTransfer|Hold|Unhold)\n"
		t.Run(name, func(t *testing.T) { managerFlow(t, name, files, script) })
	}
}
