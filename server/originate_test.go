package server

import "testing"

// TestOriginateApp: the application calls a device, sends it away, and goes on.
func TestOriginateApp(t *testing.T) {
	const plan = `[t]
exten => 1,1,Originate(SIP/bob,exten,there,,1,5,c(555)n(Desk)v(A=1^B=${EXTEN}))
 same => n,NoOp(STATUS ${ORIGINATE_STATUS})
 same => n,Hangup()
exten => 2,1,Originate(SIP/bob,app,Wait,1,,5,a)
 same => n,NoOp(AT ONCE)
 same => n,Hangup()
exten => 3,1,Originate(SIP,app,Wait)
 same => n,NoOp(not reached)
exten => h,1,NoOp(NONE ${ORIGINATE_STATUS})
 same => n,Hangup()
[there]
exten => s,1,NoOp(HERE ${A} ${B} ${CALLERID(num)})
 same => n,Wait(1)
`
	files := map[string]string{"extensions.conf": plan}
	for name, script := range map[string]string{
		"an extension": `
			alice > INVITE 1 call=A
			alice < 100
			bob < INVITE call=B | From: "Desk" <sip:555@
			bob > 200
			bob < ACK B
			log Executing [s@there:1] NoOp("SIP/bob-00000001", "HERE 1 1 555")
			alice < 603 A
			alice > ACK A
			wait 900ms
			bob < BYE B
			bob > 200`,
		"busy": `
			alice > INVITE 1 call=A
			alice < 100
			bob < INVITE call=B
			bob > 486
			bob < ACK B
			log "STATUS BUSY"
			alice < 603 A
			alice > ACK A`,
		"nobody answers": `
			alice > INVITE 1 call=A
			alice < 100
			bob < INVITE call=B
			bob > 180
			wait 4900ms
			bob < CANCEL B
			bob > 200
			log "STATUS RINGING"
			alice < 603 A
			alice > ACK A`,
		"without waiting": `
			alice > INVITE 2 call=A
			alice < 100
			log "AT ONCE"
			alice < 603 A
			alice > ACK A
			bob < INVITE call=B
			bob > 404
			bob < ACK B`,
		"no device": `
			alice > INVITE 3 call=A
			alice < 100
			log "NONE FAILED"
			alice < 603 A
			alice > ACK A`,
	} {
		t.Run(name, func(t *testing.T) { tell(t, files, script) })
	}
}
