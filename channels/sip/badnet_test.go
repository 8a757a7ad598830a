package sip

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
	"pbx/event"
	pbxio "pbx/io"
)

// Calls over networks that lose a fifth of everything each way, and more: most are
// set up, each ends once and as its signalling allows, and nothing is left.

// ledger is a dialplan that notes what becomes of the calls that reach it. The
// first digit of the extension says what it does: 1 answers and hangs up, 2
// answers and waits, 3 rings first, 4 is busy.
type ledger struct {
	mu       sync.Mutex
	begun    map[string]int
	answered map[string]bool
}

func (l *ledger) Match(_, exten string, _ int, _ string) channel.Match {
	if len(exten) > 1 && strings.ContainsRune("1234", rune(exten[0])) {
		return channel.MatchExists
	}
	return 0
}
func (l *ledger) HasContext(string) bool     { return true }
func (l *ledger) Hint(string, string) string { return "" }

// StartApplication implements channel.Dialplan: nothing asks for one.
func (l *ledger) StartApplication(*channel.Channel, string, channel.Value) error {
	return errors.New("no applications")
}

func (l *ledger) Start(ch *channel.Channel) {
	exten := ch.Location().Exten
	l.mu.Lock()
	l.begun[exten]++
	l.mu.Unlock()
	answer := func() {
		l.mu.Lock()
		l.answered[exten] = true
		l.mu.Unlock()
		_ = ch.Leg().Answer()
	}
	go func() {
		defer ch.Hangup()
		switch exten[0] {
		case '1':
			answer()
			if ch.Sleep(3*time.Second) == nil {
				ch.SetCause(channel.CauseNormalClearing, "")
			}
		case '3':
			_ = ch.Leg().Indicate(channel.ControlRinging)
			if ch.Sleep(2*time.Second) != nil {
				return
			}
			fallthrough
		case '2':
			answer()
			untilHangup(ch)
		case '4':
			ch.SetCause(channel.CauseUserBusy, "")
		}
	}()
}

// callBad makes calls over a bad network and returns how many of those that were
// to be answered were. Half of the callers are patient; the others give up just
// when they are answered. wait passes the time until everything has to be over.
func callBad(t *testing.T, oa, ob *office2, l *ledger, calls int, scale time.Duration, wait func()) (wanted, got int) {
	t.Helper()
	events := oa.bus.Subscribe(1<<12, event.ChannelCreated, event.ChannelHangup)
	more := ob.bus.Subscribe(1<<12, event.ChannelCreated, event.ChannelHangup)
	type result struct {
		exten    string
		patient  bool
		answered bool
	}
	results := make(chan result, 2*calls)
	for i := range calls {
		kind := []string{"1", "2", "3", "4"}[i%4]
		exten := fmt.Sprintf("%s%03d", kind, i)
		go func() {
			results <- result{exten, true, oa.callOut("SIP/b/"+exten, 64*scale+5*time.Second, 4*time.Second)}
		}()
		hasty := fmt.Sprintf("3%03d", calls+i)
		go func() {
			patience := 2*time.Second + time.Duration(i-calls/2)*50*time.Millisecond
			results <- result{hasty, false, oa.callOut("SIP/b/"+hasty, patience, time.Second)}
		}()
		time.Sleep(20 * time.Millisecond)
	}
	answered := make(map[string]bool)
	for range 2 * calls {
		r := <-results
		answered[r.exten] = r.answered
		if r.patient && r.exten[0] != '4' {
			wanted++
			if r.answered {
				got++
			}
		}
	}
	wait()
	l.mu.Lock()
	for exten, ok := range answered {
		switch n := l.begun[exten]; {
		case n > 1:
			t.Errorf("%s began %d times", exten, n)
		case ok && !l.answered[exten]:
			t.Errorf("%s was answered, but not by anybody", exten)
		}
	}
	l.mu.Unlock()
	for _, s := range []*event.Subscription{events, more} {
		alive := make(map[string]int)
		for n := len(s.C); n > 0; n-- {
			e := <-s.C
			if e.Kind == event.ChannelCreated {
				alive[e.Uniqueid]++
			} else {
				alive[e.Uniqueid]--
			}
		}
		for id, n := range alive {
			if n != 0 {
				t.Errorf("channel %s: %d more beginnings than ends", id, n)
			}
		}
		if s.Dropped() > 0 {
			t.Errorf("%d events were dropped: the test does not see all", s.Dropped())
		}
		s.Close()
	}
	return wanted, got
}

func newLedger() *ledger { return &ledger{begun: map[string]int{}, answered: map[string]bool{}} }

