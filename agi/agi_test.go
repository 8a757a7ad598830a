package agi

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/apps/appstest"
	"pbx/channel"
	"pbx/channel/channeltest"
	"pbx/event"
)

const plan = `[t]
exten => hook,1,Hangup()
exten => fagi,1,AGI(agi://127.0.60.70:4573/some/path?x=1&y=2,arg1,,two words)
 same => n,Log(NOTICE,AGISTATUS=${AGISTATUS} X=${XVAR})
 same => n,Hangup()
exten => bare,1,AGI(agi://server)
 same => n,Log(NOTICE,AGISTATUS=${AGISTATUS})
exten => srv,1,AGI(hagi://example.com/x)
 same => n,Log(NOTICE,AGISTATUS=${AGISTATUS})
exten => cmds,1,AGI(agi://server/cmds)
 same => n,Log(NOTICE,AGISTATUS=${AGISTATUS})
exten => answered,1,Answer()
 same => n,AGI(agi://server/x)
 same => n,Log(NOTICE,AGISTATUS=${AGISTATUS})
exten => leave,1,Set(AGIEXITONHANGUP=yes)
 same => n,AGI(agi://server/x)
exten => quiet,1,Set(AGISIGHUP=no)
 same => n,AGI(agi://server/x)
exten => full,1,Set(AGIEXECFULL=yes)
 same => n,AGI(agi://server/x)
 same => n,Log(NOTICE,AGISTATUS=${AGISTATUS})
exten => empty,1,AGI()
 same => n,Log(NOTICE,not reached)
exten => async,1,AGI(agi:async,p1,p2)
 same => n,Log(NOTICE,AGISTATUS=${AGISTATUS})
exten => 7,1,Log(NOTICE,at 7)
exten => 1000,1,Log(NOTICE,at 1000)
 same => n(label),Log(NOTICE,at the label)
exten => dead,1,Hangup()
exten => h,1,Log(NOTICE,h AGISTATUS=${AGISTATUS})
[sub]
exten => s,1,Set(X=${ARG1})
 same => n,Return(val)
[dead]
exten => s,1,Hangup()
exten => h,1,AGI(agi://server/x)
 same => n,Log(NOTICE,AGISTATUS=${AGISTATUS})
`

// far is the far end of a FastAGI connection.
type far struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
	env  []string
}

// say sends lines as they are.
func (p *far) say(text string) {
	if _, err := p.conn.Write([]byte(text)); err != nil {
		p.t.Errorf("%q: %v", text, err)
	}
}

// hear reads a line, "" at the end.
func (p *far) hear() string {
	line, err := p.in.ReadString('\n')
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(line, "\n")
}

// ask sends a command and returns the reply; the text of a usage is left out.
func (p *far) ask(command string) string {
	p.say(command + "\n")
	reply := p.hear()
	if strings.HasPrefix(reply, "520-") {
		lines := 0
		for reply = p.hear(); !strings.HasPrefix(reply, "520 "); reply = p.hear() {
			lines++
		}
		if lines == 0 || reply != "520 End of proper usage." {
			p.t.Errorf("%s: usage of %d lines, then %q", command, lines, reply)
		}
		return "520"
	}
	return reply
}

// office is an exchange whose FastAGI servers all are one function.
type office struct {
	*appstest.Office
	agi  *AGI
	dead time.Duration
	bars bool
}

func newOffice(t *testing.T, serve func(p *far)) *office {
	o := &office{dead: time.Minute}
	o.Office = appstest.New(t, plan, func(a *appstest.Office) {
		o.agi = New(Deps{
			Engine: a.Engine, Player: a.Player(), Database: &a.Database, Version: "20.0.0-test", Recordings: t.TempDir(),
			Limits:   func() Limits { return Limits{Dead: o.dead} },
			Bars:     func() bool { return o.bars },
			Resolver: servers{},
			Dial: func(_ context.Context, _, address string) (net.Conn, error) {
				if strings.HasPrefix(address, "refused") {
					return nil, fmt.Errorf("connection refused")
				}
				ours, theirs := net.Pipe()
				p := &far{t: t, conn: theirs, in: bufio.NewReader(theirs)}
				go func() {
					defer theirs.Close()
					for line := p.hear(); line != ""; line = p.hear() {
						p.env = append(p.env, line)
					}
					serve(p)
				}()
				return ours, nil
			},
		})
		a.Engine.AddApplications(o.agi.Applications())
	})
	return o
}

