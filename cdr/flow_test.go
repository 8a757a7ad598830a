package cdr_test

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pbx/apps/appstest"
	"pbx/cdr"
	"pbx/channel"
	"pbx/channel/channeltest"
	"pbx/channels/local"
)

var update = flag.Bool("update", false, "write docs/cdr.md's table anew")

// written are the rows of one channel, which come together.
type written struct {
	at   time.Time
	rows []*cdr.Row
}

// office is an exchange with records, in virtual time.
type office struct {
	*appstest.Office
	mu    sync.Mutex
	rows  []written
	calls []*cdr.Call
}

func newOffice(t *testing.T, plan string, settings func(*cdr.Settings)) *office {
	t.Helper()
	o := &office{}
	s := cdr.Defaults()
	if settings != nil {
		settings(&s)
	}
	o.Office = appstest.New(t, plan, func(a *appstest.Office) {
		a.Records = cdr.New(a.Bus, time.Now, s, func(rows []*cdr.Row) {
			o.mu.Lock()
			o.rows = append(o.rows, written{time.Now(), rows})
			o.mu.Unlock()
		}, func(c *cdr.Call) {
			o.mu.Lock()
			o.calls = append(o.calls, c)
			o.mu.Unlock()
		})
	})
	features := channel.DefaultFeatures()
	features.AttendedTransfer = "*2"
	o.Registry.SetFeatures(features)
	o.Registry.Register(local.New(local.Deps{Registry: o.Registry, Dialplan: o.Engine}))
	for number, name := range map[string]string{"102": "Bob B", "103": "Carol C"} {
		o.SIP.Callee(number, channel.Party{Name: name, Number: number, HasNumber: true})
	}
	return o
}

// brief is a row as the document shows it: without what every row has, times in seconds since
// the test began.
func brief(r *cdr.Row) string {
	at := func(t time.Time) string {
		if t.IsZero() {
			return "-"
		}
		return fmt.Sprintf("%.1f", t.Sub(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).Seconds())
	}
	dash := func(s string) string {
		if s == "" {
			return "-"
		}
		return s
	}
	f := []string{
		r.Src, dash(r.Dst), r.Channel, dash(r.DstChannel), dash(strings.TrimSuffix(r.LastApp+"("+r.LastData+")", "()")),
		at(r.Start), at(r.Answer), at(r.End), fmt.Sprint(r.Duration), fmt.Sprint(r.BillSec), r.Disposition,
	}
	if r.AccountCode != "" || r.UserField != "" {
		f = append(f, "account="+r.AccountCode+" userfield="+r.UserField)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Vars)) {
		f = append(f, name+"="+r.Vars[name])
	}
	return strings.Join(f, " ")
}

