package channel_test

import (
	"testing"
	"time"

	"pbx/channel"
	"pbx/channel/channeltest"
	"pbx/event"
)

// Whoever waits for one of two channels that are sent elsewhere together finds that the
// other one is on its way too.
func TestGotoBoth(t *testing.T) {
	reg := channel.NewRegistry(&event.Bus{}, nil, time.Now, "")
	tech := channeltest.New("Test", reg)
	reg.Register(tech)
	for range 500 {
		first, second := tech.Inbound(channel.Options{}).Channel(), tech.Inbound(channel.Options{}).Channel()
		saw := make(chan bool)
		go func() {
			_, _, _ = channel.WaitAny(time.Minute, first, second)
			saw <- first.Redirected() && second.Redirected()
		}()
		channel.GotoBoth(first, channel.Location{Context: "a", Exten: "1", Priority: 1}, second, channel.Location{Context: "b", Exten: "2", Priority: 1})
		if !<-saw {
			t.Fatal("one of them was seen to go, and the other one to stay")
		}
		first.Hangup()
		second.Hangup()
	}
}
