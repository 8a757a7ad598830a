package sip

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	mrand "math/rand/v2"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
	"pbx/event"
	pbxio "pbx/io"
	"pbx/media"
)

// office2 is one of two exchanges that call each other.
type office2 struct {
	d     *Driver
	reg   *channel.Registry
	media *media.Engine
	bus   event.Bus
	done  chan error
}

func newOffice2(t *testing.T, network pbxio.Network, conf string, extens map[string]func(*channel.Channel), seed string) *office2 {
	t.Helper()
	return startOffice2(t, network, testConfig(t, conf), &fakePlan{extens: extens}, seed)
}

func startOffice2(t *testing.T, network pbxio.Network, cfg *Config, plan channel.Dialplan, seed string) *office2 {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	random := mrand.NewChaCha8(sha256.Sum256([]byte(seed)))
	o := &office2{done: make(chan error, 1)}
	var err error
	if o.media, err = media.NewEngine(network, media.EngineOptions{RTPStart: 10000, RTPEnd: 13999, Bind: cfg.General.UDPBind.Addr(), Random: random, Log: log}); err != nil {
		t.Fatal(err)
	}
	o.reg = channel.NewRegistry(&o.bus, log, time.Now, "")
	if o.d, err = New(cfg, Deps{
		Network: network, Registry: o.reg, Dialplan: plan, Media: o.media,
		Bus: &o.bus, Log: log, Now: time.Now, Random: random, Version: "test",
	}); err != nil {
		t.Fatal(err)
	}
	o.reg.Register(o.d)
	go func() { o.done <- o.d.Run() }()
	return o
}

// leftover says what is left of calls, "" for nothing; transactions remember what
// was repeated for 32 s (RFC 3261 17.1.1.2, timer D), however fast the others are.
func (o *office2) leftover(transactions bool) string {
	n, _ := o.reg.Count()
	calls, sessions, panics := 0, o.media.Sessions(), 0
	servers, clients := 0, 0
	_ = o.d.Call(func() {
		calls, panics = o.d.calls.len(), o.d.panics
		if transactions {
			servers, clients = o.d.txs.Len()
		}
	})
	if n+calls+sessions+panics+servers+clients == 0 {
		return ""
	}
	return fmt.Sprintf("left are %d channels, %d calls, %d sessions, %d and %d transactions, after %d panics", n, calls, sessions, servers, clients, panics)
}

func (o *office2) close(t *testing.T) {
	t.Helper()
	if left := o.leftover(true); left != "" {
		t.Error(left)
	}
	o.stop(t)
}

func (o *office2) stop(t *testing.T) {
	t.Helper()
	o.d.Close()
	if err := <-o.done; err != nil {
		t.Error(err)
	}
	o.media.Close()
}