// servers is a DNS with one domain.
type servers struct{}

func (servers) LookupSRV(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	if service != "agi" || proto != "tcp" || name != "example.com" {
		return "", nil, fmt.Errorf("no such host")
	}
	return "", []*net.SRV{{Target: "refused.example.com.", Port: 1}, {Target: "server.example.com.", Port: 4573}}, nil
}

func TestEnvironment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var env []string
		o := newOffice(t, func(p *far) { env = p.env })
		o.Run("fagi")
		want := `agi_network: yes
agi_network_script: some/path?x=1&y=2
agi_request: agi://127.0.60.70:4573/some/path?x=1&y=2
agi_channel: SIP/alice-00000000
agi_language: en
agi_type: SIP
agi_uniqueid: 946684800.0
agi_version: 20.0.0-test
agi_callerid: 101
agi_calleridname: Alice A
agi_callingpres: 0
agi_callingani2: 0
agi_callington: 0
agi_callingtns: 0
agi_dnid: fagi
agi_rdnis: unknown
agi_context: t
agi_extension: fagi
agi_priority: 1
agi_enhanced: 0.0
agi_accountcode: 
agi_threadid: 1
agi_arg_1: arg1
agi_arg_2: 
agi_arg_3: two words`
		if got := strings.Join(env, "\n"); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if n := o.Log.Notices(); len(n) == 0 || n[0] != "AGISTATUS=SUCCESS X=" {
			t.Errorf("notices: %q", n)
		}
		o.Run("bare")
		if slices.ContainsFunc(env, func(l string) bool { return strings.HasPrefix(l, "agi_network_script") }) {
			t.Errorf("a server without a path: %q", env)
		}
	})
}

