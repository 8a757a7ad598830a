package sip

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
	"pbx/channels/sip/stun"
	pbxio "pbx/io"
)

// stunPeer is a STUN server by hand.
type stunPeer struct {
	t *testing.T
	s pbxio.Socket
}

func newStunPeer(t *testing.T, network *pbxio.Memory, addr string) *stunPeer {
	t.Helper()
	s, err := network.ListenUDP(netip.MustParseAddrPort(addr), pbxio.SocketOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &stunPeer{t, s}
}

// requests takes what came and answers it, from s, with the address; an invalid one
// answers nothing. It returns how many there were.
func (p *stunPeer) requests(as netip.AddrPort, s pbxio.Socket) (n int) {
	p.t.Helper()
	synctest.Wait()
	buf := make([]byte, 512)
	for {
		size, from, err := p.s.Recv(buf)
		if errors.Is(err, pbxio.ErrAgain) {
			synctest.Wait()
			return n
		}
		if err != nil || !stun.Is(buf[:size]) {
			p.t.Fatalf("%x, %v", buf[:size], err)
		}
		n++
		if !as.IsValid() {
			continue
		}
		b := append([]byte{1, 1, 0, 12}, buf[4:20]...) // a Binding success response
		b = append(b, 0, 0x20, 0, 8, 0, 1)
		b = binary.BigEndian.AppendUint16(b, as.Port()^0x2112)
		a := as.Addr().As4()
		b = binary.BigEndian.AppendUint32(b, binary.BigEndian.Uint32(a[:])^0x2112A442)
		if err := s.Send(b, from); err != nil {
			p.t.Fatal(err)
		}
	}
}

const stunOffice = `
[general]
udpbindaddr=192.0.2.1:5060
localnet=10.0.0.0/8
disallow=all
allow=ulaw
rtptimeout=0
subscribe_network_change_event=%s
register => me:pw@192.0.2.20
[carol]
type=peer
host=192.0.2.30
context=phones
insecure=port,invite
`

// withStun runs a flow whose exchange asks the server at 198.51.100.3.
func withStun(t *testing.T, event string, body func(f *flow, server *stunPeer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := newFlow(t, "[general]\nudpbindaddr=192.0.2.1:5060\n", map[string]func(*channel.Channel){"1000": answerAndWait})
		defer f.close()
		server := newStunPeer(t, f.net, "198.51.100.3:3478")
		for _, name := range []string{"bob", "carol"} {
			f.phone(name)
		}
		cfg, findings := loadText(t, fmt.Sprintf(stunOffice, event), "res_stun_monitor.conf", "[general]\nstunaddr = 198.51.100.3\nstunrefresh = 10\n")
		for _, finding := range findings {
			if finding.Rule == "sip-not-acting" || strings.Contains(finding.Message, "stun") {
				t.Error(finding)
			}
		}
		f.d.Reload(cfg)
		body(f, server)
	})
}

var seenFirst, seenLater = netip.MustParseAddrPort("203.0.113.7:40000"), netip.MustParseAddrPort("203.0.113.8:40001")

// TestStunAddress: what the server sees stands in requests to the outside; when it
// changes, registrations are renewed at once and calls are told.
func TestStunAddress(t *testing.T) {
	withStun(t, "yes", func(f *flow, server *stunPeer) {
		if n := server.requests(seenFirst, server.s); n != 1 {
			t.Fatalf("%d requests", n)
		}
		f.play(`
			bob < REGISTER
			bob > 200 | Expires: 3600`)
		f.play(`
			carol > INVITE 1000 sdp
			carol < 100
			carol < 200 sdp | Contact: <sip:1000@203.0.113.7:40000> | c=IN IP4 203.0.113.7
			carol > ACK`)
		if out := console(t, f.d, "stun show status"); !strings.Contains(out, "198.51.100.3") || !strings.Contains(out, "7        OK      203.0.113.7      40000\n") {
			t.Error(out)
		}
		time.Sleep(10 * time.Second)
		if n := server.requests(seenFirst, server.s); n != 1 {
			t.Fatalf("%d requests after stunrefresh", n)
		}
		f.play(`
			carol < nothing 1s
			bob < nothing 1s`)
		time.Sleep(8 * time.Second)
		server.requests(seenLater, server.s)
		f.play(`
			bob < REGISTER | 203.0.113.8:40001
			bob > 200 | Expires: 3600
			carol < INVITE sdp | Contact: <sip:1000@203.0.113.8:40001> | c=IN IP4 203.0.113.8
			carol > 200 sdp
			carol < ACK
			carol > BYE
			carol < 200`)
	})
}

