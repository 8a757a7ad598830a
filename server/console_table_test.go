package server

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"pbx/event"
)

// fieldCommands are the console commands that operators and scripts of the field know, of
// the subsystems that there are here. A slash stands between words that may follow.
var fieldCommands = []string{
	"core show version/uptime/settings/sysinfo/channels/channel/channeltypes/channeltype/calls/hints/hint/applications/application/functions/function/codecs/translation/help",
	"core show threads/hanguphandlers/codec/taskprocessors", "core show file formats", "core show config mappings", "core set verbose/debug", "core reload/waitfullybooted",
	"core stop now/gracefully", "core stop when convenient", "core restart now/gracefully", "core restart when convenient", "core abort shutdown",
	"dialplan show/reload", "dialplan show globals/chanvar", "dialplan set global/chanvar", "dialplan add extension/include", "dialplan remove extension/include",
	"dialplan eval function", "dialplan exec application", "dialplan debug",
	"sip show peers/peer/registry/channels/channel/channelstats/subscriptions/settings/users/user/inuse/mwi/domains/tcp/history/objects/sched",
	"sip set debug/history", "sip reload/notify/unregister", "sip qualify peer", "sip prune realtime", "rtp set debug", "rtcp set debug/stats", "rtp show settings", "stun show status", "udptl show config", "udptl set debug", "prometheus show status/metrics", "keys show", "stasis show topics/topic", "file convert",
	"channel originate/redirect", "channel request hangup", "features show", "database show/showkey/get/put/del/deltree/query",
	"logger show channels", "logger add channel", "logger remove channel", "logger rotate/reload/mute", "logger set level", "module show/load/unload/reload",
	"manager show users/user/connected/commands/command/events/event/settings", "manager kick session", "manager reload", "http show status",
	"cdr show status/active", "cdr submit", "cel show status", "agi show commands", "agi set debug", "agi exec", "devstate list/change", "presencestate list/change",
	"group show channels", "bridge show/kick/destroy", "bridge technology show", "realtime load/update/store/destroy", "odbc show/read/write", "config list/reload", "indication show",
	"dnsmgr status/refresh", "acl show", "cli show aliases/permissions", "cli check permissions", "cli reload permissions", "timers show/run", "missed show",
}

// TestConsoleTable holds that every command of the table is there, under its own words or
// those of one that begins with them.
func TestConsoleTable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStory(t, map[string]string{"extensions.conf": transferPlan})
		defer s.stop()
		var have []string
		for _, c := range s.s.Commands().All() {
			have = append(have, c.Words)
		}
		for _, line := range fieldCommands {
			words := strings.Fields(line)
			for last := range strings.SplitSeq(words[len(words)-1], "/") {
				want := strings.Join(append(words[:len(words)-1:len(words)-1], last), " ")
				if !slices.ContainsFunc(have, func(h string) bool { return h == want || strings.HasPrefix(h, want+" ") }) {
					t.Errorf("there is no command %q", want)
				}
			}
		}
		// What names something that there is can be completed.
		live := []string{"channel", "peer", "context", "application", "function", "family", "country", "bridge", "trunk", "user", "name|all"}
		for _, c := range s.s.Commands().All() {
			if c.Complete != nil && len(c.Args) == 0 {
				t.Errorf("%s: words are offered, and it takes none", c.Words)
			}
			if len(c.Args) > 0 && c.Complete == nil && slices.Contains(live, c.Args[0].Name) {
				t.Errorf("%s: nothing completes its %s", c.Words, c.Args[0].Name)
			}
		}
		s.end()
	})
}