// The replies are those of golden/agi.md.
func TestCommands(t *testing.T) {
	script := `NOOP|200 result=0
noop with args|200 result=0
CHANNEL STATUS|200 result=4
ANSWER|200 result=0
CHANNEL STATUS|200 result=6
CHANNEL STATUS SIP/nosuch-1|200 result=-1
GET VARIABLE EXTEN|200 result=1 (cmds)
GET VARIABLE NOSUCH|200 result=0
GET VARIABLE CHANNEL(state)|200 result=1 (Up)
GET VARIABLE|520
GET FULL VARIABLE ${EXTEN}-${CHANNEL(state)}|200 result=1 (cmds-Up)
GET FULL VARIABLE ${NOSUCH}|200 result=1 ()
GET FULL VARIABLE ${X} SIP/nosuch-1|200 result=0
GET FULL VARIABLE ${CALLERID(num)} SIP/alice-00000000|200 result=1 (101)
GET FULL VARIABLE EXTEN|200 result=1 (EXTEN)
SET VARIABLE XVAR "a b c"|200 result=1
GET VARIABLE XVAR|200 result=1 (a b c)
SET VARIABLE XVAR unq uoted|520
GET VARIABLE XVAR|200 result=1 (a b c)
SET VARIABLE XVAR "with \"quote\" and \\ back"|200 result=1
GET VARIABLE XVAR|200 result=1 (with "quote" and \ back)
SET VARIABLE XVAR ""|200 result=1
GET VARIABLE XVAR|200 result=1 ()
SET VARIABLE XVAR|520
SET VARIABLE CALLERID(name) "Neu Name"|200 result=1
GET VARIABLE CALLERID(name)|200 result=1 (Neu Name)
DATABASE PUT fam key "val 1"|200 result=1
DATABASE GET fam key|200 result=1 (val 1)
DATABASE GET fam nokey|200 result=0
DATABASE DEL fam key|200 result=1
DATABASE DEL fam key|200 result=1
DATABASE DELTREE fam|200 result=1
DATABASE DELTREE nosuchfam|200 result=1
DATABASE PUT a/b c d|200 result=1
DATABASE DELTREE a b|200 result=0
EXEC NoOp hello|200 result=0
EXEC NoSuchApp x|200 result=-2
EXEC Set XVAR=12|200 result=0
GET VARIABLE XVAR|200 result=1 (12)
EXEC Set XVAR=${EXTEN}|200 result=0
GET VARIABLE XVAR|200 result=1 (${EXTEN})
EXEC|520
EXEC NoOp "quoted, arg"|200 result=0
EXEC Playback nosuchfile|200 result=0
GET VARIABLE PLAYBACKSTATUS|200 result=1 (FAILED)
GET OPTION nosuch "123" 300|200 result=-1 endpos=0
GET DATA beep 300 4|200 result= (timeout)
GET DATA|520
GET DATA nosuch 300 2|200 result=-1
STREAM FILE nosuch "#"|200 result=-1 endpos=0
GET VARIABLE PLAYBACKSTATUS|200 result=1 (FAILED)
STREAM FILE beep|520
STREAM FILE|520
STREAM FILE beep "" x|520
CONTROL STREAM FILE beep "" 1000|200 result=0 endpos=-1
GET VARIABLE CPLAYBACKSTATUS|200 result=1 (SUCCESS)
CONTROL STREAM FILE nosuch ""|200 result=-1 endpos=-1
CONTROL STREAM FILE|520
SAY DIGITS 12 ""|200 result=0
SAY DIGITS 12a ""|200 result=0
SAY DIGITS abc ""|520
SAY DIGITS "" ""|520
SAY NUMBER 21 ""|200 result=0
SAY NUMBER abc ""|520
SAY NUMBER|520
SAY ALPHA ab ""|200 result=0
SAY PHONETIC ab ""|200 result=0
SAY DATE 0 ""|200 result=0
SAY TIME 0 ""|200 result=0
SAY DATETIME 0 "" "H"|200 result=0
SAY DATETIME 0 "" "H" UTC|200 result=0
SAY DATE abc ""|520
WAIT FOR DIGIT 200|200 result=0
WAIT FOR DIGIT abc|520
WAIT FOR DIGIT|520
RECORD FILE rec wav "#" 400|200 result=0 (timeout) endpos=0
RECORD FILE rec2 wav "#" 400 0 BEEP s=1|200 result=0 (timeout) endpos=0
RECORD FILE rec nosuchfmt "#" 400|200 result=-1 (writefile)
RECORD FILE x|520
RECEIVE CHAR 200|200 result=-1 (hangup)
RECEIVE TEXT 200|200 result=-1
SEND TEXT "hi"|200 result=0
SEND TEXT|520
SEND IMAGE nosuch|200 result=0
SET AUTOHANGUP 0|200 result=0
SET AUTOHANGUP abc|520
SET AUTOHANGUP|520
SET CALLERID "Foo <999>"|200 result=1
GET VARIABLE CALLERID(all)|200 result=1 ("Foo" <999>)
SET CALLERID 888|200 result=1
GET VARIABLE CALLERID(num)|200 result=1 (888)
SET CONTEXT t|200 result=0
SET CONTEXT nosuchctx|200 result=0
GET VARIABLE CONTEXT|200 result=1 (nosuchctx)
SET CONTEXT t|200 result=0
SET EXTENSION nosuch|200 result=0
GET VARIABLE EXTEN|200 result=1 (nosuch)
SET EXTENSION 1000|200 result=0
SET PRIORITY 1|200 result=0
SET PRIORITY abc|520
SET PRIORITY label|200 result=0
SET PRIORITY|520
SET MUSIC ON|200 result=0
SET MUSIC bogus|200 result=0
SET MUSIC ON default|200 result=0
TDD MODE x|200 result=0
VERBOSE "hello verbose" 1|200 result=1
VERBOSE hello x|200 result=1
VERBOSE|520
GOSUB nosuch s 1|200 result=-1 Gosub label not found
GOSUB sub s|520
ASYNCAGI BREAK|200 result=0
SPEECH CREATE x|200 result=0
SPEECH SET|520
SPEECH LOAD GRAMMAR a b|200 result=0
BOGUS|510 Invalid or unknown command
bogus command here|510 Invalid or unknown command
DATABASE|510 Invalid or unknown command
|510 Invalid or unknown command
  NOOP  x  |200 result=0
SET VARIABLE "unterminated|520
NOOP a\ b|200 result=0
SET VARIABLE XVAR a\ b|200 result=1
GET VARIABLE XVAR|200 result=1 (a b)
HANGUP SIP/nosuch-1|200 result=-1
HANGUP|200 result=1`
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, func(p *far) {
			for line := range strings.SplitSeq(script, "\n") {
				i := strings.LastIndexByte(line, '|')
				if got := p.ask(line[:i]); got != line[i+1:] {
					t.Errorf("%s: %q, want %q", line[:i], got, line[i+1:])
				}
			}
			if got := p.hear(); got != "HANGUP" {
				t.Errorf("after HANGUP: %q", got)
			}
		})
		leg := o.Run("cmds")
		if got := leg.Heard(); !strings.Contains(got, "text(hi)") {
			t.Errorf("the phone heard %s", got)
		}
		if v := o.Log.Verbose(1); !slices.Contains(v, "agi://server/cmds: hello verbose") {
			t.Errorf("verbose: %q", v)
		}
		if n := o.Log.Notices(); !slices.Equal(n, []string{"h AGISTATUS=HANGUP"}) {
			t.Errorf("notices: %q", n)
		}
	})
}

