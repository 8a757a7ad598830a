package agi

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/apps/appstest"
	"pbx/channel"
	"pbx/channel/channeltest"
	exec "pbx/dialplan/program"
)

const ivrPlan = `[t]
exten => ivr,1,ExternalIVR(ivr://server(one,"two, 2",))
 same => n,Log(NOTICE,X=${X} Y=${Y})
 same => n,Hangup()
exten => early,1,ExternalIVR(ivr://server:99,n)
 same => n,Log(NOTICE,went on)
exten => stays,1,ExternalIVR(ivr://server,i)
 same => n,Log(NOTICE,not reached)
exten => alive,1,ExternalIVR(ivr://server,d)
 same => n,Log(NOTICE,not reached)
exten => up,1,Answer()
 same => n,ExternalIVR(ivr://server,id)
 same => n,Log(NOTICE,not reached)
exten => none,1,ExternalIVR()
 same => n,Log(NOTICE,not reached)
exten => open,1,ExternalIVR(ivr://server(one,n)
 same => n,Log(NOTICE,not reached)
exten => refused,1,ExternalIVR(ivr://refused)
 same => n,Log(NOTICE,not reached)
exten => _caller.,1,ExternalIVR(ivr://${EXTEN})
 same => n,Log(NOTICE,not reached)
exten => after,1,Log(NOTICE,at after)
exten => h,1,GotoIf($["${DEAD}" = ""]?end)
 same => n,ExternalIVR(ivr://server,d)
 same => n,Log(NOTICE,after the end X=${X})
 same => n(end),NoOp()
exten => dead,1,Set(DEAD=1)
 same => n,Answer()
 same => n,Hangup()
`

// ivrOffice is an exchange whose servers of ExternalIVR all are one function; it
// returns the addresses that they were called at.
func ivrOffice(t *testing.T, serve func(p *far)) (o *appstest.Office, addresses *[]string) {
	addresses = new([]string)
	return appstest.New(t, ivrPlan, func(o *appstest.Office) {
		a := New(Deps{
			Engine: o.Engine, Player: o.Player(), Database: &o.Database,
			Dial: func(_ context.Context, _, address string) (net.Conn, error) {
				*addresses = append(*addresses, address)
				if strings.HasPrefix(address, "refused") {
					return nil, errors.New("connection refused")
				}
				ours, theirs := net.Pipe()
				go func() {
					defer theirs.Close()
					serve(&far{t: t, conn: theirs, in: bufio.NewReader(theirs)})
				}()
				return ours, nil
			},
		})
		o.Engine.AddApplications(a.Applications())
	}), addresses
}

// talk follows a script: lines with > are said, with < heard without the time, which
// is looked at.
func (p *far) talk(script string) {
	for line := range strings.SplitSeq(script, "\n") {
		if text, ok := strings.CutPrefix(line, "> "); ok {
			p.say(text + "\n")
			continue
		}
		letter, rest, _ := strings.Cut(p.hear(), ",")
		when, data, more := strings.Cut(rest, ",")
		if _, err := strconv.ParseInt(when, 10, 64); err != nil && letter != "" {
			p.t.Errorf("the time of %s is %q", letter, when)
		}
		got := letter
		if more {
			got += "," + data
		}
		if want := strings.TrimPrefix(line, "< "); got != want {
			p.t.Errorf("heard %q, want %q", got, want)
		}
	}
}

