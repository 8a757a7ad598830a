package channel_test

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
	"pbx/channel/channeltest"
	"pbx/event"
)

func TestContext(t *testing.T) {
	for _, tc := range []struct {
		name string
		act  func(*channel.Channel)
		ends bool
	}{
		{"nothing happens", func(*channel.Channel) {}, false},
		{"a digit", func(c *channel.Channel) { c.DigitEnd('1', time.Millisecond) }, false},
		{"the call ends", func(c *channel.Channel) { c.SoftHangup(channel.CauseNormalClearing) }, true},
		{"it is sent elsewhere", func(c *channel.Channel) { c.AsyncGoto(channel.Location{Context: "x", Exten: "s", Priority: 1}) }, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := channel.NewRegistry(&event.Bus{}, slog.New(slog.DiscardHandler), time.Now, "")
				c := channeltest.New("SIP", r).Inbound(channel.Options{Name: "1"}).Channel()
				ctx, cancel := c.Context()
				tc.act(c)
				if got := ctx.Err() != nil; got != tc.ends {
					t.Errorf("ended: %v, want %v", got, tc.ends)
				}
				cancel()
				late, cancel := c.Context()
				if got := late.Err() != nil; got != tc.ends {
					t.Errorf("one that begins later has ended: %v, want %v", got, tc.ends)
				}
				cancel()
				c.AtEnd(func() {
					last, cancel := c.Context()
					defer cancel()
					if last.Err() != nil && !c.Redirected() {
						t.Error("what is left to do at the end has no time")
					}
				})
				c.Hangup()
			})
		})
	}
}
