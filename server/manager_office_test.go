package server

import (
	"testing"
	"testing/synctest"
)

// TestManagerOffices are sessions of programs with files of their own.
func TestManagerOffices(t *testing.T) {
	files := map[string]string{
		"sip.conf": storySIP + "[trudy](+)\nsecret=quite long and odd\n",
		"tst.conf": "; the head\n[one]\na=1 ; first\n\n[three](one)\nc=3\n",
	}
	for name, script := range map[string]string{
		"security": `
			ami m > Action: Login | Username: guard | Secret: correct horse
			trudy > INVITE 102 call=A
			trudy < 401 A
			trudy > ACK A
			wait 1s
			ami m > Action: Ping
		`,
		"local optimized away": `
			ami m > Action: Login | Username: sam | Secret: correct horse | Events: off
			alice > INVITE 1005 call=A
			alice < 100
			bob < INVITE call=A
			bob > 200
			bob < ACK A
			alice < 200 A
			alice > ACK A
			wait 1s
			ami m > Action: Command | Command: core show channels concise
			ami m > Action: LocalOptimizeAway | Channel: SIP/alice-00000000
			ami m > Action: LocalOptimizeAway | Channel: Local/102@t-00000000;1
			wait 1s
			ami m > Action: Command | Command: core show channels concise
			alice > BYE A
			alice < 200 A
			bob < BYE A
			bob > 200
			wait 1s
		`,
		"muted": `
			ami m > Action: MuteAudio | Channel: SIP/zz | Direction: all | State: on
			ami m > Action: MuteAudio | Direction: all | State: on
			alice > INVITE 1001 call=A
			alice < 100
			alice < 200 A
			alice > ACK A
			ami m > Action: Events | EventMask: off
			ami m > Action: MuteAudio | Channel: SIP/alice-00000000 | Direction: in | State: on
			ami m > Action: MuteAudio | Channel: SIP/alice-00000000 | Direction: both | State: on
			ami m > Action: MuteAudio | Channel: SIP/alice-00000000 | Direction: all
			ami m > Action: MuteAudio | Channel: SIP/alice-00000000 | Direction: all | State: off
			alice > BYE A
			alice < 200 A
			wait 1s
		`,
		"agi": `
			ami m > Action: Login | Username: sam | Secret: correct horse
			ami m > Action: Events | EventMask: agi
			ami m > Action: AGI | Channel: SIP/zz | Command: ANSWER
			ami m > Action: AGI | Command: ANSWER
			alice > INVITE 1004 call=A
			alice < 100
			wait 1s
			ami m > Action: AGI | Channel: SIP/alice-00000000 | Command: ANSWER | CommandID: c1
			alice < 200 A
			alice > ACK A
			wait 1s
			ami m > Action: AGI | Channel: SIP/alice-00000000 | Command: SET VARIABLE X "a b" | CommandID: c2
			ami m > Action: AGI | Channel: SIP/alice-00000000 | Command: GET VARIABLE X | CommandID: c3
			ami m > Action: AGI | Channel: SIP/alice-00000000 | Command: NONSENSE | CommandID: c4
			ami m > Action: AGI | Channel: SIP/alice-00000000 | Command: ASYNCAGI BREAK
			wait 1s
			ami m > Action: AGI | Channel: SIP/alice-00000000 | Command: ANSWER
			alice < BYE A
			alice > 200
			wait 1s
		`,
		"update config": `
			ami m > Action: UpdateConfig | SrcFilename: tst.conf | DstFilename: tst.conf | Action-000000: Append | Cat-000000: one | Var-000000: b | Value-000000: 2 | ActionID: u1
			ami m > Action: UpdateConfig | SrcFilename: tst.conf | DstFilename: tst.conf | Action-000000: Update | Cat-000000: one | Var-000000: a | Value-000000: 3 | Action-000001: NewCat | Cat-000001: two
			ami m > Action: GetConfig | Filename: tst.conf
			ami m > Action: UpdateConfig | SrcFilename: tst.conf | DstFilename: ../tst.conf | Action-000000: NewCat | Cat-000000: x
			ami m > Action: UpdateConfig | SrcFilename: tst.conf | DstFilename: tst.conf | Action-000000: DelCat | Cat-000000: nowhere
			ami m > Action: UpdateConfig | SrcFilename: nofile.conf | DstFilename: tst.conf
			ami m > Action: UpdateConfig | SrcFilename: tst.conf | DstFilename: tst.conf | Action-000000: Bogus | Cat-000000: one
			ami m > Action: GetConfig | Filename: tst.conf
		`,
	} {
		t.Run(name, func(t *testing.T) { managerFlow(t, name, files, script) })
	}
}

// TestManagerMoves: a program that follows who is in which bridge is told of every phone
// that leaves one and that enters, whoever changes places.
func TestManagerMoves(t *testing.T) {
	files := map[string]string{
		"extensions.conf": "[t]\nexten => 1006,1,Dial(Local/103@t)\n" + transferPlan,
		"manager.conf":    managerConf + "[moves]\nsecret=correct horse\nread=call\neventfilter=Event: (AttendedTransfer|BlindTransfer|Bridge\\w+|LocalOpt\\w+)\n",
	}
	const login = "\n	ami m > Action: Login | Username: moves | Secret: correct horse\n"
	const refer = `
	bob > REFER A | Refer-To: <sip:103@127.0.60.1?Replaces={B}>
	bob < 202 A
	bob < NOTIFY A | SIP/2.0 200 OK
	bob > 200
`
	const end = `
	wait 1s
	bob > BYE A
	bob < 200 A
	alice > BYE A
	alice < 200 A
`
	for name, script := range map[string]string{
		"local out of the way": dialled("1006") + aliceHangsUp,
		"attended by a phone": talk + consult + refer + `
	bob < BYE B
	bob > 200` + end + `
	carol < BYE B
	carol > 200`,
		"attended by a phone while it rings": talk + `
	bob > INVITE 103 call=B
	bob < 100
	carol < INVITE call=B
	carol > 180
	bob < 180` + refer + `
	bob < 603 B
	bob > ACK B
	carol > 200
	carol < ACK B` + end + `
	carol < BYE B
	carol > 200`,
		"attended by a phone to an application": talk + `
	bob > INVITE 1001 call=B
	bob < 100
	bob < 200 B
	bob > ACK B` + refer + `
	bob < BYE B
	bob > 200` + end,
	} {
		t.Run(name, func(t *testing.T) { managerFlow(t, name, files, login+script+"\n	wait 1s\n") })
	}
}

// TestVersion: programs and dialplans that ask for the version get one that they can
// compare, and ours behind it.
func TestVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStory(t, map[string]string{"extensions.conf": "[t]\nexten => 1,1,NoOp(${VERSION()} ${VERSION(ASTERISK_VERSION_NUM)} ${VERSION(BUILD_USER)}.)\n"})
		defer s.stop()
		s.play(`
			show "core show version" Asterisk 20.0.0-pbx-test built by go1
			show "core show version" running Linux on 20
			show "core show settings" Version:                     20.0.0-pbx-test
			show "core show settings" AGI Scripts directory:
			alice > INVITE 1 call=A
			alice < 100
			log NoOp("SIP/alice-00000000", "20.0.0-pbx-test 200000 .")
			alice < 603 A
			alice > ACK A`)
		s.end()
	})
}
