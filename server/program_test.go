package server

import (
	"os"
	"path/filepath"
	"testing"
)

// Programs know the request that brought the call, and their exit status can
// answer it.
func TestPrograms(t *testing.T) {
	const plan = `[t]
exten => _7XX,1,NoOp()
 same => n,Goto(${EXTEN:0:2}0,2)
exten => 700,2,Set(TEXT=${SHELL(printf '%s|' "$SIP_HF_X_ACCOUNT" "$SIP_HF_FROM" "$SIP_SRCIP" "$SIP_USER" "$SIP_OUSER" "$SIP_RURI" "$SIP_ORURI" "$SIP_DID" "$SIP_HF_AUTHORIZATION")})
 same => n,NoOp(GOT ${TEXT})
 same => n,NoOp(TID ${SHELL(test "$SIP_TID" && printf yes)})
 same => n,Set(PROGRAM_STDIN=request)
 same => n,NoOp(FIRST ${SHELL(head -1 | tr -d '\r\n')})
 same => n,Set(PROGRAM_STDIN=)
 same => n,NoOp(NOTHING ${SHELL(cat)})
 same => n,System(exit 3)
 same => n,NoOp(EXIT ${PROGRAM_EXIT} ${SYSTEMSTATUS})
 same => n,Set(PROGRAM_REPLY=1=403,2=486,3-9=503,*=500)
 same => n,System(true)
 same => n,NoOp(EXIT ${PROGRAM_EXIT} ${SYSTEMSTATUS})
 same => n,TrySystem(exit 2)
 same => n,NoOp(NOT REACHED)
exten => 810,1,Set(PROGRAM_REPLY=*=499)
 same => n,AGI(refuse)
exten => 820,1,Answer()
 same => n,Set(PROGRAM_REPLY=*=499)
 same => n,System(false)
 same => n,NoOp(AFTER ${PROGRAM_EXIT})
 same => n,Hangup()
exten => h,1,NoOp(OVER ${HANGUPCAUSE})
`
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "refuse"), []byte("#!/bin/sh\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	tell(t, map[string]string{"extensions.conf": plan, "asterisk.conf": "[directories]\nastagidir => " + dir + "\n"}, `
	alice > INVITE 705 call=A | X-Account: 17; touch x | Authorization: Digest secret
	alice < 100 A
	log GOT 17; touch x|<sip:alice@127.0.60.1>;tag=alice1|127.0.60.11|700|705|sip:700@127.0.60.1|sip:705@127.0.60.1|||
	log TID yes
	log FIRST INVITE sip:705@127.0.60.1 SIP/2.0
	log EXIT 3 APPERROR
	log EXIT 0 SUCCESS
	alice < 486 A
	alice > ACK A
	log OVER 17
	alice > INVITE 810 call=B
	alice < 100 B
	alice < 499 B
	alice > ACK B
	alice > INVITE 820 call=C
	alice < 100 C
	alice < 200 C
	alice > ACK C
	log AFTER 1
	alice < BYE C
	alice > 200`)
}
