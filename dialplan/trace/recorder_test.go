package trace

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pbx/channel"
	"pbx/channel/channeltest"
	"pbx/dialplan"
	"pbx/event"
)

const office = `[office]
exten => 102,1,Set(GREETING=hello)
 same => n,Dial(SIP/102,30)
`

// bench is a recorder on a bus, and channels to publish with.
type bench struct {
	bus  *event.Bus
	reg  *channel.Registry
	tech *channeltest.Tech
	rec  *Recorder
	now  time.Time
}

func newBench(tb testing.TB, on bool) *bench {
	tb.Helper()
	b := &bench{bus: &event.Bus{}, now: time.Unix(1_700_000_000, 0)}
	b.reg = channel.NewRegistry(b.bus, nil, func() time.Time { return b.now }, "")
	b.tech = channeltest.New("SIP", b.reg)
	e := dialplan.NewEngine(dialplan.EngineOptions{})
	p, _, err := e.Parse("extensions.conf", []byte(office))
	if err != nil {
		tb.Fatal(err)
	}
	e.Swap(p)
	b.rec = NewRecorder(b.bus, e.Plan)
	b.rec.Switch(on)
	return b
}

func (b *bench) channel(name string, from *channel.Channel) *channel.Channel {
	return b.reg.New(channel.Options{
		Name: name, Tech: b.tech, Leg: &channeltest.Leg{}, From: from,
		Location: channel.Location{Context: "office", Exten: "102", Priority: 1},
		Identity: channel.Identity{Caller: channel.Party{Number: "101", HasNumber: true}},
	})
}

// dial publishes what a call through Dial does: two legs, two priorities.
func (b *bench) dial() {
	a := b.channel("101", nil)
	note := func(c *channel.Channel, text string) {
		if b.bus.Wants(event.Note) {
			c.Publish(event.Event{Kind: event.Note, Value: text, AppData: "call-of-" + text[:3]})
		}
	}
	a.SetState(channel.Ring)
	note(a, "calls from 127.0.0.101:5060 by UDP: section [101] of sip.conf (sip.conf:31), by the name in From")
	note(a, "knew the password (digest MD5)")
	note(a, "is sent ulaw: the only one that both have (ulaw)")
	for _, v := range [...]string{"SIPURI", "SIPDOMAIN", "SIPCALLID"} {
		a.SetVar(v, channel.Clean("sip:101@127.0.0.1"))
	}
	a.SetLocation(channel.Location{Context: "office", Exten: "102", Priority: 1}, "Set", "GREETING=hello")
	a.SetVar("GREETING", channel.Clean("hello"))
	a.SetLocation(channel.Location{Context: "office", Exten: "102", Priority: 2}, "Dial", "SIP/102,30")
	c := b.channel("102", a)
	tell := func(k event.Kind, value string) {
		if b.bus.Wants(k) {
			a.PublishWith(event.Event{Kind: k, Value: value}, c)
		}
	}
	tell(event.DialBegin, "102")
	note(c, "gets INVITE at 127.0.0.102:5060 by UDP, with ulaw, alaw offered")
	note(c, "says 180 Ringing")
	c.SetState(channel.Ringing)
	tell(event.DialState, "RINGING")
	note(c, "says 200 OK")
	note(c, "is sent ulaw: the only one that both have (ulaw)")
	c.SetState(channel.Up)
	tell(event.DialEnd, "ANSWER")
	for _, v := range [...]string{"RINGTIME", "RINGTIME_MS", "DIALSTATUS", "DIALEDPEERNAME", "DIALEDPEERNUMBER", "BRIDGEPEER"} {
		a.SetVar(v, channel.Clean("1234"))
	}
	a.SetState(channel.Up)
	for _, x := range [...]*channel.Channel{a, c} {
		x.SetVar("BRIDGEPEER", channel.Clean(x.Name()))
		if b.bus.Wants(event.BridgeJoin) {
			x.Publish(event.Event{Kind: event.BridgeJoin, Bridge: "b"})
		}
	}
	note(a, "is told 200 OK")
	note(a, "says BYE")
	a.FarHangup(channel.CauseNormalClearing)
	for _, v := range [...]string{"ANSWEREDTIME", "ANSWEREDTIME_MS", "DIALEDTIME", "DIALEDTIME_MS"} {
		a.SetVar(v, channel.Clean("30"))
	}
	if b.bus.Wants(event.ChannelHangup) { // Hangup itself is not what is measured
		c.Publish(event.Event{Kind: event.ChannelHangup})
		a.Publish(event.Event{Kind: event.ChannelHangup})
	}
	note(c, "is told BYE")
}

