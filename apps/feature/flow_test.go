package feature_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/apps/appstest"
	"pbx/channel"
	"pbx/channel/channeltest"
	"pbx/channels/local"
	"pbx/event"
)

const plan = `[t]
exten => x,1,Dial(SIP/bob,20,%s)
 same => n,Log(NOTICE,${CHANNEL} goes on)
 same => n,Wait(1)
exten => 103,1,Log(NOTICE,103 for ${CALLERID(num)} by ${TRANSFERERNAME} ${ATTENDEDTRANSFER})
 same => n,Dial(SIP/carol,%d)
exten => 104,1,Log(NOTICE,104)
 same => n,Answer()
 same => n,Wait(60)
exten => joins,1,Wait(1)
 same => n,Bridge(SIP/bob-00000000,T)
exten => waits,1,Answer()
 same => n,Wait(100)
 same => n,Log(NOTICE,${CHANNEL} waited)
exten => h,1,Log(NOTICE,h ${CHANNEL})
`

// office is one in which atxfer is *5, and whose number 103 is carol's.
func office(t *testing.T, options string, rings int) *appstest.Office {
	o := appstest.New(t, fmt.Sprintf(plan, options, rings), func(o *appstest.Office) {
		o.Registry.Register(local.New(local.Deps{Registry: o.Registry, Dialplan: o.Engine}))
		f := channel.DefaultFeatures()
		f.AttendedTransfer = "*5"
		f.Attended.NoAnswer = 6 * time.Second
		o.Registry.SetFeatures(f)
	})
	o.SIP.Callee("bob", channel.Party{Name: "Bob B", Number: "102", HasNumber: true})
	o.SIP.Callee("carol", channel.Party{Name: "Carol C", Number: "103", HasNumber: true})
	return o
}

// story is what happens: who holds whom, who enters (>) and leaves (<) which bridge, how
// legs are dialled, who is transferred, who hangs up (a full stop). What happens at the
// same time may do so in any order.
type story struct {
	sub   *event.Subscription
	start time.Time
}

func tell(o *appstest.Office) *story {
	return &story{o.Bus.Subscribe(400, event.Transfer, event.Hold, event.Unhold, event.BridgeJoin, event.BridgeLeave, event.ChannelHangup, event.DialEnd), time.Now()}
}

// read is the story until now, a line for every moment.
func (s *story) read() string {
	var b strings.Builder
	var words []string
	at := time.Duration(-1)
	flush := func() {
		if len(words) > 0 {
			slices.Sort(words)
			fmt.Fprintf(&b, "  %5.1f %s\n", at.Seconds(), strings.Join(words, " "))
		}
		words = nil
	}
	var all []event.Event
	theirs := map[string]bool{} // bridges of alice or bob; that of the number's plan is not ours to tell
	for len(s.sub.C) > 0 {
		e := <-s.sub.C
		all = append(all, e)
		if who := short(e.Channel); who == "alice" || who == "bob" {
			theirs[e.Bridge] = true
		}
	}
	for _, e := range all {
		if (e.Kind == event.BridgeJoin || e.Kind == event.BridgeLeave) && !theirs[e.Bridge] {
			continue
		}
		if d := e.Time.Sub(s.start); d != at {
			flush()
			at = d
		}
		who := short(e.Channel)
		switch e.Kind {
		case event.Transfer:
			parties := []string{}
			d := e.Detail.(*event.TransferDetail)
			for _, p := range [...]*event.Party{d.Transferer, d.Second, d.Transferee, d.Target} {
				if p != nil {
					parties = append(parties, short(p.Channel))
				}
			}
			words = append(words, fmt.Sprintf("%s(%s)", e.Name, strings.Join(parties, ",")))
		case event.Hold:
			words = append(words, who+":hold")
		case event.Unhold:
			words = append(words, who+":unhold")
		case event.BridgeJoin:
			words = append(words, who+">"+joined(e.Bridge))
		case event.BridgeLeave:
			words = append(words, who+"<"+joined(e.Bridge))
		case event.DialEnd:
			words = append(words, short(e.Dest)+"="+e.Value)
		case event.ChannelHangup:
			words = append(words, who+".")
		}
	}
	flush()
	return b.String()
}

