package io

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// both runs a test on the system's network and on one in memory.
func both(t *testing.T, f func(t *testing.T, n Network)) {
	t.Run("system", func(t *testing.T) { f(t, System()) })
	t.Run("memory", func(t *testing.T) { f(t, NewMemory()) })
}

func listen(t testing.TB, n Network, addr string) Socket {
	t.Helper()
	s, err := n.ListenUDP(netip.MustParseAddrPort(addr), SocketOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// await waits until a socket can be read.
func await(t testing.TB, n Network, s Socket) {
	t.Helper()
	p, err := n.NewPoller()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Add(s.FD(), In); err != nil {
		t.Fatal(err)
	}
	var out [1]Ready
	for range 1000 {
		if k, err := p.Wait(10*time.Millisecond, out[:]); k > 0 || err != nil {
			return
		}
	}
	t.Fatal("nothing arrived")
}

func TestSendAndReceive(t *testing.T) {
	for _, c := range []struct{ a, b, from string }{
		{"127.0.0.1:0", "127.0.0.1:0", "127.0.0.1"},
		{"127.0.0.1:0", "127.9.8.7:0", "127.0.0.1"},
		{"[::1]:0", "[::1]:0", "::1"},
		{"127.0.0.1:0", "[::]:0", "127.0.0.1"},
		{"0.0.0.0:0", "127.0.0.1:0", "127.0.0.1"},
	} {
		t.Run(fmt.Sprintf("%s to %s", c.a, c.b), func(t *testing.T) {
			both(t, func(t *testing.T, n Network) {
				a, b := listen(t, n, c.a), listen(t, n, c.b)
				if a.Local().Port() == 0 || a.Local() == b.Local() {
					t.Fatalf("local addresses %s, %s", a.Local(), b.Local())
				}
				to := b.Local()
				if to.Addr().IsUnspecified() {
					to = netip.AddrPortFrom(netip.MustParseAddr(c.from), to.Port())
				}
				buf := make([]byte, 2048)
				if _, _, err := b.Recv(buf); !errors.Is(err, ErrAgain) {
					t.Fatalf("Recv of nothing: %v, want ErrAgain", err)
				}
				if err := a.Send([]byte("hello"), to); err != nil {
					t.Fatal(err)
				}
				await(t, n, b)
				k, from, err := b.Recv(buf)
				if err != nil || string(buf[:k]) != "hello" {
					t.Fatalf("Recv = %q, %v", buf[:k], err)
				}
				want := netip.AddrPortFrom(netip.MustParseAddr(c.from), a.Local().Port())
				if from != want {
					t.Fatalf("from %s, want %s", from, want)
				}
				// And back to where it came from.
				if err := b.Send(nil, from); err != nil {
					t.Fatal(err)
				}
				await(t, n, a)
				if k, _, err := a.Recv(buf); k != 0 || err != nil {
					t.Fatalf("Recv of an empty datagram = %d, %v", k, err)
				}
			})
		})
	}
}

func TestBatch(t *testing.T) {
	both(t, func(t *testing.T, n Network) {
		a, b := listen(t, n, "127.0.0.1:0"), listen(t, n, "127.0.0.1:0")
		const count = maxBatch + 20
		out := make([]Datagram, count)
		for i := range out {
			text := fmt.Appendf(nil, "datagram %d", i)
			out[i] = Datagram{Buf: append(text, "beyond N"...), N: len(text), Addr: b.Local()}
		}
		if sent, err := a.SendBatch(out); sent != count || err != nil {
			t.Fatalf("SendBatch = %d, %v; want %d", sent, err, count)
		}
		in := make([]Datagram, maxBatch)
		for i := range in {
			in[i].Buf = make([]byte, 64)
		}
		got := 0
		for got < count {
			await(t, n, b)
			k, err := b.RecvBatch(in)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range in[:k] {
				if want := fmt.Sprintf("datagram %d", got); string(d.Buf[:d.N]) != want || d.Addr != a.Local() {
					t.Fatalf("datagram %q from %s, want %q from %s", d.Buf[:d.N], d.Addr, want, a.Local())
				}
				if d.Time == 0 {
					t.Fatal("no time")
				}
				got++
			}
		}
		if _, err := b.RecvBatch(in); !errors.Is(err, ErrAgain) {
			t.Fatalf("RecvBatch of nothing: %v, want ErrAgain", err)
		}
		if k, err := b.RecvBatch(nil); k != 0 || err != nil {
			t.Fatalf("RecvBatch into nothing = %d, %v", k, err)
		}
	})
}

// One datagram that cannot be sent stops a batch there, and says so.
func TestSendBatchError(t *testing.T) {
	both(t, func(t *testing.T, n Network) {
		a, b := listen(t, n, "127.0.0.1:0"), listen(t, n, "127.0.0.1:0")
		d := []Datagram{
			{Buf: []byte("1"), N: 1, Addr: b.Local()},
			{Buf: []byte("2"), N: 1, Addr: netip.MustParseAddrPort("[::1]:9")},
			{Buf: []byte("3"), N: 1, Addr: b.Local()},
		}
		if sent, err := a.SendBatch(d); sent != 1 || !errors.Is(err, unix.EAFNOSUPPORT) {
			t.Fatalf("SendBatch = %d, %v; want 1, EAFNOSUPPORT", sent, err)
		}
		if sent, err := a.SendBatch(d[1:]); sent != 0 || !errors.Is(err, unix.EAFNOSUPPORT) {
			t.Fatalf("SendBatch = %d, %v; want 0, EAFNOSUPPORT", sent, err)
		}
	})
}

func TestSendRefuses(t *testing.T) {
	both(t, func(t *testing.T, n Network) {
		s := listen(t, n, "127.0.0.1:0")
		for name, c := range map[string]struct {
			b    []byte
			addr netip.AddrPort
		}{
			"IPv6 from IPv4": {[]byte("x"), netip.MustParseAddrPort("[::1]:9")},
			"too long":       {make([]byte, 1<<16), s.Local()},
			"nowhere":        {[]byte("x"), netip.AddrPort{}},
			"port 0":         {[]byte("x"), netip.MustParseAddrPort("127.0.0.1:0")},
		} {
			if err := s.Send(c.b, c.addr); err == nil || errors.Is(err, ErrAgain) {
				t.Errorf("%s: Send = %v", name, err)
			}
		}
		// To a port where nobody listens is no error, nor does it harm the socket.
		dead := listen(t, n, "127.0.0.1:0")
		_ = dead.Close()
		for range 3 {
			if err := s.Send([]byte("x"), dead.Local()); err != nil && errors.Is(err, ErrAgain) {
				t.Errorf("Send = %v", err)
			}
		}
		if err := s.Send([]byte("self"), s.Local()); err != nil && !errors.Is(err, unix.ECONNREFUSED) {
			t.Errorf("Send = %v", err)
		}
		if err := dead.Send([]byte("x"), s.Local()); err == nil {
			t.Error("a closed socket sends")
		}
		if err := dead.Close(); !errors.Is(err, ErrClosed) {
			t.Errorf("second Close: %v", err)
		}
	})
}

func TestListenRefuses(t *testing.T) {
	both(t, func(t *testing.T, n Network) {
		s := listen(t, n, "127.0.0.1:0")
		if _, err := n.ListenUDP(s.Local(), SocketOptions{}); !errors.Is(err, unix.EADDRINUSE) {
			t.Errorf("same address: %v, want EADDRINUSE", err)
		}
		if _, err := n.ListenUDP(netip.AddrPort{}, SocketOptions{}); err == nil {
			t.Error("no address: no error")
		}
		addr := s.Local()
		_ = s.Close()
		again, err := n.ListenUDP(addr, SocketOptions{})
		if err != nil {
			t.Fatalf("address of a closed socket: %v", err)
		}
		_ = again.Close()
	})
}

// A datagram that is larger than the buffer is cut.
func TestRecvCuts(t *testing.T) {
	both(t, func(t *testing.T, n Network) {
		s := listen(t, n, "127.0.0.1:0")
		if err := s.Send(bytes.Repeat([]byte("ab"), 500), s.Local()); err != nil {
			t.Fatal(err)
		}
		await(t, n, s)
		if k, _, err := s.Recv(make([]byte, 10)); k != 10 || err != nil {
			t.Fatalf("Recv = %d, %v", k, err)
		}
		if _, _, err := s.Recv(make([]byte, 10)); !errors.Is(err, ErrAgain) {
			t.Fatalf("the rest came as another datagram: %v", err)
		}
	})
}

func TestLocalAddr(t *testing.T) {
	both(t, func(t *testing.T, n Network) {
		for _, c := range []struct{ dest, want string }{{"127.0.0.5", "127.0.0.1"}, {"::1", "::1"}} {
			if got := n.LocalAddr(netip.MustParseAddr(c.dest)); got.String() != c.want {
				t.Errorf("LocalAddr(%s) = %s, want %s", c.dest, got, c.want)
			}
		}
	})
	if got := System().LocalAddr(netip.Addr{}); got.IsValid() {
		t.Errorf("LocalAddr of no address = %s", got)
	}
}

func TestSocketOptions(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0", "[::]:0"} {
		s, err := System().ListenUDP(netip.MustParseAddrPort(addr), SocketOptions{
			Marks: Marks{TOS: 0xb8, Priority: 5}, ReuseAddr: true, V6Only: true, RecvBuffer: 100_000, SendBuffer: 100_000,
		})
		if err != nil {
			t.Fatal(err)
		}
		level, name := unix.IPPROTO_IP, unix.IP_TOS
		if s.Local().Addr().Is6() {
			level, name = unix.IPPROTO_IPV6, unix.IPV6_TCLASS
		}
		if v, err := unix.GetsockoptInt(s.FD(), level, name); v != 0xb8 || err != nil {
			t.Errorf("%s: type of service %#x, %v", addr, v, err)
		}
		if v, err := unix.GetsockoptInt(s.FD(), unix.SOL_SOCKET, unix.SO_PRIORITY); v != 5 || err != nil {
			t.Errorf("%s: priority %d, %v", addr, v, err)
		}
		if err := s.Mark(Marks{TOS: 0x60}); err != nil {
			t.Errorf("%s: Mark: %v", addr, err)
		}
		if v, err := unix.GetsockoptInt(s.FD(), level, name); v != 0x60 || err != nil {
			t.Errorf("%s: type of service %#x after Mark, %v", addr, v, err)
		}
		for _, option := range []int{unix.SO_RCVBUF, unix.SO_SNDBUF} {
			// The kernel doubles what it is asked for.
			if v, err := unix.GetsockoptInt(s.FD(), unix.SOL_SOCKET, option); v < 200_000 || err != nil {
				t.Errorf("%s: buffer of %d, %v", addr, v, err)
			}
		}
		if v, err := unix.GetsockoptInt(s.FD(), unix.SOL_SOCKET, unix.SO_REUSEADDR); v != 1 || err != nil {
			t.Errorf("%s: SO_REUSEADDR %d, %v", addr, v, err)
		}
		_ = s.Close()
	}
}

// The addresses of a zone survive the way through the kernel's form.
func TestSockaddrZone(t *testing.T) {
	var sa sockaddr
	for _, zone := range []string{"1", "lo"} {
		a := netip.AddrPortFrom(netip.MustParseAddr("fe80::1%"+zone), 5060)
		if sa.set(a, unix.AF_INET6) == 0 {
			t.Fatal("set refuses")
		}
		if got := sa.get(); got.String() != "[fe80::1%1]:5060" {
			t.Errorf("zone %s: %s", zone, got)
		}
	}
	if n := zoneID("no such interface"); n != 0 {
		t.Errorf("zoneID = %d", n)
	}
}

func TestSocketAllocations(t *testing.T) {
	n := System()
	a, b := listen(t, n, "127.0.0.1:0"), listen(t, n, "[::]:0")
	to := netip.AddrPortFrom(a.Local().Addr(), b.Local().Port())
	buf := make([]byte, 2048)
	batch := []Datagram{{Buf: buf, N: 100, Addr: to}, {Buf: buf, N: 100, Addr: to}}
	for name, run := range map[string]func(){
		"send":       func() { _ = a.Send(buf[:100], to) },
		"recv":       func() { _, _, _ = b.Recv(buf) },
		"send batch": func() { _, _ = a.SendBatch(batch) },
		"recv batch": func() {
			_, _ = b.RecvBatch(batch)
			batch[0].N, batch[0].Addr, batch[1].N, batch[1].Addr = 100, to, 100, to
		},
	} {
		if n := testing.AllocsPerRun(100, run); n != 0 {
			t.Errorf("%s: %v allocations, want 0", name, n)
		}
	}
}
