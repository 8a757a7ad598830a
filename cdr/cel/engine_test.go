package cel_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pbx/apps/appstest"
	"pbx/cdr/cel"
	"pbx/channel"
	"pbx/channel/channeltest"
	"pbx/event"
)

// recorder keeps what an engine writes.
type recorder struct {
	mu   sync.Mutex
	rows []*cel.Row
}

func (r *recorder) add(rows []*cel.Row) {
	r.mu.Lock()
	r.rows = append(r.rows, rows...)
	r.mu.Unlock()
}

func brief(r *cel.Row) string {
	f := []string{r.Type, r.Channel, r.Exten}
	if r.App != "" {
		f = append(f, r.App+"("+r.AppData+")")
	}
	if r.Peer != "" {
		f = append(f, "peer="+r.Peer)
	}
	if !strings.HasPrefix(r.Type, "BRIDGE") {
		f = append(f, r.UserDefType, r.Extra)
	}
	return strings.TrimSpace(strings.Join(strings.Fields(strings.Join(f, " ")), " "))
}

const plan = `
[t]
exten => 102,1,Dial(SIP/bob,15,tT)
 same => n,Hangup()
exten => user,1,CELGenUserEvent(MINE,some "text")
exten => h,1,NoOp(over)
`

func run(t *testing.T, s cel.Settings, exten string, callee []channeltest.Step, caller ...channeltest.Step) (out []string) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		o := appstest.New(t, plan, func(o *appstest.Office) { cel.New(o.Bus, time.Now(), s, r.add) })
		o.SIP.Script("bob", callee...)
		o.Run(exten, caller...)
		for _, row := range r.rows {
			out = append(out, brief(row))
		}
	})
	return out
}

func all() cel.Settings {
	return cel.Settings{Enable: true, All: true, Apps: map[string]bool{"dial": true, "park": true}}
}

