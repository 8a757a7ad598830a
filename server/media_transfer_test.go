package server

import (
	"strings"
	"testing"
)

// TestDirectMediaAfterTransfer: two phones that came together by a transfer exchange
// their audio as any two do.
func TestDirectMediaAfterTransfer(t *testing.T) {
	files := map[string]string{
		"sip.conf":        strings.Replace(storySIP, "type=friend\n", "type=friend\ndirectmedia=yes\n", 1),
		"extensions.conf": transferPlan,
	}
	const direct = talk + `
		alice < INVITE A | c=IN IP4 127.0.60.12
		alice > 200
		alice < ACK A
		bob < INVITE A | c=IN IP4 127.0.60.11
		bob > 200
		bob < ACK A
		wait 1s
	`
	for name, script := range map[string]string{
		"blind": direct + `
			bob > REFER A | Refer-To: <sip:103@127.0.60.1>
			bob < 202
			bob < NOTIFY A | SIP/2.0 200 OK
			bob > 200
			carol < INVITE call=B
			alice < INVITE A | c=IN IP4 127.0.60.1
			alice > 200
			alice < ACK A
			carol > 200
			carol < ACK B
			alice < INVITE A | c=IN IP4 127.0.60.13
			alice > 200
			alice < ACK A
			carol < INVITE B | c=IN IP4 127.0.60.11
			carol > 200
			carol < ACK B
			bob > BYE A
			bob < 200 A
			wait 1s
			alice > BYE A
			alice < 200 A
			carol < BYE B
			carol > 200
		`,
		"attended": direct + `
			bob > INVITE 103 call=B
			bob < 100
			carol < INVITE call=B
			carol > 200
			carol < ACK B
			bob < 200 B
			bob > ACK B
			bob < INVITE B | c=IN IP4 127.0.60.13
			bob > 200
			bob < ACK B
			carol < INVITE B | c=IN IP4 127.0.60.12
			carol > 200
			carol < ACK B
			wait 1s
			bob > REFER A | Refer-To: <sip:103@127.0.60.1?Replaces={B}>
			bob < 202
			bob < NOTIFY A | SIP/2.0 200 OK
			bob > 200
			alice < INVITE A | c=IN IP4 127.0.60.13
			alice > 200
			alice < ACK A
			carol < INVITE B | c=IN IP4 127.0.60.11
			carol > 200
			carol < ACK B
			bob < BYE B
			bob > 200
			bob > BYE A
			bob < 200 A
			wait 1s
			alice > BYE A
			alice < 200 A
			carol < BYE B
			carol > 200
		`,
	} {
		t.Run(name, func(t *testing.T) { tell(t, files, script) })
	}
}

// TestOverlapByDigits: with allowoverlap=dtmf a number that could grow begins a call at
// the extension s, whose dialplan collects the rest.
func TestOverlapByDigits(t *testing.T) {
	tell(t, map[string]string{
		"sip.conf": strings.Replace(storySIP, "type=friend\n", "type=friend\nallowoverlap=dtmf\ndtmfmode=info\n", 1),
		"extensions.conf": `[t]
exten => 9000,1,Log(NOTICE,DIALLED ${EXTEN})
exten => s,1,Answer()
 same => n,WaitExten(5)
`,
	}, `
		alice > INVITE 90 call=A
		alice < 100
		log "Executing [s@t:1] Answer"
		alice < 200 A
		alice > ACK A
		wait 1s
		alice > INFO A | Content-Type: application/dtmf | body 9
		alice < 200 A
		alice > INFO A | Content-Type: application/dtmf | body 0
		alice < 200 A
		alice > INFO A | Content-Type: application/dtmf | body 0
		alice < 200 A
		alice > INFO A | Content-Type: application/dtmf | body 0
		alice < 200 A
		log "DIALLED 9000"
		alice < BYE A
		alice > 200
	`)
}