const flowPlan = `
[t]
exten => ans,1,Dial(SIP/102,20)
exten => ring3,1,Dial(SIP/ring,3)
 same => n,Hangup()
exten => busy,1,Dial(SIP/busy,3)
 same => n,Hangup()
exten => gone,1,Dial(SIP/404,3)
 same => n,Hangup()
exten => congested,1,Dial(SIP/503,3)
 same => n,Hangup()
exten => unreg,1,Dial(SIP/unreg,3)
exten => fork,1,Dial(SIP/102&SIP/ring,20)
exten => forkbusy,1,Dial(SIP/busy&SIP/busy,20)
exten => forkmixed,1,Dial(SIP/ring&SIP/busy,3)
exten => ansonly,1,Answer()
 same => n,Wait(1)
exten => noans,1,Ringing()
 same => n,Wait(1)
exten => busyapp,1,Busy()
exten => hang,1,Hangup(17)
exten => seq,1,Dial(SIP/busy,3)
 same => n,Dial(SIP/102,5)
exten => gcont,1,Dial(SIP/short,5,g)
 same => n,Dial(SIP/short,5,g)
 same => n,Hangup()
exten => uf,1,Set(CDR(userfield)=uf,"q")
 same => n,Set(CDR(accountcode)=a2)
 same => n,Set(CHANNEL(amaflags)=billing)
 same => n,Dial(SIP/102,5)
exten => ansbusy,1,Answer()
 same => n,Dial(SIP/busy,3)
 same => n,Wait(1)
exten => nocdr,1,NoCDR()
 same => n,Dial(SIP/102,5)
exten => prop,1,Set(CDR_PROP(disable)=1)
 same => n,Set(CDR_PROP(disable)=0)
 same => n,Dial(SIP/102,5)
exten => fork-a,1,Answer()
 same => n,Wait(1)
 same => n,ForkCDR(v)
 same => n,Wait(1)
exten => fork-e,1,Answer()
 same => n,Wait(1)
 same => n,ForkCDR(er)
 same => n,Wait(2)
exten => reset,1,Answer()
 same => n,Wait(2)
 same => n,ResetCDR()
 same => n,Wait(1)
exten => reset-v,1,Set(CDR(userfield)=before)
 same => n,Set(CDR(own)=one)
 same => n,Answer()
 same => n,Wait(1)
 same => n,ResetCDR(v)
 same => n,Set(CDR(userfield)=${CDR(userfield)} ${CDR(own)})
 same => n,ResetCDR()
 same => n,Set(CDR(userfield)=${CDR(userfield)} [${CDR(own)}])
 same => n,Wait(1)
exten => nocdr-e,1,NoCDR()
 same => n,ResetCDR(e)
 same => n,Dial(SIP/102,5)
exten => nocdr-r,1,NoCDR()
 same => n,ResetCDR()
 same => n,Dial(SIP/102,5)
exten => fork-u,1,Set(CDR(userfield)=first)
 same => n,Set(CDR(own)=one)
 same => n,Answer()
 same => n,Wait(1)
 same => n,ForkCDR(a)
 same => n,Set(CDR(userfield)=${CDR(userfield)} [${CDR(own)}])
 same => n,Wait(1)
exten => fork-2,1,Answer()
 same => n,ForkCDR()
 same => n,Wait(1)
 same => n,ForkCDR(e)
 same => n,Dial(SIP/102,5)
exten => forkone,1,Dial(SIP/busy&SIP/102,20)
exten => keep,1,Dial(Local/busy@t/n&SIP/102,20)
exten => optC,1,Answer()
 same => n,Wait(2)
 same => n,Dial(SIP/102,5,C)
exten => withh,1,Dial(SIP/102,5)
exten => subs,1,Dial(SIP/102,5,b(sub^s^1)B(sub^s^1)U(sub))
exten => localcall,1,Dial(Local/ans@t/n,10)
exten => 103,1,Dial(SIP/103,15)
exten => asks,1,Dial(SIP/asks,20,t)
exten => askc,1,Dial(SIP/102,20,T)
exten => forwarded,1,Dial(SIP/fwd,15)
exten => limited,1,Dial(SIP/long,5,S(2))
exten => hmark,1,Dial(SIP/short,5)
[sub]
exten => s,1,NoOp(in a subroutine)
 same => n,Return()
[withh]
exten => x,1,Dial(SIP/102,5)
exten => h,1,Set(CDR(userfield)=from h)
 same => n,Wait(3)
`

type flow struct {
	name, exten, context string
	settings             func(*cdr.Settings)
	steps                []channeltest.Step
	during               func(*office, *channeltest.Leg)
}

func unanswered(s *cdr.Settings) { s.Unanswered, s.Congestion = true, true }