// Two exchanges call each other over networks that lose, double, delay and
// reorder. Calls are set up and ended all the same, and nothing is left.
func TestCallsOverBadNetworks(t *testing.T) {
	const a = "[general]\nudpbindaddr=192.0.2.1:5060\ndisallow=all\nallow=ulaw\nrtptimeout=0\n[b]\ntype=peer\nhost=192.0.2.2\ncontext=x\ninsecure=port,invite\n"
	const b = "[general]\nudpbindaddr=192.0.2.2:5060\ndisallow=all\nallow=ulaw\nrtptimeout=0\n[a]\ntype=peer\nhost=192.0.2.1\ncontext=x\ninsecure=port,invite\n"
	const calls = 100
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	for name, tt := range map[string]struct {
		route func(r *mrand.Rand) []time.Duration
		least int // calls that must be answered
	}{
		"perfect":               {func(*mrand.Rand) []time.Duration { return []time.Duration{0} }, calls},
		"doubled":               {func(*mrand.Rand) []time.Duration { return []time.Duration{0, ms(1)} }, calls},
		"slow and out of order": {func(r *mrand.Rand) []time.Duration { return []time.Duration{ms(100 + r.IntN(400))} }, calls},
		"a fifth is lost": {func(r *mrand.Rand) []time.Duration {
			if r.IntN(5) == 0 {
				return nil
			}
			return []time.Duration{ms(20)}
		}, calls * 99 / 100},
		"everything at once": {func(r *mrand.Rand) []time.Duration {
			switch r.IntN(10) {
			case 0, 1:
				return nil
			case 2:
				return []time.Duration{ms(r.IntN(300)), ms(r.IntN(300))}
			}
			return []time.Duration{ms(r.IntN(300))}
		}, calls * 99 / 100},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := pbxio.NewMemory()
				r := mrand.New(mrand.NewPCG(1, 2))
				lock := make(chan struct{}, 1)
				network.SetRoute(func(netip.AddrPort, netip.AddrPort, []byte) []time.Duration {
					lock <- struct{}{}
					defer func() { <-lock }()
					return tt.route(r)
				})
				extens := map[string]func(*channel.Channel){
					"1": answerFor(3 * time.Second),
					"2": answerAndWait,
					"3": func(ch *channel.Channel) {
						_ = ch.Leg().Indicate(channel.ControlRinging)
						if ch.Sleep(2*time.Second) == nil {
							answerAndWait(ch)
						}
					},
				}
				oa, ob := newOffice2(t, network, a, nil, "a"), newOffice2(t, network, b, extens, "b")
				answered := make(chan bool, calls)
				for i := range calls {
					go func() {
						answered <- oa.callOut("SIP/b/"+[]string{"1", "2", "3"}[i%3], time.Minute, 5*time.Second)
					}()
					// Others give up just when they are answered.
					go oa.callOut("SIP/b/3", 2*time.Second+ms(5*i-250), time.Second)
					time.Sleep(10 * time.Millisecond)
				}
				n := 0
				for range calls {
					if <-answered {
						n++
					}
				}
				if n < tt.least {
					t.Errorf("%d of %d calls were answered", n, calls)
				}
				time.Sleep(3 * time.Minute)
				synctest.Wait()
				oa.close(t)
				ob.close(t)
			})
		})
	}
}

// callOut makes a call, gives up after patience, else talks for so long and hangs
// up. It reports whether it was answered.
func (o *office2) callOut(dest string, patience, talk time.Duration) bool {
	ch, err := o.reg.Request(dest, channel.Request{})
	if err != nil {
		return false
	}
	defer ch.Hangup()
	_ = ch.Leg().Call()
	for end := time.Now().Add(patience); ; {
		f, err := ch.Wait(max(time.Until(end), 0))
		if err != nil {
			return false
		}
		if f.Control == channel.ControlAnswer {
			break
		}
	}
	_ = ch.Sleep(talk)
	ch.SetCause(channel.CauseNormalClearing, "")
	return true
}

// IPv6 and a listener for both families.
func TestCallsOverIPv6(t *testing.T) {
	for name, tt := range map[string]struct{ bindA, bindB, toA, toB string }{
		"own addresses": {"[2001:db8::1]:5060", "[2001:db8::2]:5060", "2001:db8::1", "2001:db8::2"},
		"ports":         {"[2001:db8::1]:5070", "[2001:db8::2]:5080", "2001:db8::1\nport=5070", "2001:db8::2\nport=5080"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conf := func(bind, peer, host string) string {
					return "[general]\nudpbindaddr=" + bind + "\ndisallow=all\nallow=alaw\nrtptimeout=0\n[" + peer + "]\ntype=peer\nhost=" + host + "\ncontext=x\ninsecure=port,invite\n"
				}
				network := pbxio.NewMemory()
				extens := map[string]func(*channel.Channel){"1": answerFor(3 * time.Second), "2": answerAndWait}
				oa := newOffice2(t, network, conf(tt.bindA, "b", tt.toB), nil, "a")
				ob := newOffice2(t, network, conf(tt.bindB, "a", tt.toA), extens, "b")
				for _, exten := range []string{"1", "2"} {
					if !oa.callOut("SIP/b/"+exten, time.Minute, 5*time.Second) {
						t.Errorf("%s was not answered", exten)
					}
				}
				time.Sleep(time.Minute)
				oa.close(t)
				ob.close(t)
			})
		})
	}
}
