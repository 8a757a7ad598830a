package message

import (
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
	"pbx/event"
)

// plan notes what it runs and leaves the channels to the test.
type plan struct{ runs chan *channel.Channel }

func (p *plan) Match(string, string, int, string) channel.Match { return channel.MatchExists }
func (p *plan) Start(ch *channel.Channel)                       { p.runs <- ch }
func (p *plan) HasContext(string) bool                          { return true }
func (p *plan) Hint(string, string) string                      { return "" }

// StartApplication implements channel.Dialplan: nothing asks for one.
func (p *plan) StartApplication(*channel.Channel, string, channel.Value) error {
	return errors.New("no applications")
}

// TestQueue holds that messages run one after another in the same-named channel,
// that a flood of them is refused, and that one that takes too long is ended.
func TestQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &plan{runs: make(chan *channel.Channel, waiting+2)}
		reg := channel.NewRegistry(&event.Bus{}, slog.New(slog.DiscardHandler), time.Now, "")
		d := New(reg, p)
		reg.Register(d)
		taken := 0
		for range waiting + 10 {
			if d.Receive(&channel.Message{Body: "x"}, channel.Location{Context: "t", Exten: "1", Priority: 1}) {
				taken++
			}
		}
		if taken != waiting+1 {
			t.Errorf("%d messages were taken, want %d", taken, waiting+1)
		}
		for n := range taken {
			ch := <-p.runs
			if ch.Name() != "Message/ast_msg_queue" || ch.Message().Body != "x" || len(p.runs) != 0 {
				t.Fatalf("message %d runs in %s beside %d others", n, ch.Name(), len(p.runs))
			}
			if n == 0 {
				begun := time.Now()
				if _, err := ch.Wait(-1); err == nil || time.Since(begun) != patience {
					t.Errorf("a message that takes for ever ended after %v with %v", time.Since(begun), err)
				}
			}
			ch.Hangup()
		}
		if n, _ := reg.Count(); n != 0 {
			t.Errorf("%d channels are left", n)
		}
	})
}
