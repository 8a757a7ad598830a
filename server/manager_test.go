package server

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	pbxio "pbx/io"
)

// storyProgram is a program that speaks AMI with the exchange of a story.
type storyProgram struct {
	conn net.Conn
	got  strings.Builder
	done chan struct{}
}

// managerConf is the manager.conf of the stories: sam may do everything, and hears
// of nothing that other threads tell of in an order of their own.
const managerConf = `[general]
enabled=yes
[sam]
secret=correct horse
read=all
write=all
eventfilter=!Event: (ExtensionStatus|DeviceStateChange|SuccessfulAuth|ChallengeSent|Cdr|RTCP\w+)
[calls]
secret=correct horse
read=call
write=command,call
[records]
secret=correct horse
read=cdr
[ledger]
secret=correct horse
read=cdr,call
eventfilter=Event: (Cdr|CEL)
[guard]
secret=correct horse
read=security,reporting
[old]
secret=correct horse
write=command
commandfollows=yes
[far]
secret=correct horse
deny=0.0.0.0/0
permit=10.0.0.0/8
`

var managerAddr = netip.MustParseAddrPort("127.0.0.1:5038")

// ami sends an action of a program, which logs in as sam where it is new and its
// first action is no Login or Challenge.
func (s *story) ami(name string, lines []string) error {
	p := s.amis[name]
	if p == nil {
		conn, err := s.net.DialTCP(s.t.Context(), netip.MustParseAddr("127.0.0.1"), managerAddr, pbxio.SocketOptions{})
		if err != nil {
			return err
		}
		p = &storyProgram{conn: conn, done: make(chan struct{})}
		if s.amis == nil {
			s.amis = map[string]*storyProgram{}
		}
		s.amis[name] = p
		go func() {
			defer close(p.done)
			_, _ = io.Copy(&p.got, conn)
		}()
		first := strings.ToLower(lines[0])
		if !strings.Contains(first, "login") && !strings.Contains(first, "challenge") && !strings.Contains(first, "raw") {
			if err := p.send("Action: Login", "Username: sam", "Secret: correct horse"); err != nil {
				return err
			}
			synctest.Wait()
			p.got.Reset()
		}
	}
	if raw, ok := strings.CutPrefix(lines[0], "raw "); ok {
		lines = strings.Split(raw, `\n`)
	}
	settle()
	p.got.WriteString(">>> " + strings.Join(lines, "\n>>> ") + "\n\n")
	err := p.send(lines...)
	settle()
	return err
}

// settle lets programs get the events that wait for others.
func settle() {
	time.Sleep(60 * time.Millisecond)
	synctest.Wait()
}

func (p *storyProgram) send(lines ...string) error {
	_, err := io.WriteString(p.conn, strings.Join(lines, "\r\n")+"\r\n\r\n")
	if errors.Is(err, io.ErrClosedPipe) || errors.Is(err, net.ErrClosed) {
		err = nil // the transcript shows it
	}
	return err
}

// masks are what differs from run to run.
var masks = []struct {
	re *regexp.Regexp
	to string
}{
	{regexp.MustCompile(`SessionID: 0x[0-9a-f]+`), "SessionID: 0x1"},
	{regexp.MustCompile(`(?m)^RemoteAddress: (\S+)/\d+`), "RemoteAddress: $1/1"},
	{regexp.MustCompile(`(?m)^(Variable: RTPAUDIOQOS\S*)\nValue: .*`), "$1\nValue: …"},
	{regexp.MustCompile(`(?m)^Challenge: \S{20,}$`), "Challenge: 1"},
	{regexp.MustCompile(`CoreMaxFilehandles: \d+`), "CoreMaxFilehandles: 1"},
	{regexp.MustCompile(`(?m)^(Output: Asterisk \S+ built by) .*`), "$1 …"},
	{regexp.MustCompile(`(?m)^(Variable: SIPCALLID)\nValue: .*`), "$1\nValue: …"},
}

