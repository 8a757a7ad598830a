package guard

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	start = time.Unix(1_700_000_000, 0)
	home  = netip.MustParseAddr("192.0.2.7")
)

func testRules() Rules {
	return Rules{
		Failures: 10, Window: time.Minute, Time: 10 * time.Minute, MaxTime: 24 * time.Hour, Unanswered: 30,
		Ignore: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::5/128")},
	}
}

// fail lets n wrong answers come, gap apart, and returns the time after and the
// bans that began.
func fail(g *Guard, a netip.Addr, now time.Time, n int, gap time.Duration) (time.Time, []*Ban) {
	var bans []*Ban
	for range n {
		if b := g.Failed(a, []byte("alice"), now, false); b != nil {
			bans = append(bans, b)
		}
		now = now.Add(gap)
	}
	return now, bans
}

func TestFailuresBan(t *testing.T) {
	for name, tt := range map[string]struct {
		n    int
		gap  time.Duration
		bans int
	}{
		"nine at once":                 {9, 0, 0},
		"ten at once":                  {10, 0, 1},
		"ten in 54 seconds":            {10, 6 * time.Second, 1},
		"ten in 63 seconds":            {10, 7 * time.Second, 0},
		"a hundred, one in 7 seconds":  {100, 7 * time.Second, 0},
		"those of a ban do not add up": {25, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			g := New(testRules())
			now, bans := fail(g, home, start, tt.n, tt.gap)
			if len(bans) != tt.bans || g.Blocked(home, now) != (tt.bans > 0) {
				t.Errorf("%d bans, blocked %v", len(bans), g.Blocked(home, now))
			}
		})
	}
}

// Each ban is twice as long as the one before, up to a day.
func TestBansDouble(t *testing.T) {
	g, now := New(testRules()), start
	for i, want := range []string{"10m0s", "20m0s", "40m0s", "1h20m0s", "2h40m0s", "5h20m0s", "10h40m0s", "21h20m0s", "24h0m0s", "24h0m0s"} {
		_, bans := fail(g, home, now, 10, 0)
		if len(bans) != 1 || bans[0].Kind != Banned || bans[0].Times != i+1 {
			t.Fatalf("ban %d: %+v", i+1, bans)
		}
		d := bans[0].Until.Sub(now)
		if d.String() != want {
			t.Errorf("ban %d: %v, want %s", i+1, d, want)
		}
		if now = now.Add(d); !g.Blocked(home, now.Add(-1)) || g.Blocked(home, now) {
			t.Errorf("ban %d does not end when it ends", i+1)
		}
	}
	if g.banned != 0 {
		t.Errorf("%d bans are counted", g.banned)
	}
}

func TestWhoIsNotBanned(t *testing.T) {
	g := New(testRules())
	for range 1000 {
		for _, a := range []string{"10.1.2.3", "::ffff:10.1.2.4", "2001:db8:1::5", "2001:db8:1::6"} {
			if b := g.Failed(netip.MustParseAddr(a), []byte("x"), start, false); b != nil && a != "2001:db8:1::6" {
				t.Fatalf("%s was banned", a)
			}
		}
		if g.Failed(home, []byte("alice"), start, true) != nil {
			t.Fatal("a device of ours was banned")
		}
	}
	if g.Blocked(home, start) {
		t.Error("blocked")
	}
	g.SetRules(Rules{})
	if _, bans := fail(g, netip.MustParseAddr("192.0.2.9"), start, 1000, 0); bans != nil || len(g.Bans(start)) != 0 {
		t.Error("no rules, and yet a ban")
	}
}

// The account is slowed where the address may not be banned, and no other one.
func TestSlowed(t *testing.T) {
	g, now := New(testRules()), start
	alice, bob := []byte("alice"), []byte("bob")
	heard := 0
	for range 600 { // ten a second for a minute
		if !g.Slowed(home, alice, now) {
			heard++
			g.Failed(home, alice, now, true)
		}
		if g.Slowed(home, bob, now) || g.Slowed(netip.MustParseAddr("192.0.2.8"), alice, now) {
			t.Fatal("somebody else is slowed")
		}
		now = now.Add(100 * time.Millisecond)
	}
	if heard < 18 || heard > 20 { // ten at once, then one in six seconds
		t.Errorf("%d were heard", heard)
	}
	if now = now.Add(time.Minute); g.Slowed(home, alice, now) {
		t.Error("still slowed a minute later")
	}
}

func TestUnansweredMute(t *testing.T) {
	g, now := New(testRules()), start
	ask := func() (bool, *Ban) {
		now = now.Add(10 * time.Millisecond)
		return g.Challenge(home, now, false)
	}
	for i := range 30 {
		if ok, b := ask(); !ok || b != nil {
			t.Fatalf("challenge %d: %v %v", i, ok, b)
		}
	}
	if ok, b := ask(); ok || b == nil || b.Kind != Muted {
		t.Fatalf("no mute: %v %v", ok, b)
	}
	if g.Blocked(home, now) {
		t.Error("a mute blocks")
	}
	sent := 0
	for range 60_00 {
		if ok, _ := ask(); ok {
			sent++
		}
	}
	if sent < 9 || sent > 10 {
		t.Errorf("%d challenges in a minute", sent)
	}
	if ok, _ := g.Challenge(home, now, true); !ok {
		t.Error("a device of ours is muted")
	}
	g.Answered(home, true)
	if ok, _ := ask(); !ok || len(g.Bans(now)) != 0 {
		t.Error("a right answer did not end it")
	}
	// Answers that are wrong are not unanswered: they count as failures.
	for range 1000 {
		if ok, b := ask(); !ok || b != nil {
			t.Fatal("muted although every challenge was answered")
		}
		g.Answered(home, false)
		now = now.Add(time.Second)
	}
}