// joined names a bridge by the numbers of the channels that began it.
func joined(id string) string {
	var numbers string
	for part := range strings.SplitSeq(id, "-") {
		_, n, _ := strings.Cut(part, ".")
		numbers += n
	}
	return numbers
}

func short(name string) string {
	if l, ok := strings.CutPrefix(name, "Local/"); ok {
		return "L" + l[len(l)-1:]
	}
	name, _, _ = strings.Cut(strings.TrimPrefix(name, "SIP/"), "-")
	return name
}

// keys are digits from a moment on, five a second.
func keys(at time.Duration, digits string) (steps []channeltest.Step) {
	for i := range digits {
		steps = append(steps, channeltest.Digit(at+time.Duration(i)*200*time.Millisecond, digits[i]))
	}
	return steps
}

func hangup(at time.Duration) channeltest.Step {
	return channeltest.Hangup(at, channel.CauseNormalClearing)
}

func all(lists ...[]channeltest.Step) []channeltest.Step { return slices.Concat(lists...) }

// TestAttended are all ends of an attended transfer by digits.
func TestAttended(t *testing.T) {
	answer := func(at time.Duration) []channeltest.Step { return []channeltest.Step{channeltest.Answer(at)} }
	ends := func(at time.Duration) []channeltest.Step { return []channeltest.Step{hangup(at)} }
	rings := []channeltest.Step{channeltest.Ringing(0)}
	const sec = time.Second
	// bob asks for carol 3.8 s after he is called, 2.8 s into the call; she answers after 2 s.
	bob := all(answer(sec), keys(3*sec, "*5103"))
	carol := all(rings, answer(2*sec))
	for _, tt := range []struct {
		name              string
		options           string
		rings             int
		set               func(*channel.Features)
		alice, bob, carol []channeltest.Step
		// again is bob, and carolAgain carol, when they are called a second time.
		again, carolAgain []channeltest.Step
		// redirects is when a program sends alice elsewhere.
		redirects time.Duration
	}{
		{name: "completed by a hang-up", options: "t", bob: all(bob, ends(12*sec)), carol: all(carol, ends(20*sec))},
		{name: "completed by its key", options: "t", bob: all(bob, keys(10*sec, "*2")), carol: all(carol, ends(20*sec))},
		{name: "the transferee ends it", options: "t", alice: ends(18 * sec), bob: all(bob, keys(10*sec, "*2")), carol: carol},
		{name: "by the caller", options: "T", alice: all(keys(3*sec, "*5103"), ends(12*sec)), bob: all(answer(sec), ends(20*sec)), carol: carol},
		{name: "by the caller, carol ends it", options: "T", alice: all(keys(3*sec, "*5103"), ends(12*sec)), bob: answer(sec), carol: all(carol, ends(20*sec))},
		{name: "aborted", options: "t", bob: all(bob, keys(10*sec, "*1"), ends(15*sec)), carol: carol},
		{name: "to and fro", options: "t", bob: all(bob, keys(8*sec, "*4"), keys(10*sec, "*4"), keys(12*sec, "*4"), keys(14*sec, "*2")), carol: all(carol, ends(20*sec))},
		{name: "to, and the target goes", options: "t", bob: all(bob, keys(8*sec, "*4"), ends(18*sec)), carol: all(carol, ends(6*sec))},
		{name: "to, and the party goes", options: "t", alice: ends(10 * sec), bob: all(bob, keys(8*sec, "*4")), carol: carol},
		{name: "busy", options: "t", bob: all(bob, ends(15*sec)), carol: []channeltest.Step{channeltest.Fail(0, channel.ControlBusy, channel.CauseUserBusy, "SIP 486")}},
		{name: "no answer", options: "t", rings: 30, bob: all(bob, ends(18*sec)), carol: rings},
		{name: "the plan gives up", options: "t", rings: 3, bob: all(bob, ends(18*sec)), carol: rings},
		{name: "the target hangs up", options: "t", bob: all(bob, ends(18*sec)), carol: all(carol, ends(4*sec))},
		{name: "no such number", options: "t", bob: all(answer(sec), keys(3*sec, "*59"), ends(40*sec))},
		{name: "not allowed", options: "T", bob: all(bob, ends(10*sec))},
		{name: "no code", options: "t", set: func(f *channel.Features) { f.AttendedTransfer = "" }, bob: all(bob, ends(10*sec))},
		{name: "an application answers", options: "t", bob: all(answer(sec), keys(3*sec, "*5104"), ends(12*sec)), alice: ends(20 * sec)},

		{name: "left ringing, answered", options: "t", rings: 30, bob: all(bob, ends(6*sec)), carol: all(rings, answer(4*sec), ends(10*sec))},
		{name: "left ringing by the key", options: "t", rings: 30, bob: all(bob, keys(6*sec, "*2")), carol: all(rings, answer(4*sec), ends(10*sec))},
		{name: "left ringing, called back", options: "t", rings: 30, bob: all(bob, ends(6*sec)), carol: rings, again: all(rings, answer(3*sec), ends(10*sec))},
		{name: "left ringing, nobody", options: "t", rings: 30, bob: all(bob, ends(6*sec)), carol: rings, again: rings},
		{name: "left ringing, the second time", options: "t", rings: 30, bob: all(bob, ends(6*sec)), carol: rings, again: rings, carolAgain: all(rings, answer(3*sec), ends(10*sec))},
		{name: "left ringing, and busy", options: "t", rings: 30, bob: all(bob, ends(6*sec)), carol: all(rings, []channeltest.Step{channeltest.Fail(4*sec, channel.ControlBusy, channel.CauseUserBusy, "SIP 486")}), again: all(rings, answer(sec), ends(5*sec))},
		{name: "to while it rings", options: "t", rings: 30, bob: all(bob, keys(5*sec, "*4"), keys(9*sec, "*4"), keys(12*sec, "*2")), carol: all(rings, answer(3*sec), ends(20*sec))},
		{name: "to while it rings, and it does not answer", options: "t", rings: 30, bob: all(bob, keys(5*sec, "*4"), ends(15*sec)), carol: rings},
		{name: "left ringing, and alone", options: "t", rings: 30, alice: ends(8 * sec), bob: all(bob, ends(6*sec)), carol: rings},
		{name: "left ringing, and alone while called back", options: "t", rings: 30, alice: ends(12 * sec), bob: all(bob, ends(6*sec)), carol: rings, again: rings},
		{name: "left ringing by the caller", options: "T", rings: 30, alice: all(keys(3*sec, "*5103"), ends(6*sec)), bob: all(answer(sec), ends(20*sec)), carol: all(rings, answer(4*sec))},
		{name: "dropped, answered", options: "t", rings: 30, set: func(f *channel.Features) { f.Attended.Drop = true }, bob: all(bob, ends(6*sec)), carol: all(rings, answer(9*sec), ends(20*sec))},
		{name: "dropped, nobody", options: "t", rings: 12, set: func(f *channel.Features) { f.Attended.Drop = true }, bob: all(bob, ends(6*sec)), carol: rings},

		{name: "the transferee goes while he is asked", options: "t", alice: ends(3500 * time.Millisecond), bob: all(answer(sec), keys(3*sec, "*51")), carol: carol},
		{name: "the transferee goes while it rings", options: "t", alice: ends(5 * sec), bob: bob, carol: carol},
		{name: "the transferee goes while they talk", options: "t", alice: ends(8 * sec), bob: all(bob, ends(15*sec)), carol: carol},
		{name: "the callee goes while they talk", options: "Tg", alice: all(keys(3*sec, "*5103")), bob: all(answer(sec), ends(8*sec)), carol: all(carol, ends(15*sec))},
		{name: "the transferer goes while he is asked", options: "t", bob: all(answer(sec), keys(3*sec, "*51"), ends(3500*time.Millisecond)), carol: carol},
		{name: "the time is up while they talk", options: "tS(8)", bob: bob, carol: carol},
		{name: "the time is up after it", options: "tS(20)", bob: all(bob, ends(12*sec)), carol: carol},
		{name: "the plan goes on after it", options: "tg", bob: all(bob, ends(12*sec)), carol: all(carol, ends(20*sec))},
		{name: "twice", options: "tT", alice: all(keys(15*sec, "*5104"), ends(20*sec)), bob: all(bob, ends(12*sec)), carol: all(carol, ends(40*sec))},
		{name: "the transferee is sent elsewhere while they talk", options: "t", redirects: 8 * sec, alice: ends(20 * sec), bob: all(bob, ends(15*sec)), carol: carol},
		{name: "the transferee is sent elsewhere while it rings", options: "t", redirects: 5 * sec, alice: ends(20 * sec), bob: bob, carol: carol},
		{name: "the transferer is sent elsewhere while they talk", options: "T", redirects: 8 * sec, alice: all(keys(3*sec, "*5103"), ends(20*sec)), bob: answer(sec), carol: carol},
		{name: "blind", options: "t", alice: ends(15 * sec), bob: all(answer(sec), keys(3*sec, "#104"))},
		{name: "blind, no such number", options: "t", bob: all(answer(sec), keys(3*sec, "#9"), ends(40*sec))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if tt.rings == 0 {
					tt.rings = 20
				}
				o := office(t, tt.options, tt.rings)
				if tt.set != nil {
					f := o.Registry.Features()
					tt.set(&f)
					o.Registry.SetFeatures(f)
				}
				s := tell(o)
				o.SIP.Script("bob", tt.bob...)
				o.SIP.Script("carol", tt.carol...)
				time.AfterFunc(7*sec, func() {
					o.SIP.Script("bob", tt.again...)
					o.SIP.Script("carol", tt.carolAgain...)
				})
				alice := o.Call("x", tt.alice...)
				hers := alice.Channel()
				if tt.redirects > 0 {
					time.AfterFunc(tt.redirects, func() { hers.AsyncGoto(channel.Location{Context: "t", Exten: "104", Priority: 1}) })
				}
				<-alice.Gone()
				<-o.Registry.Empty()
				notices := o.Log.Notices()
				slices.Sort(notices)
				got := fmt.Sprintf("%s  alice heard %s\n  bob heard %s\n  %s\n", s.read(), o.Session(hers).Heard(), o.Session(o.SIP.Leg("bob").Channel()).Heard(), strings.Join(notices, " | "))
				if w := o.Log.Warnings(); len(w) > 0 {
					t.Errorf("warnings: %q", w)
				}
				golden(t, tt.name, got)
			})
		})
	}
}

// TestBridge: the party that Bridge took from its plan talks to the target, and goes on in
// that plan afterwards.
func TestBridge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := office(t, "", 20)
		s := tell(o)
		o.SIP.Script("carol", channeltest.Answer(time.Second), hangup(20*time.Second))
		bob := o.SIP.Inbound(channel.Options{Name: "bob", Location: channel.Location{Context: "t", Exten: "waits", Priority: 1}}, hangup(30*time.Second))
		o.Engine.Start(bob.Channel())
		o.Run("joins", all(keys(3*time.Second, "*5103"), []channeltest.Step{hangup(10 * time.Second)})...)
		notices := o.Log.Notices()
		slices.Sort(notices)
		golden(t, "Bridge", s.read()+strings.Join(notices, " | ")+"\n")
	})
}

var update = flag.Bool("update", false, "write the stories in testdata anew")

// golden compares a story with the one in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", strings.ReplaceAll(strings.ReplaceAll(name, ",", ""), " ", "-")+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("it went so:\n%s\nand not so:\n%s", got, want)
	}
}