// transcript is what a program got: after each action its answer, then the events in
// an order that does not depend on which thread was first, by their channel.
func (p *storyProgram) transcript() string {
	text := strings.ReplaceAll(p.got.String(), "\r\n", "\n")
	for _, m := range masks {
		text = m.re.ReplaceAllString(text, m.to)
	}
	var out, answers, events []string
	flush := func() {
		slices.SortStableFunc(events, func(a, b string) int { return strings.Compare(subject(a), subject(b)) })
		out = slices.Concat(out, answers, events)
		answers, events = nil, nil
	}
	for block := range strings.SplitSeq(text, "\n\n") {
		switch block = strings.Trim(block, "\n"); {
		case block == "":
		case strings.HasPrefix(block, ">>> "):
			flush()
			out = append(out, block)
		case strings.HasPrefix(block, "Event: ") && strings.Contains(block, "\nPrivilege: ") && !strings.Contains(block, "\nPrivilege: Call\n"):
			events = append(events, block)
		default:
			answers = append(answers, block)
		}
	}
	flush()
	return strings.Trim(strings.Join(out, "\n\n"), "\n") + "\n"
}

// subject is the channel that an event is about.
func subject(block string) string {
	for _, name := range []string{"Channel", "DestChannel", "TransfererChannel", "OrigTransfererChannel", "LocalTwoChannel"} {
		if _, after, ok := strings.Cut(block, "\n"+name+": "); ok {
			line, _, _ := strings.Cut(after, "\n")
			return line
		}
	}
	if strings.Contains(block, "Event: Bridge") {
		return "~bridge"
	}
	return ""
}

// managerFlow plays a script and compares what the program m got with a file.
func managerFlow(t *testing.T, name string, files map[string]string, script string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		all := map[string]string{"manager.conf": managerConf, "extensions.conf": managerPlan}
		for k, v := range files {
			all[k] = v
		}
		s := newStory(t, all)
		defer s.stop()
		defer func() {
			if t.Failed() && s.amis["m"] != nil {
				t.Log(s.amis["m"].got.String())
			}
		}()
		s.play(script)
		synctest.Wait()
		got := ""
		for _, program := range []string{"m", "n"} {
			p := s.amis[program]
			if p == nil {
				continue
			}
			_ = p.conn.Close()
			<-p.done
			if program != "m" {
				got += "##### another program\n"
			}
			got += p.transcript()
		}
		s.end()
		path := filepath.Join("testdata", "ami", name+".txt")
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			return
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs (run with -update to see how):\n%s", path, difference(string(want), got))
		}
	})
}

// difference shows the first line that differs.
func difference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			return "want " + strings.Join(w[max(0, i-3):min(len(w), i+4)], "\n     ") + "\ngot  " + strings.Join(g[max(0, i-3):min(len(g), i+4)], "\n     ")
		}
	}
	return "one is longer: " + strings.Join(append(w[min(len(w), len(g)):], g[min(len(w), len(g)):]...), "\n")
}

const managerPlan = `[globals]
G1=one
[t]
exten => 102,1,NoOp(hi)
 same => n,Dial(SIP/bob,15)
 same => n,Hangup()
exten => 103,1,Dial(SIP/carol,15)
exten => 1000,1,Answer()
 same => n,Wait(1)
 same => n,Hangup()
exten => 1001,1,Answer()
 same => n,Wait(60)
exten => 1004,1,AGI(agi:async)
 same => n,NoOp(${AGISTATUS})
 same => n,Hangup()
exten => 1005,1,Dial(Local/102@t/n)
exten => 201,hint,SIP/bob
exten => h,1,Log(NOTICE,HEXT)
[sub]
exten => s,1,Log(NOTICE,${ARGC})
 same => n(lbl),Return
`

const managerTalk = `
	alice > INVITE 102 call=A
	alice < 100
	bob < INVITE call=A
	bob > 180
	alice < 180
	bob > 200
	bob < ACK A
	alice < 200 A
	alice > ACK A
	wait 1s
`

const managerBye = `
	alice > BYE A
	alice < 200 A
	bob < BYE A
	bob > 200
	wait 1s
`

