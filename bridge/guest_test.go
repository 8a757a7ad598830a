package bridge_test

import (
	"errors"
	"fmt"
	"net/netip"
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
	"pbx/media/codec/g711"
	"pbx/media/rtp"
)

// third is somebody who comes into the call of a pair.
type third struct {
	*channeltest.Leg
	phone pbxio.Socket
	err   chan error
}

// third makes one with a phone that speaks a codec.
func (p *pair) third(name string, host byte, codec string) *third {
	p.t.Helper()
	x := &third{Leg: p.tech.Inbound(channel.Options{Name: name}), err: make(chan error, 1)}
	x.Channel().SetState(channel.Up)
	var err error
	if x.phone, err = p.net.ListenUDP(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 1, host}), 4000), pbxio.SocketOptions{}); err != nil {
		p.t.Fatal(err)
	}
	s, err := p.engine.NewSession(media.SessionOptions{Events: x.Channel()})
	if err != nil {
		p.t.Fatal(err)
	}
	f, _ := media.FormatNamed(codec)
	s.Configure(media.Remote{RTP: x.phone.Local(), Send: media.Payload{Type: f.Offer, Codec: codec}, DTMFSend: 101, DTMFRecv: 101})
	x.Channel().SetMedia(s)
	p.t.Cleanup(x.Channel().Hangup)
	return x
}

// joins has it come in through one of the two, or through another third.
func (x *third) joins(other *channel.Channel) {
	go func() { x.err <- bridge.Add(x.Channel(), other) }()
	synctest.Wait()
}

// over is what Add returned, which it has within d.
func (x *third) over(t *testing.T, d time.Duration) error {
	t.Helper()
	select {
	case err := <-x.err:
		return err
	case <-time.After(d):
		t.Fatal("the third party stays")
		return nil
	}
}

// voices has every phone say its own value for a while; it returns what each heard at its
// loudest. The sessions speak µ-law.
func voices(t *testing.T, phones []pbxio.Socket, sessions []*media.Session) (heard []int) {
	t.Helper()
	b := make([]byte, 2048)
	for _, ph := range phones { // what came before
		for {
			if _, _, err := ph.Recv(b); err != nil {
				break
			}
		}
	}
	heard = make([]int, len(phones))
	for range 20 {
		for i, s := range sessions {
			packet := make([]byte, rtp.HeaderSize+160)
			rtp.Header{Sequence: uint16(time.Now().UnixMilli() / 20), Timestamp: uint32(time.Now().UnixMilli() * 8), SSRC: 1}.Put(packet)
			for k := rtp.HeaderSize; k < len(packet); k++ {
				packet[k] = g711.EncodeUlawFrame(int16(1000 << i))
			}
			if err := phones[i].Send(packet, s.Local()); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(20 * time.Millisecond)
		synctest.Wait()
		for i, ph := range phones {
			for {
				n, _, err := ph.Recv(b)
				if err != nil {
					break
				}
				for _, c := range b[rtp.HeaderSize:n] {
					heard[i] = max(heard[i], (int(g711.DecodeUlawFrame(c))+250)/500*500)
				}
			}
		}
	}
	return heard
}

// told are the bridge's events since the subscription, in short.
func told(sub *event.Subscription) string {
	var all []string
	for {
		select {
		case e := <-sub.C:
			name, _, _ := strings.Cut(strings.TrimPrefix(e.Channel, "SIP/"), "-")
			all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %d", map[event.Kind]string{
				event.BridgeCreate: "made", event.BridgeJoin: "in", event.BridgeLeave: "out", event.BridgeDestroy: "gone",
			}[e.Kind], name, e.Members)))
		default:
			return strings.Join(all, ", ")
		}
	}
}

