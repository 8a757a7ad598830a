package transport

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"testing"

	pbxio "pbx/io"
)

type arrival struct {
	text     string
	from     netip.AddrPort
	listener int
}

func newTestUDP(t *testing.T, network pbxio.Network, handler Handler) (*pbxio.Context, *UDP) {
	t.Helper()
	p, err := network.NewPoller()
	if err != nil {
		t.Fatal(err)
	}
	ctx := pbxio.NewContext(p)
	u := NewUDP(ctx, network, handler)
	t.Cleanup(func() {
		if err := errors.Join(u.Close(), ctx.Close()); err != nil {
			t.Error(err)
		}
	})
	return ctx, u
}

func addr(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

func TestUDPReceivesInBatches(t *testing.T) {
	network := pbxio.NewMemory()
	var got []arrival
	ctx, u := newTestUDP(t, network, func(b []byte, from netip.AddrPort, n int) {
		got = append(got, arrival{string(b), from, n})
	})
	for i, a := range []string{"192.0.2.1:5060", "[2001:db8::1]:5060"} {
		if n, err := u.Listen(addr(a), pbxio.SocketOptions{}); err != nil || n != i || u.Local(n) != addr(a) {
			t.Fatal(n, err)
		}
	}
	phone, err := network.ListenUDP(addr("192.0.2.9:5060"), pbxio.SocketOptions{})
	if err != nil {
		t.Fatal(err)
	}
	const many = 3*batch + 1
	for i := range many {
		if err := phone.Send(fmt.Append(nil, i), addr("192.0.2.1:5060")); err != nil {
			t.Fatal(err)
		}
	}
	for turns := 1; len(got) < many; turns++ {
		if _, err := ctx.Wait(0); err != nil {
			t.Fatal(err)
		}
		if len(got) > turns*batch {
			t.Fatalf("%d datagrams in %d turns: the other descriptors starve", len(got), turns)
		}
	}
	for i, a := range got {
		if a != (arrival{fmt.Sprint(i), addr("192.0.2.9:5060"), 0}) {
			t.Errorf("%d: %v", i, a)
		}
	}
	if err := u.Send([]byte("answer"), 0, addr("192.0.2.9:5060")); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 64)
	if n, from, err := phone.Recv(buf); err != nil || from != addr("192.0.2.1:5060") || !bytes.Equal(buf[:n], []byte("answer")) {
		t.Errorf("%q from %v, %v", buf[:n], from, err)
	}
}

func TestUDPListenerForAddress(t *testing.T) {
	network := pbxio.NewMemory()
	_, u := newTestUDP(t, network, func([]byte, netip.AddrPort, int) {})
	if _, ok := u.For(netip.MustParseAddr("192.0.2.9")); ok {
		t.Error("there is no listener yet")
	}
	for _, a := range []string{"192.0.2.1:5060", "[::]:5061"} {
		if _, err := u.Listen(addr(a), pbxio.SocketOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for a, want := range map[string]int{"192.0.2.9": 0, "2001:db8::9": 1} {
		if n, ok := u.For(netip.MustParseAddr(a)); !ok || n != want {
			t.Errorf("%s is reached by %d, %v, not %d", a, n, ok, want)
		}
	}
	if _, err := u.Listen(addr("192.0.2.1:5060"), pbxio.SocketOptions{}); err == nil {
		t.Error("an address was bound twice")
	}
}

// Nothing is ever sent to many at once, or to nowhere.
func TestUDPRefusesDestinations(t *testing.T) {
	_, u := newTestUDP(t, pbxio.NewMemory(), func([]byte, netip.AddrPort, int) {})
	if _, err := u.Listen(addr("192.0.2.1:5060"), pbxio.SocketOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, a := range []netip.AddrPort{
		{}, addr("192.0.2.9:0"), addr("255.255.255.255:5060"), addr("224.0.1.75:5060"), addr("[ff02::1]:5060"), addr("0.0.0.0:5060"),
	} {
		if err := u.Send([]byte("x"), 0, a); !errors.Is(err, ErrUnsendable) {
			t.Errorf("%v: %v", a, err)
		}
	}
	if err := u.Send([]byte("x"), 1, addr("192.0.2.9:5060")); !errors.Is(err, ErrUnsendable) {
		t.Errorf("a listener that is not there: %v", err)
	}
}
