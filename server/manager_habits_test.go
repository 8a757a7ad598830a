package server

import (
	"strings"
	"testing"
)

// TestManagerHabits are answers that programs of the field were written against.
func TestManagerHabits(t *testing.T) {
	const dialer = "[dialer]\nsecret=correct horse\nread=all\nwrite=call,originate,reporting\nallowmultiplelogin=no\neventfilter=!.\n"
	for name, tt := range map[string]struct {
		files  map[string]string
		script string
	}{
		"blanks": {nil, `
			ami m > Action:   Ping | ActionID: 	 7
			ami m > Action: | Action: Ping
			ami m > Action: DBPut | Family:  f | Key:  k | Val:  v w
			ami m > Action: DBGet | Family: f | Key: k
		`},
		"hangup by expression": {nil, `
			ami m > Action: Events | EventMask: off
			alice > INVITE 1001 call=A
			alice < 100
			alice < 200 A
			alice > ACK A
			ami m > Action: Hangup | Channel: /^sip\/alice/
			ami m > Action: Hangup | Channel: /
			ami m > Action: Hangup | Channel: /SIP
			ami m > Action: Hangup | Channel: /[/
			ami m > Action: Hangup | Channel: /^S[I]P\/alice-[0-9a-f]+$/ | ActionID: h
			alice < BYE A
			alice > 200
			wait 1s
		`},
		"what needs the system": {nil, `
			ami m > Action: Login | Username: dialer | Secret: correct horse
			ami m > Action: Getvar | Variable: SHELL(id)
			ami m > Action: Getvar | Variable: LEN(${EVAL(x)})
			ami m > Action: Getvar | Variable: SHELLS
			ami m > Action: Getvar | Variable: DB(a/b)
			ami m > Action: Status | Variables: A,SHELL(id)
			ami m > Action: Originate | Channel: Local/1000@t | Application: TrySystem | Data: id
			ami m > Action: Originate | Channel: Local/1000@t | Application: ExecIfTime | Data: id
			ami m > Action: Originate | Channel: Local/1000@t | Application: NoOp | Data: ${DB(a/b)}
			ami m > Action: Originate | Channel: Local/1000@t | Application: NoOp | Data: ${curl (http://x)}
			ami m > Action: Originate | Channel: Local/1000@t | Application: NoOp | Data: ${STAT(e,/etc/passwd)}
			ami m > Action: Originate | Channel: Local/1000@t | Application: NoOp | Data: a DB of (files)
			wait 3s
		`},
		"one login": {nil, `
			ami m > Action: Login | Username: dialer | Secret: correct horse
			ami n > Action: Login | Username: dialer | Secret: correct horse
			wait 2s
		`},
		"a wrong answer to a challenge": {nil, `
			ami n > Action: Login | Username: guard | Secret: correct horse
			ami m > Action: Challenge | AuthType: md5
			ami m > Action: Login | AuthType: MD5 | Username: sam | Key: 00112233445566778899aabbccddeeff
			wait 2s
		`},
		"waiting ends with a word": {nil, `
			ami m > Action: WaitEvent | Timeout: 30 | ActionID: w
			ami m > Action: Ping
			ami m > Action: WaitEvent | Timeout: 2
			wait 3s
			ami m > Action: WaitEvent | Timeout: 30
		`},
		"hangup handlers": {map[string]string{
			"extensions.conf": "[t]\nexten => 1,1,Set(CHANNEL(hangup_handler_push)=sub,s,1(a))\n same => n,Set(CHANNEL(hangup_handler_push)=sub,s,1(b))\n" +
				" same => n,Set(CHANNEL(hangup_handler_pop)=)\n[sub]\nexten => s,1,Return()\n",
		}, `
			ami m > Action: Filter | Operation: Add | Filter: Event: HangupHandler
			alice > INVITE 1 call=A
			alice < 100
			alice < 603 A
			alice > ACK A
			wait 1s
		`},
		"modules": {nil, `
			ami m > Action: Events | EventMask: off
			ami m > Action: ModuleLoad | LoadType: reload | Module: chan_sip.so
			ami m > Action: ModuleLoad | LoadType: reload
			ami m > Action: ModuleLoad | LoadType: load | Module: app_dial.so
			ami m > Action: ModuleLoad | LoadType: unload | Module: app_dial.so
			ami m > Action: ModuleLoad | LoadType: refresh | Module: app_dial.so
			ami m > Action: ModuleLoad | LoadType: load
			ami m > Action: ModuleLoad | Module: app_dial.so
			ami m > Action: Reload | Module: app_echo
			ami m > Action: Command | Command: logger rotate
		`},
		"wrong mailboxes": {nil, `
			ami m > Action: MWIUpdate | Mailbox: 1@default | OldMessages: many
			ami m > Action: MWIUpdate | Mailbox: 1@default | NewMessages: -1
			ami m > Action: MWIGet | Mailbox: /1 | ActionID: 1
			ami m > Action: MWIDelete
		`},
		"bridges": {nil, managerTalk + `
			ami m > Action: Events | EventMask: off
			ami m > Action: BridgeTechnologyList
			ami m > Action: BridgeList | BridgeType: simple_bridge
			ami m > Action: BridgeList | BridgeType: softmix
			ami m > Action: BridgeInfo
			ami m > Action: BridgeInfo | BridgeUniqueid: none
			ami m > Action: BridgeDestroy | BridgeUniqueid: none
			ami m > Action: BridgeKick
			ami m > Action: BridgeKick | Channel: SIP/zz
			ami m > Action: BridgeKick | Channel: SIP/bob-00000001 | BridgeUniqueid: none
			ami m > Action: CoreShowChannelMap | Channel: SIP/zz
			ami m > Action: CoreShowChannelMap | Channel: SIP/alice-00000000
			ami m > Action: Bridge | Channel1: SIP/alice-00000000
			ami m > Action: Bridge | Channel1: SIP/alice | Channel2: SIP/alice-
			ami m > Action: MuteAudio | Channel: SIP/alice-00000000 | State: on
			ami m > Action: PlayDTMF | Channel: SIP/alice-00000000 | Digit: 1 | Duration: long
			ami m > Action: PlayDTMF | Digit: 1
			ami m > Action: SendText | Channel: SIP/zz
			ami m > Action: Atxfer | Channel: SIP/zz
			ami m > Action: BridgeDestroy | BridgeUniqueid: 946684800.0-946684800.1
			alice < BYE A
			alice > 200
			bob < BYE A
			bob > 200
			wait 1s
		`},
		"redirect both to one place": {nil, managerTalk + `
			ami m > Action: Events | EventMask: off
			ami m > Action: Redirect | Channel: SIP/alice-00000000 | ExtraChannel: SIP/bob-00000001 | Context: t | Exten: 1001 | Priority: 1 | ExtraContext: t
			ami m > Action: Redirect | Channel: SIP/alice-00000000 | ExtraChannel: SIP/bob-00000001 | Context: t | Exten: 1001 | Priority: 1 | ExtraContext: t | ExtraExten: 1000
			ami m > Action: Redirect | Channel: SIP/alice-00000000 | ExtraChannel: SIP/bob-00000001 | Context: t | Exten: 1001 | Priority: 1 | ExtraContext: t | ExtraExten: 1000 | ExtraPriority: x
			ami m > Action: Redirect | Channel: 946684800.0 | ExtraChannel: 946684800.1 | Context: t | Exten: 1001 | Priority: 1 | ExtraExten: 1000
			wait 2s
			ami m > Action: Command | Command: core show channels concise
			ami m > Action: AbsoluteTimeout | Channel: SIP/alice-00000000 | Timeout: 30
			ami m > Action: Status | Channel: SIP/alice-00000000 | Variables: CUT(x,,1),LEN(a,b)
			alice > BYE A
			alice < 200 A
			bob > BYE A
			bob < 200 A
			wait 1s
		`},
		"originate that fails": {nil, `
			ami m > Action: Filter | Operation: Add | Filter: Event: OriginateResponse
			ami m > Action: Filter | Operation: Add | Filter: Event: VarSet
			ami m > Action: Originate | ActionID: o1 | Channel: SIP/nosuchx | Application: Wait | Data: 1 | Async: true | ChannelId: mine.1
			ami m > Action: Originate | ActionID: o2 | Channel: Local/1000@t | Application: Wait | Data: 1 | Variable: A=1,B,=x,C=3
			wait 3s
		`},
		"filters": {nil, `
			ami m > Action: Filter | Operation: Add | Filter: Event: VarSet.*Variable: GOOD
			ami m > Action: Filter | Operation: Add | MatchCriteria: name(UserEvent),header(UserEvent),method(starts_with) | Filter: Bo
			ami m > Action: Filter | Operation: Add | MatchCriteria: name(UserEvent),header(UserEvent),method(exact) | Filter: !Boring
			ami m > Action: Setvar | Variable: GOOD | Value: 1
			ami m > Action: Setvar | Variable: BAD | Value: 1
			ami m > Action: UserEvent | UserEvent: Boring
			ami m > Action: UserEvent | UserEvent: Bold
		`},
		"a named exchange": {map[string]string{
			"asterisk.conf": "[options]\nsystemname=box1\n",
			"manager.conf": "[general]\nbrokeneventsaction=yes\ntimestampevents=yes\nchannelvars=DIALEDTIME,LANG(x),CALLERID(num)\n" +
				strings.TrimPrefix(managerConf, "[general]\n"),
		}, `
			ami m > Action: Events | EventMask: on
			ami m > Action: Events
			ami m > Action: Events | EventMask: off
			ami m > Action: Events | EventMask: user
			ami m > Action: UserEvent | UserEvent: U | K: v
			alice > INVITE 1001 call=A
			alice < 100
			alice < 200 A
			alice > ACK A
			ami m > Action: CoreShowChannels
			ami m > Action: Status | Channel: SIP/alice-00000000
			alice > BYE A
			alice < 200 A
			wait 1s
		`},
		"update config with options": {map[string]string{
			"tst.conf": "[general]\nallow=a ; first\nallow => b\n[tpl](!)\nt=1\n[box](tpl)\nname=one\n[box]\nname=two\n",
		}, `
			ami m > Action: UpdateConfig | SrcFilename: tst.conf | DstFilename: tst.conf | Action-000000: Delete | Cat-000000: general | Var-000000: allow | Action-000001: Append | Cat-000001: general | Var-000001: allow | Value-000001: c | Match-000001: object
			ami m > Action: UpdateConfig | SrcFilename: tst.conf | DstFilename: tst.conf | Action-000000: Update | Cat-000000: box | Var-000000: name | Value-000000: 2 | Options-000000: catfilter="name=two"
			ami m > Action: UpdateConfig | SrcFilename: tst.conf | DstFilename: tst.conf | Action-000000: NewCat | Cat-000000: new | Match-000000: box | Options-000000: template,inherit="tpl"
			ami m > Action: UpdateConfig | SrcFilename: tst.conf | DstFilename: tst.conf | Action-000000: NewCat | Cat-000000: x | Options-000000: inherit=general
			ami m > Action: UpdateConfig | SrcFilename: tst.conf | DstFilename: tst.conf | Action-000000: NewCat | Cat-000000: general | Options-000000: ignoreerror | Action-000001: DelCat | Cat-000001: none | Options-000001: ignoreerror | Action-000002: Delete | Cat-000002: box | Var-000002: none | Options-000002: ignoreerror
			ami m > Action: UpdateConfig | SrcFilename: tst.conf | DstFilename: tst.conf | Action-000000: Insert | Cat-000000: general | Var-000000: k | Value-000000: v
			ami m > Action: UpdateConfig | SrcFilename: tst.conf | DstFilename: tst.conf | Action-000000: Delete | Cat-000000: general | Line-000000: x
			ami m > Action: UpdateConfig | SrcFilename: tst.conf | DstFilename: tst.conf | Action-000000: RenameCat | Cat-000000: general
			ami m > Action: UpdateConfig | SrcFilename: tst.conf | DstFilename: tst.conf | Reload: app_queue | Action-000000: EmptyCat | Cat-000000: tpl | Options-000000: catfilter="TEMPLATES=restrict"
			ami m > Action: GetConfig | Filename: tst.conf | Filter: TEMPLATES=include
			ami m > Action: GetConfigJSON | Filename: tst.conf | Filter: TEMPLATES=restrict
			ami m > Action: GetConfig | Filename: tst.conf | Filter: name=nobody
			ami m > Action: ListCategories | Filename: tst.conf | Match: name=.
			ami m > Action: ListCategories | Filename: tst.conf | Match: name=nobody
			ami m > Action: CreateConfig | Filename: tst.conf
		`},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"manager.conf": managerConf + dialer}
			for k, v := range tt.files {
				files[k] = v
			}
			managerFlow(t, name, files, tt.script)
		})
	}
}