// One source gets no more challenges than its purse holds, whoever it is.
func TestPurse(t *testing.T) {
	g := New(Rules{})
	sent := 0
	for range purseCoins + 100 {
		if ok, _ := g.Challenge(home, start, false); ok {
			sent++
		}
	}
	if sent != purseCoins {
		t.Errorf("%d challenges", sent)
	}
	if ok, _ := g.Challenge(home, start.Add(time.Second), false); !ok {
		t.Error("none after a second")
	}
}

func TestManual(t *testing.T) {
	g := New(testRules())
	g.Ban(home, 0, start)
	g.Ban(netip.MustParseAddr("2001:db8::1"), time.Hour, start)
	g.Resident(home)
	g.SetRules(Rules{})
	if !g.Blocked(home, start.AddDate(10, 0, 0)) || !g.Blocked(netip.MustParseAddr("2001:db8::2"), start) {
		t.Error("not blocked")
	}
	got := fmt.Sprint(g.Bans(start))
	for _, want := range []string{"192.0.2.7/32 by hand", "2001:db8::/64 by hand"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	if !g.Unban(home) || g.Unban(home) || g.Blocked(home, start) {
		t.Error("unban")
	}
}

// Bans end where a reload says that they may not be, and where a device of ours
// turns up.
func TestBansEnd(t *testing.T) {
	other := netip.MustParseAddr("198.51.100.1")
	g := New(testRules())
	fail(g, home, start, 10, 0)
	fail(g, other, start, 10, 0)
	r := testRules()
	r.Ignore = append(r.Ignore, netip.MustParsePrefix("192.0.2.0/24"))
	g.SetRules(r)
	if g.Blocked(home, start) || !g.Blocked(other, start) {
		t.Error("reload")
	}
	if g.Resident(other); g.Blocked(other, start) {
		t.Error("resident")
	}
}

// A flood of forged addresses takes no more memory than there is, and does not
// make a ban forgotten.
func TestBounded(t *testing.T) {
	const maxSources, maxAccounts = 1000, 50
	g := New(testRules())
	g.sources.limit, g.accounts.limit = maxSources, maxAccounts
	fail(g, home, start, 10, 0)
	for i := range 3 * maxSources {
		a := netip.AddrFrom4([4]byte{100, byte(i >> 16), byte(i >> 8), byte(i)})
		g.Challenge(a, start, false)
		g.Failed(a, fmt.Append(nil, i), start, true)
	}
	if g.sources.len() > maxSources || len(g.sources.slots) > maxSources+1 || g.accounts.len() > maxAccounts {
		t.Errorf("%d sources, %d accounts", g.sources.len(), g.accounts.len())
	}
	if !g.Blocked(home, start) {
		t.Error("the ban is forgotten")
	}
	// Nor do bans, when there are too many of them.
	for i := range maxSources + 100 {
		fail(g, netip.AddrFrom4([4]byte{101, byte(i >> 16), byte(i >> 8), byte(i)}), start, 10, 0)
	}
	if n := len(g.Bans(start)); n > maxSources || g.banned != n {
		t.Errorf("%d bans, %d counted", n, g.banned)
	}
}

func TestHotPathAllocatesNothing(t *testing.T) {
	g := New(testRules())
	fail(g, netip.MustParseAddr("198.51.100.1"), start, 10, 0)
	now := start
	g.Challenge(home, now, false)
	if n := testing.AllocsPerRun(100, func() {
		now = now.Add(time.Second)
		if g.Blocked(home, now) {
			t.Fatal("blocked")
		}
		g.Challenge(home, now, false)
		g.Answered(home, true)
		g.Slowed(home, []byte("alice"), now)
	}); n > 0 {
		t.Errorf("%.0f allocations", n)
	}
}

func TestKey(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8::1:2:3:4": "2001:db8::", "fe80::1%eth0": "fe80::",
	} {
		if got := Key(netip.MustParseAddr(in)); got.String() != want {
			t.Errorf("%s: %s", in, got)
		}
	}
}

func TestBudget(t *testing.T) {
	b := Budget{Burst: 5, Rate: 1}
	now, n := start, 0
	for range 100 {
		if b.Take(now) {
			n++
		}
		now = now.Add(100 * time.Millisecond)
	}
	if n < 13 || n > 15 || b.Dropped != 100-n {
		t.Errorf("%d, %d dropped", n, b.Dropped)
	}
}

// The table is the map and the list it stands for.
func TestTableAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit = 4
		tab := newTable[int, int](limit)
		var order []int // newest first
		for _, k := range rapid.SliceOf(rapid.IntRange(0, 8)).Draw(t, "keys") {
			*tab.get(k) = k
			order = slices.Insert(slices.DeleteFunc(order, func(o int) bool { return o == k }), 0, k)
			order = order[:min(len(order), limit)]
			var got []int
			for key, v := range tab.all() {
				if *v != key {
					t.Fatalf("%d is at %d", *v, key)
				}
				got = append(got, key)
			}
			if !slices.Equal(got, order) || tab.len() != len(order) {
				t.Fatalf("%v, want %v", got, order)
			}
		}
	})
}