// TestConsoleCalls: calls are begun, sent elsewhere and looked at from the console, and
// completion knows what there is.
func TestConsoleCalls(t *testing.T) {
	const plan = `[t]
exten => 1001,1,Answer()
 same => n,Wait(60)
exten => 300,1,Set(GROUP(trunks)=out)
 same => n,Set(CHANNEL(hangup_handler_push)=t,302,1)
 same => n,Dial(SIP/bob)
exten => 302,1,Return()
`
	tell(t, map[string]string{"extensions.conf": plan}, `
		show "channel originate" Usage:
		show "channel originate SIP extension 1001@t" is not Technology/resource
		show "channel originate SIP/bob extension 9@t" the dialplan has no 9@t
		show "channel originate SIP/bob application Play x" no application
		show "channel originate SIP/bob extension 1001@t"
		bob < INVITE call=A
		bob > 200
		bob < ACK A
		log Executing [1001@t:1] Answer
		show "channel redirect SIP/bob-00000000 t,999,1" there is no
		show "channel redirect SIP/none t,1001,1" not found
		show "channel redirect SIP/bob-00000000 t,1001,2" successfully redirected to t,1001,2
		log Executing [1001@t:2] Wait
		show "channel request hangup SIP/bob-00000000" Requested
		bob < BYE A
		bob > 200
		show "channel originate SIP/bob application Wait 1"
		bob < INVITE call=B
		bob > 200
		bob < ACK B
		wait 900ms
		bob < BYE B
		bob > 200
		alice > INVITE 300 call=C
		alice < 100
		bob < INVITE call=C
		bob > 200
		bob < ACK C
		alice < 200 C
		alice > ACK C
		wait 65s
		show "core show channel SIP/alice-00000002" Call Identifier: [C-00000002]
		show "core show channel SIP/alice-00000002" level 1: dstchannel=SIP/bob-00000003
		show "core show channel SIP/alice-00000002" level 1: billsec=65
		show "core show channel SIP/alice-00000002" level 1: disposition=8
		show "group show channels" SIP/alice-00000002         out                   trunks
		show "group show channels inb" 0 active channels
		show "core show hanguphandlers" SIP/alice-00000002             t,302,1
		show "bridge show all" <unknown>                                2 basic           native_rtp      00:01:05
		show "bridge show none" not found
		show "bridge kick none all" Bridge 'none' not found
		show "bridge technology show" native_rtp           Native                     90 No
		show "core show threads" threads listed.
		alice > BYE C
		alice < 200
		bob < BYE C
		bob > 200
		show "bridge show" Bridge-ID`)
}

