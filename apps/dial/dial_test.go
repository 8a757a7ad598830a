package dial_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
	"pbx/channel/channeltest"
	"pbx/event"
)

// What the caller dialled or calls himself adds no device and no option.
// (AST-2010-002.)
func TestTaint(t *testing.T) {
	const plan = `
[t]
exten => two,1,Dial(SIP/${DIALLED}&SIP/ring@uas,1)
exten => sub,1,Gosub(call,s,1(${DIALLED},1))
 same => n,Log(NOTICE,back)
exten => cond,1,ExecIf(1?Dial(SIP/${DIALLED},1):NoOp())
 same => n,Log(NOTICE,next ${DIALSTATUS})
[call]
exten => s,1,Dial(SIP/${ARG1},${ARG2})
 same => n,Return()
`
	tests := []struct {
		name, exten, dialled, opts string
		legs                       string
	}{
		{"a number", "two", "ring", "", "ring ring@uas"},
		{"another device", "two", "ring&SIP/ring", "", "ring@uas"},
		{"another peer", "two", "ring@uas2", "", "ring@uas"},
		{"a trunk", "two", "uas2/900", "", "ring@uas"},
		{"another argument", "two", "ring,,g", "", "ring@uas"},
		{"through a subroutine", "sub", "ring&SIP/ring", "", ""},
		{"a number through a subroutine", "sub", "ring", "", "ring"},
		{"through ExecIf", "cond", "ring&SIP/ring", "", ""},
		{"a bracket through ExecIf", "cond", "x):Dial(SIP/ring", "", ""},
		{"a number through ExecIf", "cond", "ring", "", "ring"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(t, plan)
				o.SIP.Script("ring", channeltest.Ringing(0))
				o.SIP.Script("ring@uas2", channeltest.Ringing(0))
				o.SIP.Script("uas2/900", channeltest.Ringing(0))
				l := o.SIP.Inbound(channel.Options{
					Name: "alice", Location: channel.Location{Context: "t", Exten: tt.exten, Priority: 1},
					Variables: []channel.Variable{{Name: "DIALLED", Value: channel.Tainted(tt.dialled)}},
				})
				o.Engine.Start(l.Channel())
				<-l.Gone()
				var legs []string
				for _, l := range o.SIP.Legs()[1:] {
					legs = append(legs, l.Resource)
				}
				if got := strings.Join(legs, " "); got != tt.legs {
					t.Errorf("dialled %q, want %q", got, tt.legs)
				}
			})
		})
	}
}

func TestOptionsFromTheNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, `
[t]
exten => x,1,Dial(SIP/ansbye@uas,5,${EVIL}D(${DIGITS}))
 same => n,Log(NOTICE,g was taken)
`)
		l := o.SIP.Inbound(channel.Options{
			Name: "alice", Location: channel.Location{Context: "t", Exten: "x", Priority: 1},
			Variables: []channel.Variable{{Name: "EVIL", Value: channel.Tainted("g")}, {Name: "DIGITS", Value: channel.Tainted("1)g(")}},
		})
		o.Engine.Start(l.Channel())
		<-l.Gone()
		if got := o.SIP.Legs()[1].Heard(); got != "call digit(1) hangup(16)" {
			t.Errorf("callee: %s", got)
		}
		if n := o.Log.Notices(); len(n) != 0 {
			t.Errorf("%q", n)
		}
	})
}

func TestIdentity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, `
[t]
exten => x,1,Set(_ONE=1)
 same => n,Set(__ALL=2)
 same => n,Set(MINE=3)
 same => n,Dial(SIP/ans@uas,5,S(1)b(show^s^1))
[show]
exten => s,1,Log(NOTICE,${CHANNEL} one=${ONE} all=${ALL} mine=${MINE} number=${DIALEDPEERNUMBER})
 same => n,Return()
`)
		bob := channel.Party{Name: "Bob B", Number: "102", HasNumber: true}
		o.SIP.Callee("ans@uas", bob)
		caller := o.Call("x")
		time.Sleep(time.Second)
		callee := o.SIP.Legs()[1]
		if from := callee.From(); from.Number != "101" || from.Name != "Alice A" {
			t.Errorf("the callee sees %+v", from)
		}
		if got := caller.Channel().Identity().Connected; got != bob {
			t.Errorf("the caller sees %+v, want %+v", got, bob)
		}
		if got := callee.Channel().Linkedid(); got != caller.Channel().Uniqueid() {
			t.Errorf("Linkedid %s, want the caller's %s", got, caller.Channel().Uniqueid())
		}
		s := callee.Channel().Snapshot()
		if s.App != "AppDial" || s.Data != "(Outgoing Line)" || s.Location.Exten != "x" {
			t.Errorf("the callee's place: %+v", s)
		}
		<-caller.Gone()
		want := []string{"SIP/uas-00000001 one=1 all=2 mine= number=ans@uas"}
		if got := o.Log.Notices(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

// A device without a caller ID of its own is known by what was dialled; it tells
// the caller nothing new.
func TestIdentityOfTheExtension(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "[t]\nexten => 600,1,Dial(SIP/ans@uas,5,S(1)${MORE})\n")
		caller := o.Call("600")
		time.Sleep(time.Second)
		if got := o.SIP.Legs()[1].Channel().Identity().Caller.Number; got != "600" {
			t.Errorf("the callee is %q, want 600", got)
		}
		if got := caller.Channel().Identity().Connected; got != (channel.Party{}) {
			t.Errorf("the caller sees %+v", got)
		}
		<-caller.Gone()
	})
}