// What is not a line and its answer.
func TestProtocol(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, func(p *far) {
			expect := func(want ...string) {
				t.Helper()
				for _, w := range want {
					if got := p.hear(); got != w {
						t.Errorf("%q, want %q", got, w)
					}
				}
			}
			p.say("noop\r\n") // the CR belongs to the command
			expect("510 Invalid or unknown command")
			p.say("NOOP " + strings.Repeat("x", 3000) + "\n")
			expect("200 result=0")
			go p.say("GET VARIABLE EXTEN\nNOOP second\nNOOP third\n") // in one packet
			expect("200 result=1 (fagi)", "200 result=0", "200 result=0")
			p.say("GOSUB sub s 1 argA\n")
			expect("100 result=0 Trying...", "200 result=0 Gosub complete")
			p.say("GET VARIABLE GOSUB_RETVAL\n")
			expect("200 result=1 (val)")
			p.say("SET VARIABLE XVAR last") // no end of line
		})
		o.Run("fagi")
		if n := o.Log.Notices(); n[0] != "AGISTATUS=SUCCESS X=last" {
			t.Errorf("notices: %q", n)
		}
	})
}

// The call goes where the program sends it.
func TestSetPlace(t *testing.T) {
	for name, tt := range map[string]struct{ commands, notice string }{
		"priority": {"SET EXTENSION 1000|SET PRIORITY 1", "at 1000"},
		"label":    {"SET CONTEXT t|SET EXTENSION 1000|SET PRIORITY label", "at the label"},
		"before":   {"SET PRIORITY 1|SET EXTENSION 1000", "at 1000"},
		"next":     {"SET EXTENSION 1000", "at the label"}, // the priority after that of AGI
		"goto":     {"EXEC Goto 1000,1", "at 1000"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(t, func(p *far) {
					for c := range strings.SplitSeq(tt.commands, "|") {
						if got := p.ask(c); got != "200 result=0" {
							t.Errorf("%s: %s", c, got)
						}
					}
				})
				o.Run("fagi")
				if n := o.Log.Notices(); len(n) == 0 || n[0] != tt.notice {
					t.Errorf("notices: %q", n)
				}
			})
		})
	}
}

// Keys reach the commands that wait for them.
func TestKeys(t *testing.T) {
	for _, tt := range []struct{ command, keys, want string }{
		{"WAIT FOR DIGIT 5000", "5", "200 result=53"},
		{"WAIT FOR DIGIT -1", "#", "200 result=35"},
		{"GET DATA beep 2000 4", "12#", "200 result=12"},
		{"GET DATA beep 2000 2", "123", "200 result=12"},
		{"GET DATA beep 2000", "1", "200 result=1 (timeout)"},
		{"GET OPTION beep 12 3000", "32", "200 result=50"},
		{"STREAM FILE hello-world 5", "5", "200 result=53"},
		{"CONTROL STREAM FILE hello-world 5", "5", "200 result=53"},
		{"SAY NUMBER 123456 9", "19", "200 result=57"},
		{"RECORD FILE rec wav # 5000", "1#", "200 result=35 (dtmf) endpos=0"},
		{"EXEC Background hello-world", "7", "200 result=55"}, // though 7 is an extension
	} {
		t.Run(tt.command, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(t, func(p *far) {
					if got := p.ask(tt.command); !strings.HasPrefix(got, tt.want) {
						t.Errorf("%s, want %s", got, tt.want)
					}
				})
				var steps []channeltest.Step
				for i := range len(tt.keys) {
					steps = append(steps, channeltest.Digit(time.Duration(i+1)*200*time.Millisecond, tt.keys[i]))
				}
				o.Run("answered", steps...)
			})
		})
	}
}

func hangsUp(after time.Duration) channeltest.Step {
	return channeltest.Hangup(after, channel.CauseNormalClearing)
}

