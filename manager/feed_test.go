package manager

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
	"pbx/event"
)

// TestFeed: what happens after a quiet time is told at once, what follows waits for more,
// the longer the more there is, and an answer takes along all that happened before it.
func TestFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &event.Bus{}
		ctx, cancel := context.WithCancel(t.Context())
		s := &Server{
			deps:     Deps{Registry: channel.NewRegistry(bus, nil, time.Now, ""), Log: slog.New(slog.DiscardHandler), Now: time.Now},
			sessions: map[*session]struct{}{}, catch: make(chan chan<- struct{}), ctx: ctx,
		}
		s.settings.Store(&Settings{})
		x := &session{server: s, user: &User{Name: "sam", Read: ClassAll}, mask: ClassAll, out: newOutbox()}
		s.sessions[x] = struct{}{}
		s.tune()
		happen := func(kinds ...event.Kind) {
			for _, k := range kinds {
				bus.Publish(event.Event{Kind: k, Channel: "SIP/101-00000001"})
			}
			synctest.Wait()
		}
		expect := func(when string, want ...string) {
			t.Helper()
			if got := told(x); !slices.Equal(got, want) {
				t.Errorf("%s: %q is told, want %q", when, got, want)
			}
		}
		after := func(d time.Duration) string {
			time.Sleep(d)
			synctest.Wait()
			return fmt.Sprint("after ", d)
		}

		happen(event.ChannelCreated)
		expect("at once", "Newchannel")
		happen(event.ChannelState)
		happen(event.VarSet)
		expect(after(19 * time.Millisecond))
		expect(after(time.Millisecond), "Newstate", "VarSet")
		happen(event.VarSet)
		x.send("Response: Success\r\n\r\n")
		expect("an answer", "VarSet", "Response: Success")
		expect(after(time.Hour))
		happen(event.ChannelCreated)
		expect("at once again", "Newchannel")
		happen(slices.Repeat([]event.Kind{event.VarSet}, 50)...)
		expect(after(20*time.Millisecond), slices.Repeat([]string{"VarSet"}, 50)...)
		happen(event.ChannelHangup)
		expect(after(49 * time.Millisecond))
		expect(after(time.Millisecond), "Hangup")

		// What is written down with variables of the channel is written down at once.
		s.settings.Store(&Settings{ChannelVars: []string{"X"}})
		happen(event.VarSet)
		happen(event.VarSet)
		s.batch.mu.Lock()
		n := len(s.batch.parts)
		s.batch.mu.Unlock()
		if n == 0 {
			t.Error("with channelvars events wait to be written down")
		}
		cancel()
		<-s.fed
		if got := told(x); len(got) != 2 {
			t.Errorf("at the end %q is told, want both", got)
		}
		x.send("Response: Goodbye\r\n\r\n") // nobody is asked any more
		expect("after the end", "Response: Goodbye")
	})
}
