package io

import (
	"bytes"
	"math"
	"math/bits"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// TestFaults holds that each fault happens as often as it says, and the same way
// twice.
func TestFaults(t *testing.T) {
	const n = 20_000
	from, to := netip.MustParseAddrPort("192.0.2.1:1"), netip.MustParseAddrPort("192.0.2.2:2")
	type sums struct{ lost, doubled, changed, late, burst int }
	run := func(f Faults, seed uint64) (s sums, all [][]time.Duration) {
		route := f.Route(seed)
		row := 0
		for range n {
			b := make([]byte, 40)
			d := route(from, to, b)
			all = append(all, d)
			if len(d) == 0 {
				s.lost++
				row++
				s.burst = max(s.burst, row)
				continue
			}
			row = 0
			if len(d) == 2 {
				s.doubled++
			}
			if d[0] > f.Delay+f.Jitter {
				s.late++
			}
			if ones := slices.IndexFunc(b, func(c byte) bool { return c != 0 }); ones >= 0 {
				s.changed++
				if bits.OnesCount8(b[ones]) != 1 || bytes.Count(b, []byte{0}) != len(b)-1 {
					t.Fatalf("more than one bit was changed: %x", b)
				}
			}
		}
		return s, all
	}
	near := func(what string, got int, p float64) {
		t.Helper()
		if want := p * n; math.Abs(float64(got)-want) > 5*math.Sqrt(want*(1-p))+1 {
			t.Errorf("%s: %d, want about %.0f", what, got, want)
		}
	}
	f := Faults{Loss: 0.2, Duplicate: 0.1, Corrupt: 0.05, Reorder: 0.15, Delay: 80 * time.Millisecond, Jitter: 30 * time.Millisecond}
	s, first := run(f, 7)
	near("lost", s.lost, f.Loss)
	near("doubled", s.doubled, 0.8*f.Duplicate)
	near("changed", s.changed, 0.8*f.Corrupt)
	near("late", s.late, 0.8*f.Reorder)
	if _, again := run(f, 7); !slices.EqualFunc(first, again, slices.Equal) {
		t.Error("the same seed is another network")
	}
	if _, other := run(f, 8); slices.EqualFunc(first, other, slices.Equal) {
		t.Error("another seed is the same network")
	}
	s, _ = run(Faults{}, 1)
	if s != (sums{}) {
		t.Errorf("no faults, and yet %+v", s)
	}
	s, _ = run(Faults{Loss: 0.2, Burst: 8}, 1)
	if s.burst < 8 || s.lost < n/10 || s.lost > n/4 {
		t.Errorf("bursts: %+v", s)
	}
}

// TestBad holds that real sockets get the faults of a Route.
func TestBad(t *testing.T) {
	sent := 0
	network := Bad(System(), func(_, _ netip.AddrPort, b []byte) []time.Duration {
		sent++
		b[0] = 'x'
		if sent == 1 {
			return nil
		}
		return []time.Duration{0, 20 * time.Millisecond}
	})
	a, err := network.ListenUDP(netip.MustParseAddrPort("127.0.0.1:0"), SocketOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := network.ListenUDP(netip.MustParseAddrPort("127.0.0.1:0"), SocketOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	text := []byte("one")
	for range 2 {
		if err := a.Send(text, b.Local()); err != nil {
			t.Fatal(err)
		}
	}
	poller, err := network.NewPoller()
	if err != nil {
		t.Fatal(err)
	}
	ctx := NewContext(poller)
	defer ctx.Close()
	got := 0
	if _, err := ctx.Add(b.FD(), In, func(ID, Events) bool {
		buf := make([]byte, 16)
		n, from, err := b.Recv(buf)
		if err != nil || from != a.Local() || string(buf[:n]) != "xne" {
			t.Errorf("%q from %v, %v", buf[:n], from, err)
		}
		got++
		return true
	}); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Second); got < 2 && time.Now().Before(deadline); {
		if _, err := ctx.Wait(100 * time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	if got != 2 || string(text) != "one" {
		t.Errorf("%d arrived, what was sent is now %q", got, text)
	}
}
