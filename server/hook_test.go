package server

import "testing"

const hookPlan = `[t]
exten => 102,1,Set(H=${PERIODIC_HOOK(hooks,mark,10)})
 same => n,NoOp(HOOK ${H} NONE ${PERIODIC_HOOK(hooks,mark,x)} ${PERIODIC_HOOK(,mark,10)})
 same => n,Dial(SIP/bob,60,hH)
exten => 103,1,Set(H=${PERIODIC_HOOK(hooks,mark,10)})
 same => n,Set(PERIODIC_HOOK(${H})=off)
 same => n,Dial(SIP/bob,60)
[hooks]
exten => mark,1,Answer()
 same => n,NoOp(MARK ${HOOK_ID} ${HOOK_CHANNEL})
 same => n,Wait(3)
 same => n,NoOp(MARKED)
`

// TestPeriodicHook: an extension comes into the call as soon as there is one, and every ten
// seconds of it, and ends with it.
func TestPeriodicHook(t *testing.T) {
	for name, script := range map[string]string{
		"on": `
	alice > INVITE 102 call=A
	alice < 100
	bob < INVITE call=B
	log "HOOK 0 NONE  "
	bob > 180 B
	alice < 180 A
	wait 20s
	bob > 200 B
	bob < ACK B
	alice < 200 A
	alice > ACK A
	wait 2s
	log "MARK 0 SIP/alice-00000000"
	show "core show channels" 4 active channels
	wait 3s
	log "MARKED"
	show "core show channels" 2 active channels
	wait 8s
	log "MARK 0 SIP/alice-00000000"
	alice > BYE A
	alice < 200 A
	bob < BYE B
	bob > 200
	wait 1s
	show "core show channels" 0 active channels`,
		"off": `
	alice > INVITE 103 call=A
	alice < 100
	bob < INVITE call=B
	bob > 200 B
	bob < ACK B
	alice < 200 A
	alice > ACK A
	wait 15s
	show "core show channels" 2 active channels
	alice > BYE A
	alice < 200 A
	bob < BYE B
	bob > 200`,
	} {
		t.Run(name, func(t *testing.T) {
			tell(t, map[string]string{"extensions.conf": hookPlan}, script)
		})
	}
}
