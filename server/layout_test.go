package server

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/agi"
	"pbx/channel"
	"pbx/channel/channeltest"
	"pbx/config"
	"pbx/console"
	"pbx/dialplan/program"
	"pbx/event"
)

// idleServer is a Server whose channels a test makes itself.
func idleServer(t *testing.T) *Server {
	l := console.NewLogger()
	t.Cleanup(l.Close)
	s := &Server{logger: l, now: time.Now, started: time.Now(), bus: &event.Bus{}}
	s.reloaded.Store(time.Now().UnixNano())
	s.registry = channel.NewRegistry(s.bus, nil, time.Now, "")
	s.conf.Store(&configuration{})
	s.commands = console.NewCommands()
	s.commands.Add(s.coreCommands()...)
	s.commands.Add(s.channelCommands()...)
	return s
}

func output(t *testing.T, s *Server, line string) string {
	t.Helper()
	var b strings.Builder
	_ = s.commands.Run(t.Context(), line, &b)
	return b.String()
}

// TestLayouts compares the listings with those of the field, to the blank
// (a call of alice to bob, three seconds old).
func TestLayouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := idleServer(t)
		if got, want := output(t, s, "core show channels concise"), ""; got != want {
			t.Errorf("idle, concise: %q", got)
		}
		if got, want := output(t, s, "core show channels"),
			"Channel                                                          Location                         State   Application(Data)             \n"+
				"0 active channels\n0 active calls\n0 calls processed\n"; got != want {
			t.Errorf("idle:\n%s\nwant:\n%s", got, want)
		}
		tech := channeltest.New("SIP", s.registry)
		s.registry.Register(tech)
		alice := tech.Inbound(channel.Options{
			Name: "alice", State: channel.Up, Settings: channel.Settings{Account: "acc1", Language: "en", Formats: []string{"ulaw"}},
			Location: channel.Location{Context: "t", Exten: "callbob", Priority: 1},
			Identity: channel.Identity{Caller: channel.Party{Name: "Alice A", Number: "101"}, Connected: channel.Party{Name: "Bob B", Number: "102"}, DNID: "callbob"},
		}).Channel()
		tech.Script("bob")
		bob, err := s.registry.Request("SIP/bob", channel.Request{From: alice})
		if err != nil {
			t.Fatal(err)
		}
		alice.SetState(channel.Up)
		alice.SetLocation(channel.Location{Context: "t", Exten: "callbob", Priority: 1}, "Dial", "SIP/bob,20")
		bob.SetState(channel.Up)
		bob.SetLocation(channel.Location{Context: "t"}, "AppDial", "(Outgoing Line)")
		bob.UpdateIdentity(func(id *channel.Identity) { id.Caller = channel.Party{Number: "102"} })
		alice.SetBridge("0f9db2db-f576-4f28-ac46-0d6eac9b2cf4", bob)
		bob.SetBridge("0f9db2db-f576-4f28-ac46-0d6eac9b2cf4", alice)
		alice.SetVar("DIALSTATUS", channel.Clean("ANSWER"))
		time.Sleep(3 * time.Second)

		for _, tt := range []struct{ command, want string }{
			{"core show channels", `Channel                                                          Location                         State   Application(Data)             
SIP/alice-00000000                                               callbob@t:1                      Up      Dial(SIP/bob,20)              
SIP/bob-00000001                                                 (None)                           Up      AppDial((Outgoing Line))      
2 active channels
1 active call
1 call processed
`},
			{"core show channels concise", `SIP/alice-00000000!t!callbob!1!Up!Dial!SIP/bob,20!101!acc1!!3!3!0f9db2db-f576-4f28-ac46-0d6eac9b2cf4!946684800.0
SIP/bob-00000001!t!!1!Up!AppDial!(Outgoing Line)!102!!acc1!3!3!0f9db2db-f576-4f28-ac46-0d6eac9b2cf4!946684800.1
`},
			{"core show channels verbose", `Channel                                                                          Context                  Extension                Prio State   Application  Data                      CallerID        Duration Accountcode PeerAccount BridgeID            
SIP/alice-00000000                                                               t                        callbob                     1 Up      Dial         SIP/bob,20                101             00:00:03 acc1                    0f9db2db-f576-4f28-a
SIP/bob-00000001                                                                 t                                                    1 Up      AppDial      (Outgoing Line)           102             00:00:03             acc1        0f9db2db-f576-4f28-a
2 active channels
1 active call
1 call processed
`},
			{"core show channels count", "2 active channels\n1 active call\n1 call processed\n"},
			{"core show calls", "1 active call\n1 call processed\n"},
			{"core show calls uptime", "1 active call\n1 call processed\nSystem uptime: 3 seconds\n"},
			{"core show calls uptime seconds", "1 active call\n1 call processed\nSystem uptime: 3\n"},
			{"core show calls seconds", "Usage: core show calls [uptime] [seconds]\n       Count the calls\n" +
				"       With uptime also how long the exchange has been up; seconds behind it\n       has that in seconds.\n"},
			{"core show uptime", "System uptime: 3 seconds\nLast reload: 3 seconds\n"},
			{"core show uptime seconds", "System uptime: 3\nLast reload: 3\n"},
			{"core show channel SIP/alice-00000000", ` -- General --
           Name: SIP/alice-00000000
           Type: SIP
       UniqueID: 946684800.0
       LinkedID: 946684800.0
      Caller ID: 101
 Caller ID Name: Alice A
Connected Line ID: 102
Connected Line ID Name: Bob B
Eff. Connected Line ID: 102
Eff. Connected Line ID Name: Bob B
    DNID Digits: callbob
       Language: en
          State: Up (6)
  NativeFormats: (ulaw)
    WriteFormat: ulaw
     ReadFormat: ulaw
 WriteTranscode: No 
  ReadTranscode: No 
 Time to Hangup: 0
   Elapsed Time: 0h0m3s
      Bridge ID: 0f9db2db-f576-4f28-ac46-0d6eac9b2cf4
 --   PBX   --
        Context: t
      Extension: callbob
       Priority: 1
     Call Group: 0
   Pickup Group: 0
    Application: Dial
           Data: SIP/bob,20
      Variables:
DIALSTATUS=ANSWER
`},
			{"core show channel SIP/nobody", "SIP/nobody is not a known channel\n"},
			{"channel request hangup SIP/bob-00000001", "Requested Hangup on channel 'SIP/bob-00000001'\n"},
			{"core set verbose 3", "Console verbose was OFF and is now 3.\n"},
			{"core set verbose 3", "Console verbose is still 3.\n"},
			{"core set debug 1", "Core debug was OFF and is now 1.\n"},
		} {
			if got := output(t, s, tt.command); got != tt.want {
				t.Errorf("%s:\n%s\nwant:\n%s", tt.command, mark(got), mark(tt.want))
			}
		}
		if !bob.HungUp() || alice.HungUp() {
			t.Error("channel request hangup reached the wrong channel")
		}
	})
}

