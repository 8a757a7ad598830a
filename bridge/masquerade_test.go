package bridge_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/bridge"
	"pbx/channel"
	"pbx/channel/channeltest"
	"pbx/event"
)

// TestMasquerade holds that a phone which takes the place of another in a bridge
// is heard there, under its own name, and that the other one is out.
func TestMasquerade(t *testing.T) {
	bubble(t, func(p *pair) {
		p.media("ulaw", "alaw")
		carol := p.tech.Inbound(channel.Options{Name: "carol", Identity: channel.Identity{Caller: channel.Party{Name: "Carol", Number: "103"}}})
		carol.Channel().SetState(channel.Up)
		third := carol.Channel()
		third.SetVar("_COLOUR", channel.Clean("red"))
		p.start(bridge.Options{})
		place := p.callee.Channel()
		if err := channel.Masquerade(place, third); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := place.Name(); got != "SIP/carol-00000002" {
			t.Errorf("the place is %s", got)
		}
		if got := third.Name(); got != "SIP/bob-00000001" {
			t.Errorf("who was there is %s", got)
		}
		if place.Leg() != channel.Leg(carol) || third.Leg() != channel.Leg(p.callee) || carol.Channel() != place || p.callee.Channel() != third {
			t.Error("the legs have not changed places")
		}
		for name, want := range map[string]*channel.Channel{"SIP/carol-00000002": place, "SIP/bob-00000001": third} {
			if got, ok := place.Registry().Find(name); !ok || got != want {
				t.Errorf("the registry finds another channel as %s", name)
			}
		}
		if v, _ := p.caller.Channel().Var("BRIDGEPEER"); v.S != place.Name() {
			t.Errorf("BRIDGEPEER is %q", v.S)
		}
		if c := p.caller.Channel().Identity().Connected; c.Number != "103" {
			t.Errorf("the caller sees %+v", c)
		}
		if v, _ := place.Var("COLOUR"); v.S != "red" {
			t.Error("what was said of the phone did not go with it")
		}
		if place.Vacated() || !third.Vacated() {
			t.Error("it is not told whose phone ends")
		}
		// The phone that left ends; the call goes on until the new one does.
		third.SoftHangup(channel.CauseNormalClearing)
		third.Hangup()
		time.Sleep(time.Second)
		if s := p.caller.Channel().Snapshot(); s.BridgePeer != place.Name() {
			t.Errorf("bridged to %q", s.BridgePeer)
		}
		carol.Do(channeltest.Hangup(0, channel.CauseNormalClearing))
		r := p.ended(time.Second)
		if r.Reason != bridge.HungUp || r.By != bridge.Callee {
			t.Errorf("ended with %+v", r)
		}
		if err := channel.Masquerade(p.caller.Channel(), place); !errors.Is(err, channel.ErrGone) {
			t.Errorf("a call that is over took a place: %v", err)
		}
	})
}

// TestVacated: the phone of a place that lost its own counts again when another one comes
// there.
func TestVacated(t *testing.T) {
	bubble(t, func(p *pair) {
		a, b := p.caller.Channel(), p.callee.Channel()
		c := p.tech.Inbound(channel.Options{Name: "carol"}).Channel()
		for i, move := range [][2]*channel.Channel{{a, b}, {b, c}} {
			if err := channel.Masquerade(move[0], move[1]); err != nil {
				t.Fatal(err)
			}
			if move[0].Vacated() || !move[1].Vacated() {
				t.Errorf("move %d: %v and %v", i+1, move[0].Vacated(), move[1].Vacated())
			}
		}
		c.Hangup()
	})
}

// TestMoveTold: of each phone that changes places it is told which bridge it leaves and
// enters, with who else is there: nobody where a party waits alone.
func TestMoveTold(t *testing.T) {
	for name, tt := range map[string]struct {
		place, comes, others bool // in a bridge, with others in it
		want                 []string
	}{
		"from a bridge into one":          {true, true, true, []string{"leave SIP/bob 1 1", "leave SIP/carol 2 1", "enter SIP/carol 1 2"}},
		"from a bridge to where he waits": {true, true, false, []string{"leave SIP/bob 1 0", "leave SIP/carol 2 0", "enter SIP/carol 1 1"}},
		"into a bridge":                   {true, false, true, []string{"leave SIP/bob 1 1", "enter SIP/carol 1 2"}},
		"out of a bridge":                 {false, true, true, []string{"leave SIP/carol 2 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(p *pair) {
				place, comes := p.callee.Channel(), p.tech.Inbound(channel.Options{Name: "carol"}).Channel()
				for i, c := range []struct {
					*channel.Channel
					in bool
				}{{place, tt.place}, {comes, tt.comes}} {
					if !c.in {
						continue
					}
					other, members := (*channel.Channel)(nil), 1
					if tt.others {
						other, members = p.caller.Channel(), 2
					}
					c.SetBridge(fmt.Sprint(i+1), other)
					c.JoinedBridge(members)
				}
				var told []string
				p.bus.Observe(func(e *event.Event) {
					what := "leave"
					if e.Kind == event.BridgeJoin {
						what = "enter"
					}
					phone, _, _ := strings.Cut(e.Channel, "-")
					told = append(told, fmt.Sprintf("%s %s %s %d", what, phone, e.Bridge, e.Members))
				}, event.BridgeJoin, event.BridgeLeave)
				if err := channel.Masquerade(place, comes); err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(told, tt.want) {
					t.Errorf("told %q, want %q", told, tt.want)
				}
				comes.Hangup()
			})
		})
	}
}