func TestStoredIdentity(t *testing.T) {
	for options, want := range map[string]string{"o": "101", `o("X" <55>)`: "55"} {
		t.Run(options, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(t, "[t]\nexten => 600,1,Dial(SIP/ring@uas,1,"+options+")\n")
				o.Run("600")
				if got := o.SIP.Legs()[1].Channel().Identity().Caller.Number; got != want {
					t.Errorf("%q, want %q", got, want)
				}
			})
		})
	}
}

func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "[t]\nexten => x,1,Dial(SIP/ring@uas&SIP/486@uas2&SIP/ansbye@uas,5)\n")
		sub := o.Bus.Subscribe(64, event.DialBegin, event.DialState, event.DialEnd, event.BridgeJoin, event.BridgeLeave)
		o.Run("x")
		sub.Close()
		names := map[event.Kind]string{event.DialBegin: "begin", event.DialState: "state", event.DialEnd: "end", event.BridgeJoin: "join", event.BridgeLeave: "leave"}
		var got []string
		for e := range sub.C {
			line := names[e.Kind] + " " + e.Channel
			if e.Dest != "" {
				line += " " + e.Dest + " " + e.Value
			}
			got = append(got, line)
		}
		want := `begin SIP/alice-00000000 SIP/uas-00000001 ring@uas
begin SIP/alice-00000000 SIP/uas2-00000002 486@uas2
begin SIP/alice-00000000 SIP/uas-00000003 ansbye@uas
state SIP/alice-00000000 SIP/uas-00000001 RINGING
state SIP/alice-00000000 SIP/uas-00000003 RINGING
end SIP/alice-00000000 SIP/uas2-00000002 BUSY
end SIP/alice-00000000 SIP/uas-00000001 CANCEL
end SIP/alice-00000000 SIP/uas-00000003 ANSWER
join SIP/uas-00000003
join SIP/alice-00000000
leave SIP/alice-00000000
leave SIP/uas-00000003`
		// Which of the two that ring is told first is the clock's choice.
		swapped := strings.Replace(strings.Replace(strings.Replace(want, "00000001 RINGING", "x RINGING", 1), "00000003 RINGING", "00000001 RINGING", 1), "x RINGING", "00000003 RINGING", 1)
		if s := strings.Join(got, "\n"); s != want && s != swapped {
			t.Errorf("got:\n%s\nwant:\n%s", s, want)
		}
	})
}

func TestLegCauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "[t]\nexten => x,1,Dial(SIP/486@uas&SIP/404@uas2,5)\n")
		caller := o.Run("x")
		want := "[{SIP/uas-00000001 User busy SIP 486 Test} {SIP/uas2-00000002 Unallocated (unassigned) number SIP 404 Test}]"
		if got := fmt.Sprint(caller.Channel().LegCauses()); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}

func TestAnnouncement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "[t]\nexten => x,1,Dial(SIP/ans@uas,5,A(beep:hello)S(1))\n")
		start := time.Now()
		caller := o.Run("x")
		callee := o.SIP.Legs()[1]
		if got := o.Session(callee.Channel()).Heard(); got != "sound(350ms)" {
			t.Errorf("callee heard %q", got)
		}
		if got := o.Session(caller.Channel()).Heard(); !strings.HasPrefix(got, "sound(") {
			t.Errorf("caller heard %q", got)
		}
		if got := caller.Heard(); got != "ringing answer hangup(16)" {
			t.Errorf("caller was told %q", got)
		}
		if took := time.Since(start); took < 1750*time.Millisecond {
			t.Errorf("took %v: the announcements were cut", took)
		}
	})
}

