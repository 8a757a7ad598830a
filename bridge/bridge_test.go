package bridge_test

import (
	"errors"
	"log/slog"
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
	"pbx/media/rtp"
)

// pair is two answered legs with phones behind them.
type pair struct {
	t              *testing.T
	bus            *event.Bus
	net            *pbxio.Memory
	engine         *media.Engine
	tech           *channeltest.Tech
	caller, callee *channeltest.Leg
	phones         [2]pbxio.Socket
	result         chan bridge.Result
}

// bubble runs f on a pair in virtual time.
func bubble(t *testing.T, f func(p *pair)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := &pair{t: t, bus: &event.Bus{}, net: pbxio.NewMemory(), result: make(chan bridge.Result, 1)}
		reg := channel.NewRegistry(p.bus, slog.New(slog.DiscardHandler), time.Now, "")
		tech := channeltest.New("SIP", reg)
		var err error
		p.engine, err = media.NewEngine(p.net, media.EngineOptions{Bind: netip.MustParseAddr("127.0.0.1")})
		if err != nil {
			t.Fatal(err)
		}
		p.tech = tech
		p.caller = tech.Inbound(channel.Options{Name: "alice"})
		p.callee = tech.Inbound(channel.Options{Name: "bob", From: p.caller.Channel()})
		for i, l := range p.legs() {
			l.Channel().SetState(channel.Up)
			p.phones[i], err = p.net.ListenUDP(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 1, byte(i)}), 4000), pbxio.SocketOptions{})
			if err != nil {
				t.Fatal(err)
			}
		}
		f(p)
		for _, l := range p.legs() {
			l.Channel().Hangup()
		}
		p.engine.Close()
	})
}

func (p *pair) legs() [2]*channeltest.Leg { return [2]*channeltest.Leg{p.caller, p.callee} }

// media gives both legs sessions of these codecs.
func (p *pair) media(codecs ...string) {
	p.t.Helper()
	for i, l := range p.legs() {
		s, err := p.engine.NewSession(media.SessionOptions{Events: l.Channel()})
		if err != nil {
			p.t.Fatal(err)
		}
		f, _ := media.FormatNamed(codecs[i])
		s.Configure(media.Remote{RTP: p.phones[i].Local(), Send: media.Payload{Type: f.Offer, Codec: codecs[i]}, DTMFSend: 101, DTMFRecv: 101})
		l.Channel().SetMedia(s)
	}
}

// start runs the bridge on a goroutine of its own.
func (p *pair) start(o bridge.Options) {
	go func() { p.result <- bridge.Run(p.caller.Channel(), p.callee.Channel(), o) }()
	synctest.Wait()
}

// ended is the result, which must be there within d.
func (p *pair) ended(d time.Duration) bridge.Result {
	p.t.Helper()
	select {
	case r := <-p.result:
		return r
	case <-time.After(d):
		p.t.Fatal("the bridge goes on")
		return bridge.Result{}
	}
}

// hears reports whether a packet from phone i reaches the other one.
func (p *pair) hears(i int) bool {
	p.t.Helper()
	b := make([]byte, 172)
	s := p.legs()[i].Channel().Media()
	rtp.Header{Type: s.Remote().Send.Type, Sequence: uint16(time.Now().UnixMilli() / 20), SSRC: 1}.Put(b)
	time.Sleep(20 * time.Millisecond)
	if err := p.phones[i].Send(b, s.Local()); err != nil {
		p.t.Fatal(err)
	}
	synctest.Wait()
	_, _, err := p.phones[1-i].Recv(b)
	return err == nil
}

func control(c channel.Control) channel.Frame {
	return channel.Frame{Kind: channel.FrameControl, Control: c}
}

