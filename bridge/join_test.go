package bridge_test

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"pbx/bridge"
	"pbx/channel"
	"pbx/channel/channeltest"
	"pbx/event"
)

// TestJoinFromInVirtualTime: the threads of two channels come together in the time that
// the channels live in, and one that is waited for in vain costs no time either.
func TestJoinFromInVirtualTime(t *testing.T) {
	for name, tt := range map[string]struct {
		after time.Duration // that the other is busy
		waits time.Duration // that the first one waits
		err   error
	}{
		"at once":     {},
		"in a moment": {after: 3 * time.Second, waits: 3 * time.Second},
		"too late":    {after: time.Minute, waits: 5 * time.Second, err: bridge.ErrNotThere},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Date(2026, 12, 24, 18, 0, 0, 0, time.UTC)
			v := channel.NewVirtual(start)
			r := channel.NewVirtualRegistry(&event.Bus{}, slog.New(slog.DiscardHandler), v, "")
			tech := channeltest.New("SIP", r)
			a := tech.Inbound(channel.Options{Name: "a"}).Channel()
			b := tech.Inbound(channel.Options{Name: "b"}).Channel()
			done := make(chan struct{}, 2)
			var left time.Duration // when the other goes on
			r.Go(func() {
				defer func() { done <- struct{}{} }()
				r.Go(func() {
					defer func() { done <- struct{}{} }()
					busy := r.NewLatch()
					busy.Wait(tt.after)
					errand := b.TakeErrand()
					for errand == nil {
						_, _ = b.Wait(-1)
						errand = b.TakeErrand()
					}
					if err := errand(nil); !errors.Is(err, channel.ErrRedirect) {
						t.Errorf("the other goes on with %v", err)
					}
					left = v.Now().Sub(start)
				})
				talked := false
				err := bridge.JoinFrom(a, b, func() {
					talked = true
					if waited := v.Now().Sub(start); waited != tt.waits {
						t.Errorf("they talk after %v", waited)
					}
					if _, err := b.Wait(time.Hour); err != nil && !errors.Is(err, channel.ErrTimeout) {
						t.Error(err) // its own redirect, which nobody read, or nothing
					}
					_ = a.Sleep(time.Hour)
				})
				if waited := v.Now().Sub(start); !errors.Is(err, tt.err) || talked != (err == nil) || err != nil && waited != tt.waits {
					t.Errorf("%v after %v", err, waited)
				}
			})
			<-done
			<-done
			if want := max(tt.waits+time.Hour, tt.after); tt.err == nil && left < want || tt.err != nil && left != tt.after {
				t.Errorf("the other goes on after %v", left)
			}
		})
	}
}
