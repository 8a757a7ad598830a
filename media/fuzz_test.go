package media

import (
	"net/netip"
	"testing"

	pbxio "pbx/io"
	"pbx/media/rtp"
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