func TestExternalIVR(t *testing.T) {
	for name, tt := range map[string]struct {
		exten, script string
		steps         []channeltest.Step
		notices       []string
	}{
		"parameters": {
			"ivr", "> P,\n< P,ivr://server,one,two, 2,\n> P\n< P,ivr://server,one,two, 2,\n> E,done\n< E", nil,
			[]string{"SIP/alice-00000000: Exiting: done", "X= Y="},
		},
		"variables": {
			"ivr", "> V,X=1,Y=a=b\n> G,X,Y,NOSUCH\n< G,X=1,Y=a=b,NOSUCH=\n> G,X\n< G,X=1\n> V,X\n> L,a word\n> X,", nil,
			[]string{"SIP/alice-00000000: Log message from EIVR: a word", "SIP/alice-00000000: Exiting: ", "X= Y=a=b"},
		},
		"a list of sounds": {
			"ivr", "> A,beep\n> A,hello\n< F,beep\n< F,hello\n> S,goodbye\n< F,goodbye\n> E,\n< E", nil,
			[]string{"SIP/alice-00000000: Exiting: ", "X= Y="},
		},
		"a new list":     {"ivr", "> A,beep\n> A,hello\n> A,goodbye\n> S,hello\n< T,beep\n< D,hello\n< D,goodbye\n< F,hello\n> E,\n< E", nil, nil},
		"interrupted":    {"ivr", "> A,beep\n> A,hello\n> I,\n< T,beep\n< D,hello\n> I\n> E,\n< E", nil, nil},
		"no such sound":  {"ivr", "> A,nosuch\n< Z,nosuch\n> S,nosuch\n< Z,nosuch\n> E,\n< E", nil, nil},
		"unknown":        {"ivr", "> \n> ?,what\n> O,what\n> E,\n< E", nil, nil},
		"keys":           {"ivr", "< 5\n> A,hello\n< #\n< F,hello\n> E,\n< E", []channeltest.Step{channeltest.Digit(0, '5'), channeltest.Digit(10*time.Millisecond, '#')}, nil},
		"keys clear":     {"ivr", "> O,autoclear\n> A,hello\n> A,beep\n< 5\n< T,hello\n< D,beep\n> O,noautoclear\n> A,beep\n< 6\n< F,beep\n> E,\n< E", []channeltest.Step{channeltest.Digit(10*time.Millisecond, '5'), channeltest.Digit(20*time.Millisecond, '6')}, nil},
		"hangs up":       {"ivr", "> H,enough\n< H\n< ", nil, []string{"SIP/alice-00000000: Hanging up: enough"}},
		"goes away":      {"ivr", "> L,bye", nil, []string{"SIP/alice-00000000: Log message from EIVR: bye"}},
		"the caller":     {"ivr", "< H\n< ", []channeltest.Step{channeltest.Hangup(time.Second, channel.CauseNormalClearing)}, []string{}},
		"not answered":   {"early", "> A,beep\n< Z\n> O,autoclear\n< Z\n> I,\n< Z\n> T,\n> A,beep\n< F,beep\n> E,\n< E", nil, []string{"SIP/alice-00000000: Exiting: ", "went on"}},
		"stays":          {"stays", "< I,HANGUP\n> A,beep\n< Z\n> G,EXTEN\n< G,EXTEN=stays\n> H,\n< H", []channeltest.Step{channeltest.Hangup(time.Second, channel.CauseNormalClearing)}, []string{"SIP/alice-00000000: Hanging up: "}},
		"a dead call":    {"dead", "> A,beep\n< Z\n> T,\n< Z,ANSWER_FAILURE\n> V,X=3\n> E,\n< E", nil, []string{"SIP/alice-00000000: Exiting: ", "after the end X=3"}},
		"not dead":       {"alive", "", nil, []string{}},
		"no program":     {"none", "", nil, []string{}},
		"no parenthesis": {"open", "", nil, []string{}},
		"no server":      {"refused", "", nil, []string{}},
		"caller's":       {"callerserver", "", nil, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				served := false
				o, addresses := ivrOffice(t, func(p *far) { served = true; p.talk(tt.script) })
				o.Run(tt.exten, tt.steps...)
				if n := o.Log.Notices(); tt.notices != nil && !slices.Equal(n, tt.notices) {
					t.Errorf("notices: %q, want %q", n, tt.notices)
				}
				if served != (tt.script != "") {
					t.Errorf("served: %v", served)
				}
				port := map[string]string{"early": "99", "callerserver": ""}[tt.exten]
				if port == "" {
					port = "2949"
				}
				for _, a := range *addresses {
					if !strings.HasSuffix(a, ":"+port) {
						t.Errorf("called at %s", a)
					}
				}
			})
		})
	}
}

