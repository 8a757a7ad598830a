package bridge_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/bridge"
	"pbx/channel"
	"pbx/channel/channeltest"
	"pbx/event"
	pbxio "pbx/io"
	"pbx/media"
)

// TestTalk: a feature holds the party, talks to a third one, goes back to the party while
// the third is watched, and ends the call.
func TestTalk(t *testing.T) {
	bubble(t, func(p *pair) {
		p.media("ulaw", "ulaw")
		carol := p.tech.Inbound(channel.Options{Name: "carol", From: p.caller.Channel()})
		third := carol.Channel()
		phone, err := p.net.ListenUDP(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 1, 9}), 4000), pbxio.SocketOptions{})
		if err != nil {
			t.Fatal(err)
		}
		s, err := p.engine.NewSession(media.SessionOptions{Events: third})
		if err != nil {
			t.Fatal(err)
		}
		f, _ := media.FormatNamed("ulaw")
		s.Configure(media.Remote{RTP: phone.Local(), Send: media.Payload{Type: f.Offer, Codec: "ulaw"}})
		third.SetMedia(s)
		sub := p.bus.Subscribe(50, event.BridgeJoin, event.BridgeLeave, event.BridgeDestroy, event.Hold, event.Unhold)

		var said []channel.Control
		results := make(chan bridge.Result)
		p.start(bridge.Options{ID: "first", Features: []bridge.Code{{Digits: "*", By: bridge.Caller, Run: func(talk *bridge.Talk) bool {
			talk.Hold()
			key := []bridge.Code{{Digits: "1", By: bridge.Caller}}
			results <- talk.Consult(third, bridge.Options{
				ID: "second", Features: key, Await: third, AnswerIn: time.Minute, Early: func(c channel.Control) bool { said = append(said, c); return false },
			})
			results <- talk.Again(bridge.Options{Features: key, Watch: third})
			return true
		}}}})
		press := func(digit byte) { p.caller.Channel().DigitEnd(digit, 100*time.Millisecond); synctest.Wait() }
		press('*')
		if p.hears(0) || p.hears(1) {
			t.Error("they hear each other while one holds the other")
		}
		for _, c := range []channel.Control{channel.ControlRinging, channel.ControlAnswer} {
			third.Queue(control(c))
		}
		synctest.Wait()
		if len(said) != 2 || said[1] != channel.ControlAnswer || third.State() != channel.Up {
			t.Errorf("the third one said %v, and is %v", said, third.State())
		}
		if p.hears(0) {
			t.Error("the party hears what is said to the third one")
		}
		if b := make([]byte, 172); true {
			if _, _, err := phone.Recv(b); err != nil {
				t.Error("the third one hears nothing")
			}
		}
		time.Sleep(2 * time.Minute) // it has answered: there is no hurry
		press('1')
		if r := <-results; r.Reason != bridge.Feature || r.Digits != "1" || r.By != bridge.Caller {
			t.Errorf("%+v", r)
		}
		synctest.Wait()
		if !p.hears(0) || !p.hears(1) {
			t.Error("they do not hear each other again")
		}
		third.SoftHangup(channel.CauseNormalClearing)
		if r := <-results; r.Reason != bridge.Watched {
			t.Errorf("%+v", r)
		}
		if r := p.ended(time.Second); r.Reason != bridge.Feature || r.Digits != "*" {
			t.Errorf("%+v", r)
		}
		third.Hangup()
		var story []string
		for len(sub.C) > 0 {
			e := <-sub.C
			name, _, _ := strings.Cut(strings.TrimPrefix(e.Channel, "SIP/"), "-")
			story = append(story, map[event.Kind]string{event.BridgeJoin: ">", event.BridgeLeave: "<", event.BridgeDestroy: ".", event.Hold: "h", event.Unhold: "u"}[e.Kind]+name+"/"+e.Bridge)
		}
		const want = ">bob/first >alice/first halice/first <alice/first >carol/second >alice/second <alice/second <carol/second ./second >alice/first <alice/first <bob/first ./first"
		if got := strings.Join(story, " "); got != want {
			t.Errorf("it went so:\n%s\nand not so:\n%s", got, want)
		}
	})
}

// TestFollow: who hangs up meanwhile has left once, and before who follows goes on.
func TestFollow(t *testing.T) {
	bubble(t, func(p *pair) {
		var left []string
		p.bus.Observe(func(e *event.Event) {
			time.Sleep(time.Second) // as a machine may be slow
			left = append(left, e.Channel)
		}, event.BridgeLeave)
		p.start(bridge.Options{Features: []bridge.Code{{Digits: "*", By: bridge.Caller, Run: func(talk *bridge.Talk) bool {
			stop := talk.Follow(talk.Party())
			p.callee.Do(channeltest.Hangup(0, channel.CauseNormalClearing))
			time.Sleep(500 * time.Millisecond)
			stop()
			if len(left) != 1 {
				t.Errorf("%q have left", left)
			}
			talk.Follow(talk.Party())()
			return true
		}}}})
		p.caller.Channel().DigitEnd('*', 100*time.Millisecond)
		p.ended(time.Minute)
		if want := []string{p.callee.Channel().Name(), p.caller.Channel().Name()}; !slices.Equal(left, want) {
			t.Errorf("%q have left, want %q", left, want)
		}
	})
}

// TestUnanswered: who is awaited has had its time, or is given up.
func TestUnanswered(t *testing.T) {
	for name, c := range map[string]channel.Control{"no answer": channel.ControlRinging, "busy": channel.ControlBusy} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(p *pair) {
				callee := p.callee.Channel()
				p.start(bridge.Options{Await: callee, AnswerIn: 10 * time.Second, Early: func(c channel.Control) bool { return c == channel.ControlBusy }})
				callee.Queue(control(c))
				if r := p.ended(11 * time.Second); r.Reason != bridge.Unanswered || (r.Duration == 0) != (name == "busy") {
					t.Errorf("%+v", r)
				}
			})
		})
	}
}
