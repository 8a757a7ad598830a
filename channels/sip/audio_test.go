package sip

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/bridge"
	"pbx/channel"
	pbxio "pbx/io"
	"pbx/media/rtp"
)

// earpiece is the audio of a phone of a flow: what it sends to the exchange and
// what it gets from there.
type earpiece struct {
	t         *testing.T
	rtp, rtcp pbxio.Socket
	to        netip.AddrPort
	seq       uint16
	ts, ssrc  uint32
	reports   int
}

// callOf runs get with the call of a peer, on the monitor loop.
func (f *flow) callOf(peer string, get func(c *pvt)) {
	f.t.Helper()
	found := false
	if err := f.d.Call(func() {
		f.d.calls.each(func(c *pvt) {
			if c.peerName() == peer {
				found = true
				get(c)
			}
		})
	}); err != nil || !found {
		f.t.Errorf("no call of %s: %v", peer, err)
	}
}

// ear opens the audio of a phone at a port of its own, and of its reports above that.
func (f *flow) ear(name string, port uint16) *earpiece {
	f.t.Helper()
	e := &earpiece{t: f.t, seq: 4000, ts: 7000, ssrc: uint32(port)}
	host := f.phone(name).addr.Addr()
	var err error
	if e.rtp, err = f.net.ListenUDP(netip.AddrPortFrom(host, port), pbxio.SocketOptions{}); err != nil {
		f.t.Fatal(err)
	}
	if e.rtcp, err = f.net.ListenUDP(netip.AddrPortFrom(host, port+1), pbxio.SocketOptions{}); err != nil {
		f.t.Fatal(err)
	}
	f.callOf(name, func(c *pvt) { e.to = netip.AddrPortFrom(flowAddr.Addr(), c.media.session.Local().Port()) })
	return e
}

func (e *earpiece) close() {
	_ = e.rtp.Close()
	_ = e.rtcp.Close()
}

// say sends n packets of audio, one every 20 ms.
func (e *earpiece) say(pt uint8, n int) {
	for range n {
		e.packet(pt, e.ts, false, []byte(strings.Repeat("\x2a", 160)))
		e.ts += 160
		time.Sleep(20 * time.Millisecond)
	}
}

// press sends the packets of a key that is held for 60 ms.
func (e *earpiece) press(pt uint8, digit byte) {
	code, _ := rtp.Code(digit)
	b := make([]byte, rtp.EventSize)
	for n := range 5 {
		rtp.Event{Code: code, Volume: 10, Duration: uint16(160 * min(n+1, 3)), End: n >= 2}.Put(b)
		e.packet(pt, e.ts, n == 0, b)
		time.Sleep(20 * time.Millisecond)
	}
	e.ts += 5 * 160
}

func (e *earpiece) packet(pt uint8, ts uint32, marker bool, payload []byte) {
	b := make([]byte, rtp.HeaderSize, rtp.HeaderSize+len(payload))
	rtp.Header{Type: pt, Marker: marker, Sequence: e.seq, Timestamp: ts, SSRC: e.ssrc}.Put(b)
	e.seq++
	if err := e.rtp.Send(append(b, payload...), e.to); err != nil {
		e.t.Error(err)
	}
}

// heard tells what came since the last call: "5x0 2x101" are five packets of type 0 and
// two of type 101.
func (e *earpiece) heard() string {
	synctest.Wait()
	count, order := map[uint8]int{}, []uint8(nil)
	buf := make([]byte, 2048)
	for {
		n, _, err := e.rtp.Recv(buf)
		if errors.Is(err, pbxio.ErrAgain) {
			break
		}
		h, ok := rtp.Parse(buf[:n])
		if err != nil || !ok {
			e.t.Errorf("% x, %v", buf[:n], err)
			break
		}
		if count[h.Type]++; !slices.Contains(order, h.Type) {
			order = append(order, h.Type)
		}
	}
	for {
		if _, _, err := e.rtcp.Recv(buf); err != nil {
			break
		}
		e.reports++
	}
	var words []string
	for _, pt := range order {
		words = append(words, fmt.Sprintf("%dx%d", count[pt], pt))
	}
	return strings.Join(words, " ")
}

// audio is a description with one stream at port 30000 of a host, whose formats and
// attributes follow.
func audio(host, formats string) string {
	return "body v=0\\r\\no=- 1 1 IN IP4 " + host + "\\r\\ns=-\\r\\nc=IN IP4 " + host + "\\r\\nt=0 0\\r\\nm=audio 30000 RTP/AVP " + formats + "\\r\\n"
}