const (
	dead   = "511 Command Not Permitted on a dead channel or intercept routine"
	onDead = "CHANNEL STATUS|ANSWER|STREAM FILE beep \"\"|HANGUP|SET CONTEXT t|SET CALLERID 1|GOSUB sub s 1|WAIT FOR DIGIT 100|RECORD FILE a wav # 100"
)

// The caller hangs up while the program is idle.
func TestHangup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, func(p *far) {
			if got := p.hear(); got != "HANGUP" {
				t.Errorf("the program hears %q", got)
			}
			for c := range strings.SplitSeq(onDead, "|") {
				if got := p.ask(c); got != dead {
					t.Errorf("%s: %s", c, got)
				}
			}
			for c, want := range map[string]string{
				"NOOP": "200 result=0", "GET VARIABLE EXTEN": "200 result=1 (answered)", "EXEC NoOp x": "200 result=0",
				"EXEC Wait 1": "200 result=-1", "BOGUS": "510 Invalid or unknown command", "DATABASE GET a b": "200 result=0",
			} {
				if got := p.ask(c); got != want {
					t.Errorf("%s: %s", c, got)
				}
			}
		})
		o.Run("answered", hangsUp(time.Second))
		if n := o.Log.Notices(); !slices.Equal(n, []string{"h AGISTATUS=HANGUP"}) {
			t.Errorf("notices: %q", n)
		}
	})
}

// While a command runs, its reply comes first, then HANGUP.
func TestHangupDuringCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, func(p *far) {
			begun := time.Now()
			if got := p.ask("EXEC Wait 5"); got != "200 result=-1" || time.Since(begun) != time.Second {
				t.Errorf("EXEC Wait: %s after %v", got, time.Since(begun))
			}
			if got := p.hear(); got != "HANGUP" {
				t.Errorf("then %q", got)
			}
		})
		o.Run("answered", hangsUp(time.Second))
	})
}

func TestHangupVariables(t *testing.T) {
	for exten, want := range map[string]string{
		"leave": "HANGUP,",  // told, and left at once
		"quiet": "timeout,", // not told
	} {
		t.Run(exten, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				heard := ""
				o := newOffice(t, func(p *far) {
					_ = p.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
					for range 2 {
						line, err := p.in.ReadString('\n')
						switch {
						case line != "":
							heard += strings.TrimSpace(line) + ","
						case strings.Contains(err.Error(), "timeout"):
							heard += "timeout,"
							return
						default:
							return
						}
					}
				})
				o.Run(exten, hangsUp(time.Second))
				synctest.Wait()
				if heard != want {
					t.Errorf("the program hears %s", heard)
				}
				if n := o.Log.Notices(); !slices.Equal(n, []string{"h AGISTATUS=HANGUP"}) {
					t.Errorf("notices: %q", n)
				}
			})
		})
	}
}

// A program that never ends costs its own call no more than it may take.
func TestEndlessAfterHangup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, func(p *far) {
			for p.hear() != "" { // until the exchange closes the connection
			}
		})
		begun := time.Now()
		o.Run("answered", hangsUp(time.Second))
		if d := time.Since(begun); d != time.Minute+time.Second {
			t.Errorf("the call ended after %v", d)
		}
	})
}

// In the extension h the call is dead from the start: nothing is sent by itself.
func TestDeadFromStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, func(p *far) {
			if got := p.ask("ANSWER"); got != dead {
				t.Errorf("ANSWER: %s", got)
			}
			if got := p.ask("GET VARIABLE EXTEN"); got != "200 result=1 (h)" {
				t.Errorf("GET VARIABLE: %s", got)
			}
		})
		l := o.SIP.Inbound(channel.Options{Name: "alice", Location: channel.Location{Context: "dead", Exten: "s", Priority: 1}})
		o.Engine.Start(l.Channel())
		<-l.Gone()
		if n := o.Log.Notices(); !slices.Equal(n, []string{"AGISTATUS=SUCCESS"}) {
			t.Errorf("notices: %q", n)
		}
	})
}

func TestAGIEXECFULL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, func(p *far) { p.ask("EXEC Log NOTICE,${EXTEN}"); p.ask("GET VARIABLE X") })
		o.Run("full")
		if n := o.Log.Notices(); n[0] != "full" {
			t.Errorf("notices: %q", n)
		}
	})
}

