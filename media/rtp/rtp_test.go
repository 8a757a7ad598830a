package rtp

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
	pion "github.com/pion/rtp"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name    string
		packet  string
		payload string
		ok      bool
	}{
		{"plain", "\x80\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03pay", "pay", true},
		{"marker", "\x80\x80\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03pay", "pay", true},
		{"no payload", "\x80\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03", "", true},
		{"two contributors", "\x82\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00\x04\x00\x00\x00\x05pay", "pay", true},
		{"an extension", "\x90\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\xbe\xde\x00\x01\x10\xaa\x00\x00pay", "pay", true},
		{"padding", "\xa0\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03pay\x00\x00\x03", "pay", true},
		{"padding only", "\xa0\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x02", "", true},
		{"too much padding", "\xa0\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x03", "", false},
		{"padding of none", "\xa0\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03pay\x00", "", false},
		{"missing contributors", "\x81\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03", "", false},
		{"missing extension", "\x90\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\xbe\xde\x00\x01", "", false},
		{"half an extension", "\x90\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\xbe", "", false},
		{"version 1", "\x40\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03pay", "", false},
		{"STUN", "\x00\x01\x00\x00\x21\x12\xa4\x42123456789012", "", false},
		{"RTCP", "\x80\xc8\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03", "", false},
		{"short", "\x80\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00", "", false},
		{"empty", "", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, ok := Parse([]byte(c.packet))
			if ok != c.ok {
				t.Fatalf("%v, want %v", ok, c.ok)
			}
			if ok && c.packet[h.Start:h.End] != c.payload {
				t.Errorf("payload %q, want %q", c.packet[h.Start:h.End], c.payload)
			}
		})
	}
}

func TestHeader(t *testing.T) {
	want := Header{Type: 96, Marker: true, Sequence: 0xfffe, Timestamp: 0xdeadbeef, SSRC: 0x01020304, Start: 12, End: 12}
	b := make([]byte, HeaderSize)
	want.Put(b)
	if got, ok := Parse(b); !ok || got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	var p pion.Packet
	if err := p.Unmarshal(b); err != nil || p.SequenceNumber != want.Sequence || p.Timestamp != want.Timestamp || p.SSRC != want.SSRC || !p.Marker || p.PayloadType != 96 {
		t.Errorf("another library reads %+v, %v", p, err)
	}
}

func TestEvents(t *testing.T) {
	for i := range len(digits) {
		digit, ok := Digit(uint8(i))
		if code, ok2 := Code(digit); !ok || !ok2 || int(code) != i {
			t.Errorf("event %d is %c is event %d", i, digit, code)
		}
	}
	if c, ok := Code('b'); !ok || c != 13 {
		t.Errorf("b is event %d", c)
	}
	if _, ok := Code('E'); ok {
		t.Error("E is a digit")
	}
	if _, ok := Digit(16); ok {
		t.Error("event 16 is a digit")
	}
	want := Event{Code: 11, End: true, Volume: 63, Duration: 65535}
	b := make([]byte, EventSize)
	want.Put(b)
	if got, ok := ParseEvent(b); !ok || got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if _, ok := ParseEvent(b[:3]); ok {
		t.Error("three bytes are an event")
	}
}