// TestPayloadNumbers: whatever numbers the two sides of a call give to codecs and
// digits, both are heard (RFC 3264 5.1, 6.1: each is sent by the number of the other's
// description, or of one's own offer).
func TestPayloadNumbers(t *testing.T) {
	const fromAlice, fromBob = "Content-Type: application/sdp | ", "Content-Type: application/sdp | "
	a := func(formats string) string { return fromAlice + audio("192.0.2.10", formats) }
	b := func(formats string) string { return fromBob + audio("192.0.2.20", formats) }
	for _, c := range []struct {
		name         string
		allow        string
		offer        string // alice's
		answer       string // bob's
		said, events uint8  // by bob
		heard        string // by alice
		back, key    uint8  // said by alice
		heardBack    string // by bob
	}{
		{"the same numbers", "ulaw,alaw", a(`0 101\r\na=rtpmap:101 telephone-event/8000`), b(`0 101\r\na=rtpmap:101 telephone-event/8000`), 0, 101, "5x0 5x101", 0, 101, "5x0 5x101"},
		{"he answers 96 and sends what we offered", "ulaw,alaw", a(`0 101\r\na=rtpmap:101 telephone-event/8000`), b(`0 96\r\na=rtpmap:96 telephone-event/8000`), 0, 101, "5x0 5x101", 0, 101, "5x0 5x96"},
		{"he answers 96 and sends it", "ulaw,alaw", a(`0 101\r\na=rtpmap:101 telephone-event/8000`), b(`0 96\r\na=rtpmap:96 telephone-event/8000`), 0, 96, "5x0 5x101", 0, 101, "5x0 5x96"},
		{"she has another number for it", "ulaw,alaw", a(`0 100\r\na=rtpmap:100 telephone-event/8000`), b(`0 101\r\na=rtpmap:101 telephone-event/8000`), 0, 101, "5x0 5x100", 0, 100, "5x0 5x101"},
		{"no map of 101", "ulaw,alaw", a(`0 101`), b(`0 101`), 0, 101, "5x0 5x101", 0, 101, "5x0 5x101"},
		{"events of two clocks", "ulaw,alaw", a(`0 100 101\r\na=rtpmap:100 telephone-event/16000\r\na=rtpmap:101 telephone-event/8000`), b(`0 101\r\na=rtpmap:101 telephone-event/8000`), 0, 101, "5x0 5x101", 0, 101, "5x0 5x101"},
		{"he answers one codec and sends another of our offer", "ulaw,alaw", a(`0 8 101\r\na=rtpmap:101 telephone-event/8000`), b(`8 101\r\na=rtpmap:101 telephone-event/8000`), 0, 101, "5x8 5x101", 8, 101, "5x8 5x101"},
		{"another number for a codec", "ilbc", a(`97\r\na=rtpmap:97 iLBC/8000`), b(`104\r\na=rtpmap:104 iLBC/8000`), 97, 13, "5x97", 97, 13, "5x104"},
		{"the number of our offer for something else", "ilbc", a(`97\r\na=rtpmap:97 iLBC/8000`), b(`104 97\r\na=rtpmap:104 iLBC/8000\r\na=rtpmap:97 telephone-event/8000`), 104, 97, "5x97", 97, 13, "5x104"},
		{"G729A", "g729", a(`18\r\na=rtpmap:18 G729A/8000`), b(`18\r\na=rtpmap:18 G729AB/8000\r\na=fmtp:18 annexb=no`), 18, 13, "5x18", 18, 13, "5x18"},
		{"G722 at its true rate", "g722", a(`9\r\na=rtpmap:9 G722/16000`), b(`9\r\na=rtpmap:9 G722/8000`), 9, 13, "5x9", 9, 13, "5x9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conf := strings.Replace(office, "allow=ulaw,alaw", "allow="+c.allow, 1)
			withFlow(t, conf, map[string]func(*channel.Channel){"2000": dialBridged("SIP/bob", bridge.Options{}, nil)}, func(f *flow) {
				f.play(`
				alice > INVITE 2000 | ` + c.offer + `
				alice < 100
				bob < INVITE sdp
				bob > 200 | ` + c.answer + `
				bob < ACK
				alice < 200 sdp
				alice > ACK`)
				alice, bob := f.ear("alice", 30000), f.ear("bob", 30000)
				defer alice.close()
				defer bob.close()
				bob.say(c.said, 5)
				bob.press(c.events, '5')
				if got := alice.heard(); got != c.heard {
					t.Errorf("alice heard %s, want %s", got, c.heard)
				}
				alice.say(c.back, 5)
				alice.press(c.key, '5')
				if got := bob.heard(); got != c.heardBack {
					t.Errorf("bob heard %s, want %s", got, c.heardBack)
				}
				f.play(`
				alice > BYE
				alice < 200
				bob < BYE
				bob > 200`)
			})
		})
	}
}

