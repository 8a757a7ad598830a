package server

import "testing"

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
