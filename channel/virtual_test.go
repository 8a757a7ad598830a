package channel_test

import (
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"pbx/channel"
	"pbx/channel/channeltest"
	"pbx/event"
)

func TestVirtualTime(t *testing.T) {
	start := time.Date(2026, 12, 24, 18, 0, 0, 0, time.UTC)
	v := channel.NewVirtual(start)
	r := channel.NewVirtualRegistry(&event.Bus{}, slog.New(slog.DiscardHandler), v, "")
	tech := channeltest.New("SIP", r)
	a := tech.Inbound(channel.Options{Name: "a"}).Channel()
	b := tech.Inbound(channel.Options{Name: "b"}).Channel()
	var mu sync.Mutex
	var log []string
	said := func(ch *channel.Channel, what string) {
		mu.Lock()
		log = append(log, ch.Name()[4:5]+" "+v.Now().Sub(start).String()+" "+what)
		mu.Unlock()
	}
	v.Idle = func() {
		said(a, "idle")
		a.SoftHangup(channel.CauseNormalClearing)
	}
	done := make(chan struct{}, 2)
	stop := v.AfterFunc(time.Minute, func() { t.Error("it was taken back") })
	stop()
	second := func() {
		if _, err := b.Wait(time.Minute); !errors.Is(err, channel.ErrTimeout) {
			t.Errorf("b: %v", err)
		}
		said(b, "timed out")
		f, _ := b.Wait(-1)
		said(b, f.Text)
		_ = b.Sleep(time.Second)
		said(b, "slept")
		done <- struct{}{}
	}
	r.Go(func() {
		r.Go(second)
		_ = a.Sleep(time.Hour)
		said(a, "slept")
		b.Queue(channel.Frame{Kind: channel.FrameText, Text: "wake up"})
		_, err := a.Wait(-1)
		if !errors.Is(err, channel.ErrHangup) {
			t.Errorf("a: %v", err)
		}
		done <- struct{}{}
	})
	<-done
	<-done
	want := []string{"b 1m0s timed out", "a 1h0m0s slept", "b 1h0m0s wake up", "b 1h0m1s slept", "a 1h0m1s idle"}
	for i := range want {
		if i >= len(log) || log[i] != want[i] {
			t.Fatalf("%q, want %q", log, want)
		}
	}
}