// TestStunChangeUnheard: with subscribe_network_change_event=no nobody is told, but
// what is sent next has the new address.
func TestStunChangeUnheard(t *testing.T) {
	withStun(t, "no", func(f *flow, server *stunPeer) {
		server.requests(seenFirst, server.s)
		f.play(`
			bob < REGISTER
			bob > 200 | Expires: 3600
			carol > INVITE 1000 sdp
			carol < 100
			carol < 200 sdp
			carol > ACK`)
		time.Sleep(10 * time.Second)
		server.requests(seenLater, server.s)
		f.play(`
			bob < nothing 1s
			carol < nothing 1s
			carol > BYE
			carol < 200
			carol > INVITE 1000 sdp call=new
			carol < 100
			carol < 200 sdp | Contact: <sip:1000@203.0.113.8:40001>
			carol > ACK
			carol > BYE
			carol < 200`)
	})
}

// TestStunSilence: a server that is silent is asked seven times in 39.5 s, then
// again after stunrefresh; what others answer is not believed.
func TestStunSilence(t *testing.T) {
	withStun(t, "yes", func(f *flow, server *stunPeer) {
		liar := newStunPeer(t, f.net, "198.51.100.9:3478")
		if n := server.requests(seenFirst, liar.s); n != 1 {
			t.Fatalf("%d requests", n)
		}
		if out := console(t, f.d, "stun show status"); !strings.Contains(out, "INIT") || !strings.Contains(out, "(unknown)") {
			t.Error(out)
		}
		time.Sleep(39 * time.Second)
		if n := server.requests(netip.AddrPort{}, nil); n != 6 {
			t.Errorf("%d more requests", n)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if out := console(t, f.d, "stun show status"); !strings.Contains(out, "FAIL") || !strings.Contains(out, "no answer") {
			t.Error(out)
		}
		time.Sleep(9700 * time.Millisecond)
		if n := server.requests(seenFirst, server.s); n != 1 {
			t.Errorf("%d requests in the next round", n)
		}
		if out := console(t, f.d, "stun show status"); !strings.Contains(out, "203.0.113.7") {
			t.Error(out)
		}
	})
}

// TestStunFiles: where the server's name comes from.
func TestStunFiles(t *testing.T) {
	for _, c := range []struct {
		monitor, rtp string
		want         stunServer
		finding      string
	}{
		{"", "", stunServer{}, ""},
		{"stunaddr=stun.example.org", "", stunServer{"stun.example.org", 3478, 30 * time.Second}, ""},
		{"stunaddr=stun.example.org:3479\nstunrefresh=60", "stunaddr=other.example", stunServer{"stun.example.org", 3479, time.Minute}, ""},
		{"", "stunaddr=192.0.2.9:5000", stunServer{"192.0.2.9", 5000, 30 * time.Second}, ""},
		{"stunrefresh=soon", "", stunServer{}, `res_stun_monitor.conf:2: warning: stunrefresh: "soon" is not a number`},
		{"stunadr=x", "", stunServer{}, "res_stun_monitor.conf:2: warning: res_stun_monitor.conf has no option stunadr"},
	} {
		cfg, findings := loadText(t, "[general]\nlocalnet=10.0.0.0/8\n", "res_stun_monitor.conf", "[general]\n"+c.monitor+"\n", "rtp.conf", "[general]\n"+c.rtp+"\n")
		if cfg.General.STUN != c.want {
			t.Errorf("%q %q: %+v", c.monitor, c.rtp, cfg.General.STUN)
		}
		found := c.finding == ""
		for _, f := range findings {
			found = found || strings.HasPrefix(f.String(), c.finding)
		}
		if !found {
			t.Errorf("%q: no %q in %v", c.monitor, c.finding, findings)
		}
	}
	_, findings := loadText(t, "[general]\n", "res_stun_monitor.conf", "[general]\nstunaddr=192.0.2.9\n")
	for _, f := range findings {
		if f.Rule == "no-localnet" {
			return
		}
	}
	t.Error("stunaddr without localnet is not told")
}
