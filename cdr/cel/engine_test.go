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
