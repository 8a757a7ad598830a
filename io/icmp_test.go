package io

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestRecvError: who sends to a port that nobody listens at learns of it, and what
// he sends elsewhere meanwhile arrives.
func TestRecvError(t *testing.T) {
	for _, c := range []struct{ bind, dead, alive string }{
		{"127.0.0.1:0", "127.0.0.1:9", "127.0.0.1:0"},
		{"0.0.0.0:0", "127.0.0.1:9", "127.0.0.1:0"},
		{"[::1]:0", "[::1]:9", "[::1]:0"},
		{"[::]:0", "127.0.0.1:9", "[::1]:0"},
	} {
		t.Run(c.bind+" to "+c.dead, func(t *testing.T) {
			both(t, func(t *testing.T, n Network) {
				if m, ok := n.(*Memory); ok {
					m.SetRefuses(true)
				}
				s, err := n.ListenUDP(netip.MustParseAddrPort(c.bind), SocketOptions{Errors: true})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				p, err := n.NewPoller()
				if err != nil {
					t.Fatal(err)
				}
				defer p.Close()
				if err := p.Add(s.FD(), In); err != nil {
					t.Fatal(err)
				}
				dead := netip.MustParseAddrPort(c.dead)
				d := Datagram{Buf: make([]byte, 64)}
				if reason, ok := s.RecvError(&d); ok {
					t.Fatalf("nothing was sent: %v", reason)
				}
				if err := s.Send([]byte("is anybody there"), dead); err != nil {
					t.Fatal(err)
				}
				var out [1]Ready
				if k, err := p.Wait(5*time.Second, out[:]); k != 1 || err != nil || out[0].Events&Err == 0 {
					t.Fatalf("the poller says %+v, %v", out[:k], err)
				}
				// The error of one datagram is not that of the next, however it is sent.
				other := listen(t, n, c.alive)
				if err := s.Send([]byte("hello"), other.Local()); err != nil {
					t.Errorf("Send: %v", err)
				}
				await(t, n, other)
				reason, ok := s.RecvError(&d)
				if !ok || !errors.Is(reason, unix.ECONNREFUSED) || d.Addr != dead || !strings.HasPrefix("is anybody there", string(d.Buf[:d.N])) || d.N == 0 {
					t.Errorf("%v, %v: %q to %v", ok, reason, d.Buf[:d.N], d.Addr)
				}
				if _, ok := s.RecvError(&d); ok {
					t.Error("there is another error")
				}
				if k, err := p.Wait(0, out[:]); k != 0 || err != nil {
					t.Errorf("the poller still says %+v, %v", out[:k], err)
				}
			})
		})
	}
}

// TestRecvErrorBatches: an error that waits spoils neither a batch that is sent nor
// one that is received.
func TestRecvErrorBatches(t *testing.T) {
	n := System()
	s, err := n.ListenUDP(netip.MustParseAddrPort("127.0.0.1:0"), SocketOptions{Errors: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	other := listen(t, n, "127.0.0.1:0")
	fail := func() {
		t.Helper()
		if err := s.Send([]byte("x"), netip.MustParseAddrPort("127.0.0.1:9")); err != nil {
			t.Fatal(err)
		}
		await(t, n, s)
	}
	fail()
	if k, err := s.SendBatch([]Datagram{{Buf: []byte("a"), N: 1, Addr: other.Local()}, {Buf: []byte("b"), N: 1, Addr: other.Local()}}); k != 2 || err != nil {
		t.Errorf("%d were sent, %v", k, err)
	}
	if err := other.Send([]byte("c"), s.Local()); err != nil {
		t.Fatal(err)
	}
	fail()
	d := []Datagram{{Buf: make([]byte, 8)}}
	if k, err := s.RecvBatch(d); k != 1 || err != nil || string(d[0].Buf[:d[0].N]) != "c" {
		t.Errorf("%d were received, %v", k, err)
	}
	for k := 0; ; k++ {
		if _, ok := s.RecvError(&d[0]); !ok {
			if k != 2 {
				t.Errorf("%d errors", k)
			}
			break
		}
	}
}

func FuzzICMPError(f *testing.F) {
	f.Add([]byte("\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x0b\x00\x00\x00\x6f\x00\x00\x00\x02\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		buf := make([]byte, 128) // as aligned as the kernel's
		icmpError(buf[:copy(buf, b)])
	})
}
