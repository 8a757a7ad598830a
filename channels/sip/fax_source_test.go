package sip

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/bridge"
	"pbx/channel"
	pbxio "pbx/io"
)

// TestFaxToSource: with t38pt_usertpsource a fax goes to where the audio came from,
// whatever the description of the device behind a NAT says.
func TestFaxToSource(t *testing.T) {
	for option, want := range map[string]string{"": "10.0.0.7:30010", "t38pt_usertpsource=yes\n": "192.0.2.20:30010"} {
		conf := strings.Replace(office, "[bob]\n", "[bob]\nnat=force_rport,comedia\n"+option, 1)
		conf = strings.Replace(conf, "rtptimeout=0", "rtptimeout=0\nt38pt_udptl=yes", 1)
		withFlow(t, conf, map[string]func(*channel.Channel){"2000": dialBridged("SIP/bob", bridge.Options{}, nil)}, func(f *flow) {
			f.play(`
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp
			bob > 200 sdp=natted
			bob < ACK
			alice < 200 sdp
			alice > ACK`)
			var rtp netip.AddrPort
			find := func(get func(c *pvt)) {
				t.Helper()
				if err := f.d.Call(func() {
					f.d.calls.each(func(c *pvt) {
						if c.peerName() == "bob" {
							get(c)
						}
					})
				}); err != nil {
					t.Fatal(err)
				}
			}
			find(func(c *pvt) { rtp = netip.AddrPortFrom(flowAddr.Addr(), c.media.session.Local().Port()) })
			audio, err := f.net.ListenUDP(netip.MustParseAddrPort("192.0.2.20:41000"), pbxio.SocketOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer audio.Close()
			for i := range 8 { // enough for strict RTP to believe the source
				packet := make([]byte, 172)
				packet[0] = 0x80
				binary.BigEndian.PutUint16(packet[2:], uint16(100+i))
				binary.BigEndian.PutUint32(packet[4:], uint32(160*i))
				if err := audio.Send(packet, rtp); err != nil {
					t.Fatal(err)
				}
				time.Sleep(20 * time.Millisecond)
			}
			synctest.Wait()
			p := f.phone("bob")
			body := strings.ReplaceAll(strings.ReplaceAll(p.faxSDP(), "192.0.2.20", "10.0.0.7"), "\r\n", `\r\n`)
			f.play(`
			bob > INVITE | Content-Type: application/sdp | body ` + body + `
			bob < 100
			alice < INVITE sdp | m=image
			alice > progress 200 sdp=fax
			alice < ACK
			bob < 200 sdp | m=image
			bob > ACK`)
			find(func(c *pvt) {
				if c.fax == nil || c.fax.remote.String() != want {
					t.Errorf("%q: the fax goes to %+v, want %s", option, c.fax, want)
				}
			})
			f.play(`
			alice > BYE
			alice < 200
			bob < BYE
			bob > 200`)
		})
	}
}
