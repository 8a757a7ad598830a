package manager

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"pbx/channel"
	"pbx/event"
)

// eventsOfACall is about what an answered Dial makes, variables included.
const eventsOfACall = 66

// BenchmarkCall is what the events of one call cost: written down once, and handed to
// so many programs, which get them all.
func BenchmarkCall(b *testing.B) {
	for _, programs := range []int{0, 1, 10} {
		b.Run(fmt.Sprint(programs, " programs"), func(b *testing.B) {
			bus := &event.Bus{}
			reg := channel.NewRegistry(bus, slog.New(slog.DiscardHandler), time.Now, "")
			s := &Server{deps: Deps{Registry: reg, Log: slog.New(slog.DiscardHandler), Now: time.Now}, sessions: map[*session]struct{}{}}
			s.settings.Store(&Settings{})
			user := &User{Name: "sam", Read: ClassAll}
			for range programs {
				s.sessions[&session{server: s, user: user, mask: ClassAll, out: newOutbox()}] = struct{}{}
			}
			if programs > 0 {
				bus.Subscribe(1<<20, event.VarSet) // somebody wants it
			}
			e := event.Event{
				Kind: event.VarSet, Time: time.Now(), Channel: "SIP/101-00000001", Uniqueid: "1.1", Linkedid: "1.1", State: 6, StateText: "Up",
				CallerNum: "101", CallerName: "Alice", ConnectedNum: "102", ConnectedName: "Bob", Context: "office", Exten: "102", Priority: 1,
				Name: "DIALSTATUS", Value: "ANSWER",
			}
			b.ReportAllocs()
			for b.Loop() {
				for range eventsOfACall {
					if bus.Wants(e.Kind) {
						s.publish(&e)
					}
				}
				s.deliver()
				for x := range s.sessions {
					x.out.take()
				}
			}
		})
	}
}