func TestHangup(t *testing.T) {
	for i, want := range []bridge.Side{bridge.Caller, bridge.Callee} {
		bubble(t, func(p *pair) {
			p.media("ulaw", "alaw")
			sub := p.bus.Subscribe(16, event.BridgeJoin, event.BridgeLeave)
			p.start(bridge.Options{})
			if !p.hears(0) || !p.hears(1) {
				t.Error("they do not hear each other")
			}
			for i, l := range p.legs() {
				other := p.legs()[1-i].Channel().Name()
				if s := l.Channel().Snapshot(); s.BridgeID == "" || s.BridgePeer != other {
					t.Errorf("%s is bridged to %q by %q", s.Name, s.BridgePeer, s.BridgeID)
				}
				if v, _ := l.Channel().Var("BRIDGEPEER"); v.S != other {
					t.Errorf("BRIDGEPEER is %q", v.S)
				}
			}
			time.Sleep(time.Minute)
			p.legs()[i].Channel().SoftHangup(channel.CauseNormalClearing)
			r := p.ended(time.Second)
			if r.By != want || r.Reason != bridge.HungUp || r.Cause != channel.CauseNormalClearing || r.Duration.Round(time.Second) != time.Minute {
				t.Errorf("%+v", r)
			}
			if p.hears(0) || p.hears(1) {
				t.Error("they hear each other after the end")
			}
			if s := p.caller.Channel().Snapshot(); s.BridgeID != "" {
				t.Errorf("still in bridge %q", s.BridgeID)
			}
			sub.Close()
			var kinds []event.Kind
			for e := range sub.C {
				kinds = append(kinds, e.Kind)
			}
			if !slices.Equal(kinds, []event.Kind{event.BridgeJoin, event.BridgeJoin, event.BridgeLeave, event.BridgeLeave}) {
				t.Errorf("events %v", kinds)
			}
		})
	}
}

// TestConditions: what one end tells reaches the other, and only what should.
func TestConditions(t *testing.T) {
	for _, c := range []struct {
		frame channel.Frame
		want  string
	}{
		{control(channel.ControlHold), "hold"},
		{control(channel.ControlUnhold), "unhold"},
		{control(channel.ControlFlash), "flash"},
		{control(channel.ControlConnectedLine), "connectedline"},
		{control(channel.ControlSourceUpdate), "sourceupdate"},
		{channel.Frame{Kind: channel.FrameText, Text: "hi"}, "text(hi)"},
		{channel.Frame{Kind: channel.FrameDTMFEnd, Digit: '5'}, "digit(5)"},
		{channel.Frame{Kind: channel.FrameDTMFBegin, Digit: '5'}, ""},
		{control(channel.ControlRinging), ""},
		{control(channel.ControlAnswer), ""},
		{channel.Frame{Kind: channel.FramePlayed}, ""},
	} {
		bubble(t, func(p *pair) {
			p.start(bridge.Options{}) // without media every digit is the bridge's
			p.callee.Channel().Queue(c.frame)
			synctest.Wait()
			if got := p.caller.Heard(); got != c.want {
				t.Errorf("%+v told the caller %q, want %q", c.frame, got, c.want)
			}
			if got := p.callee.Heard(); got != "" {
				t.Errorf("%+v came back as %q", c.frame, got)
			}
			p.caller.Channel().SoftHangup(0)
			p.ended(time.Second)
		})
	}
}

// TestHoldIntercept: a phone that HOLD_INTERCEPT was set for makes events of its holds,
// and nothing that the other end is told; whom it held before is taken back.
func TestHoldIntercept(t *testing.T) {
	for name, c := range map[string]struct {
		before bool // the phone holds before it is set
		want   string
	}{
		"set before the hold":      {false, ""},
		"set while the call waits": {true, "hold unhold"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(p *pair) {
				phone := p.callee.Channel()
				sub := p.bus.Subscribe(16, event.Hold, event.Unhold)
				p.start(bridge.Options{})
				frames := func(controls ...channel.Control) {
					for _, control := range controls {
						phone.Queue(channel.Frame{Kind: channel.FrameControl, Control: control})
					}
					synctest.Wait()
				}
				if c.before {
					frames(channel.ControlHold)
				}
				phone.SetSettings(func(s *channel.Settings) { s.HoldIntercept = true })
				if !c.before {
					frames(channel.ControlHold)
				}
				frames(channel.ControlUnhold, channel.ControlHold, channel.ControlUnhold)
				p.caller.Channel().SoftHangup(channel.CauseNormalClearing)
				p.ended(time.Second)
				if got := p.caller.Heard(); got != c.want {
					t.Errorf("the other end was told %q, want %q", got, c.want)
				}
				for i, want := range []event.Kind{event.Hold, event.Unhold, event.Hold, event.Unhold} {
					select {
					case e := <-sub.C:
						if e.Kind != want || e.Channel != phone.Name() {
							t.Errorf("event %d is %v of %s", i, e.Kind, e.Channel)
						}
					default:
						t.Fatalf("event %d is missing", i)
					}
				}
			})
		})
	}
}