func TestRecorderBounds(t *testing.T) {
	b := newBench(t, true)
	for range Calls + 20 {
		b.dial()
		b.now = b.now.Add(time.Second)
	}
	stories, missed := b.rec.Stories()
	if len(stories) != Calls || missed != 0 {
		t.Errorf("%d calls are kept and %d missed, want %d and none", len(stories), missed, Calls)
	}
	var s strings.Builder
	if err := stories[0].Write(&s); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"101 calls 102", "extensions.conf:2", "GREETING=hello", "SIP/102: ANSWER", "connected with SIP/102", "ended it"} {
		if !strings.Contains(s.String(), want) {
			t.Errorf("the story lacks %q:\n%s", want, s.String())
		}
	}

	// One call that does very much keeps its beginning and its end.
	long := b.channel("long", nil)
	for i := range 10 * Moments {
		long.SetVar("I", channel.Clean(fmt.Sprint(i, strings.Repeat("x", 1000))))
	}
	c := b.rec.calls[long.Linkedid()]
	if n := len(c.first) + len(c.last); n != Moments || c.lost != 9*Moments {
		t.Errorf("%d moments are kept and %d lost, want %d and %d", n, c.lost, Moments, 9*Moments)
	}
	if most := Moments * (momentSize + textLength); c.size > most {
		t.Errorf("it takes %d bytes, more than %d", c.size, most)
	}
	long.Publish(event.Event{Kind: event.ChannelHangup})

	// Calls that are up.
	var up []*channel.Channel
	for range Running + 5 {
		up = append(up, b.channel("x", nil))
	}
	if _, missed = b.rec.Stories(); missed != 5 || b.rec.running != Running {
		t.Errorf("%d are up and %d missed, want %d and 5", b.rec.running, missed, Running)
	}
	for _, ch := range up {
		ch.Publish(event.Event{Kind: event.ChannelHangup})
	}
	if b.rec.running != 0 || len(b.rec.calls) != Calls || len(b.rec.ended) != Calls {
		t.Errorf("after all: %d up, %d known, %d ended", b.rec.running, len(b.rec.calls), len(b.rec.ended))
	}
	for range 2 * Refusals {
		b.bus.Publish(event.Event{Kind: event.Note, Name: event.RefusedCall, Value: "403"})
	}
	if n := len(b.rec.Refusals()); n != Refusals {
		t.Errorf("%d refusals are kept, want %d", n, Refusals)
	}

	b.rec.Switch(false)
	if b.bus.Wants(event.VarSet) || b.bus.Wants(event.Note) {
		t.Error("a recorder that is off still wants events")
	}
	b.dial()
	if stories, _ = b.rec.Stories(); len(stories) != 0 {
		t.Errorf("%d calls are kept by a recorder that is off", len(stories))
	}
}

// A channel that another call takes in is over where it came from.
func TestRecorderChannelMoves(t *testing.T) {
	b := newBench(t, true)
	one, two := b.channel("101", nil), b.channel("103", nil)
	first := one.Linkedid()
	one.JoinCall(two)
	one.SetVar("A", channel.Clean("1"))
	if c := b.rec.calls[first]; c.Over.IsZero() || b.rec.running != 1 {
		t.Errorf("the call that lost its channel is still up; %d are", b.rec.running)
	}
	two.Publish(event.Event{Kind: event.ChannelHangup})
	if b.rec.running != 1 {
		t.Errorf("%d calls are up, want the one with the channel that came", b.rec.running)
	}
	one.Publish(event.Event{Kind: event.ChannelHangup})
	if b.rec.running != 0 {
		t.Errorf("%d calls are up, want none", b.rec.running)
	}
}

// Settled calls need no plan, and tell the same.
func TestSettle(t *testing.T) {
	b := newBench(t, true)
	b.dial()
	tell := func() string {
		var s strings.Builder
		stories, _ := b.rec.Stories()
		if err := stories[0].Write(&s); err != nil {
			t.Fatal(err)
		}
		return s.String()
	}
	before := tell()
	b.rec.Settle()
	c := b.rec.ended[0]
	if c.first != nil || c.legs[0].plan != nil {
		t.Error("moments or a plan are left")
	}
	if after := tell(); after != before {
		t.Errorf("settled:\n%s\nbefore:\n%s", after, before)
	}
}

// BenchmarkDial is what a call through Dial publishes, with and without a recorder;
// the difference is what the recorder costs a call.
func BenchmarkDial(b *testing.B) {
	for _, on := range []bool{false, true} {
		b.Run(map[bool]string{false: "off", true: "on"}[on], func(b *testing.B) {
			x := newBench(b, on)
			b.ReportAllocs()
			for b.Loop() {
				x.dial()
			}
		})
	}
}
