package sdp_test

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"pbx/channels/sip/sdp"
)

// FuzzParse holds what Parse accepts to two laws: an answer that refuses
// everything, and one that takes every RTP stream as it is, parse, and have the
// m-lines of the offer in their order.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.sdp")
	if err != nil || len(files) == 0 {
		f.Fatalf("no descriptions: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		offer, err := sdp.Parse(text)
		if err != nil {
			return
		}
		d := sdp.Description{User: "root", ID: 1, Version: 1, Addr: netip.AddrFrom4([4]byte{192, 0, 2, 1})}
		refused := d.AppendAnswer(nil, &offer, func(int, sdp.Media) (sdp.Stream, bool) { return sdp.Stream{}, false })
		sameLines(t, &offer, refused, func(_, got sdp.Media) {
			if got.Port != 0 {
				t.Errorf("not refused: %s", got.Kind)
			}
		})
		taken := d.AppendAnswer(nil, &offer, func(_ int, m sdp.Media) (sdp.Stream, bool) { return echo(m) })
		sameLines(t, &offer, taken, func(want, got sdp.Media) {
			if got.Port == 0 {
				return
			}
			if got.Port != want.Port || got.Direction != want.Direction || got.PTime != want.PTime {
				t.Errorf("port %d, %v, ptime %d; offered %d, %v, %d", got.Port, got.Direction, got.PTime, want.Port, want.Direction, want.PTime)
			}
			for f := range want.All() {
				if g := got.Format(f.PT); !bytes.Equal(g.Name, f.Name) || g.Rate != f.Rate || g.Channels != max(f.Channels, g.Channels) {
					t.Errorf("format %d is %s/%d/%d, offered %s/%d/%d", f.PT, g.Name, g.Rate, g.Channels, f.Name, f.Rate, f.Channels)
				}
			}
		})
	})
}

// sameLines parses an answer and checks it against the offer line by line.
func sameLines(t *testing.T, offer *sdp.Session, text []byte, check func(want, got sdp.Media)) {
	t.Helper()
	answer, err := sdp.Parse(text)
	if err != nil {
		t.Fatalf("%v in our answer\n%s", err, text)
	}
	if answer.NumMedia() != offer.NumMedia() {
		t.Fatalf("%d m-lines for %d\n%s", answer.NumMedia(), offer.NumMedia(), text)
	}
	media := make([]sdp.Media, 0, answer.NumMedia())
	for _, m := range answer.Media() {
		media = append(media, m)
	}
	for i, m := range offer.Media() {
		if !bytes.Equal(media[i].Kind, m.Kind) || !bytes.Equal(media[i].Proto, m.Proto) {
			t.Errorf("m-line %d is %s %s, offered %s %s", i, media[i].Kind, media[i].Proto, m.Kind, m.Proto)
		}
		check(m, media[i])
	}
}

// echo takes a stream as it was offered.
func echo(m sdp.Media) (sdp.Stream, bool) {
	s := sdp.Stream{Port: m.Port, PTime: m.PTime, Direction: m.Direction}
	for f := range m.All() {
		s.Formats = append(s.Formats, sdp.StreamFormat{
			PT: f.PT, Name: string(f.Name), Rate: f.Rate, Channels: f.Channels, Params: string(f.Params),
		})
	}
	return s, m.RTP() && len(s.Formats) > 0
}