// TestManagerRecords: cdr_manager.conf and cel.conf say which records are events.
func TestManagerRecords(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"records with labels": {
			"cdr_manager.conf": "[general]\nenabled=yes\n[mappings]\nlinkedid => Linked\nseason => Season\n",
			"cel.conf":         "[general]\nenable=yes\napps=dial\nevents=CHAN_START,ANSWER,HANGUP,USER_DEFINED\n[manager]\nenabled=yes\nshow_user_defined=yes\n",
		},
		"records by name": {
			"cdr_manager.conf": "[general]\nenabled=no\n",
			"cel.conf":         "[general]\nenable=yes\nevents=USER_DEFINED\n[manager]\nenabled=yes\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			files["extensions.conf"] = "[t]\nexten => 102,1,Set(CDR(season)=winter)\n same => n,CELGenUserEvent(noted,by hand)\n same => n,Dial(SIP/bob,15)\n"
			managerFlow(t, name, files, `
				ami m > Action: Login | Username: ledger | Secret: correct horse
			`+managerTalk+managerBye)
		})
	}
}

// TestManagerHostile: programs that do not read, do not log in or send nonsense lose
// their connections, and a call goes on through it.
func TestManagerHostile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStory(t, map[string]string{"manager.conf": managerConf, "extensions.conf": managerPlan})
		defer s.stop()
		dial := func() net.Conn {
			conn, err := s.net.DialTCP(t.Context(), netip.MustParseAddr("127.0.0.1"), managerAddr, pbxio.SocketOptions{})
			if err != nil {
				t.Fatal(err)
			}
			return conn
		}
		ended := func(conn net.Conn) bool {
			_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
			_, err := io.Copy(io.Discard, conn)
			return err == nil
		}
		s.play(managerTalk)
		loris := dial() // a byte now and then
		stop := make(chan struct{})
		go func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(5 * time.Second):
					_, _ = loris.Write([]byte("A"))
				}
			}
		}()
		deaf := dial() // logs in, asks for much and never reads
		for _, text := range []string{"Action: Login\r\nUsername: sam\r\nSecret: correct horse\r\n\r\n", strings.Repeat("Action: ListCommands\r\n\r\n", 40)} {
			if _, err := io.WriteString(deaf, text); err != nil {
				t.Fatal(err)
			}
		}
		noisy := dial()
		_, _ = noisy.Write([]byte(strings.Repeat("\x00\xff: \r\n\r\nAction: Login\r\n", 200)))
		synctest.Wait()
		time.Sleep(31 * time.Second)
		close(stop)
		synctest.Wait()
		if !ended(loris) {
			t.Error("a connection that does not log in stays")
		}
		if !s.logged.find("the session is ended") {
			t.Error("a program that does not read is not dropped, or not logged")
		}
		if got := s.show("manager show connected"); !strings.Contains(got, "0 users connected") {
			t.Error(got)
		}
		if got := s.show("core show channels"); !strings.Contains(got, "1 active call\n") {
			t.Errorf("the call is gone:\n%s", got)
		}
		for _, c := range []net.Conn{loris, deaf, noisy} {
			_ = c.Close()
		}
		s.play(managerBye)
		s.end()
	})
}

