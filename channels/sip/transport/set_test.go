package transport

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"pbx/channels/sip/transaction"
	pbxio "pbx/io"
	"pbx/sched"
)

// receiver is a user that is told of messages alone.
type receiver struct {
	receive func([]byte, transaction.Route)
}

func (r receiver) Receive(b []byte, from transaction.Route)   { r.receive(b, from) }
func (receiver) Unframed([]byte, transaction.Route, error)    {}
func (receiver) Lost(transaction.Flow, netip.AddrPort, error) {}
func (receiver) InUse(transaction.Flow) bool                  { return false }

type arrival struct {
	text     string
	from     netip.AddrPort
	listener int
}

func newTestSet(t *testing.T, network pbxio.Network, handler func([]byte, transaction.Route)) (*pbxio.Context, *Set) {
	t.Helper()
	p, err := network.NewPoller()
	if err != nil {
		t.Fatal(err)
	}
	ctx := pbxio.NewContext(p)
	u := New(ctx, sched.New(time.Now), network, receiver{handler}, slog.New(slog.DiscardHandler))
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
	ctx, u := newTestSet(t, network, func(b []byte, from transaction.Route) {
		got = append(got, arrival{string(b), from.Remote, from.Listener})
	})
	for i, a := range []string{"192.0.2.1:5060", "[2001:db8::1]:5060"} {
		if n, err := u.ListenUDP(addr(a), pbxio.SocketOptions{}); err != nil || n != i || u.Local(n) != addr(a) {
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
	if _, err := u.Send([]byte("answer"), transaction.Route{Listener: 0, Remote: addr("192.0.2.9:5060")}); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 64)
	if n, from, err := phone.Recv(buf); err != nil || from != addr("192.0.2.1:5060") || !bytes.Equal(buf[:n], []byte("answer")) {
		t.Errorf("%q from %v, %v", buf[:n], from, err)
	}
}

func TestUDPListenerForAddress(t *testing.T) {
	network := pbxio.NewMemory()
	_, u := newTestSet(t, network, func([]byte, transaction.Route) {})
	if _, ok := u.For(transaction.UDP, netip.MustParseAddr("192.0.2.9")); ok {
		t.Error("there is no listener yet")
	}
	for _, a := range []string{"192.0.2.1:5060", "[::]:5061"} {
		if _, err := u.ListenUDP(addr(a), pbxio.SocketOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for a, want := range map[string]int{"192.0.2.9": 0, "2001:db8::9": 1} {
		if n, ok := u.For(transaction.UDP, netip.MustParseAddr(a)); !ok || n != want {
			t.Errorf("%s is reached by %d, %v, not %d", a, n, ok, want)
		}
	}
	if _, err := u.ListenUDP(addr("192.0.2.1:5060"), pbxio.SocketOptions{}); err == nil {
		t.Error("an address was bound twice")
	}
}

// Nothing is ever sent to many at once, or to nowhere.
func TestUDPRefusesDestinations(t *testing.T) {
	_, u := newTestSet(t, pbxio.NewMemory(), func([]byte, transaction.Route) {})
	if _, err := u.ListenUDP(addr("192.0.2.1:5060"), pbxio.SocketOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, a := range []netip.AddrPort{
		{}, addr("192.0.2.9:0"), addr("255.255.255.255:5060"), addr("224.0.1.75:5060"), addr("[ff02::1]:5060"), addr("0.0.0.0:5060"),
	} {
		if _, err := u.Send([]byte("x"), transaction.Route{Listener: 0, Remote: a}); !errors.Is(err, ErrUnsendable) {
			t.Errorf("%v: %v", a, err)
		}
	}
	if _, err := u.Send([]byte("x"), transaction.Route{Listener: 1, Remote: addr("192.0.2.9:5060")}); !errors.Is(err, ErrUnsendable) {
		t.Errorf("a listener that is not there: %v", err)
	}
}