// TestGuest: three talk, and two when the third has left.
func TestGuest(t *testing.T) {
	bubble(t, func(p *pair) {
		p.media("ulaw", "ulaw")
		carol := p.third("carol", 7, "ulaw")
		sub := p.bus.Subscribe(64, event.BridgeCreate, event.BridgeJoin, event.BridgeLeave, event.BridgeDestroy)
		p.start(bridge.Options{})
		phones := []pbxio.Socket{p.phones[0], p.phones[1], carol.phone}
		sessions := []*media.Session{p.caller.Channel().Media(), p.callee.Channel().Media(), carol.Channel().Media()}
		hear := func(when string, want ...int) {
			t.Helper()
			if got := voices(t, phones, sessions); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s they hear %d, want %d", when, got, want)
			}
		}
		hear("before", 2000, 1000, 0)
		carol.joins(p.callee.Channel())
		hear("together", 6000, 5000, 3000)
		for _, tt := range []struct {
			ch   *channel.Channel
			want string
		}{
			{p.caller.Channel(), p.callee.Channel().Name() + "," + carol.Channel().Name()},
			{p.callee.Channel(), p.caller.Channel().Name() + "," + carol.Channel().Name()},
			{carol.Channel(), p.caller.Channel().Name() + "," + p.callee.Channel().Name()},
		} {
			if v, _ := tt.ch.Var("BRIDGEPEER"); v.S != tt.want {
				t.Errorf("BRIDGEPEER of %s is %q, want %q", tt.ch.Name(), v.S, tt.want)
			}
		}
		if a, c := p.caller.Channel().Snapshot().BridgeID, carol.Channel().Snapshot().BridgeID; a != c || c == "" {
			t.Errorf("bridges %q and %q", a, c)
		}

		carol.Channel().Queue(channel.Frame{Kind: channel.FrameDTMFEnd, Digit: '5', Duration: 80 * time.Millisecond})
		p.caller.Channel().Queue(channel.Frame{Kind: channel.FrameDTMFEnd, Digit: '7', Duration: 80 * time.Millisecond})
		p.caller.Channel().Queue(channel.Frame{Kind: channel.FrameText, Text: "hello"})
		p.callee.Channel().Queue(control(channel.ControlHold)) // the others go on talking
		p.callee.Channel().Queue(control(channel.ControlUnhold))
		synctest.Wait()
		for _, tt := range []struct {
			leg  *channeltest.Leg
			want string
		}{{p.caller, "digit(5)"}, {p.callee, "digit(7) text(hello) digit(5)"}, {carol.Leg, "digit(7) text(hello)"}} {
			if got := tt.leg.Heard(); got != tt.want {
				t.Errorf("%s was told %q, want %q", tt.leg.Channel().Name(), got, tt.want)
			}
		}

		carol.Channel().SoftHangup(channel.CauseNormalClearing)
		if err := carol.over(t, time.Second); !errors.Is(err, channel.ErrHangup) {
			t.Errorf("the third party leaves with %v", err)
		}
		synctest.Wait()
		hear("when it has left", 2000, 1000, 0)
		if v, _ := p.caller.Channel().Var("BRIDGEPEER"); v.S != p.callee.Channel().Name() {
			t.Errorf("BRIDGEPEER is %q then", v.S)
		}
		p.callee.Channel().SoftHangup(channel.CauseNormalClearing)
		if r := p.ended(time.Second); r.Reason != bridge.HungUp || r.By != bridge.Callee {
			t.Errorf("%+v", r)
		}
		if got := told(sub); got != "made  0, in bob 1, in alice 2, in carol 3, out carol 2, out alice 1, out bob 0, gone  0" {
			t.Errorf("events %q", got)
		}
	})
}

// The bridge belongs to the two: when one of them goes, it is over for all.
func TestGuestEnds(t *testing.T) {
	bubble(t, func(p *pair) {
		p.media("ulaw", "alaw")
		carol, dave := p.third("carol", 7, "ulaw"), p.third("dave", 8, "alaw")
		sub := p.bus.Subscribe(64, event.BridgeJoin, event.BridgeLeave, event.BridgeDestroy)
		p.start(bridge.Options{})
		carol.joins(p.caller.Channel())
		dave.joins(carol.Channel()) // who is in it is as good as one of the two
		p.caller.Channel().SoftHangup(channel.CauseNormalClearing)
		for _, x := range []*third{carol, dave} {
			if err := x.over(t, time.Second); err != nil {
				t.Errorf("%s leaves with %v", x.Channel().Name(), err)
			}
			if s := x.Channel().Snapshot(); s.BridgeID != "" || x.Channel().HungUp() {
				t.Errorf("%s is in %q, hung up %v", s.Name, s.BridgeID, x.Channel().HungUp())
			}
		}
		p.ended(time.Second)
		if got := told(sub); got != "in bob 1, in alice 2, in carol 3, in dave 4, out carol 3, out dave 2, out alice 1, out bob 0, gone  0" {
			t.Errorf("events %q", got)
		}
		dave.joins(p.callee.Channel())
		if err := dave.over(t, time.Second); !errors.Is(err, bridge.ErrNoBridge) {
			t.Errorf("into no bridge: %v", err)
		}
	})
}