func flows() []flow {
	hang := func(after time.Duration) []channeltest.Step {
		return []channeltest.Step{channeltest.Hangup(after, channel.CauseNormalClearing)}
	}
	const s = time.Second
	return []flow{
		{name: "answered, caller hangs up", exten: "ans", steps: hang(4 * s)},
		{name: "answered, called party hangs up", exten: "hmark"},
		{name: "no answer", exten: "ring3"},
		{name: "busy", exten: "busy"},
		{name: "not found", exten: "gone"},
		{name: "congested", exten: "congested"},
		{name: "caller gives up", exten: "ring3", steps: hang(1500 * time.Millisecond)},
		{name: "caller gives up, canceldispositionenabled", exten: "ring3", steps: hang(1500 * time.Millisecond), settings: func(s *cdr.Settings) { s.Cancel = true }},
		{name: "fork, one answers", exten: "fork", steps: hang(4 * s)},
		{name: "fork, both busy", exten: "forkbusy"},
		{name: "fork, one rings and one is busy", exten: "forkmixed"},
		{name: "fork, caller gives up", exten: "forkmixed", steps: hang(1 * s)},
		{name: "unregistered phone", exten: "unreg"},
		{name: "Answer and Wait", exten: "ansonly"},
		{name: "Ringing and Wait", exten: "noans"},
		{name: "Busy()", exten: "busyapp", steps: hang(1 * s)},
		{name: "Hangup(17)", exten: "hang"},
		{name: "two Dials, the second answers", exten: "seq", steps: hang(4 * s)},
		{name: "option g, two conversations", exten: "gcont"},
		{name: "userfield, account, amaflags", exten: "uf", steps: hang(3 * s)},
		{name: "Answer, busy Dial, Wait", exten: "ansbusy"},
		{name: "NoCDR", exten: "nocdr", steps: hang(3 * s)},
		{name: "CDR_PROP(disable) off again", exten: "prop", steps: hang(3 * s)},
		{name: "ForkCDR", exten: "fork-a"},
		{name: "ForkCDR(er)", exten: "fork-e"},
		{name: "ResetCDR", exten: "reset"},
		{name: "ResetCDR(v), and without", exten: "reset-v"},
		{name: "NoCDR, ResetCDR(e)", exten: "nocdr-e", steps: hang(3 * s)},
		{name: "NoCDR, ResetCDR", exten: "nocdr-r", steps: hang(3 * s)},
		{name: "ForkCDR(a)", exten: "fork-u"},
		{name: "ForkCDR twice, the second ends both", exten: "fork-2", steps: hang(4 * s)},
		{name: "fork, one is busy and one answers", exten: "forkone", steps: hang(4 * s)},
		{name: "fork, one by a Local channel", exten: "keep", steps: hang(4 * s)},
		{name: "Dial option C", exten: "optC", steps: hang(6 * s)},
		{name: "extension h, endbeforehexten", exten: "x", context: "withh", steps: hang(3 * s)},
		{name: "extension h, endbeforehexten=no", exten: "x", context: "withh", steps: hang(3 * s), settings: func(s *cdr.Settings) { s.EndBeforeH = false }},
		{name: "subroutines of Dial", exten: "subs", steps: hang(3 * s)},
		{name: "Local channel", exten: "localcall", steps: hang(4 * s)},
		{name: "called phone forwards", exten: "forwarded", steps: hang(4 * s)},
		{name: "time limit", exten: "limited"},
		{name: "initiatedseconds", exten: "ans", steps: hang(3600 * time.Millisecond), settings: func(s *cdr.Settings) { s.Initiated = true }},
		{name: "blind transfer by the called party", exten: "ans", steps: hang(9 * s), during: func(o *office, caller *channeltest.Leg) {
			time.Sleep(3 * s)
			bob := caller.Channel().Bridged()
			caller.Channel().AsyncGoto(channel.Location{Context: "t", Exten: "103", Priority: 1})
			bob.SoftHangup(channel.CauseNormalClearing)
		}},
		{name: "blind transfer by the caller", exten: "ans", during: func(o *office, caller *channeltest.Leg) {
			time.Sleep(3 * s)
			bob := caller.Channel().Bridged()
			bob.AsyncGoto(channel.Location{Context: "t", Exten: "103", Priority: 1})
			caller.Channel().SoftHangup(channel.CauseNormalClearing)
			time.Sleep(4 * s)
			bob.SoftHangup(channel.CauseNormalClearing)
		}},
		{name: "blind transfer to a busy phone", exten: "ans", during: func(o *office, caller *channeltest.Leg) {
			time.Sleep(3 * s)
			bob := caller.Channel().Bridged()
			caller.Channel().AsyncGoto(channel.Location{Context: "t", Exten: "busy", Priority: 1})
			bob.SoftHangup(channel.CauseNormalClearing)
		}},
		{name: "attended transfer by the called party", exten: "ans", steps: hang(9 * s), during: func(o *office, caller *channeltest.Leg) {
			time.Sleep(2 * s)
			bob := caller.Channel().Bridged()
			second := o.from("102", "Bob B", "103")
			time.Sleep(3 * s)
			carol := second.Channel().Bridged()
			o.transfer(bob, carol, second.Channel())
		}},
		{name: "attended transfer by the caller", exten: "ans", during: func(o *office, caller *channeltest.Leg) {
			time.Sleep(2 * s)
			bob := caller.Channel().Bridged()
			second := o.from("101", "Alice A", "103")
			time.Sleep(3 * s)
			first, carol := caller.Channel(), second.Channel().Bridged()
			o.transfer(first, carol, second.Channel())
			time.Sleep(2 * s)
			bob.SoftHangup(channel.CauseNormalClearing)
		}},
		{name: "attended transfer while the target rings", exten: "ans", steps: hang(9 * s), during: func(o *office, caller *channeltest.Leg) {
			time.Sleep(2 * s)
			bob := caller.Channel().Bridged()
			second := o.from("102", "Bob B", "103")
			time.Sleep(500 * time.Millisecond)
			o.transfer(second.Channel(), caller.Channel(), bob)
		}},
		{name: "attended transfer to a call in an application", exten: "ans", steps: hang(9 * s), during: func(o *office, caller *channeltest.Leg) {
			time.Sleep(2 * s)
			bob := caller.Channel().Bridged()
			second := o.from("102", "Bob B", "ansonly")
			time.Sleep(500 * time.Millisecond)
			o.transfer(second.Channel(), caller.Channel(), bob)
		}},
		{name: "attended transfer by digits, by the caller", exten: "askc", steps: append(digits(2*s, "*2103"), channeltest.Hangup(6*s, channel.CauseNormalClearing)), during: func(o *office, caller *channeltest.Leg) {
			time.Sleep(3 * s)
			bob := o.SIP.Leg("102").Channel()
			time.Sleep(6 * s)
			bob.SoftHangup(channel.CauseNormalClearing)
		}},
		{name: "attended transfer by digits, and back", exten: "askc", steps: append(append(digits(2*s, "*2103"), digits(5*s, "*1")...), channeltest.Hangup(8*s, channel.CauseNormalClearing))},
		{name: "attended transfer by digits, left while it rings", exten: "askc", steps: append(digits(2*s, "*2103"), channeltest.Hangup(2900*time.Millisecond, channel.CauseNormalClearing)), during: func(o *office, caller *channeltest.Leg) {
			time.Sleep(2 * s)
			bob := o.SIP.Leg("102").Channel()
			time.Sleep(6 * s)
			bob.SoftHangup(channel.CauseNormalClearing)
		}},
		{name: "attended transfer by digits, by the called party", exten: "asks", steps: hang(9 * s)},
		{name: "pickup of a call that rings", exten: "ring3", steps: hang(6 * s), during: func(o *office, _ *channeltest.Leg) {
			time.Sleep(s)
			ringing := o.SIP.Leg("ring").Channel()
			by := o.SIP.Inbound(channel.Options{
				Name: "carol", Location: channel.Location{Context: "t", Exten: "pick", Priority: 1},
				Identity: channel.Identity{Caller: channel.Party{Name: "Carol C", Number: "103", HasNumber: true}},
			})
			picker := by.Channel() // Masquerade gives by another
			if err := channel.Pickup(picker, ringing); err != nil {
				o.T.Error(err)
			}
			picker.Hangup()
		}},
		{name: "no rows of calls without a Dial, unanswered=yes: unregistered", exten: "unreg", settings: unanswered},
		{name: "unanswered=yes: Ringing and Wait", exten: "noans", settings: unanswered},
		{name: "unanswered=yes: Busy()", exten: "busyapp", steps: hang(1 * s), settings: unanswered},
		{name: "unanswered=yes: busy and Hangup", exten: "busy", settings: unanswered},
		{name: "unanswered=yes: not found and Hangup", exten: "gone", settings: unanswered},
		{name: "unanswered=yes: congested and Hangup", exten: "congested", settings: unanswered},
		{name: "unanswered=yes: fork, both busy", exten: "forkbusy", settings: unanswered},
	}
}