// TestConsoleSystem: the commands about what the exchange has.
func TestConsoleSystem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStory(t, map[string]string{
			"extensions.conf": transferPlan, "acl.conf": "[office]\ndeny=0.0.0.0/0\npermit=192.0.2.0/24\n",
			"res_odbc.conf": "[main]\ndsn => sqlite:users.db\n", "extconfig.conf": "[settings]\npeople => odbc,main,people\n",
			"func_odbc.conf": "[AGE]\ndsn=main\nreadsql=SELECT age FROM people WHERE name='${ARG1}'\nwritesql=UPDATE people SET age=${VAL1} WHERE name='${ARG1}'\n",
		})
		defer s.stop()
		src, err := s.s.sources.Source("main")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := src.Exec(t.Context(), nil, "CREATE TABLE people (name TEXT, age TEXT)"); err != nil {
			t.Fatal(err)
		}
		s.play(`
			show "core show sysinfo" Total RAM:
			show "core show codecs audio" ulaw
			show "core show channeltypes" SIP              Session Initiation Protocol (SIP)        yes          no           yes          yes
			show "core show channeltype Sip" -- Info about channel driver: SIP --
			show "core show channeltype IAX2" IAX2 is not a registered channel driver.
			show "core show codecs video" vp8
			show "core show translation" ulaw
			show "core show file formats" sln16
			show "udptl show config" udptlstart:      10000
			show "udptl set debug on" UDPTL Debugging Enabled
			show "udptl set debug ip 192.0.2.1" UDPTL Debugging Enabled for IP: 192.0.2.1
			show "udptl set debug off" UDPTL Debugging Disabled
			show "udptl set debug ip x" is not an address
			show "rtp set debug ip 192.0.2.1" RTP Packet Debugging Enabled for address: 192.0.2.1
			show "rtp set debug off" RTP Packet Debugging Disabled
			show "rtp show settings" DTMF Timeout:    3000
			show "prometheus show status" Last Scrape Time: (N/A)
			show "prometheus show metrics" pbx_build_info{
			show "core show config mappings" ===> people (db=main, table=people)
			show "config list" acl.conf
			show "module show like chan_sip" 1 modules loaded
			show "stasis show topics" channel.hangup                                                   It is over.  
			show "stasis show topic peer.status" Subscribers count: 
			show "stasis show topic nope" Topic 'nope' not found
			show "module load chan_sip.so" Loaded chan_sip.so
			show "module load chan_dahdi" Unable to load
			show "module reload chan_sip logger.so" Module 'logger.so' reloaded successfully.
			show "module reload nope logger chan_local" No such module 'nope'
			show "module reload nope logger chan_local" The module 'chan_local' does not support reloads
			show "module reload nope logger chan_local" Module 'logger' reloaded
			show "module unload chan_sip" cannot be unloaded
			show "http show status" Server Disabled
			show "features show" Pickup                    *8      *8
			show "indication show" us       United States / North America
			show "indication show us" busy
			show "indication show atlantis" No countries matched your criteria.
			show "indication show atlantis us" us      busy            480+620/500,0/500
			show "acl show none" Could not find ACL named 'none'
			show "core show codec 1" 1 ulaw (PCMU, 8000 Hz)
			show "core show codec opus" opus (
			show "core show codec 999" Codec 999 not found
			show "core show translation paths ulaw" ulaw To alaw : (ulaw)->(alaw)
			show "core show translation paths" Usage:
			show "core show translation paths xyz" no codec "xyz"
			show "core show application" Usage:
			show "core show function" Usage:
			show "core show settings" User name and group:
			show "acl show" office
			show "acl show office" 1: allow - 192.0.2.0/24
			show "dialplan eval function LEN(hello)" Result: 5
			show "dialplan eval function NOPE(1)" failed
			show "dialplan exec application NoOp(hi)" NoOp has ended
			show "dialplan exec application Wait 60" ran longer
			show "realtime store people name anna age 41" Stored
			show "realtime load people name anna" 41
			show "realtime update people name anna age 42" Updated 1 RealTime record.
			show "odbc read AGE anna" 42
			show "odbc write AGE anna 43" Done.
			show "realtime load people age 43" anna
			show "realtime destroy people name anna" Removed 1 RealTime record.
			show "realtime load people name anna" No rows found
			show "odbc show" Connected: yes
			show "logger add channel more.log notice,warning,error" Added
			show "logger add channel more.log notice" Logger channel 'more.log' already exists
			show "logger add channel ../x notice" not the name
			show "logger mute" no console
			show "logger set level debug on" no console
			show "dialplan exec application Dial SIP/nowhere" ended
			log Unable to create channel of type 'SIP' (cause 20 - Subscriber absent): SIP/nowhere:
			show "dialplan exec application Log(WARNING,hello there)" ended`)
		s.s.logger.Flush()
		file := filepath.Join(s.s.configuration().dirs.Log, "more.log")
		if b, err := os.ReadFile(file); err != nil || !strings.Contains(string(b), "hello there") {
			t.Errorf("more.log: %q %v", b, err)
		}
		s.play(`show "logger remove channel more.log" Removed
			show "logger remove channel more.log" Unable to find dynamic logger channel 'more.log'`)
		for line, want := range map[string]string{
			"channel originate ": "SIP/bob", "bridge show ": "all", "realtime load ": "people", "odbc read ": "ODBC_AGE", "indication show ": "us", "dialplan eval function LE": "LEN(",
			"dialplan exec application No": "NoOp", "acl show ": "office", "stasis show topic peer.": "peer.status", "help core show ch": "channels", "sip show inuse ": "all",
		} {
			if got := s.s.Commands().Complete(line); !slices.Contains(got, want) {
				t.Errorf("completion of %q: %v lacks %s", line, got, want)
			}
		}
		s.end()
	})
}