func TestEvents(t *testing.T) {
	const a, b = "SIP/alice-00000000", "SIP/bob-00000001"
	dial := " 102 Dial(SIP/bob,15,tT)"
	tests := []struct {
		name   string
		exten  string
		callee []channeltest.Step
		caller []channeltest.Step
		want   []string
	}{
		{
			"answered, caller hangs up", "102",
			[]channeltest.Step{channeltest.Answer(300 * time.Millisecond)},
			[]channeltest.Step{channeltest.Hangup(2*time.Second, channel.CauseNormalClearing)},
			[]string{
				"CHAN_START " + a + " 102", "APP_START " + a + dial, "CHAN_START " + b + " s",
				"ANSWER " + b + " 102 AppDial((Outgoing Line))", "ANSWER " + a + dial,
				"BRIDGE_ENTER " + b + " AppDial((Outgoing Line))", "BRIDGE_ENTER " + a + dial + " peer=" + b,
				"BRIDGE_EXIT " + a + dial + " peer=" + b, "BRIDGE_EXIT " + b + " AppDial((Outgoing Line))",
				`HANGUP ` + b + ` AppDial((Outgoing Line)) {"hangupcause":16,"hangupsource":"","dialstatus":""}`, "CHAN_END " + b + " AppDial((Outgoing Line))",
				"APP_END " + a + dial,
				`HANGUP ` + a + ` h {"hangupcause":16,"hangupsource":"","dialstatus":"ANSWER"}`, "CHAN_END " + a + " h", "LINKEDID_END " + a + " h",
			},
		},
		{
			"busy", "102",
			[]channeltest.Step{channeltest.Fail(0, channel.ControlBusy, channel.CauseUserBusy, "SIP 486 Busy Here")},
			nil,
			[]string{
				"CHAN_START " + a + " 102", "APP_START " + a + dial, "CHAN_START " + b + " s",
				`HANGUP ` + b + ` 102 AppDial((Outgoing Line)) {"hangupcause":17,"hangupsource":"","dialstatus":""}`, "CHAN_END " + b + " 102 AppDial((Outgoing Line))",
				"APP_END " + a + dial,
				`HANGUP ` + a + ` h {"hangupcause":17,"hangupsource":"dialplan/builtin","dialstatus":"BUSY"}`, "CHAN_END " + a + " h", "LINKEDID_END " + a + " h",
			},
		},
		{
			"an event of one's own", "user", nil, nil,
			[]string{
				"CHAN_START " + a + " user", `USER_DEFINED ` + a + ` user CELGenUserEvent(MINE,some "text") MINE {"extra":"some \"text\""}`,
				`HANGUP ` + a + ` h {"hangupcause":0,"hangupsource":"","dialstatus":""}`, "CHAN_END " + a + " h", "LINKEDID_END " + a + " h",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := run(t, all(), tt.exten, tt.callee, tt.caller...)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// Only what is asked for is written.
func TestSelection(t *testing.T) {
	s := cel.Settings{Enable: true, Events: map[string]bool{"CHAN_START": true, "LINKEDID_END": true}}
	got := run(t, s, "102", []channeltest.Step{channeltest.Answer(0), channeltest.Hangup(time.Second, channel.CauseNormalClearing)})
	want := []string{"CHAN_START SIP/alice-00000000 102", "CHAN_START SIP/bob-00000001 s", "LINKEDID_END SIP/alice-00000000 h"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A log that is off asks the bus for nothing.
func TestOff(t *testing.T) {
	bus := new(event.Bus)
	e := cel.New(bus, time.Now(), cel.Settings{}, func([]*cel.Row) {})
	wants := func() bool { return bus.Wants(event.ChannelCreated) || bus.Wants(event.NewExten) }
	if wants() {
		t.Error("it listens although it is off")
	}
	e.Configure(all())
	if !wants() {
		t.Error("it does not listen although it is on")
	}
	e.Close()
	if wants() {
		t.Error("it listens after Close")
	}
}

// Two calls whose channels meet are one: the later one's Linkedid ends with its last channel.
func TestLinkedid(t *testing.T) {
	var got []string
	bus, at := new(event.Bus), time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	e := cel.New(bus, at, cel.Settings{Enable: true, Events: map[string]bool{"LINKEDID_END": true, "BRIDGE_ENTER": true}}, func(rows []*cel.Row) {
		for _, r := range rows {
			got = append(got, r.Type+" "+r.Channel+" "+r.LinkedID)
		}
	})
	defer e.Close()
	tell := func(kind event.Kind, name, linkedid, bridge string) {
		bus.Publish(event.Event{Kind: kind, Time: at, Channel: name, Uniqueid: name, Linkedid: linkedid, Bridge: bridge})
	}
	tell(event.ChannelCreated, "alice", "1.0", "")
	tell(event.ChannelCreated, "bob", "1.1", "")
	tell(event.ChannelCreated, "carol", "1.1", "")
	tell(event.BridgeJoin, "carol", "1.1", "b")
	tell(event.BridgeJoin, "alice", "1.0", "b")
	tell(event.ChannelHangup, "bob", "1.1", "")
	tell(event.ChannelHangup, "alice", "1.0", "")
	tell(event.ChannelHangup, "carol", "1.0", "")
	want := []string{"BRIDGE_ENTER carol 1.1", "BRIDGE_ENTER alice 1.0", "LINKEDID_END bob 1.1", "LINKEDID_END carol 1.0"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// What a template of cel_custom.conf writes of one's own event.
func TestOwnEvent(t *testing.T) {
	r := &cel.Row{Type: "USER_DEFINED", UserDefType: "MINE"}
	for name, want := range map[string]string{"eventtype": "MINE", "eventenum": "USER_DEFINED", "userdeftype": "MINE"} {
		if got := r.Value(name, ""); got != want {
			t.Errorf("${%s} is %q, want %q", name, got, want)
		}
	}
}

func TestPickup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		s := cel.Settings{Enable: true, Events: map[string]bool{"PICKUP": true, "LINKEDID_END": true}}
		o := appstest.New(t, plan, func(o *appstest.Office) { cel.New(o.Bus, time.Now(), s, r.add) })
		o.SIP.Script("bob", channeltest.Ringing(0))
		caller := o.Call("102")
		synctest.Wait()
		by := o.SIP.Inbound(channel.Options{Name: "carol", Location: channel.Location{Context: "t", Exten: "pick", Priority: 1}})
		picker := by.Channel()
		if err := channel.Pickup(picker, o.SIP.Leg("bob").Channel()); err != nil {
			t.Fatal(err)
		}
		picker.Hangup()
		time.Sleep(time.Second)
		caller.Channel().SoftHangup(channel.CauseNormalClearing)
		<-o.Registry.Empty()
		var got []string
		for _, row := range r.rows {
			extra, _, _ := strings.Cut(row.Extra, `,"pickup_channel_uniqueid":`)
			got = append(got, strings.TrimSpace(row.Type+" "+row.Channel+" "+extra))
		}
		want := []string{"LINKEDID_END SIP/carol-00000002", `PICKUP SIP/bob-00000001 {"pickup_channel":"SIP/carol-00000002"`, "LINKEDID_END SIP/alice-00000000"}
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}