// TestAudioGoesOn: both sides of a call hear each other again after whatever phones do
// to their audio.
func TestAudioGoesOn(t *testing.T) {
	type rig struct {
		*flow
		alice, bob *earpiece
	}
	// both has each say ten packets, which the other must hear.
	both := func(r *rig) {
		r.t.Helper()
		r.alice.heard()
		r.bob.heard()
		for range 10 {
			r.alice.packet(0, r.alice.ts, false, make([]byte, 160))
			r.alice.ts += 160
			r.bob.say(0, 1)
		}
		for who, e := range map[string]*earpiece{"alice": r.alice, "bob": r.bob} {
			var n int
			if _, _ = fmt.Sscanf(e.heard(), "%dx0", &n); n != 10 {
				r.t.Errorf("%s heard %d packets of 10", who, n)
			}
		}
	}
	session := "Content-Type: application/sdp | body v=0\\r\\no=- 1 2 IN IP4 192.0.2.10\\r\\ns=-\\r\\nc=IN IP4 192.0.2.10\\r\\nt=0 0\\r\\n"
	move := func(e *earpiece, f *flow, name string, port uint16) *earpiece {
		n := f.ear(name, port)
		n.seq, n.ts, n.ssrc = e.seq, e.ts, e.ssrc
		e.close()
		return n
	}
	for _, c := range []struct {
		name, conf string
		do         func(r *rig)
	}{
		{"nothing", "", func(*rig) {}},
		{"another SSRC and other numbers", "", func(r *rig) { r.bob.ssrc, r.bob.seq, r.bob.ts = 99, 3, 4e9 }},
		{"timestamps that jump back", "", func(r *rig) { r.alice.ts -= 100000 }},
		{"hold and resume", "", func(r *rig) {
			r.play(`
			alice > INVITE sdp=hold
			alice < 200 sdp | a=recvonly
			alice > ACK
			wait 3s
			alice > INVITE sdp
			alice < 200 sdp | a=sendrecv
			alice > ACK`)
		}},
		{"hold with 0.0.0.0, and resume", "", func(r *rig) {
			r.play(`
			alice > INVITE sdp=zero
			alice < 200 sdp | a=recvonly
			alice > ACK
			wait 3s`)
			r.bob.say(0, 5)
			if got := r.alice.heard(); got != "" {
				r.t.Errorf("on hold alice heard %s", got)
			}
			r.play(`
			alice > INVITE sdp
			alice < 200 sdp | a=sendrecv
			alice > ACK`)
		}},
		{"inactive, and resume from another port", "", func(r *rig) {
			r.play(`
			alice > INVITE sdp=inactive
			alice < 200 sdp | a=inactive
			alice > ACK
			wait 40s
			alice > INVITE | ` + session + `m=audio 30100 RTP/AVP 0 8\r\n
			alice < 200 sdp | a=sendrecv
			alice > ACK`)
			r.alice = move(r.alice, r.flow, "alice", 30100)
		}},
		{"resume, and the NAT has another port for it", "nat=force_rport,comedia\n", func(r *rig) {
			r.play(`
			alice > INVITE sdp=hold
			alice < 200 sdp
			alice > ACK
			wait 40s
			alice > INVITE sdp
			alice < 200 sdp
			alice > ACK`)
			r.alice = move(r.alice, r.flow, "alice", 41000)
			r.alice.say(0, 4) // by which the place becomes known
		}},
		{"the audio comes from another port than it says", "nat=force_rport,comedia\n", func(r *rig) {
			r.play(`
			alice > INVITE | ` + session + `m=audio 30200 RTP/AVP 0\r\n
			alice < 200 sdp
			alice > ACK`)
			r.alice.say(0, 4)
		}},
		{"stopped by port 0, and offered again", "", func(r *rig) {
			r.play(`
			alice > INVITE sdp=stopped
			alice < 200 sdp | m=audio 0
			alice > ACK
			wait 2s
			alice > INVITE sdp
			alice < 200 sdp | a=sendrecv
			alice > ACK`)
		}},
		{"streams that we do not take", "", func(r *rig) {
			r.play(`
			alice > INVITE | ` + session + `m=audio 30000 RTP/AVP 0 8\r\nm=video 30002 RTP/AVP 34\r\nm=image 0 udptl t38\r\n
			alice < 200 sdp | m=audio 1 | m=video 0 | m=image 0
			alice > ACK`)
		}},
		{"a fax that is refused", "", func(r *rig) {
			r.play(`
			alice > INVITE sdp=fax
			alice < 488
			alice > ACK`)
		}},
		{"a codec that we do not have is offered", "", func(r *rig) {
			r.play(`
			alice > INVITE | ` + session + `m=audio 30000 RTP/AVP 18\r\n
			alice < 488
			alice > ACK`)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			conf := strings.Replace(office, "[alice]\n", "[alice]\n"+c.conf, 1)
			withFlow(t, conf, map[string]func(*channel.Channel){"2000": dialBridged("SIP/bob", bridge.Options{}, nil)}, func(f *flow) {
				f.play(`
				alice > INVITE 2000 sdp
				alice < 100
				bob < INVITE sdp`)
				r := &rig{flow: f, bob: f.ear("bob", 30000)}
				r.bob.say(0, 3) // before the answer says who he is
				f.play(`
				bob > 200 sdp
				bob < ACK
				alice < 200 sdp
				alice > ACK`)
				r.alice = f.ear("alice", 30000)
				defer func() {
					r.alice.close()
					r.bob.close()
				}()
				both(r)
				c.do(r)
				both(r)
				f.play(`
				alice > BYE
				alice < 200
				bob < BYE
				bob > 200`)
			})
		})
	}
}

