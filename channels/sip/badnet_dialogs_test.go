package sip

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pbx/bridge"
	"pbx/channel"
	pbxio "pbx/io"
)

// Transfers, reliable provisional responses and UPDATE over bad networks: an exchange
// calls two others and joins them, one of which then sends the other elsewhere.

// peerPlan is the dialplan of the exchanges that are called. An extension that begins
// with 5 rings, tells of another party, answers and tells of a third one; with 6 it
// answers and transfers its caller to the same number with a 7.
type peerPlan struct{ channel.Dialplan }

func (peerPlan) Match(string, string, int, string) channel.Match { return channel.MatchExists }
func (peerPlan) HasContext(string) bool                          { return true }
func (peerPlan) Hint(string, string) string                      { return "" }

func (peerPlan) Start(ch *channel.Channel) {
	go func() {
		defer ch.Hangup()
		exten := ch.Location().Exten
		_ = ch.Leg().Indicate(channel.ControlRinging)
		if ch.Sleep(time.Second) != nil {
			return
		}
		becomes(ch, "300", "Dora")
		if ch.Sleep(time.Second) != nil {
			return
		}
		_ = ch.Leg().Answer()
		if ch.Sleep(6*time.Second) != nil { // the other call is up as well
			return
		}
		switch exten[0] {
		case '5':
			becomes(ch, "301", "Emil")
		case '6':
			_ = ch.Leg().Transfer("7" + exten[1:] + "@192.0.2.1")
		}
		untilHangup(ch)
	}()
}

// hub is the exchange in the middle.
type hub struct {
	*office2
	mu          sync.Mutex
	joined      int
	transferred map[string]int
}

// up calls a destination and waits for the answer.
func (h *hub) up(dest string) *channel.Channel {
	leg, err := h.reg.Request(dest, channel.Request{})
	if err != nil {
		return nil
	}
	_ = leg.Leg().Call()
	for end := time.Now().Add(40 * time.Second); ; {
		f, err := leg.Wait(max(time.Until(end), 0))
		if err != nil {
			leg.Hangup()
			return nil
		}
		if f.Control == channel.ControlAnswer {
			return leg
		}
	}
}

// join calls both exchanges and joins them; the one transfers the other, who is hung
// up a while later.
func (h *hub) join(i int) {
	first := make(chan *channel.Channel)
	go func() { first <- h.up(fmt.Sprintf("SIP/b/6%02d", i)) }()
	two := h.up(fmt.Sprintf("SIP/c/5%02d", i))
	one := <-first
	for _, leg := range []*channel.Channel{one, two} {
		if leg != nil {
			defer leg.Hangup()
		}
	}
	if one == nil || two == nil {
		return
	}
	h.mu.Lock()
	h.joined++
	h.mu.Unlock()
	over := make(chan struct{})
	go func() { // nobody talks for ever
		select {
		case <-over:
		case <-time.After(90 * time.Second):
			two.SoftHangup(channel.CauseNormalClearing)
		}
	}()
	bridge.Run(one, two, bridge.Options{})
	one.Hangup()
	if to, ok := two.TakeRedirect(); ok {
		h.mu.Lock()
		h.transferred[to.Exten]++
		h.mu.Unlock()
		_ = two.Sleep(2 * time.Second)
	}
	close(over)
}

// TestDialogsOverBadNetworks is the acceptance of what happens within calls. -short
// runs every tenth seed.
func TestDialogsOverBadNetworks(t *testing.T) {
	const seeds, calls = 200, 4
	const conf = "[general]\nudpbindaddr=%s\ndisallow=all\nallow=ulaw\nrtptimeout=0\n100rel=required\nsendrpid=pai\nrpid_update=yes\ntrustrpid=yes\n"
	const peer = "[%s]\ntype=peer\nhost=%s\ncontext=x\ninsecure=port,invite\n"
	step, least := 1, 98 // of a hundred; the threads race, so that a seed does not decide all
	if testing.Short() {
		step, least = 10, 95
	}
	joined, transferred := 0, 0
	for seed := 0; seed < seeds; seed += step {
		f := faultsOf(uint64(seed))
		f.Corrupt = 0
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := pbxio.NewMemory()
				network.SetRoute(f.Route(uint64(seed)))
				h := &hub{transferred: map[string]int{}}
				h.office2 = startOffice2(t, network, testConfig(t, fmt.Sprintf(conf+peer+peer, "192.0.2.1:5060", "b", "192.0.2.2", "c", "192.0.2.3")), peerPlan{}, fmt.Sprint("h", seed))
				b := startOffice2(t, network, testConfig(t, fmt.Sprintf(conf+peer, "192.0.2.2:5060", "a", "192.0.2.1")), peerPlan{}, fmt.Sprint("b", seed))
				c := startOffice2(t, network, testConfig(t, fmt.Sprintf(conf+peer, "192.0.2.3:5060", "a", "192.0.2.1")), peerPlan{}, fmt.Sprint("c", seed))
				var group sync.WaitGroup
				for i := range calls {
					group.Go(func() { h.join(i) })
					time.Sleep(20 * time.Millisecond)
				}
				group.Wait()
				// A phone that transferred a call may take 32 s to say BYE, and what is
				// sent last is remembered for as long.
				time.Sleep(100 * time.Second)
				synctest.Wait()
				joined += h.joined
				for exten, n := range h.transferred {
					if transferred++; n != 1 || !strings.HasPrefix(exten, "7") {
						t.Errorf("%d calls were sent to %s", n, exten)
					}
				}
				h.close(t)
				b.close(t)
				c.close(t)
			})
		})
	}
	if all := (seeds + step - 1) / step * calls; joined*100 < all*least || transferred*100 < joined*least {
		t.Errorf("of %d calls %d were set up and %d transferred", all, joined, transferred)
	}
	t.Logf("%d calls were set up, %d transferred", joined, transferred)
}
