package dialplan_test

import (
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"pbx/channel"
	"pbx/channel/channeltest"
	"pbx/dialplan/trace"
)

// kit are the two extensions of the bench kit that only work in the dialplan.
const kit = `[bench]
exten => 6000,1,Set(i=0)
 same => n(top),Set(i=$[${i} + 1])
 same => n,GotoIf($[${i} < 1000]?top)
 same => n,Answer()
 same => n,Hangup()
exten => 6001,1,Set(i=0)
 same => n(top),Set(i=$[${i} + 1])
 same => n,Set(s=${CALLERID(num)}-${EXTEN:1:2}-${i})
 same => n,Set(HASH(k${i})=${LEN(${s})})
 same => n,Set(c=${CUT(s,-,2)})
 same => n,ExecIf($["${c}" = "00"]?Set(hit=${TOUPPER(${s})}):NoOp(miss))
 same => n,GotoIf($[${i} < 200]?top)
 same => n,Answer()
 same => n,Hangup()
`

// quiet logs warnings, as an exchange at work does.
func quiet() *slog.Logger {
	return slog.New(slog.NewTextHandler(discard{}, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

// kitCall is an office with the kit's plan, and what makes a call to one of its
// extensions and waits for its end.
func kitCall(t testing.TB, exten string) (o *office, call func()) {
	o = newOffice(t, quiet())
	o.load(t, kit)
	trace.NewRecorder(o.bus, o.engine.Plan).Switch(true) // as an exchange does
	return o, func() {
		l := o.tech.Inbound(channel.Options{
			Name: "101", State: channel.Ring,
			Identity: channel.Identity{Caller: channel.Party{Number: "101", HasNumber: true}},
			Location: channel.Location{Context: "bench", Exten: exten, Priority: 1},
		}, []channeltest.Step(nil)...)
		o.engine.Start(l.Channel())
		<-l.Gone()
	}
}

// A call of 2,000 priorities with expressions, and one of 1,200 with functions that take
// a caller's text apart, make little garbage: 2,040 and 2,650 allocations, and a third more
// where the race detector has pools forget what they hold.
func TestKitAllocations(t *testing.T) {
	info, _ := debug.ReadBuildInfo()
	race := info != nil && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
	for exten, most := range map[string]float64{"6000": 2150, "6001": 2800} {
		if race {
			most *= 1.5
		}
		_, call := kitCall(t, exten)
		if n := testing.AllocsPerRun(20, call); n > most {
			t.Errorf("a call to %s: %v allocations, want at most %v", exten, n, most)
		}
	}
}

func benchmarkCall(b *testing.B, exten string) {
	o, call := kitCall(b, exten)
	b.ReportAllocs()
	before := o.engine.Executed()
	for b.Loop() {
		call()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(o.engine.Executed()-before), "ns/priority")
}

func BenchmarkKit6000(b *testing.B) { benchmarkCall(b, "6000") }
func BenchmarkKit6001(b *testing.B) { benchmarkCall(b, "6001") }

// large is a plan of n extensions in one context, every tenth a pattern.
func large(n int) string {
	var s strings.Builder
	s.WriteString("[large]\n")
	for i := range n {
		name := fmt.Sprintf("%06d", i)
		if i%10 == 0 {
			name = "_" + name[:5] + "X!"
		}
		fmt.Fprintf(&s, "exten => %s,1,NoOp(%d)\n", name, i)
	}
	return s.String()
}

func BenchmarkLookup100000(b *testing.B) {
	o := newOffice(b, quiet())
	o.load(b, large(100_000))
	b.ReportAllocs()
	i := 0
	numbers := []string{"000001", "050505", "0999909", "123456", "099999"}
	for b.Loop() {
		o.engine.Match("large", numbers[i%len(numbers)], 1, "")
		i++
	}
}

func BenchmarkLoad50000(b *testing.B) {
	text := []byte(large(50_000))
	o := newOffice(b, quiet())
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := o.engine.Parse("extensions.conf", text); err != nil {
			b.Fatal(err)
		}
	}
}
