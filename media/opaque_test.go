package media

import (
	"bytes"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"

	pbxio "pbx/io"
)

// TestOpaque: datagrams pass as they are, from the far end alone.
func TestOpaque(t *testing.T) {
	for _, c := range []struct {
		name      string
		symmetric bool
		port      uint16 // the far end speaks from
		heard     bool
	}{
		{"from the address of the SDP", false, 4000, true},
		{"from another", false, 4001, false},
		{"from behind a NAT", true, 4001, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				net := pbxio.NewMemory()
				var log bytes.Buffer
				e, err := NewEngine(net, EngineOptions{Bind: netip.MustParseAddr("127.0.0.1"), Log: slog.New(slog.NewTextHandler(&log, nil))})
				if err != nil {
					t.Fatal(err)
				}
				defer e.Close()
				listen := func(host byte, port uint16) pbxio.Socket {
					s, err := net.ListenUDP(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 1, host}), port), pbxio.SocketOptions{})
					if err != nil {
						t.Fatal(err)
					}
					return s
				}
				from, to, stranger := listen(1, c.port), listen(2, 4000), listen(3, 4000)
				a, err := e.NewSession(SessionOptions{Opaque: true})
				if err != nil {
					t.Fatal(err)
				}
				b, err := e.NewSession(SessionOptions{Opaque: true, Near: a})
				if err != nil {
					t.Fatal(err)
				}
				a.Configure(Remote{RTP: netip.MustParseAddrPort("127.0.1.1:4000"), Symmetric: c.symmetric})
				b.Configure(Remote{RTP: to.Local()})
				if err := Join(a, b); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				got := make([]byte, 100)
				if err := from.Send([]byte{0, 1, 2}, a.Local()); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				n, _, err := to.Recv(got)
				if (err == nil && n == 3) != c.heard {
					t.Errorf("heard %d octets, %v", n, err)
				}
				if err := stranger.Send([]byte{0, 1, 2}, a.Local()); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				_, _, err = to.Recv(got)
				if heard := !errors.Is(err, pbxio.ErrAgain); heard && c.heard {
					t.Error("a stranger was heard")
				}
				if !c.heard {
					return
				}
				if log.Len() > 0 {
					t.Errorf("logged without being asked: %s", log.String())
				}
				e.SetPipeDebug(true, netip.MustParseAddr("127.0.1.2"))
				// The other way goes where the far end spoke from.
				if err := to.Send([]byte{9}, b.Local()); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if n, _, err := from.Recv(got); err != nil || n != 1 || got[0] != 9 {
					t.Errorf("back came %v %v", got[:n], err)
				}
				if got := log.String(); strings.Count(got, "UDPTL") != 1 || !strings.Contains(got, `msg="Got UDPTL packet" far=127.0.1.2:4000 seq=-1 len=1`) {
					t.Errorf("one address: %s", got)
				}
				log.Reset()
				e.SetPipeDebug(true, netip.Addr{})
				if err := from.Send([]byte{1, 2, 3}, a.Local()); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if got := log.String(); !strings.Contains(got, `msg="Got UDPTL packet" far=`+from.Local().String()+` seq=258 len=3`) || !strings.Contains(got, `msg="Sent UDPTL packet" far=127.0.1.2:4000 seq=258 len=3`) {
					t.Errorf("every address: %s", got)
				}
			})
		})
	}
}

// TestTapped counts who listens.
func TestTapped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := NewEngine(pbxio.NewMemory(), EngineOptions{Bind: netip.MustParseAddr("127.0.0.1")})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		s, err := e.NewSession(SessionOptions{})
		if err != nil {
			t.Fatal(err)
		}
		tap := new(silentTap)
		s.SetTap(tap)
		if !s.Tapped() {
			t.Error("not tapped")
		}
		s.RemoveTap(tap)
		s.RemoveTap(tap)
		synctest.Wait()
		if s.Tapped() {
			t.Error("still tapped")
		}
	})
}

type silentTap struct{ _ byte }

func (*silentTap) Audio(bool, string, uint32, []byte) {}