// TestLateOfferReordered: the codec of the answer in the ACK is spoken, whichever we
// would have liked best.
func TestLateOfferReordered(t *testing.T) {
	withFlow(t, office, map[string]func(*channel.Channel){"2000": dialBridged("SIP/bob", bridge.Options{}, nil)}, func(f *flow) {
		f.play(`
		alice > INVITE 2000
		alice < 100
		bob < INVITE sdp
		bob > 200 sdp
		bob < ACK
		alice < 200 sdp | RTP/AVP 0 8 101
		alice > ACK sdp=101,8`)
		alice, bob := f.ear("alice", 30000), f.ear("bob", 30000)
		defer alice.close()
		defer bob.close()
		bob.say(0, 5)
		if got := alice.heard(); got != "5x8" {
			t.Errorf("alice heard %s", got)
		}
		alice.say(8, 5)
		if got := bob.heard(); got != "5x0" && got != "5x8" {
			t.Errorf("bob heard %s", got)
		}
		f.play(`
		alice > BYE
		alice < 200
		bob < BYE
		bob > 200`)
	})
}

// TestReportsWithoutMux: a=rtcp-mux is offered, and not answered: our reports go to the
// port above the audio's then, where a=rtcp says so to that one, and reports that come
// to the audio's port are read all the same.
func TestReportsWithoutMux(t *testing.T) {
	for _, c := range []struct {
		attributes string
		port       uint16 // of the reports
	}{{`a=rtcp-mux\r\n`, 30001}, {``, 30001}, {`a=rtcp-mux\r\na=rtcp:30301\r\n`, 30301}} {
		withFlow(t, office, map[string]func(*channel.Channel){"1000": answerAndWait}, func(f *flow) {
			f.play(`
			alice > INVITE 1000 | Content-Type: application/sdp | ` + audio("192.0.2.10", "0") + c.attributes + `
			alice < 100
			alice < 200 sdp | !rtcp-mux
			alice > ACK`)
			alice := f.ear("alice", 30000)
			defer alice.close()
			if c.port != 30001 {
				_ = alice.rtcp.Close()
				var err error
				if alice.rtcp, err = f.net.ListenUDP(netip.AddrPortFrom(netip.MustParseAddr("192.0.2.10"), c.port), pbxio.SocketOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			alice.say(0, 1000)
			if got := alice.heard(); got != "" || alice.reports < 2 {
				t.Errorf("%q: %d reports came to port %d, and %q to the audio's", c.attributes, alice.reports, c.port, got)
			}
			f.play(`
			alice > BYE
			alice < 200`)
		})
	}
}
