package sip

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/bridge"
	"pbx/channel"
	pbxio "pbx/io"
)

// T.38 passes through from one end of a bridge to the other.
func TestFax(t *testing.T) {
	const setup = `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp
			bob > 200 sdp
			bob < ACK
			alice < 200 sdp
			alice > ACK`
	const asked = setup + `
			bob > INVITE sdp=fax
			bob < 100
			alice < INVITE sdp | m=image | udptl t38 | a=T38FaxVersion:0 | a=T38MaxBitRate:14400 | a=T38FaxUdpEC:t38UDPRedundancy | !X-bob | !m=audio | !a=sendrecv`
	const faxing = asked + `
			alice > progress 200 sdp=fax
			alice < ACK
			bob < 200 sdp | m=image | udptl t38 | a=T38FaxUdpEC:t38UDPRedundancy | !X-alice
			bob > ACK`
	const end = `
			alice > BYE
			alice < 200
			bob < BYE
			bob > 200
			alice < nothing 1s`
	for name, tt := range map[string]struct{ alice, bob, script string }{
		"asked for by the callee, and taken": {"t38pt_udptl=yes,fec,maxdatagram=400", "t38pt_udptl=yes", faxing + end},
		"silence on the audio means nothing": {"t38pt_udptl=yes\nrtptimeout=10", "t38pt_udptl=yes", faxing + `
			wait 60s` + end},
		"back to audio": {"t38pt_udptl=yes", "t38pt_udptl=yes", faxing + `
			bob > INVITE sdp
			bob < 200 sdp | m=audio
			bob > ACK
			alice < INVITE sdp | m=audio | !m=image
			alice > progress 200 sdp
			alice < ACK` + end},
		"back to audio by the other end": {"t38pt_udptl=yes", "t38pt_udptl=yes", faxing + `
			alice > INVITE sdp
			alice < 200 sdp | m=audio
			alice > ACK
			bob < INVITE sdp | m=audio
			bob > progress 200 sdp
			bob < ACK
			alice < nothing 1s` + end},
		"a refresh while faxing": {"t38pt_udptl=yes", "t38pt_udptl=yes", faxing + `
			bob > INVITE sdp=fax
			bob < 100
			bob < 200 sdp | m=image
			bob > ACK
			alice < nothing 1s` + end},
		"refused by the other end": {"t38pt_udptl=yes", "t38pt_udptl=yes", asked + `
			alice > progress 488
			alice < ACK
			bob < 488
			bob > ACK
			alice < nothing 1s` + end},
		"answered with audio": {"t38pt_udptl=yes", "t38pt_udptl=yes", asked + `
			alice > progress 200 sdp
			alice < ACK
			bob < 488
			bob > ACK
			alice < nothing 1s` + end},
		"taken back": {"t38pt_udptl=yes", "t38pt_udptl=yes", asked + `
			bob > CANCEL
			bob < 200
			bob < 487
			bob > ACK
			alice > progress 200 sdp=fax
			alice < ACK
			alice < INVITE sdp | m=audio
			alice > progress 200 sdp
			alice < ACK` + end},
		"both ask at once": {"t38pt_udptl=yes", "t38pt_udptl=yes", asked + `
			alice > INVITE sdp=fax
			alice < 491
			alice > ACK
			alice > progress 491
			alice < ACK
			alice > INVITE sdp=fax
			alice < 100
			alice < 200 sdp | m=image
			alice > ACK
			bob < 200 sdp | m=image
			bob > ACK` + end},
		"the caller hangs up meanwhile": {"t38pt_udptl=yes", "t38pt_udptl=yes", asked + `
			alice > progress 100
			alice > BYE
			alice < 200
			alice < CANCEL
			bob < 488
			bob > ACK
			bob < BYE
			bob > 200
			alice > progress 487
			alice < ACK`},
		"not allowed to the one":   {"t38pt_udptl=yes", "t38pt_udptl=no", setup + "\nbob > INVITE sdp=fax\nbob < 488\nbob > ACK" + end},
		"not allowed to the other": {"", "t38pt_udptl=yes", setup + "\nbob > INVITE sdp=fax\nbob < 488\nbob > ACK" + end},
	} {
		t.Run(name, func(t *testing.T) {
			conf := office + "[alice](+)\n" + tt.alice + "\n[bob](+)\n" + tt.bob + "\n"
			runFlow(t, conf, map[string]func(*channel.Channel){"2000": dialBridged("SIP/bob", bridge.Options{}, nil)}, tt.script)
		})
	}
	t.Run("nobody to pass it on to", func(t *testing.T) {
		runFlow(t, office+"[alice](+)\nt38pt_udptl=yes\n", map[string]func(*channel.Channel){"1000": answerAndWait}, `
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > ACK
			alice > INVITE sdp=fax
			alice < 488
			alice > ACK
			alice > BYE
			alice < 200`)
	})
	t.Run("datagrams", func(t *testing.T) {
		conf := strings.Replace(office, "rtptimeout=0", "rtptimeout=0\nt38pt_udptl=yes", 1)
		withFlow(t, conf, map[string]func(*channel.Channel){"2000": dialBridged("SIP/bob", bridge.Options{}, nil)}, func(f *flow) {
			f.play(faxing)
			var ports [2]pbxio.Socket
			var ours [2]netip.AddrPort
			for i, name := range []string{"alice", "bob"} {
				p := f.phone(name)
				s, err := f.net.ListenUDP(netip.AddrPortFrom(p.addr.Addr(), 30010), pbxio.SocketOptions{})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				ports[i] = s
				_ = f.d.Call(func() {
					f.d.calls.each(func(c *pvt) {
						if c.fax != nil && c.fax.remote.Addr() == p.addr.Addr() {
							ours[i] = netip.AddrPortFrom(flowAddr.Addr(), c.fax.session.Local().Port())
						}
					})
				})
			}
			for i := range ports {
				packet := []byte{0, byte(i), 5, 0, 1, 2, 3} // no RTP at all
				if err := ports[i].Send(packet, ours[i]); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				time.Sleep(time.Millisecond)
				b := make([]byte, 100)
				n, from, err := ports[1-i].Recv(b)
				if err != nil || !bytes.Equal(b[:n], packet) || from.Port() != ours[1-i].Port() {
					t.Errorf("%v came from %v, %v", b[:n], from, err)
				}
			}
			f.play(end)
		})
	})
}