// TestReport: what is built is what another library reads, and what is read back.
func TestReport(t *testing.T) {
	sender := Report{SSRC: 5, Sender: true, NTP: NTP(time.Unix(1e9, 5e8)), Timestamp: 77, Packets: 1000, Octets: 160000}
	block := Block{SSRC: 9, FractionLost: 12, Lost: -3, Highest: 0x10005, Jitter: 33, LSR: 0x01020304, DLSR: 65536}
	for _, c := range []struct {
		name   string
		report Report
		blocks []Block
	}{
		{"sender", sender, []Block{block}},
		{"sender alone", sender, nil},
		{"receiver", Report{SSRC: 5}, []Block{block, {SSRC: 1, Lost: 1 << 22}}},
		{"empty", Report{SSRC: 5}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := AppendReport(nil, c.report, c.blocks...)
			b = AppendBYE(AppendCNAME(b, 5, "name"), 5)
			if !ValidCompound(b) {
				t.Fatalf("% x is not valid", b)
			}
			packets, err := rtcp.Unmarshal(b)
			if err != nil || len(packets) != 3 {
				t.Fatalf("another library reads %v, %v", packets, err)
			}
			var reports []rtcp.ReceptionReport
			switch p := packets[0].(type) {
			case *rtcp.SenderReport:
				reports = p.Reports
				if !c.report.Sender || p.SSRC != 5 || p.NTPTime != sender.NTP || p.RTPTime != 77 || p.PacketCount != 1000 || p.OctetCount != 160000 {
					t.Errorf("%+v", p)
				}
			case *rtcp.ReceiverReport:
				reports = p.Reports
			}
			if len(reports) != len(c.blocks) {
				t.Fatalf("%d blocks, want %d", len(reports), len(c.blocks))
			}
			for i, r := range reports {
				want := c.blocks[i]
				if r.SSRC != want.SSRC || r.FractionLost != want.FractionLost || r.TotalLost != uint32(want.Lost)&0xffffff ||
					r.LastSequenceNumber != want.Highest || r.Jitter != want.Jitter || r.LastSenderReport != want.LSR || r.Delay != want.DLSR {
					t.Errorf("%+v, want %+v", r, want)
				}
			}
			if d := packets[1].(*rtcp.SourceDescription); d.Chunks[0].Items[0].Text != "name" {
				t.Errorf("%+v", d)
			}
			for r := range Reports(b) {
				if r.SSRC != 5 || r.Sender != c.report.Sender || !slices.Equal(slices.Collect(r.Blocks()), c.blocks) {
					t.Errorf("%+v", r)
				}
			}
		})
	}
}

func TestValidCompound(t *testing.T) {
	rr := AppendReport(nil, Report{SSRC: 1})
	for name, b := range map[string][]byte{
		"no report first":   AppendCNAME(nil, 1, "x"),
		"too long a length": append(slices.Clone(rr), 0x80, 202, 0, 9),
		"odd length":        append(slices.Clone(rr), 0),
		"version 1":         append(slices.Clone(rr), 0x40, 202, 0, 0),
		"padding inside":    append([]byte{0xa0, 201, 0, 1, 0, 0, 0, 1}, rr...),
		"empty":             nil,
	} {
		if ValidCompound(b) {
			t.Errorf("%s: % x was taken", name, b)
		}
	}
	for n := range 300 {
		if b := AppendCNAME(slices.Clone(rr), 1, string(bytes.Repeat([]byte("x"), min(n, 255)))); !ValidCompound(b) {
			t.Errorf("a name of %d bytes breaks the packet", n)
		}
	}
}

func TestRoundTripTime(t *testing.T) {
	sent := time.Unix(1_000_000_000, 250_000_000)
	lsr := Short(NTP(sent))
	d, ok := RoundTrip(sent.Add(1500*time.Millisecond), lsr, 65536)
	if !ok || d < 499*time.Millisecond || d > 501*time.Millisecond {
		t.Errorf("%s, %v; want 500 ms", d, ok)
	}
	if d, ok := RoundTrip(sent, lsr, 65536); ok {
		t.Errorf("a report from the future took %s", d)
	}
	if _, ok := RoundTrip(sent, 0, 0); ok {
		t.Error("a report without a time took some")
	}
}

// FuzzParse: what is accepted lies inside the packet, and agrees with another
// library where that accepts it too.
func FuzzParse(f *testing.F) {
	f.Add([]byte("\x80\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03pay"))
	f.Add([]byte("\xb2\x80\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00\x04\x00\x00\x00\x05\xbe\xde\x00\x01\x10\xaa\x00\x00pay\x01"))
	f.Add(AppendBYE(AppendCNAME(AppendReport(nil, Report{SSRC: 1, Sender: true}, Block{SSRC: 2}), 1, "x"), 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		if ValidCompound(b) {
			for r := range Reports(b) {
				n := 0
				for range r.Blocks() {
					n++
				}
				if n > 31 {
					t.Fatalf("%d blocks", n)
				}
			}
		}
		h, ok := Parse(b)
		if !ok {
			return
		}
		if h.Start < HeaderSize || h.End < h.Start || h.End > len(b) {
			t.Fatalf("payload at %d to %d of %d", h.Start, h.End, len(b))
		}
		var p pion.Packet
		if err := p.Unmarshal(b); err == nil && (p.SequenceNumber != h.Sequence || p.SSRC != h.SSRC || p.PayloadType != h.Type || !bytes.Equal(p.Payload, b[h.Start:h.End])) {
			t.Fatalf("%+v, another library reads %+v", h, p)
		}
	})
}