// A third party that is sent elsewhere goes there.
func TestGuestRedirected(t *testing.T) {
	bubble(t, func(p *pair) {
		p.media("ulaw", "ulaw")
		carol := p.third("carol", 7, "ulaw")
		p.start(bridge.Options{})
		carol.joins(p.caller.Channel())
		carol.Channel().AsyncGoto(channel.Location{Context: "x", Exten: "1", Priority: 1})
		if err := carol.over(t, time.Second); !errors.Is(err, channel.ErrRedirect) {
			t.Errorf("it leaves with %v", err)
		}
		p.callee.Channel().SoftHangup(channel.CauseNormalClearing)
		p.ended(time.Second)
	})
}

// What cannot be mixed stays out, and the call as it is.
func TestGuestRefused(t *testing.T) {
	bubble(t, func(p *pair) {
		p.media("ulaw", "ulaw")
		carol, dave := p.third("carol", 7, "g722"), p.third("dave", 8, "ulaw")
		p.start(bridge.Options{})
		carol.joins(p.caller.Channel())
		if err := carol.over(t, time.Second); !errors.Is(err, media.ErrNoPath) {
			t.Errorf("another codec: %v", err)
		}
		if !p.hears(0) || !p.hears(1) {
			t.Error("the two do not hear each other any more")
		}
		// One of the two comes to speak it: the two go on, the third cannot.
		dave.joins(p.caller.Channel())
		for i, l := range p.legs() {
			l.Channel().Media().Configure(media.Remote{RTP: p.phones[i].Local(), Send: media.Payload{Type: 9, Codec: "g722"}})
		}
		s, err := p.engine.NewSession(media.SessionOptions{})
		if err != nil {
			t.Fatal(err)
		}
		s.Configure(media.Remote{RTP: p.phones[0].Local(), Send: media.Payload{Type: 9, Codec: "g722"}})
		p.caller.Channel().SetMedia(s)
		p.caller.Channel().Queue(control(channel.ControlSourceUpdate))
		if err := dave.over(t, time.Second); !errors.Is(err, media.ErrNoPath) {
			t.Errorf("the codec changes: %v", err)
		}
		if !p.hears(0) || !p.hears(1) {
			t.Error("the two do not hear each other any more")
		}
		p.callee.Channel().SoftHangup(channel.CauseNormalClearing)
		p.ended(time.Second)
	})
}

// A channel whose goroutine is busy with something else does not keep a third party
// waiting for ever, and one that gives up is not taken in later.
func TestGuestWaits(t *testing.T) {
	bubble(t, func(p *pair) {
		p.media("ulaw", "ulaw")
		carol := p.third("carol", 7, "ulaw")
		release := make(chan struct{})
		p.start(bridge.Options{Features: []bridge.Code{{Digits: "9", By: bridge.Caller, Run: func(*bridge.Talk) bool { <-release; return false }}}})
		p.caller.Channel().Queue(channel.Frame{Kind: channel.FrameDTMFEnd, Digit: '9'})
		synctest.Wait()
		carol.joins(p.callee.Channel())
		if err := carol.over(t, 6*time.Second); !errors.Is(err, bridge.ErrNotThere) {
			t.Errorf("after the wait: %v", err)
		}
		close(release)
		synctest.Wait()
		if s := carol.Channel().Snapshot(); s.BridgeID != "" {
			t.Errorf("taken into %q when it had given up", s.BridgeID)
		}
		if !p.hears(0) || !p.hears(1) {
			t.Error("the two do not hear each other any more")
		}
		p.callee.Channel().SoftHangup(channel.CauseNormalClearing)
		p.ended(time.Second)
	})
}