// digits are dialled one after the other from a moment on.
func digits(at time.Duration, text string) (steps []channeltest.Step) {
	for i := range text {
		steps = append(steps, channeltest.Digit(at+time.Duration(i)*100*time.Millisecond, text[i]))
	}
	return steps
}

// from begins another call.
func (o *office) from(number, name, exten string) *channeltest.Leg {
	l := o.SIP.Inbound(channel.Options{
		Name: strings.ToLower(strings.Fields(name)[0]), Location: channel.Location{Context: "t", Exten: exten, Priority: 1},
		Identity: channel.Identity{Caller: channel.Party{Name: name, Number: number, HasNumber: true}},
	})
	o.Engine.Start(l.Channel())
	return l
}

// transfer puts the phone of comes in the place of stays, and ends the calls of who did it.
func (o *office) transfer(stays, comes, other *channel.Channel) {
	if err := channel.Masquerade(stays, comes); err != nil {
		o.T.Error(err)
	}
	comes.SoftHangup(channel.CauseNormalClearing)
	other.SoftHangup(channel.CauseNormalClearing)
}

func (f *flow) run(t *testing.T) (rows, calls []string) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, flowPlan+edgePlan, f.settings)
		ring := channeltest.Ringing(100 * time.Millisecond)
		o.SIP.Script("102", ring, channeltest.Answer(time.Second))
		o.SIP.Script("103", ring, channeltest.Answer(time.Second))
		o.SIP.Script("ring", ring)
		o.SIP.Script("busy", channeltest.Fail(100*time.Millisecond, channel.ControlBusy, channel.CauseUserBusy, "SIP 486 Busy Here"))
		o.SIP.Script("404", channeltest.Fail(100*time.Millisecond, channel.ControlHangup, channel.CauseUnallocated, "SIP 404 Not Found"))
		o.SIP.Script("503", channeltest.Fail(100*time.Millisecond, channel.ControlCongestion, channel.CauseCongestion, "SIP 503 Service Unavailable"))
		o.SIP.Script("short", ring, channeltest.Answer(400*time.Millisecond), channeltest.Hangup(1200*time.Millisecond, channel.CauseNormalClearing))
		o.SIP.Script("asks", append(append([]channeltest.Step{ring, channeltest.Answer(time.Second)}, digits(2*time.Second, "*2103")...), channeltest.Hangup(6*time.Second, channel.CauseNormalClearing))...)
		o.SIP.Script("long", ring, channeltest.Answer(500*time.Millisecond))
		for name, to := range map[string]string{"fwd": "103", "fwdbusy": "busy", "fwdring": "ring3"} {
			o.SIP.Script(name, channeltest.Step{
				After: 200 * time.Millisecond, Frame: channel.Frame{Kind: channel.FrameControl, Control: channel.ControlForward, Text: "Local/" + to + "@t/n"},
			})
		}
		o.SIP.Refuse("unreg", channel.CauseSubscriberAbsent)
		caller := o.call(f)
		if f.during != nil {
			f.during(o, caller)
		}
		<-caller.Gone()
		<-o.Registry.Empty()
		o.mu.Lock()
		defer o.mu.Unlock()
		// Threads that end in the same moment end in any order.
		slices.SortStableFunc(o.rows, func(a, b written) int {
			return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.rows[0].Sequence, b.rows[0].Sequence))
		})
		for _, w := range o.rows {
			for _, r := range w.rows {
				rows = append(rows, brief(r))
			}
		}
		for _, c := range o.calls {
			calls = append(calls, fmt.Sprintf("%s → %s %s talk=%d reached=%s rows=%d", c.Src, c.Dst, c.Disposition, c.Talk, c.Reached, c.Rows))
		}
	})
	return rows, calls
}