// TestRTCPDebug: reports are shown while they are wanted, and nobody listens otherwise.
func TestRTCPDebug(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStory(t, map[string]string{"extensions.conf": transferPlan})
		defer s.stop()
		report := func() {
			s.s.bus.Publish(event.Event{Kind: event.RTCPReceived, Channel: "SIP/bob-1", AppData: "SSRC: 0x1\nReport0FractionLost: 3"})
			synctest.Wait()
		}
		report()
		s.play(`show "rtcp set debug on" RTCP Packet Debugging Enabled`)
		report()
		s.play(`log "Got RTCP report on SIP/bob-1: SSRC: 0x1, Report0FractionLost: 3"
			show "rtcp set debug off" Disabled
			show "rtcp set stats on" RTCP Stats Enabled`)
		report()
		s.play(`log "Got RTCP report on SIP/bob-1: Report0FractionLost: 3"
			show "rtcp set stats maybe" Usage:
			show "rtcp set stats off" Disabled`)
		if s.s.bus.Wants(event.RTCPReceived) {
			t.Error("somebody listens still")
		}
		s.play(`show "rtcp set debug on" Enabled`)
		s.end()
	})
}

// TestAliases: cli_aliases.conf as offices have it.
func TestAliases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStory(t, map[string]string{"extensions.conf": transferPlan, "cli_aliases.conf": "[general]\ntemplate = friendly\ntemplate = mine\n[friendly]\n" +
			"hangup request=channel request hangup\nhelp me=core show help\n[mine]\npeers=sip show peers\n[unused]\nfoo=core stop now\n"})
		defer s.stop()
		s.play(`
			show "peers" bob
			show "hangup request SIP/none" is not a known channel
			show "help me core show uptime" Usage: core show uptime
			show "cli show aliases" peers                                              sip show peers
			show "foo" No such command`)
		for line, want := range map[string]string{"pee": "peers", "hangup ": "request", "hangup request ": "all", "help me core show ch": "channels"} {
			if got := s.s.Commands().Complete(line); !slices.Contains(got, want) {
				t.Errorf("completion of %q: %v lacks %s", line, got, want)
			}
		}
		write(t, s.s.opts.ConfigDir+"/cli_aliases.conf", "[general]\n")
		s.play(`show "core reload"
			show "peers" No such command`)
		s.end()
	})
}

// TestRecordListings: the records of a call that is up, and the events that are written.
func TestRecordListings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStory(t, map[string]string{
			"extensions.conf": transferPlan, "cel.conf": "[general]\nenable=yes\napps=park,dial\nevents=HANGUP,APP_START,CHAN_START\n[manager]\nenabled=yes\n",
			"cdr.conf": "[general]\nenable=yes\n[sqlite]\nenable=no\n",
		})
		defer s.stop()
		s.play(`
			alice > INVITE 102 call=A
			alice < 100
			bob < INVITE call=B
			bob > 180 B
			alice < 180 A
			wait 2s
			bob > 200 B
			bob < ACK B
			alice < 200 A
			alice > ACK A
			wait 3s`)
		for _, tt := range [][2]string{
			{"cdr show active", `
Channels with Call Detail Record (CDR) Information
--------------------------------------------------
Channel                   Dst. Channel              LastApp         Start    Answer   End      Billsec  Duration
SIP/alice-00000000        SIP/bob-00000001          Dial            00:00:00 00:00:02 00:00:05 00000003 00000005
`},
			{"cdr show active SIP/alice-00000000", `
Call Detail Record (CDR) Information for SIP/alice-00000000
--------------------------------------------------
AccountCod CallerID             Dst. Channel              LastApp         Data            Start    Answer   End      Billsec  Duration
acc1       "Alice A" <101>      SIP/bob-00000001          Dial            SIP/bob,15      00:00:00 00:00:02 00:00:05 00000003 00000005
`},
			{"cdr show active SIP/nobody", "Unknown channel: SIP/nobody\n"},
			{"cel show status", `CEL Logging: Enabled
CEL Tracking Event: CHAN_START
CEL Tracking Event: HANGUP
CEL Tracking Event: APP_START
CEL Tracking Application: dial
CEL Tracking Application: park
CEL Event Subscriber: cel-manager
`},
		} {
			if got := s.show(tt[0]); got != tt[1] {
				t.Errorf("%s:\n%s\nwant:\n%s", tt[0], got, tt[1])
			}
		}
		s.play(`
			alice > BYE A
			alice < 200 A
			bob < BYE B
			bob > 200`)
		s.end()
	})
}