func TestConnectedLine(t *testing.T) {
	bubble(t, func(p *pair) {
		p.start(bridge.Options{})
		f := control(channel.ControlConnectedLine)
		f.Data = channel.Party{Name: "Carol", Number: "103", HasNumber: true}
		p.callee.Channel().Queue(f)
		synctest.Wait()
		if id := p.caller.Channel().Identity(); id.Connected.Number != "103" {
			t.Errorf("the caller sees %+v", id.Connected)
		}
		p.caller.Channel().SoftHangup(0)
		p.ended(time.Second)
	})
}

// TestDigitsByMedia: where the media loop relays digits, the bridge does not
// send them twice.
func TestDigitsByMedia(t *testing.T) {
	bubble(t, func(p *pair) {
		p.media("ulaw", "ulaw")
		p.start(bridge.Options{})
		p.caller.Channel().DigitEnd('5', 100*time.Millisecond)
		synctest.Wait()
		if got := p.callee.Heard(); got != "" {
			t.Errorf("the callee was told %q", got)
		}
		// The callee's phone takes no telephone-events any more.
		s := p.callee.Channel().Media()
		r := s.Remote()
		r.DTMFSend = 0
		s.Configure(r)
		p.caller.Channel().DigitEnd('6', 100*time.Millisecond)
		synctest.Wait()
		if got := p.callee.Heard(); got != "digit(6)" {
			t.Errorf("the callee was told %q", got)
		}
		p.caller.Channel().SoftHangup(0)
		p.ended(time.Second)
	})
}

func TestFeatures(t *testing.T) {
	ran := 0
	codes := []bridge.Code{
		bridge.Disconnect("*", bridge.Caller),
		{Digits: "#72", By: bridge.Both, Run: func(*bridge.Talk) bool { ran++; return false }},
		{Digits: "#9", By: bridge.Callee, Run: func(*bridge.Talk) bool { return true }},
	}
	for _, c := range []struct {
		name  string
		leg   int
		dials string // "_" is a pause
		hears string // the other end
		ran   int
		ends  bridge.Side
	}{
		{"disconnect", 0, "*", "", 0, bridge.Caller},
		{"not his to dial", 1, "*", "digit(*)", 0, 0},
		{"plain digits", 0, "12", "digit(1) digit(2)", 0, 0},
		{"a code that goes on", 0, "#72", "", 1, 0},
		{"twice", 0, "#72#72", "", 2, 0},
		{"after other digits", 1, "5#72", "digit(5)", 1, 0},
		{"a code that ends", 1, "#9", "", 0, bridge.Callee},
		{"broken off", 0, "#7_", "digit(#) digit(7)", 0, 0},
		{"a wrong turn", 0, "#75", "digit(#) digit(7) digit(5)", 0, 0},
		{"a wrong turn into another", 0, "##72", "digit(#)", 1, 0},
		{"too slow", 0, "#7_2", "digit(#) digit(7) digit(2)", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(p *pair) {
				ran = 0
				p.media("ulaw", "ulaw")
				p.start(bridge.Options{Features: codes})
				legs := p.legs()
				for _, d := range c.dials {
					if d == '_' {
						time.Sleep(1500 * time.Millisecond)
						continue
					}
					time.Sleep(200 * time.Millisecond)
					legs[c.leg].Channel().DigitEnd(byte(d), 100*time.Millisecond)
				}
				synctest.Wait()
				if got := legs[1-c.leg].Heard(); got != c.hears {
					t.Errorf("the other end was told %q, want %q", got, c.hears)
				}
				if ran != c.ran {
					t.Errorf("the feature ran %d times, want %d", ran, c.ran)
				}
				if c.ends == 0 {
					p.caller.Channel().SoftHangup(0)
				}
				r := p.ended(time.Second)
				if c.ends != 0 && (r.By != c.ends || r.Reason != bridge.Feature) {
					t.Errorf("%+v", r)
				}
			})
		})
	}
}

// TestFeatureHoldsDigits: with a code to listen for, telephone-events are not
// relayed behind the bridge's back.
func TestFeatureHoldsDigits(t *testing.T) {
	bubble(t, func(p *pair) {
		p.media("ulaw", "ulaw")
		p.start(bridge.Options{Features: []bridge.Code{bridge.Disconnect("*", bridge.Caller)}})
		b := make([]byte, rtp.HeaderSize+rtp.EventSize)
		rtp.Header{Type: 101, Sequence: 1, SSRC: 1}.Put(b)
		rtp.Event{Code: 10, End: true, Duration: 800}.Put(b[rtp.HeaderSize:])
		if err := p.phones[0].Send(b, p.caller.Channel().Media().Local()); err != nil {
			t.Fatal(err)
		}
		if r := p.ended(time.Second); r.Reason != bridge.Feature || r.By != bridge.Caller {
			t.Errorf("%+v", r)
		}
		if _, _, err := p.phones[1].Recv(b); !errors.Is(err, pbxio.ErrAgain) {
			t.Error("the callee heard the code")
		}
	})
}