// TestMasqueradeSecure: a phone comes into a call that wants encryption only if its leg
// has it, and brings what its own call wants.
func TestMasqueradeSecure(t *testing.T) {
	type wish struct{ signaling, audio bool }
	tls, srtp := wish{signaling: true}, wish{audio: true}
	for name, tt := range map[string]struct {
		caller, callee, comes wish // what is wanted for them
		partner, has          wish // what the legs of the caller and of who comes have
		ok                    bool
		stays                 wish // what is wanted of the place after it
	}{
		"nothing is wanted":                {ok: true},
		"in the clear":                     {callee: tls},
		"TLS":                              {callee: tls, has: tls, ok: true, stays: tls},
		"TLS is not SRTP":                  {callee: srtp, has: tls},
		"SRTP":                             {callee: srtp, has: wish{true, true}, ok: true, stays: srtp},
		"the caller wants it":              {caller: tls},
		"the caller wants it, and gets it": {caller: tls, has: tls, ok: true},
		"from a call that wants it":        {comes: tls, has: tls},
		"from one that wants it, to TLS":   {comes: tls, partner: tls, ok: true, stays: tls},
		"both want it, of each other":      {callee: tls, comes: tls, has: tls, ok: true, stays: tls},
		"each wants another":               {callee: tls, comes: srtp, has: tls, partner: srtp, ok: true, stays: wish{true, true}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(p *pair) {
				p.media("ulaw", "ulaw")
				carol := p.tech.Inbound(channel.Options{Name: "carol"})
				place, third := p.callee.Channel(), carol.Channel()
				third.SetState(channel.Up)
				want := func(c *channel.Channel, w wish) {
					c.SetSettings(func(s *channel.Settings) { s.SecureSignaling, s.SecureMedia = w.signaling, w.audio })
				}
				want(p.caller.Channel(), tt.caller)
				want(place, tt.callee)
				want(third, tt.comes)
				p.caller.Signaling, p.caller.Audio = tt.partner.signaling, tt.partner.audio
				carol.Signaling, carol.Audio = tt.has.signaling, tt.has.audio
				p.start(bridge.Options{})
				switch err := channel.Masquerade(place, third); {
				case !tt.ok && !errors.Is(err, channel.ErrInsecure) || tt.ok && err != nil:
					t.Errorf("it ended with %v", err)
				case !tt.ok:
					if place.Leg() != channel.Leg(p.callee) {
						t.Error("the phone is in the call")
					}
				default:
					if s := place.Settings(); (wish{s.SecureSignaling, s.SecureMedia}) != tt.stays {
						t.Errorf("of who comes next is wanted: %v, %v", s.SecureSignaling, s.SecureMedia)
					}
				}
				p.caller.Do(channeltest.Hangup(0, channel.CauseNormalClearing))
				p.ended(time.Second)
			})
		})
	}
}

// TestUnhold holds that who was put on hold is taken back when the phone that did it
// is out of the call: it has transferred it.
func TestUnhold(t *testing.T) {
	for name, leaves := range map[string]func(p *pair){
		"another phone takes its place": func(p *pair) {
			carol := p.tech.Inbound(channel.Options{Name: "carol"})
			carol.Channel().SetState(channel.Up)
			third := carol.Channel()
			if err := channel.Masquerade(p.callee.Channel(), third); err != nil {
				p.t.Fatal(err)
			}
			third.Hangup()
			synctest.Wait()
			p.caller.Channel().SoftHangup(channel.CauseNormalClearing)
			p.ended(time.Second)
		},
		"the other party is sent elsewhere": func(p *pair) {
			p.caller.Channel().AsyncGoto(channel.Location{Context: "t", Exten: "1", Priority: 1})
			p.ended(time.Second)
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(p *pair) {
				caller, place := p.caller, p.callee.Channel()
				p.start(bridge.Options{})
				place.Queue(control(channel.ControlHold))
				synctest.Wait()
				leaves(p)
				if got := caller.Heard(); !strings.Contains(got, "hold") || !strings.Contains(got[strings.Index(got, "hold")+4:], "unhold") {
					t.Errorf("the caller heard %q", got)
				}
				place.Hangup()
			})
		})
	}
}