// A caller who leaves during the announcement ends it and the call.
func TestAnnouncementCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "[t]\nexten => x,1,Dial(SIP/ans@uas,5,A(demo-congrats))\n")
		start := time.Now()
		o.Run("x", channeltest.Hangup(time.Second, channel.CauseNormalClearing))
		if took := time.Since(start); took != time.Second {
			t.Errorf("took %v, want 1s", took)
		}
	})
}

func TestLimitWarnings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, `
[t]
exten => x,1,Set(LIMIT_PLAYAUDIO_CALLEE=yes)
 same => n,Set(LIMIT_TIMEOUT_FILE=beep)
 same => n,Dial(SIP/ans@uas,5,L(90000:60000:30000))
`)
		start := time.Now()
		caller := o.Run("x")
		callee := o.SIP.Legs()[1]
		// Two warnings, with 60 and with 30 seconds left, then the end.
		for name, s := range map[string]string{
			"caller": o.Session(caller.Channel()).Heard(), "callee": o.Session(callee.Channel()).Heard(),
		} {
			if n := strings.Count(s, "sound("); n != 3 {
				t.Errorf("%s heard %d sounds, want 3: %s", name, n, s)
			}
		}
		if took := time.Since(start); took != 90*time.Second+400*time.Millisecond+2*350*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}

// A caller who was answered before hears tones instead of being told.
func TestRingingToneForAnAnsweredCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "[t]\nexten => x,1,Answer()\n same => n,Dial(SIP/ansbye@uas,5)\n")
		caller := o.Run("x")
		if got := o.Session(caller.Channel()).Heard(); got != "tone stop" {
			t.Errorf("heard %q, want the tone and its end", got)
		}
		if got := caller.Heard(); got != "answer hangup(16)" {
			t.Errorf("told %q", got)
		}
	})
}

// Someone sends the caller elsewhere while it rings.
func TestRedirect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "[t]\nexten => x,1,Dial(SIP/ring@uas,5)\nexten => y,1,Log(NOTICE,at y)\n")
		l := o.Call("x")
		time.Sleep(time.Second)
		l.Channel().AsyncGoto(channel.Location{Context: "t", Exten: "y", Priority: 1})
		<-l.Gone()
		<-o.Registry.Empty()
		if got := fmt.Sprint(o.Log.Notices()); got != "[at y]" {
			t.Errorf("%s, want [at y]", got)
		}
	})
}

// TestHoldIntercept: a hold before the answer is told the one leg that rings, but for a
// caller whose plan keeps holds to itself.
func TestHoldIntercept(t *testing.T) {
	for action, want := range map[string]string{"remove": "hold", "set": ""} {
		synctest.Test(t, func(t *testing.T) {
			o := newOffice(t, "[t]\nexten => x,1,Set(HOLD_INTERCEPT(set)=)\n same => n,Set(HOLD_INTERCEPT("+action+")=)\n same => n,Dial(SIP/ring@uas,5)\n")
			sub := o.Bus.Subscribe(4, event.Hold)
			l := o.Call("x")
			time.Sleep(time.Second)
			l.Channel().Queue(channel.Frame{Kind: channel.FrameControl, Control: channel.ControlHold})
			<-l.Gone()
			<-o.Registry.Empty()
			sub.Close()
			events := 0
			for range sub.C {
				events++
			}
			heard := o.SIP.Leg("ring@uas").Heard()
			if strings.Contains(heard, "hold") != (want != "") || action == "set" && events != 1 {
				t.Errorf("%s: the leg was told %q, %d events", action, heard, events)
			}
		})
	}
}

// TestSecureBridge: what CHANNEL(secure_bridge_…) was set to is read back, and goes on to
// the legs.
func TestSecureBridge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const read = "[${CHANNEL(secure_bridge_signaling)},${CHANNEL(secure_bridge_media)}]"
		o := newOffice(t, `[t]
exten => x,1,Log(NOTICE,`+read+`)
 same => n,Set(CHANNEL(secure_bridge_signaling)=1)
 same => n,Set(CHANNEL(secure_bridge_media)=maybe)
 same => n,Log(NOTICE,`+read+`)
 same => n,Dial(SIP/ring@uas,1,b(leg^1^1))
 same => n,Set(CHANNEL(secure_bridge_signaling)=0)
 same => n,Set(CHANNEL(secure_bridge_media)=yes)
 same => n,Log(NOTICE,`+read+`)
 same => n,Dial(SIP/ring@uas,1,b(leg^1^1))
[leg]
exten => 1,1,Log(NOTICE,leg `+read+`)
 same => n,Return()
`)
		o.Run("x")
		if got, want := strings.Join(o.Log.Notices(), " "), "[,] [1,] leg [1,] [,1] leg [,1]"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}