// A program that goes on after its call does not keep one that is sent elsewhere, nor
// one that is over for ever.
func TestExternalIVRLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, _ := ivrOffice(t, func(p *far) { p.talk("< H\n< ") })
		l := o.Call("up")
		synctest.Wait()
		l.Channel().AsyncGoto(channel.Location{Context: "t", Exten: "after", Priority: 1})
		<-l.Gone()
		if n := o.Log.Notices(); !slices.Equal(n, []string{"at after"}) {
			t.Errorf("notices: %q", n)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		o, _ := ivrOffice(t, func(p *far) { p.talk("< ") })
		o.Run("up", channeltest.Hangup(time.Second, channel.CauseNormalClearing))
		if d := time.Since(begun); d != time.Second+DefaultDead {
			t.Errorf("it took %v", d)
		}
	})
}

// D plays digits to the caller, with its gap and length.
func TestExternalIVRDigits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		o, _ := ivrOffice(t, func(p *far) { p.talk("> D,12w3,100,200\n> D,4\n> G,X\n< G,X=\n> E,\n< E") })
		leg := o.Run("ivr")
		if got := leg.Heard(); !strings.Contains(got, "digit(1) digit(2) digit(3) digit(4)") {
			t.Errorf("the phone heard %s", got)
		}
		if d := time.Since(begun); d < 4*200*time.Millisecond {
			t.Errorf("it took %v", d)
		}
	})
}

// ivrShop runs one script of the shell.
func ivrShop(t *testing.T, script string, limits Limits) *appstest.Office {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "script"), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	plan := "[t]\nexten => ivr,1,ExternalIVR(script(one,two words))\n same => n,Log(NOTICE,X=${X})\n"
	return appstest.New(t, plan, func(o *appstest.Office) {
		a := New(Deps{
			Engine: o.Engine, Player: o.Player(), Database: &o.Database, Directory: dir, Programs: exec.NewRunner(exec.DefaultLimits()),
			Environ: []string{"AST_AGI_DIR=" + dir}, Limits: func() Limits { return limits },
		})
		o.Engine.AddApplications(a.Applications())
	})
}

func TestExternalIVRScript(t *testing.T) {
	for name, tt := range map[string]struct {
		script string
		limits Limits
		hangup time.Duration
		want   []string
	}{
		"a conversation": {
			`echo P,; read line; echo "V,X=$# $2 ${line#P,*,}"; echo E,; read line`,
			Limits{},
			0,
			[]string{"SIP/alice-00000000: Exiting: ", "X=2 two words script"},
		},
		"complaints": {`echo oops >&2; exec 2>&-; echo E,; read line`, Limits{}, 0, []string{"SIP/alice-00000000: Exiting: ", "SIP/alice-00000000: stderr: oops", "X="}},
		"ends":       {"exit 0", Limits{}, 0, nil},
		"hears":      {`read line; case $line in H,*) exit;; *) sleep 1000;; esac`, Limits{}, 100 * time.Millisecond, nil},
		"time":       {"sleep 1000", Limits{Time: 200 * time.Millisecond}, 0, nil},
		"lingers":    {"exec sleep 1000", Limits{Dead: 200 * time.Millisecond}, 100 * time.Millisecond, nil},
	} {
		t.Run(name, func(t *testing.T) {
			o := ivrShop(t, tt.script, tt.limits)
			var steps []channeltest.Step
			if tt.hangup > 0 {
				steps = append(steps, channeltest.Hangup(tt.hangup, channel.CauseNormalClearing))
			}
			o.Run("ivr", steps...)
			settle(t, "the log has it", func() bool {
				n := slices.Sorted(slices.Values(o.Log.Notices()))
				return slices.Equal(n, tt.want)
			})
			settle(t, "no process is left", func() bool { return len(children(t)) == 0 })
		})
	}
}