func (o *office) call(f *flow) *channeltest.Leg {
	if f.context == "" {
		f.context = "t"
	}
	l := o.SIP.Inbound(channel.Options{
		Name: "alice", Location: channel.Location{Context: f.context, Exten: f.exten, Priority: 1}, Settings: channel.Settings{Language: "en"},
		Identity: channel.Identity{Caller: channel.Party{Name: "Alice A", Number: "101", HasNumber: true}, DNID: f.exten},
	}, f.steps...)
	o.Engine.Start(l.Channel())
	return l
}

const begin, end = "<!-- rows: begin -->\n", "<!-- rows: end -->\n"

// TestFlows compares the rows of every flow with the table in docs/cdr.md.
func TestFlows(t *testing.T) {
	var b bytes.Buffer
	for _, f := range append(flows(), edgeFlows()...) {
		t.Run(f.name, func(t *testing.T) {
			rows, calls := f.run(t)
			fmt.Fprintf(&b, "\n# %s\n", f.name)
			for _, r := range rows {
				b.WriteString(r + "\n")
			}
			if len(rows) == 0 {
				b.WriteString("(no row)\n")
			}
			for _, c := range calls {
				b.WriteString("call: " + c + "\n")
			}
		})
	}
	const path = "../docs/cdr.md"
	doc, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(doc), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no table of rows", path)
	}
	want := before + begin + "\n```\n" + strings.TrimSpace(b.String()) + "\n```\n\n" + end + after
	if want == string(doc) {
		return
	}
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%s is stale: go test ./cdr -run TestFlows -update\n%s", path, b.String())
}