// mark shows blanks at the ends of lines.
func mark(s string) string { return strings.ReplaceAll(s, " \n", "·\n") }

// TestListingIsSafe holds that what a caller sent does not reach the operator's
// terminal as it came, nor make a field more.
func TestListingIsSafe(t *testing.T) {
	s := idleServer(t)
	tech := channeltest.New("SIP", s.registry)
	ch := tech.Inbound(channel.Options{Name: "x", State: channel.Ring}).Channel()
	ch.SetLocation(channel.Location{Context: "a", Exten: "1!2\x1b[2J\n", Priority: 1}, "Dial", "SIP/\x07!")
	ch.SetLogGroup("sales\x1b[2J")
	if got := output(t, s, "core show channel "+ch.Name()); !strings.Contains(got, "      Log Group: sales\\x1b[2J\n") {
		t.Errorf("no log group in\n%s", got)
	}
	for _, line := range []string{"core show channels", "core show channels concise", "core show channels verbose", "core show channel " + ch.Name()} {
		got := output(t, s, line)
		if strings.ContainsAny(got, "\x1b\x07") {
			t.Errorf("%s: %q", line, got)
		}
		if strings.HasSuffix(line, "concise") && strings.Count(got, "!") != 13 {
			t.Errorf("%s: %q has not 14 fields", line, got)
		}
	}
}