// TestBars: programs of before version 1.6 divide arguments by bars, where asterisk.conf
// says that there are such programs.
func TestBars(t *testing.T) {
	for _, bars := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			o := newOffice(t, func(p *far) { p.ask(`EXEC "Gosub" "sub|s|1(a,b)"`); p.ask("EXEC Log NOTICE|one|two,three") })
			o.bars = bars
			o.Run("cmds")
			want := []string{"one,two\\,three", "AGISTATUS=SUCCESS", "h AGISTATUS=SUCCESS"}
			if !bars {
				want = want[1:]
			}
			if n := o.Log.Notices(); !slices.Equal(n, want) {
				t.Errorf("bars %v: notices %q, want %q", bars, n, want)
			}
		})
	}
}

func TestNotConnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, func(p *far) { p.ask("NOOP") })
		o.Run("srv") // the first server refuses, the second takes the call
		o.Run("empty")
		if n := o.Log.Notices(); !slices.Equal(n, []string{"AGISTATUS=SUCCESS", "h AGISTATUS=SUCCESS", "h AGISTATUS="}) {
			t.Errorf("notices: %q", n)
		}
	})
}

// A manager's commands, and what is told of them.
func TestAsync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, nil)
		sub := o.Bus.Subscribe(100, event.AsyncAGIStart, event.AGIExecStart, event.AGIExecEnd, event.AsyncAGIExec, event.AsyncAGIEnd)
		l := o.SIP.Inbound(channel.Options{Name: "alice", Location: channel.Location{Context: "t", Exten: "async", Priority: 1}})
		if err := o.agi.Command(l.Channel(), "NOOP", ""); err == nil {
			t.Error("a command before AGI(agi:async)")
		}
		o.Engine.Start(l.Channel())
		synctest.Wait()
		for _, c := range [][2]string{{"GET VARIABLE EXTEN", "cid1"}, {"EXEC NoOp x", ""}, {"BOGUS x", "c3"}, {"GET VARIABLE", "c6"}, {"ASYNCAGI BREAK", "c5"}} {
			if err := o.agi.Command(l.Channel(), c[0], c[1]); err != nil {
				t.Errorf("%s: %v", c[0], err)
			}
		}
		<-l.Gone()
		sub.Close()
		var got []string
		for e := range sub.C {
			switch e.Kind {
			case event.AsyncAGIStart:
				if !strings.HasPrefix(e.Value, "agi_request: async\nagi_channel: SIP/alice-00000000\n") || !strings.HasSuffix(e.Value, "agi_arg_1: p1\nagi_arg_2: p2\n\n") {
					t.Errorf("environment:\n%s", e.Value)
				}
				got = append(got, "start")
			case event.AGIExecStart:
				got = append(got, "begin "+e.Value)
			case event.AGIExecEnd:
				got = append(got, fmt.Sprintf("end %s %d %s", e.Value, e.Cause, e.CauseText))
			case event.AsyncAGIExec:
				first, _, _ := strings.Cut(e.Value, "\n")
				got = append(got, e.Name+" "+first)
			case event.AsyncAGIEnd:
				got = append(got, "over")
			}
		}
		want := []string{
			"start",
			"begin GET VARIABLE EXTEN", "end GET VARIABLE EXTEN 200 Success", "cid1 200 result=1 (async)",
			"begin EXEC NoOp x", "end EXEC NoOp x 200 Success", " 200 result=0",
			"begin BOGUS x", "end BOGUS x 510 Invalid or unknown command", "c3 510 Invalid or unknown command",
			"begin GET VARIABLE", "end GET VARIABLE 520 Usage", "c6 520-Invalid command syntax.  Proper usage follows:",
			"begin ASYNCAGI BREAK", "end ASYNCAGI BREAK 200 Success", "c5 200 result=0",
			"over",
		}
		if !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if n := o.Log.Notices(); n[0] != "AGISTATUS=SUCCESS" {
			t.Errorf("notices: %q", n)
		}
		o.Run("async", hangsUp(time.Second))
		if n := o.Log.Notices(); n[len(n)-1] != "h AGISTATUS=HANGUP" {
			t.Errorf("notices: %q", n)
		}
	})
}

// A call that is sent elsewhere tells its program as one that ended does.
func TestRedirect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, func(p *far) {
			if got := p.hear(); got != "HANGUP" {
				t.Errorf("the program hears %q", got)
			}
		})
		l := o.Call("answered")
		synctest.Wait()
		l.Channel().AsyncGoto(channel.Location{Context: "t", Exten: "1000", Priority: 1})
		<-l.Gone()
		if n := o.Log.Notices(); len(n) == 0 || n[0] != "at 1000" {
			t.Errorf("notices: %q", n)
		}
	})
}