// TestManagerFlows are sessions of programs as text.
func TestManagerFlows(t *testing.T) {
	for name, script := range map[string]string{
		"login": `
			ami m > Action: Login | Username: sam | Secret: correct horse | ActionID: 1
			ami m > Action: Login | Username: sam | Secret: correct horse
			ami m > Action: Ping | ActionID: 2
			ami m > Action: Logoff
		`,
		"login refused": `
			ami m > Action: Login | Username: sam | Secret: wrong | ActionID: 1
			wait 2s
			ami n > Action: Login | Username: nobody | Secret: wrong
			wait 2s
			log "127.0.0.1 failed to authenticate as 'sam'"
			log "127.0.0.1 tried to authenticate with nonexistent user 'nobody'"
		`,
		"acl": `
			ami m > Action: Login | Username: far | Secret: correct horse
			wait 2s
			log "127.0.0.1 failed to pass IP ACL as 'far'"
		`,
		"before login": `
			ami m > Action: Challenge | AuthType: MD5 | ActionID: c1
			ami m > Action: Challenge | AuthType: SHA
			ami m > Action: Ping
			ami m > Action: CoreShowChannels | ActionID: x2
			ami m > Action: Nonsense
		`,
		"classes": `
			ami m > Action: Login | Username: calls | Secret: correct horse | Events: off
			ami m > Action: Originate | Channel: Local/1@t | Application: Wait | Data: 1 | ActionID: 7
			ami m > Action: Hangup | Channel: x | ActionID: 7
			ami m > Action: GetConfig | Filename: sip.conf | ActionID: 7
			ami m > Action: UserEvent | UserEvent: X | ActionID: 7
			ami m > Action: Command | Command: core show uptime | ActionID: 7
			ami m > Action: DBGet | Family: a | Key: b | ActionID: 7
			ami m > Action: Setvar | Variable: a | Value: b | ActionID: 7
			ami m > Action: ListCommands
		`,
		"protocol": `
			ami m > Foo: bar
			ami m > a line without colon | Action: Ping
			ami m > action:ping | actionid:nb
			ami m > Action: Ping | Action: Foo | ActionID: two
			ami m > Action: Ping | ActionID: a | ActionID: b
			ami m > Action: | ActionID: e
			ami m > Action: Foo | ActionID: u1
		`,
		"events": `
			ami m > Action: Events | EventMask: user | ActionID: em
			ami m > Action: UserEvent | UserEvent: T1 | ActionID: ue1 | H1: v1 | h2:   v2
			ami m > Action: Setvar | Variable: GG | Value: 1
			ami m > Action: Events | EventMask: off
			ami m > Action: UserEvent | UserEvent: T2
			ami m > Action: Events | EventMask: bogus
			ami m > Action: Events | EventMask: on
			ami m > Action: Events | EventMask: call,dialplan
			ami m > Action: Events | EventMask: 0
			ami m > Action: Events
		`,
		"filter": `
			ami m > Action: Filter | Operation: Add | Filter: Event: VarSet | ActionID: f1
			ami m > Action: UserEvent | UserEvent: Q
			ami m > Action: Setvar | Variable: GG3 | Value: 1
			ami m > Action: Filter | Operation: Bogus | Filter: x
			ami m > Action: Filter | Operation: Add
			ami m > Action: Filter | Operation: Add | Filter: [
		`,
		"database": `
			ami m > Action: DBPut | Family: f | Key: k | Val: v
			ami m > Action: DBGet | Family: f | Key: k | ActionID: d
			ami m > Action: DBGetTree | Family: f
			ami m > Action: DBDel | Family: f | Key: k
			ami m > Action: DBDel | Family: f | Key: k
			ami m > Action: DBGet | Family: f | Key: k
			ami m > Action: DBDelTree | Family: f
			ami m > Action: DBPut | Key: k
			ami m > Action: DBPut | Family: f
		`,
		"states": `
			ami m > Action: ExtensionState | Exten: 201 | Context: t | ActionID: 1
			ami m > Action: ExtensionState | Exten: 999 | Context: t
			ami m > Action: ExtensionStateList | ActionID: es
			ami m > Action: DeviceStateList | ActionID: ds
			ami m > Action: PresenceState | Provider: CustomPresence:zz | ActionID: ps
			ami m > Action: PresenceState
			ami m > Action: Setvar | Variable: PRESENCE_STATE(CustomPresence:zz) | Value: away,lunch,back soon
			ami m > Action: PresenceStateList
			ami m > Action: Setvar | Variable: DEVICE_STATE(Custom:lamp) | Value: INUSE
			ami m > Action: Getvar | Variable: DEVICE_STATE(Custom:lamp)
		`,
		"command of old": `
			ami m > Action: Login | Username: old | Secret: correct horse
			ami m > Action: Command | Command: database put fam key one | ActionID: 1
			ami m > Action: Command | Command: database show fam
			ami m > Action: Command | Command: nosuch cmd | ActionID: 3
			ami m > Action: Command | Command: database show nofam
			ami m > Action: Command
			ami m > Action: Command | Command: logger rotate
		`,
		"mailboxes": `
			ami m > Action: MailboxStatus | Mailbox: 102@default | ActionID: mb
			ami m > Action: MailboxStatus
			ami m > Action: MWIUpdate | Mailbox: 102@default | NewMessages: 2 | OldMessages: 1
			ami m > Action: MailboxCount | Mailbox: 102@default
			ami m > Action: MWIGet | Mailbox: /^102/ | ActionID: g
			ami m > Action: MWIDelete | Mailbox: 102@default
			ami m > Action: MailboxStatus | Mailbox: 102@default
		`,
		"core": `
			ami m > Action: CoreSettings
			ami m > Action: CoreStatus
			ami m > Action: Command | Command: core show uptime | ActionID: c1
			ami m > Action: Command | Command: nosuch cmd
			ami m > Action: Command
			ami m > Action: ModuleCheck | Module: chan_sip
			ami m > Action: ModuleCheck | Module: nosuch
			ami m > Action: Reload | Module: nosuch
			ami m > Action: Reload | Module: pbx_config | ActionID: rl
			ami m > Action: ModuleLoad | Module: app_echo.so | LoadType: reload
			ami m > Action: LoggerRotate
			ami m > Action: QueueLog | Queue: support | Event: CALLBACK | Interface: SIP/bob | Uniqueid: 1.1 | Message: noted
			ami m > Action: QueueLog | Queue: support
			ami m > Action: Command | Command: core show version
			ami m > Action: WaitEvent | Timeout: 1
			wait 2s
		`,
		"variables": `
			ami m > Action: Getvar | Variable: G1
			ami m > Action: Getvar | Variable: NOSUCH
			ami m > Action: Getvar
			ami m > Action: Setvar | Variable: GZ | Value: 5
			ami m > Action: Setvar | Value: 1
			ami m > Action: Setvar | Variable: ZZ
			ami m > Action: Getvar | Variable: LEN(abc)
			ami m > Action: Getvar | Variable: SHELL(echo broken into)
			ami m > Action: Setvar | Channel: SIP/zz | Variable: a | Value: 1
		`,
		"peers": `
			ami m > Action: SIPpeers | ActionID: s1
			ami m > Action: SIPshowpeer | Peer: bob | ActionID: shp
			ami m > Action: SIPshowpeer | Peer: zz
			ami m > Action: SIPpeerstatus | Peer: bob
			ami m > Action: SIPpeerstatus | Peer: zz
			ami m > Action: SIPqualifypeer | Peer: bob
			bob < OPTIONS call=Q
			bob > 200
			ami m > Action: SIPqualifypeer | Peer: zz
			ami m > Action: SIPqualifypeer
			ami m > Action: SIPshowregistry
		`,
		"notify": `
			ami m > Action: SIPnotify | Channel: SIP/bob | Variable: Event=check-sync,X-H=1 | ActionID: sn
			bob < NOTIFY call=N | Event: check-sync | X-H: 1
			bob > 200
			ami m > Action: SIPnotify | Channel: SIP/zz | Variable: Event=x
			ami m > Action: SIPnotify
		`,
		"missing": `
			ami m > Action: QueueStatus
			ami m > Action: ParkedCalls
			ami m > Action: CoreShowChannelMap
			ami m > Action: BlindTransfer | Channel: SIP/zz | Exten: 1 | Context: t
			ami m > Action: Atxfer | Channel: SIP/zz | Exten: 1
			ami m > Action: Bridge | Channel1: SIP/zz | Channel2: SIP/yy
			ami m > Action: PlayDTMF | Channel: SIP/zz | Digit: 1
			ami m > Action: SendText | Channel: SIP/zz | Message: x
			ami m > Action: Hangup
			ami m > Action: Hangup | Channel: SIP/zz
			ami m > Action: Hangup | Channel: /^zz/
			ami m > Action: Redirect
			ami m > Action: Redirect | Channel: SIP/zz | Context: t | Exten: 1000 | Priority: 1
			ami m > Action: LocalOptimizeAway | Channel: x
			ami m > Action: AbsoluteTimeout | Channel: SIP/zz | Timeout: 2
			ami m > Action: AbsoluteTimeout | Channel: SIP/zz
			ami m > Action: Status
			ami m > Action: CoreShowChannels
			ami m > Action: BridgeList
		`,
		"dialplan": `
			ami m > Action: ShowDialPlan | Context: sub
			ami m > Action: DialplanExtensionAdd | Context: sub | Extension: 7 | Priority: 1 | Application: NoOp | ApplicationData: seven
			ami m > Action: DialplanExtensionAdd | Context: sub | Extension: 7 | Priority: 1 | Application: NoOp
			ami m > Action: ShowDialPlan | Context: sub | Extension: 7
			ami m > Action: DialplanExtensionRemove | Context: sub | Extension: 7
			ami m > Action: DialplanExtensionRemove | Context: sub | Extension: 7
			ami m > Action: ShowDialPlan | Context: nosuch
		`,
		"dial": `
			ami m > Action: Ping
		` + managerTalk + managerBye,
		"call record": `
			ami m > Action: Login | Username: records | Secret: correct horse
		` + managerTalk + managerBye,
		"during a call": managerTalk + `
			ami m > Action: Events | EventMask: off
			ami m > Action: CoreShowChannels | ActionID: csc1
			ami m > Action: Status | Channel: SIP/alice-00000000 | Variables: DIALSTATUS,EXTEN | ActionID: st1
			ami m > Action: CoreShowChannelMap | Channel: SIP/alice-00000000
			ami m > Action: Getvar | Channel: SIP/alice-00000000 | Variable: BRIDGEPEER
			ami m > Action: BridgeList | ActionID: b
			ami m > Action: BridgeInfo | BridgeUniqueid: 946684800.0-946684800.1
		` + managerBye,
		"busy": `
			ami m > Action: Ping
			alice > INVITE 102 call=A
			alice < 100
			bob < INVITE call=A
			bob > 486
			bob < ACK A
			alice < 486 A
			alice > ACK A
			wait 1s
		`,
		"cancel": `
			ami m > Action: Ping
			alice > INVITE 102 call=A
			alice < 100
			bob < INVITE call=A
			bob > 180
			alice < 180
			alice > CANCEL A
			alice < 200
			alice < 487 A
			alice > ACK A
			bob < CANCEL A
			bob > 200
			bob > 487 A
			bob < ACK A
			wait 1s
		`,
		"hangup": managerTalk + `
			ami m > Action: Hangup | ActionID: h1 | Channel: /^SIP/alice-.*$/ | Cause: 17
			alice < BYE A
			alice > 200
			bob < BYE A
			bob > 200
			wait 1s
		`,
		"hangup with cause": managerTalk + `
			ami m > Action: Hangup | ActionID: h2 | Channel: SIP/alice-00000000 | Cause: 21
			alice < BYE A
			alice > 200
			bob < BYE A
			bob > 200
			wait 1s
		`,
		"redirect": managerTalk + `
			ami m > Action: Redirect | ActionID: r1 | Channel: SIP/bob-00000001 | Context: t | Exten: 1001 | Priority: 1
			alice < BYE A
			alice > 200
			bob > BYE A
			bob < 200 A
			wait 1s
		`,
		"redirect both": managerTalk + `
			ami m > Action: Redirect | ActionID: r2 | Channel: SIP/alice-00000000 | ExtraChannel: SIP/bob-00000001 | Context: t | Exten: 1001 | Priority: 1 | ExtraContext: t | ExtraExten: 1000 | ExtraPriority: 1
			wait 2s
			bob < BYE A
			bob > 200
			alice > BYE A
			alice < 200 A
			wait 1s
		`,
		"blind transfer": managerTalk + `
			ami m > Action: BlindTransfer | ActionID: b1 | Channel: SIP/alice-00000000 | Context: t | Exten: 1001
			alice < BYE A
			alice > 200
			bob > BYE A
			bob < 200 A
			wait 1s
		`,
		"bridge": `
			alice > INVITE 1001 call=A
			alice < 100
			alice < 200 A
			alice > ACK A
			carol > INVITE 1001 call=C
			carol < 100
			carol < 200 C
			carol > ACK C
			ami m > Action: Bridge | ActionID: br | Channel1: SIP/alice-00000000 | Channel2: SIP/carol-00000001 | Tone: no
			wait 1s
			ami m > Action: BridgeList
			alice > BYE A
			alice < 200 A
			wait 1s
			carol < BYE C
			carol > 200
			wait 1s
		`,
		"bridge in the clear": `
			alice > INVITE 1001 call=A
			alice < 100
			alice < 200 A
			alice > ACK A
			carol > INVITE 1001 call=C
			carol < 100
			carol < 200 C
			carol > ACK C
			ami m > Action: Setvar | Channel: SIP/alice-00000000 | Variable: CHANNEL(secure_bridge_signaling) | Value: 1
			ami m > Action: Bridge | ActionID: br | Channel1: SIP/alice-00000000 | Channel2: SIP/carol-00000001
			alice > BYE A
			alice < 200 A
			carol > BYE C
			carol < 200 C
			wait 1s
		`,
		"timeout of a call": managerTalk + `
			ami m > Action: AbsoluteTimeout | Channel: SIP/alice-00000000 | Timeout: 1
			wait 2s
			alice < BYE A
			alice > 200
			bob < BYE A
			bob > 200
			wait 1s
		`,
		"digits and text": managerTalk + `
			ami m > Action: PlayDTMF | Channel: SIP/alice-00000000 | Digit: 5
			ami m > Action: PlayDTMF | Channel: SIP/alice-00000000 | Digit: x
			ami m > Action: SendText | Channel: SIP/alice-00000000 | Message: hi
			alice < MESSAGE A | hi
			alice > 200
		` + managerBye,
		"originate to an extension": `
			ami m > Action: Originate | ActionID: or1 | Channel: SIP/bob | Context: t | Exten: 1000 | Priority: 1 | CallerID: "Orig" <777> | Timeout: 5000 | Variable: A=1,B=2 | Account: ac9
			bob < INVITE call=A | From: "Orig" <sip:777@
			bob > 180
			wait 100ms
			bob > 200
			bob < ACK A
			wait 2s
			bob < BYE A
			bob > 200
			wait 1s
		`,
		"originate async": `
			ami m > Action: Originate | ActionID: or2 | Channel: SIP/bob | Application: Wait | Data: 1 | Async: true | ChannelId: my.id.1
			bob < INVITE call=A
			bob > 180
			wait 100ms
			bob > 200
			bob < ACK A
			wait 2s
			bob < BYE A
			bob > 200
			wait 1s
		`,
		"originate busy": `
			ami m > Action: Originate | ActionID: or3 | Channel: SIP/bob | Application: Wait | Data: 1 | Async: true
			bob < INVITE call=A
			bob > 486
			bob < ACK A
			wait 1s
		`,
		"originate rings out": `
			ami m > Action: Originate | ActionID: or8 | Channel: SIP/bob | Application: Wait | Data: 1 | Timeout: 1500 | Async: true
			bob < INVITE call=A
			bob > 180
			wait 1600ms
			bob < CANCEL A
			bob > 200
			bob > 487 A
			bob < ACK A
			wait 1s
		`,
		"originate local": `
			ami m > Action: Filter | Operation: Add | Filter: Event: OriginateResponse
			ami m > Action: Originate | ActionID: o4 | Channel: Local/1000@t | Application: Wait | Data: 1 | Async: true
			wait 3s
		`,
		"originate errors": `
			ami m > Action: Originate | ActionID: or5 | Channel: SIP/nosuchx | Application: Wait | Data: 1
			ami m > Action: Originate | ActionID: or6 | Channel: SIP/bob
			ami m > Action: Originate | ActionID: or7
			ami m > Action: Originate | Channel: bad
			ami m > Action: Originate | ActionID: o5 | Channel: SIP/bob | Context: t | Exten: 9999 | Priority: 1
			ami m > Action: Originate | ActionID: o6 | Channel: SIP/bob | Context: t | Exten: 1000 | Priority: lbl
			ami m > Action: Originate | ActionID: o7 | Channel: SIP/bob | Context: t | Exten: 1000 | Priority: 1 | Timeout: abc
		`,
		"sip requests": `
			ami m > Action: SIPSend | ActionID: s1 | Method: OPTIONS | Target: bob | Header: X-Why: test | Async: true
			bob < OPTIONS call=O | X-Why: test
			bob > 200
			wait 1s
			ami m > Action: SIPReply | RequestID: 1
			ami m > Action: SIPSend | Method: ACK | Target: bob
			ami m > Action: SIPSend | Method: INVITE | Target: bob | Async: true
			bob < INVITE call=A
			bob > 180
			ami m > Action: SIPReply | RequestID: 2
			ami m > Action: SIPCancel | RequestID: 2
			bob < CANCEL A
			bob > 200
			bob > 487 A
			bob < ACK A
			wait 1s
		`,
		"message": `
			ami m > Action: MessageSend | Destination: sip:bob | From: sip:crm@office | Body: hello
			bob < MESSAGE call=M
			bob > 200
			wait 1s
			ami m > Action: MessageSend | Destination: nowhere:bob | Body: hello
			ami m > Action: MessageSend | Body: hello
		`,
	} {
		t.Run(name, func(t *testing.T) { managerFlow(t, name, nil, script) })
	}
}