// TestDirectories reads asterisk.conf as offices write it.
func TestDirectories(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		check      func(Directories, Core) bool
	}{
		{"none", "", func(d Directories, c Core) bool {
			return d.Socket == "/s/pbx.ctl" && d.Log == "/s/log" && d.Spool == "/s/spool" && d.Sounds() == "/s/sounds" && c.Language == "en" && d.SocketMode == 0o600
		}},
		{"template and arrows", "[directories](!)\nastetcdir => /etc/asterisk\nastlogdir => /var/log/a/\nastrundir = /run/a\nastdatadir => /usr/share/a\nastdbdir => /var/lib/db\n", func(d Directories, _ Core) bool {
			return d.Log == "/var/log/a" && d.Socket == "/run/a/pbx.ctl" && d.Sounds() == "/usr/share/a/sounds" && d.DB == "/var/lib/db" && d.Spool == "/s/spool"
		}},
		{"data is in the library directory", "[directories]\nastvarlibdir => /var/lib/a\n", func(d Directories, _ Core) bool { return d.Data == "/var/lib/a" }},
		{"options", "[options]\nverbose = 3\ndebug=1\nsystemname = box\nmaxcalls=7\ndefaultlanguage=de\nexecincludes=yes\ndrain=10\nprogramtime=5\nprogramoutput=100\nprogramprocesses=3\nagitime=60\nagideadtime=0\n", func(_ Directories, c Core) bool {
			return c == Core{
				Verbose: 3, Debug: 1, SystemName: "box", MaxCalls: 7, Language: "de", ExecIncludes: true, Explain: true, Drain: 10 * time.Second,
				Programs: program.Limits{Time: 5 * time.Second, Output: 100, Processes: 3}, AGI: agi.Limits{Time: time.Minute},
			}
		}},
		{"programs of old", "[compat]\nres_agi = 1.4\napp_set=1.6\n", func(_ Directories, c Core) bool { return c.AGIBars }},
		{"programs of today", "[compat]\nres_agi = 1.6\n", func(_ Directories, c Core) bool { return !c.AGIBars }},
		{"socket", "[files]\nastctl = a.ctl\nastctlpermissions = 0660\n", func(d Directories, _ Core) bool { return d.Socket == "/s/a.ctl" && d.SocketMode == 0o660 }},
		{"nonsense is left out", "[directories]\nastlogdir => log\n[options]\nmaxcalls = -1\n[files]\nastctl=../x\n[compat]\nres_agi=old\n", func(d Directories, c Core) bool {
			return !c.AGIBars && d.Log == "/s/log" && c.MaxCalls == 0 && d.Socket == "/s/pbx.ctl"
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if tt.text != "" {
				write(t, dir+"/asterisk.conf", tt.text)
			}
			d, c, findings, err := readAsterisk(dir, "/s")
			if err != nil {
				t.Fatal(err)
			}
			if !tt.check(d, c) {
				t.Errorf("%+v\n%+v", d, c)
			}
			if bad := worst(findings) >= config.Warning; bad != (tt.name == "nonsense is left out") {
				t.Errorf("findings: %s", show(findings))
			}
		})
	}
}

func worst(findings []config.Finding) config.Severity {
	w := config.Note
	for _, f := range findings {
		w = max(w, f.Severity)
	}
	return w
}
