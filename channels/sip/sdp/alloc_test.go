package sdp_test

import (
	"net/netip"
	"testing"

	pion "github.com/pion/sdp/v3"

	"pbx/channels/sip/sdp"
)

// scan reads what an offer/answer needs to know of a description.
func scan(text []byte) (n int) {
	s, err := sdp.Parse(text)
	if err != nil {
		return 0
	}
	for _, m := range s.Media() {
		for f := range m.All() {
			n += f.Rate + len(f.Params)
		}
		if m.Connection.Addr.IsValid() && !m.OnHold() {
			n++
		}
	}
	return n
}

func TestAllocations(t *testing.T) {
	text := read(t, "desk.sdp")
	offer := parse(t, text)
	d := sdp.Description{User: "root", Name: "pbx", Addr: netip.MustParseAddr("192.0.2.9")}
	formats := []sdp.StreamFormat{{PT: 0, Name: "PCMU", Rate: 8000}}
	buf := make([]byte, 0, 1024)
	n := 0
	for _, c := range []struct {
		what string
		max  float64
		f    func()
	}{
		{"scanning an offer", 0, func() { n += scan(text) }},
		{"answering it", 2, func() { // the names of its media and profile
			n += len(d.AppendAnswer(buf, &offer, func(_ int, m sdp.Media) (sdp.Stream, bool) {
				return sdp.Stream{Port: 10000, Formats: formats, Direction: m.Direction}, true
			}))
		}},
	} {
		if allocs := testing.AllocsPerRun(100, c.f); allocs > c.max {
			t.Errorf("%s allocates %v times, at most %v are allowed", c.what, allocs, c.max)
		}
	}
	if n == 0 {
		t.Error("nothing was read")
	}
}

func BenchmarkScan(b *testing.B) {
	text := read(b, "desk.sdp")
	b.ReportAllocs()
	for b.Loop() {
		if scan(text) == 0 {
			b.Fatal("nothing was read")
		}
	}
}

func BenchmarkPion(b *testing.B) {
	text := read(b, "desk.sdp")
	b.ReportAllocs()
	for b.Loop() {
		var s pion.SessionDescription
		if err := s.Unmarshal(text); err != nil {
			b.Fatal(err)
		}
	}
}