// faultsOf are the faults of a seed: always a fifth lost each way, and of the
// others some.
func faultsOf(seed uint64) pbxio.Faults {
	f := pbxio.Faults{Loss: 0.2, Delay: time.Duration(seed%7) * 20 * time.Millisecond}
	if seed%2 == 1 {
		f.Jitter = f.Delay / 2
	}
	if seed%3 == 1 {
		f.Duplicate = 0.1
	}
	if seed%5 == 1 {
		f.Reorder = 0.1
	}
	if seed%11 == 1 {
		f.Burst = 3
	}
	if seed%13 == 1 {
		f.Corrupt = 0.02
	}
	return f
}

const badOffice = "[general]\nudpbindaddr=%s\ndisallow=all\nallow=ulaw\ntimert1=%d\nrtptimeout=%d\n[%s]\ntype=peer\nhost=%s\nport=%d\ncontext=x\ninsecure=port,invite\n"

// rtpTimeout ends a call whose BYE was changed under way into one for another
// call; the network carries no audio.
const rtpTimeout = 40 * time.Second

func rtptimeout(f pbxio.Faults) int {
	if f.Corrupt > 0 {
		return int(rtpTimeout.Seconds())
	}
	return 0
}

// TestThousandSeeds is the acceptance in virtual time. -short runs every tenth.
func TestThousandSeeds(t *testing.T) {
	const seeds, calls = 1000, 4
	step := 1
	if testing.Short() {
		step = 10
	}
	wanted, got := 0, 0
	for seed := 0; seed < seeds; seed += step {
		f := faultsOf(uint64(seed))
		bubble := func(t *testing.T) {
			network := pbxio.NewMemory()
			network.SetRoute(f.Route(uint64(seed)))
			l := newLedger()
			oa := startOffice2(t, network, testConfig(t, fmt.Sprintf(badOffice, "192.0.2.1:5060", 500, rtptimeout(f), "b", "192.0.2.2", 5060)), newLedger(), fmt.Sprint("a", seed))
			ob := startOffice2(t, network, testConfig(t, fmt.Sprintf(badOffice, "192.0.2.2:5060", 500, rtptimeout(f), "a", "192.0.2.1", 5060)), l, fmt.Sprint("b", seed))
			w, n := callBad(t, oa, ob, l, calls, 500*time.Millisecond, func() {
				// What is sent last is repeated for 32 s, and who gets it remembers it
				// for as long.
				time.Sleep(66 * time.Second)
				if f.Corrupt > 0 {
					time.Sleep(rtpTimeout)
				}
				synctest.Wait()
			})
			if f.Corrupt == 0 { // a number that was changed under way need not exist
				wanted, got = wanted+w, got+n
			}
			oa.close(t)
			ob.close(t)
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) { synctest.Test(t, bubble) })
	}
	if got*100 < wanted*99 {
		t.Errorf("%d of %d calls were set up", got, wanted)
	}
	t.Logf("%d of %d calls were set up", got, wanted)
}

// TestBadSockets is the same over real sockets and in real time, with timers that
// are twenty times as fast.
func TestBadSockets(t *testing.T) {
	t.Parallel()
	const t1 = 25 * time.Millisecond
	f := pbxio.Faults{Loss: 0.2, Delay: 5 * time.Millisecond, Jitter: 4 * time.Millisecond, Duplicate: 0.05, Reorder: 0.05}
	network := pbxio.Bad(pbxio.System(), f.Route(1))
	anyPort := func(name string, to netip.AddrPort) *Config {
		// T2 is not faster, so that 64 times T1 would have a request sent seven times, of which
		// all are lost once in 80,000; 128 times have one time more.
		text := strings.Replace(badOffice, "rtptimeout", fmt.Sprintf("timerb=%d\nrtptimeout", 128*t1.Milliseconds()), 1)
		cfg := testConfig(t, fmt.Sprintf(text, "127.0.0.1", t1.Milliseconds(), 0, name, to.Addr(), to.Port()))
		cfg.General.UDPBinds = []netip.AddrPort{netip.AddrPortFrom(cfg.General.UDPBind.Addr(), 0)}
		return cfg
	}
	l := newLedger()
	ob := startOffice2(t, network, anyPort("a", netip.MustParseAddrPort("127.0.0.1:5060")), l, "b")
	oa := startOffice2(t, network, anyPort("b", ob.d.net.Local(0)), newLedger(), "a")
	// So many that 99 % of them is no matter of one.
	wanted, got := callBad(t, oa, ob, l, 400, t1, func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for deadline := time.Now().Add(30 * time.Second); oa.leftover(false)+ob.leftover(false) != "" && time.Now().Before(deadline); <-tick.C {
		}
	})
	if got*100 < wanted*99 {
		t.Errorf("%d of %d calls were set up", got, wanted)
	}
	for _, o := range []*office2{oa, ob} {
		if left := o.leftover(false); left != "" {
			t.Error(left)
		}
		o.stop(t)
	}
}
