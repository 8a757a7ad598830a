package dial_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/apps/appstest"
	"pbx/channel"
	"pbx/channel/channeltest"
)

// TestScreening holds what the called party decides with options p and P, and what
// is remembered of it.
func TestScreening(t *testing.T) {
	const plan = "[t]\nexten => x,1,Dial(SIP/bob,20,%s)\n same => n,Log(NOTICE,next ${DIALSTATUS})\nexten => h,1,Log(NOTICE,h ${DIALSTATUS})\n"
	// The caller says a name for four seconds, bob answers at once after that.
	late := func(digit byte) []channeltest.Step {
		return []channeltest.Step{channeltest.Answer(0), channeltest.Digit(time.Second, digit), channeltest.Hangup(90*time.Second, channel.CauseNormalClearing)}
	}
	const name = "priv-callerintros/101.sln"
	for _, tt := range []struct {
		name, options string
		known         string // in the database
		number        string // of the caller, "-" for none
		callee        []channeltest.Step
		steps         []channeltest.Step
		notices       string
		then          string // in the database
		kept          bool   // the name
		calls         int
	}{
		{name: "p, taken", options: "p", callee: late('1'), notices: "h ANSWER", kept: true, calls: 1},
		{name: "p, to voicemail", options: "p", callee: late('2'), notices: "next NOANSWER | h NOANSWER", kept: true, calls: 1},
		{name: "p, to the menus", options: "p", callee: late('3'), notices: "next TORTURE | h TORTURE", kept: true, calls: 1},
		{name: "p, away", options: "p", callee: late('4'), notices: "next DONTCALL | h DONTCALL", kept: true, calls: 1},
		{name: "p has no 5", options: "p", callee: late('5'), notices: "next NOANSWER | h NOANSWER", kept: true, calls: 1},
		{name: "P, taken", options: "P", callee: late('1'), notices: "h ANSWER", then: "allow", kept: true, calls: 1},
		{name: "P, to voicemail", options: "P", callee: late('2'), notices: "next NOANSWER | h NOANSWER", then: "deny", kept: true, calls: 1},
		{name: "P, taken later", options: "P", callee: late('5'), notices: "next NOANSWER | h NOANSWER", then: "allow", kept: true, calls: 1},
		{name: "P, and no key", options: "P", callee: []channeltest.Step{channeltest.Answer(0)}, notices: "next NOANSWER | h NOANSWER", kept: true, calls: 1},
		{name: "P, and the called party leaves", options: "P", callee: []channeltest.Step{channeltest.Answer(0), channeltest.Hangup(time.Second, channel.CauseNormalClearing)}, notices: "h ANSWER", kept: true, calls: 1},
		{name: "P, and the caller leaves", options: "P", steps: []channeltest.Step{channeltest.Hangup(12*time.Second, channel.CauseNormalClearing)}, callee: []channeltest.Step{channeltest.Answer(0)}, notices: "h ANSWER", kept: true, calls: 1},
		{name: "P, known", options: "P", known: "allow", callee: []channeltest.Step{channeltest.Answer(0), channeltest.Hangup(time.Second, channel.CauseNormalClearing)}, notices: "h ANSWER", then: "allow", calls: 1},
		{name: "P, denied", options: "P", known: "deny", notices: "next NOANSWER | h NOANSWER", then: "deny"},
		{name: "P, killed", options: "P", known: "kill", notices: "next DONTCALL | h DONTCALL", then: "kill"},
		{name: "P, tortured", options: "P", known: "torture", notices: "next TORTURE | h TORTURE", then: "torture"},
		{name: "P of another", options: "P(bob)", known: "", callee: late('1'), notices: "h ANSWER", kept: true, calls: 1},
		{name: "N", options: "pN", callee: []channeltest.Step{channeltest.Answer(0), channeltest.Hangup(time.Second, channel.CauseNormalClearing)}, notices: "h ANSWER", calls: 1},
		{name: "n", options: "pn", callee: late('1'), notices: "h ANSWER", calls: 1},
		{name: "n, nobody answers", options: "pn", callee: []channeltest.Step{channeltest.Ringing(0)}, notices: "next NOANSWER | h NOANSWER", kept: true, calls: 1},
		{name: "n(1), nobody answers", options: "pn(1)", callee: []channeltest.Step{channeltest.Ringing(0)}, notices: "next NOANSWER | h NOANSWER", calls: 1},
		{name: "the caller leaves while asked", options: "p", steps: []channeltest.Step{channeltest.Hangup(5*time.Second, channel.CauseNormalClearing)}, notices: "h CANCEL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := appstest.New(t, strings.Replace(plan, "%s", tt.options, 1))
				o.SIP.Script("bob", tt.callee...)
				if tt.known != "" {
					if err := o.Database.Put("privacy", "x/101", channel.Clean(tt.known)); err != nil {
						t.Fatal(err)
					}
				}
				o.Run("x", tt.steps...)
				if got := strings.Join(o.Log.Notices(), " | "); got != tt.notices {
					t.Errorf("plan: %s\nwant: %s\n%q", got, tt.notices, o.Log.Warnings())
				}
				key := "x/101"
				if tt.options == "P(bob)" {
					key, tt.then = "bob/101", "allow"
				}
				if v, _ := o.Database.Get("privacy", key); v.S != tt.then {
					t.Errorf("remembered %q, want %q", v.S, tt.then)
				}
				if _, err := os.Stat(filepath.Join(o.Recordings, name)); (err == nil) != tt.kept {
					t.Errorf("the name is kept: %v, want %v", err == nil, tt.kept)
				}
				if got := len(o.SIP.Legs()) - 1; got != tt.calls {
					t.Errorf("%d calls, want %d", got, tt.calls)
				}
			})
		})
	}
}

// TestFarewell is option e: the extension h runs for the called party too.
func TestFarewell(t *testing.T) {
	for options, want := range map[string]string{
		"e":  "h SIP/bob-00000001 | h SIP/alice-00000000",
		"eg": "h SIP/bob-00000001 | next | h SIP/alice-00000000",
		"":   "h SIP/alice-00000000",
	} {
		synctest.Test(t, func(t *testing.T) {
			o := appstest.New(t, "[t]\nexten => x,1,Dial(SIP/bob,20,"+options+")\n same => n,Log(NOTICE,next)\nexten => h,1,Log(NOTICE,h ${CHANNEL})\n")
			o.SIP.Script("bob", channeltest.Answer(0), channeltest.Hangup(time.Second, channel.CauseNormalClearing))
			o.Run("x")
			if got := strings.Join(o.Log.Notices(), " | "); got != want {
				t.Errorf("%s: %s\nwant %s", options, got, want)
			}
		})
	}
}