// TestLogGroup: LOG_GROUP marks what the channel logs from there on, applications and steps.
func TestLogGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, `[t]
exten => x,1,Log(NOTICE,before)
 same => n,Set(LOG_GROUP()=sales)
 same => n,Log(NOTICE,within)
 same => n,Dial(SIP/ring@uas,1)
 same => n,Set(LOG_GROUP()=)
 same => n,Log(NOTICE,after)
`)
		o.Run("x")
		if got, want := strings.Join(o.Log.Notices(), ", "), "before, within group=sales, after"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		all := strings.Join(o.Log.Verbose(3), "\n")
		for _, want := range []string{`"SIP/ring@uas,1") in new stack group=sales`, "Called SIP/ring@uas group=sales", `"NOTICE,after") in new stack` + "\n"} {
			if !strings.Contains(all+"\n", want) {
				t.Errorf("%q is missing in:\n%s", want, all)
			}
		}
	})
}

// TestAfterBridge: who did not hang up goes on where CHANNEL(after_bridge_goto) said, once.
func TestAfterBridge(t *testing.T) {
	const rest = `
 same => n,Log(NOTICE,next)
 same => n(there),Log(NOTICE,there [${CHANNEL(after_bridge_goto)}])
 same => n,Hangup()
exten => h,1,Log(NOTICE,h of ${CHANNEL})
exten => away,1,Log(NOTICE,away ${CHANNEL} [${CHANNEL(after_bridge_goto)}])
[sub]
exten => s,1,Set(CHANNEL(after_bridge_goto)=t,away,1)
 same => n,Return()
`
	for _, tt := range []struct {
		name, place, dial string
		caller            []channeltest.Step
		want              string
	}{
		{"commas", "t,away,1", "SIP/ansbye@uas", nil, "[t,away,1] | away SIP/alice-00000000 [] | h of SIP/alice-00000000"},
		{"carets, before g", "t^away^1", "SIP/ansbye@uas,,g", nil, "[t,away,1] | away SIP/alice-00000000 [] | h of SIP/alice-00000000"},
		{"a label", "there", "SIP/ansbye@uas", nil, "[t,x,5] | there [] | h of SIP/alice-00000000"},
		{"no place", "nowhere", "SIP/ansbye@uas,,g", nil, "[] | next | there [] | h of SIP/alice-00000000"},
		{"taken back", "", "SIP/ansbye@uas,,g", nil, "[] | next | there [] | h of SIP/alice-00000000"},
		{"nobody answered", "t,away,1", "SIP/ring@uas,1", nil, "[t,away,1] | next | there [t,away,1] | h of SIP/alice-00000000"},
		{"the caller hung up", "t,away,1", "SIP/ans@uas", []channeltest.Step{channeltest.Hangup(time.Second, channel.CauseNormalClearing)}, "[t,away,1] | h of SIP/alice-00000000"},
		{
			"the called party's", "", "SIP/ans@uas,,U(sub)",
			[]channeltest.Step{channeltest.Hangup(time.Second, channel.CauseNormalClearing)},
			"[] | away SIP/uas-00000001 [] | h of SIP/alice-00000000 | h of SIP/uas-00000001",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(t, "[t]\nexten => x,1,Set(CHANNEL(after_bridge_goto)="+tt.place+")\n same => n,Log(NOTICE,[${CHANNEL(after_bridge_goto)}])\n same => n,Dial("+tt.dial+")"+rest)
				o.Run("x", tt.caller...)
				got := o.Log.Notices()
				if tt.dial == "SIP/ans@uas,,U(sub)" {
					slices.Sort(got) // two threads
				}
				if strings.Join(got, " | ") != tt.want {
					t.Errorf("%s\nwant %s", strings.Join(got, " | "), tt.want)
				}
			})
		})
	}
}

func TestVerboseLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "[t]\nexten => x,1,Dial(SIP/r486@uas,5)\n")
		o.Run("x")
		all := strings.Join(append(o.Log.Verbose(3), o.Log.Verbose(2)...), "\n")
		for _, want := range []string{
			"Called SIP/r486@uas", "SIP/uas-00000001 is ringing", "SIP/uas-00000001 is busy",
			"Everyone is busy/congested at this time (1:1/0/0)",
		} {
			if !strings.Contains(all, want) {
				t.Errorf("%q is missing in:\n%s", want, all)
			}
		}
	})
}
