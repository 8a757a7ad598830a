package media

import (
	"net/netip"
	"testing"

	pbxio "pbx/io"
	"pbx/media/rtp"
	"pbx/media/tone"
)

// FuzzPacket feeds packets to a session that is joined to another, on both of its
// ports: whatever comes, nothing breaks and every packet sent is well formed.
func FuzzPacket(f *testing.F) {
	plain := make([]byte, rtp.HeaderSize+4)
	rtp.Header{Sequence: 1, SSRC: 2}.Put(plain)
	f.Add(plain, false)
	event := make([]byte, rtp.HeaderSize+rtp.EventSize)
	rtp.Header{Type: 101, Sequence: 1, SSRC: 2}.Put(event)
	rtp.Event{Code: 5, End: true, Duration: 800}.Put(event[rtp.HeaderSize:])
	f.Add(event, false)
	f.Add([]byte("\xb1\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x02\xbe\xde\x00\x01\x10\x00\x00\x00pay\x01"), false)
	f.Add(rtp.AppendBYE(rtp.AppendCNAME(rtp.AppendReport(nil, rtp.Report{SSRC: 1, Sender: true, NTP: 5}, rtp.Block{SSRC: 7}), 1, "x"), 1), true)
	f.Add([]byte("\x81\xc9\x00\x07"), true)
	f.Fuzz(func(t *testing.T, b []byte, rtcp bool) {
		if len(b) > maxPacket {
			return
		}
		n, a, peer := steady(t, "alaw")
		n.packet = b
		check := &checker{t: t}
		peer.rtp = check
		if rtcp {
			a.rtcpReady(0, pbxio.In)
			return
		}
		a.rtpReady(0, pbxio.In)
		a.rtpReady(0, pbxio.In)
		if a.dead || peer.dead {
			t.Fatal("the session ended")
		}
	})
}

type checker struct {
	stillSocket
	t *testing.T
}

func (c *checker) Send(b []byte, _ netip.AddrPort) error {
	h, ok := rtp.Parse(b)
	if !ok || h.Start != rtp.HeaderSize || h.End != len(b) || (h.Type != 0 && h.Type != 101) {
		c.t.Fatalf("sent % x", b)
	}
	return nil
}

// FuzzSequence does one thing after another to a pair of sessions: packets on
// either port, blocks of a sound, digits to send, another configuration. The
// first byte of each step chooses, the second is the length of what follows.
func FuzzSequence(f *testing.F) {
	rtpStep := func(b []byte) []byte { return append([]byte{0, byte(len(b))}, b...) }
	var call []byte
	for i := range 6 {
		b := make([]byte, rtp.HeaderSize+4)
		rtp.Header{Type: uint8(i % 2 * 101), Sequence: uint16(i), Timestamp: uint32(i / 2), SSRC: 2}.Put(b)
		rtp.Event{Code: 5, End: i > 3, Duration: uint16(160 * i)}.Put(b[rtp.HeaderSize:])
		call = append(call, rtpStep(b)...)
	}
	f.Add(append(call, 2, 0, 3, 0, 4, 1, '5', 3, 0, 5, 1, 3, 6, 0, 3, 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, a, b := steady(t, "alaw")
		b.rtp = &checker{t: t}
		a.inband = new(tone.Detector)
		for len(data) >= 2 {
			op, size := data[0], min(int(data[1]), len(data)-2)
			n.packet = data[2 : 2+size]
			data = data[2+size:]
			switch op % 7 {
			case 0:
				a.rtpReady(0, pbxio.In)
			case 1:
				a.rtcpReady(0, pbxio.In)
			case 2:
				b.run(func() { b.startPlay(&playback{id: 1, src: &text{codec: "ulaw", blocks: 3}, codec: "ulaw"}) })
			case 3:
				b.l.blockDue()
			case 4:
				if size > 0 {
					_ = b.SendDigit(n.packet[0], 0)
					b.drain()
				}
			case 5:
				r := Remote{RTP: n.from, Send: Payload{0, "ulaw"}, DTMFSend: 101, DTMFRecv: 101}
				if size > 0 {
					r.Direction, r.Symmetric, r.Inband = Direction(n.packet[0]&3), n.packet[0]&4 != 0, n.packet[0]&8 != 0
				}
				a.run(func() { a.configure(r) })
				b.run(func() { b.configure(r) })
			case 6:
				a.reportDue()
				a.watch()
				a.digitTimedOut()
			}
			if a.dead || b.dead {
				t.Fatalf("a session ended after step %d", op%7)
			}
		}
	})
}