// TestListings compares listings with those that an Asterisk 20 wrote, to the blank.
func TestListings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStory(t, map[string]string{
			"extensions.conf": transferPlan, "cdr.conf": "[general]\nenable=yes\n[csv]\n[sqlite]\nenable=no\n", "cdr_manager.conf": "[general]\nenabled=yes\n",
			"logger.conf": "[general]\nqueue_log=no\n[logfiles]\n/dev/null => notice,warning,error\n",
		})
		defer s.stop()
		for _, tt := range [][2]string{
			{"cdr show status", `
Call Detail Record (CDR) settings
----------------------------------
  Logging:                    Enabled
  Mode:                       Simple
  Log calls by default:       Yes
  Log unanswered calls:       No
  Log congestion:             No

  Ignore bridging changes:    No

  Ignore dial state changes:  No

  Cancel disposition enabled: No

* Registered Backends
  -------------------
    cdr_manager
    csv
`},
			{"module show like chan_sip", `Module                         Description                              Use Count  Status      Support Level
chan_sip.so                    Session Initiation Protocol (SIP)        0          Running              core
1 modules loaded
`},
			{"logger show channels", "Logger queue limit: 4096\n\n" +
				"Channel                             Type     Formatter  Status    Configuration\n" +
				"-------                             ----     ---------  ------    -------------\n" +
				"/dev/null                           File     default    Enabled    - NOTICE WARNING ERROR \n\n"},
			{"core show translation", "         Steps of a conversion, - where there is none\n" +
				"          Source Format (Rows) Destination Format (Columns)\n\n" +
				"            ulaw   alaw   slin\n" +
				"     ulaw      -      1      1\n" +
				"     alaw      1      -      1\n" +
				"     slin      1      1      -\n"},
			{"core set verbose 5", "Console verbose was OFF and is now 5.\n"},
			{"core set verbose atleast 3", "Console verbose is still 5.\n"},
			{"core set verbose atleast 6 silent", ""},
			{"core set verbose 6", "Console verbose is still 6.\n"},
			{"core set debug atleast 2", "Core debug was OFF and is now 2.\n"},
			{"core set debug off", "Core debug was 2 and is now OFF.\n"},
		} {
			got := s.show(tt[0])
			if tt[0] == "logger show channels" { // without the test's own
				head, rest, _ := strings.Cut(got, "-------------\n")
				got = head + "-------------\n" + rest[strings.Index(rest, "/dev/null"):]
			}
			if got != tt[1] {
				t.Errorf("%s:\n%s\nwant:\n%s", tt[0], got, tt[1])
			}
		}
		s.play(`show "core set verbose" Usage:
			show "core set verbose atleast" Usage:
			show "core set verbose 3 4" Usage:
			show "core set debug 3 chan_sip" not kept apart by module
			show "core set debug channel all" not kept apart by module
			show "core set debug atleast 3 chan_sip.so" not kept apart by module
			show "core set debug 3 chan_sip more" Usage:
			show "help core set debug" atleast level 0 to 10, or off
			show "core set debug much" Usage:`)
		s.end()
	})
}
