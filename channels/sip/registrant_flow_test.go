package sip

import (
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channels/sip/message"
	pbxio "pbx/io"
)

// streamRegistrar is a provider over TCP that grants every registration for an hour.
type streamRegistrar struct {
	times []time.Time // of the REGISTERs
	conn  net.Conn    // the last one
}

func newStreamRegistrar(t *testing.T, r *rig, at string, granted func(net.Conn)) *streamRegistrar {
	t.Helper()
	l, err := r.net.ListenTCP(netip.MustParseAddrPort(at), pbxio.SocketOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	s := &streamRegistrar{}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = c.Close() })
			s.conn = c
			go func() {
				var f message.Framer
				var b []byte
				for buf := make([]byte, 4096); ; {
					n, err := c.Read(buf)
					if err != nil {
						return
					}
					b = append(b, buf[:n]...)
					if n, _ := f.Next(b); n == 0 {
						continue
					}
					m := &message.Message{}
					if m.Parse(b) != nil || m.Method() != message.REGISTER {
						return
					}
					s.times = append(s.times, time.Now())
					out := message.NewBuilder(nil)
					out.Response(m, 200, "", "p")
					out.Header(message.HeaderContact, string(m.Header(message.HeaderContact))+";expires=3600")
					_, _ = c.Write(out.Bytes())
					b = nil
					granted(c)
				}
			}()
		}
	}()
	return s
}

// TestRegistrationFollowsItsConnection: the calls of a provider come by the connection
// that we registered by. When that ends the registration is renewed at once, but not for
// a provider who ends each (RFC 5626 4.5).
func TestRegistrationFollowsItsConnection(t *testing.T) {
	const office = listen + "tcpenable=yes\nsrvlookup=no\nregister => tcp://acct:sEcret-1@192.0.2.7\n"
	for name, tt := range map[string]struct {
		granted func(net.Conn)
		closeAt time.Duration // the connection is closed then, 0 for never
		least   int           // REGISTERs in ten minutes
		most    int
	}{
		"it stays":          {func(net.Conn) {}, 0, 1, 1},
		"it ends":           {func(net.Conn) {}, 5 * time.Minute, 2, 2},
		"each ends at once": {func(c net.Conn) { _ = c.Close() }, 0, 15, 20},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, office, nil)
				s := newStreamRegistrar(t, r, "192.0.2.7:5060", tt.granted)
				if tt.closeAt > 0 {
					time.Sleep(tt.closeAt)
					synctest.Wait()
					_ = s.conn.Close()
					time.Sleep(4 * time.Second)
					synctest.Wait()
					if n := len(s.times); n != 2 {
						t.Errorf("%d REGISTERs 4 s after the end of the connection", n)
					}
				}
				time.Sleep(10*time.Minute - tt.closeAt)
				synctest.Wait()
				if n := len(s.times); n < tt.least || n > tt.most {
					t.Errorf("%d REGISTERs: %v", n, s.times)
				}
			})
		})
	}
}