func TestLimit(t *testing.T) {
	for _, c := range []struct {
		name  string
		limit bridge.Limit
		warns []time.Duration
	}{
		{"no warning", bridge.Limit{Duration: 10 * time.Second}, nil},
		{"one", bridge.Limit{Duration: 60 * time.Second, WarnAt: 20 * time.Second}, []time.Duration{20 * time.Second}},
		{
			"repeated",
			bridge.Limit{Duration: 60 * time.Second, WarnAt: 25 * time.Second, WarnEvery: 10 * time.Second},
			[]time.Duration{25 * time.Second, 15 * time.Second, 5 * time.Second},
		},
		{"more than all of it", bridge.Limit{Duration: 5 * time.Second, WarnAt: 20 * time.Second}, []time.Duration{5 * time.Second}},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(p *pair) {
				var warns []time.Duration
				p.start(bridge.Options{Limit: c.limit, Warn: func(left time.Duration) { warns = append(warns, left) }})
				r := p.ended(2 * time.Minute)
				if r.Reason != bridge.TimeUp || r.By != bridge.Nobody || r.Duration != c.limit.Duration {
					t.Errorf("%+v", r)
				}
				if !slices.Equal(warns, c.warns) {
					t.Errorf("warnings %v, want %v", warns, c.warns)
				}
			})
		})
	}
}

func TestRedirect(t *testing.T) {
	bubble(t, func(p *pair) {
		p.start(bridge.Options{})
		p.callee.Channel().AsyncGoto(channel.Location{Context: "office", Exten: "100", Priority: 1})
		if r := p.ended(time.Second); r.Reason != bridge.Redirected || r.By != bridge.Callee {
			t.Errorf("%+v", r)
		}
		if _, ok := p.callee.Channel().TakeRedirect(); !ok {
			t.Error("the place is gone")
		}
	})
}

func TestNoPath(t *testing.T) {
	bubble(t, func(p *pair) {
		p.media("ulaw", "g722")
		r := bridge.Run(p.caller.Channel(), p.callee.Channel(), bridge.Options{})
		if r.Reason != bridge.Failed || !errors.Is(r.Err, media.ErrNoPath) || r.Cause != channel.CauseBearerNotAvailable {
			t.Errorf("%+v", r)
		}
		if s := p.caller.Channel().Snapshot(); s.BridgeID != "" {
			t.Errorf("still in bridge %q", s.BridgeID)
		}
	})
}

// TestLateMedia: a session that comes, or is replaced, during the call is joined.
func TestLateMedia(t *testing.T) {
	bubble(t, func(p *pair) {
		p.start(bridge.Options{})
		p.media("ulaw", "ulaw")
		p.callee.Channel().Queue(control(channel.ControlSourceUpdate))
		synctest.Wait()
		if !p.hears(0) {
			t.Error("they do not hear each other")
		}
		p.media("alaw", "ulaw")
		p.callee.Channel().Queue(control(channel.ControlSourceUpdate))
		synctest.Wait()
		if !p.hears(1) {
			t.Error("they do not hear each other any more")
		}
		p.media("g722", "ulaw")
		p.callee.Channel().Queue(control(channel.ControlSourceUpdate))
		if r := p.ended(time.Second); r.Reason != bridge.Failed {
			t.Errorf("%+v", r)
		}
	})
}

// TestPanic: a feature that panics takes the call down with its media parted.
func TestPanic(t *testing.T) {
	bubble(t, func(p *pair) {
		p.media("ulaw", "ulaw")
		crashed := make(chan any)
		go func() {
			defer func() { crashed <- recover() }()
			bridge.Run(p.caller.Channel(), p.callee.Channel(), bridge.Options{Features: []bridge.Code{
				{Digits: "1", By: bridge.Caller, Run: func(*bridge.Talk) bool { panic("boom") }},
			}})
		}()
		synctest.Wait()
		if !p.hears(0) {
			t.Error("they do not hear each other")
		}
		p.caller.Channel().DigitEnd('1', 0)
		if got := <-crashed; got == nil || !strings.Contains(got.(string), "boom") {
			t.Errorf("recovered %v", got)
		}
		synctest.Wait()
		if p.hears(0) || p.hears(1) {
			t.Error("they still hear each other")
		}
	})
}
