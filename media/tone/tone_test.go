package tone

import (
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pbx/config"
	"pbx/media/codec/g711"
)

const ms = time.Millisecond

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text string
		want List
	}{
		{"350+440", List{{Freq1: 350, Freq2: 440}}},
		{"350+375+400", List{{Freq1: 350, Freq2: 375}}}, // the field does not hear the third
		{"440+480/2000,0/4000", List{{Freq1: 440, Freq2: 480, Duration: 2000 * ms}, {Duration: 4000 * ms}}},
		{"!950/330, !1400/330 ,0", List{{Freq1: 950, Duration: 330 * ms, Once: true}, {Freq1: 1400, Duration: 330 * ms, Once: true}, {}}},
		{"420*40/2000,,0/4000,", List{{Freq1: 420, Freq2: 40, Modulate: true, Duration: 2000 * ms}, {Duration: 4000 * ms}}},
		{"M69/100", List{{Freq1: 440, Duration: 100 * ms}}},
		{"425/250|0/250", List{{Freq1: 425, Duration: 250 * ms}, {Duration: 250 * ms}}},
		{"440/0", List{{Freq1: 440}}},
	} {
		got, err := Parse(c.text)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: %+v, %v; want %+v", c.text, got, err, c.want)
		}
	}
	for _, text := range []string{"", ",", "x", "440/", "440/x", "440/-5", "99999", "-1", "440+", "440*x", "M128", "M", "440/99999999999999999999"} {
		if got, err := Parse(text); err == nil {
			t.Errorf("%q was taken as %+v", text, got)
		}
	}
	// What can be read is kept.
	got, err := Parse("440/x,425/250,9999/100,0/250")
	if want := (List{{Freq1: 425, Duration: 250 * ms}, {Duration: 250 * ms}}); err == nil || !slices.Equal(got, want) {
		t.Errorf("%+v, %v; want %+v and what was left out", got, err, want)
	}
	if _, err := Parse("x/1,440,y/2"); err == nil || err.Error() != `tone "x/1": "x" is no frequency of 0 to 4000 Hz; tone "y/2": "y" is no frequency of 0 to 4000 Hz` {
		t.Errorf("two bad parts: %v", err)
	}
}

// TestRepeats: from the first part without "!" on, all of it comes again.
func TestRepeats(t *testing.T) {
	list, _ := Parse("!1000/20,440/20,!600/20,700/20,!800/20")
	samples, _ := listen(t, New(list), 260*ms)
	for i, freq := range []float64{1000, 440, 600, 700, 800, 440, 600, 700, 800, 440, 600, 700, 800} {
		if p := power(samples[160*i:160*(i+1)], freq); p < 0.9 {
			t.Errorf("part %d: %.0f Hz has %.2f of the power", i, freq, p)
		}
	}
}

// listen plays a source for d, or to its end.
func listen(t *testing.T, s *Source, d time.Duration) (samples []float64, ended bool) {
	t.Helper()
	block := make([]byte, 160)
	for len(samples) < int(d*rate/time.Second) {
		n, err := s.Read(block)
		for _, b := range block[:n] {
			samples = append(samples, float64(g711.DecodeUlawFrame(b)))
		}
		if errors.Is(err, io.EOF) {
			return samples, true
		}
		if err != nil || n != len(block) {
			t.Fatalf("Read gave %d, %v", n, err)
		}
	}
	return samples, false
}

// power is the strength of a frequency in samples (Goertzel), in parts of the
// whole.
func power(samples []float64, freq float64) float64 {
	coeff := 2 * math.Cos(2*math.Pi*freq/rate)
	s1, s2, total := 0.0, 0.0, 0.0
	for _, v := range samples {
		s1, s2 = v+coeff*s1-s2, s1
		total += v * v
	}
	if total == 0 {
		return 0
	}
	return 2 * (s1*s1 + s2*s2 - coeff*s1*s2) / total / float64(len(samples))
}

func TestTones(t *testing.T) {
	for _, c := range []struct {
		list  string
		freqs []float64
	}{{"350+440", []float64{350, 440}}, {"1400", []float64{1400}}, {"480+620", []float64{480, 620}}} {
		list, err := Parse(c.list)
		if err != nil {
			t.Fatal(err)
		}
		samples, ended := listen(t, New(list), time.Second)
		if ended {
			t.Errorf("%s ended", c.list)
		}
		for _, f := range c.freqs {
			if p := power(samples, f); p < 0.9/float64(len(c.freqs)) {
				t.Errorf("%s: %.0f Hz has %.2f of the power", c.list, f, p)
			}
		}
		if p := power(samples, 2000); p > 0.01 {
			t.Errorf("%s: 2000 Hz has %.2f of the power", c.list, p)
		}
	}
}

// TestCadence: a list repeats, without what is to be played once.
func TestCadence(t *testing.T) {
	list, _ := Parse("!1000/50,440/100,0/150")
	samples, ended := listen(t, New(list), 560*ms)
	if ended {
		t.Fatal("it ended")
	}
	for _, c := range []struct {
		from, to time.Duration
		freq     float64
	}{{0, 50, 1000}, {50, 150, 440}, {150, 300, 0}, {300, 400, 440}, {400, 550, 0}} {
		part := samples[int(c.from)*8 : int(c.to)*8]
		if c.freq == 0 {
			if i := slices.IndexFunc(part, func(v float64) bool { return v != 0 }); i >= 0 {
				t.Errorf("%d-%d ms is not silent", c.from, c.to)
			}
			continue
		}
		if p := power(part, c.freq); p < 0.9 {
			t.Errorf("%d-%d ms: %.0f Hz has %.2f of the power", c.from, c.to, c.freq, p)
		}
	}
}

func TestOnce(t *testing.T) {
	list, _ := Parse("!440/100,!0/50")
	s := New(list)
	samples, ended := listen(t, s, time.Second)
	if !ended || len(samples) != 1200 {
		t.Errorf("%d samples, ended %v; want 1200", len(samples), ended)
	}
	s.Rewind()
	if samples, ended = listen(t, s, time.Second); !ended || len(samples) != 1200 {
		t.Errorf("again: %d samples, ended %v", len(samples), ended)
	}
	if _, err := New(nil).Read(make([]byte, 10)); !errors.Is(err, io.EOF) {
		t.Errorf("an empty list gave %v", err)
	}
}

func TestModulation(t *testing.T) {
	list, _ := Parse("420*40")
	samples, _ := listen(t, New(list), time.Second)
	if carrier, side := power(samples, 420), power(samples, 460); carrier < 0.5 || side < 0.1 {
		t.Errorf("carrier %.2f, side band %.2f", carrier, side)
	}
}

func TestDigit(t *testing.T) {
	for digit, want := range map[byte][2]float64{'1': {697, 1209}, '5': {770, 1336}, '#': {941, 1477}, 'D': {941, 1633}} {
		samples, ended := listen(t, Digit(digit, 100*ms), time.Second)
		if !ended || len(samples) != 800 {
			t.Errorf("%c: %d samples", digit, len(samples))
		}
		for _, f := range want {
			if p := power(samples, f); p < 0.4 {
				t.Errorf("%c: %.0f Hz has %.2f of the power", digit, f, p)
			}
		}
	}
}

func TestReadAllocatesNothing(t *testing.T) {
	list, _ := Parse("440+480/200,0/400")
	s, block := New(list), make([]byte, 160)
	if n := testing.AllocsPerRun(200, func() { _, _ = s.Read(block) }); n != 0 {
		t.Errorf("%v allocations a block", n)
	}
}

func TestZones(t *testing.T) {
	dir := t.TempDir()
	text := `[general]
country=de
contry=xx
[de]
description = Germany
ringcadence = 1000,4000
dial = 425
busy = 425/480,0/480
ring = what
house = 1000/50
[us-old]
dial = 600*120
`
	if err := os.WriteFile(filepath.Join(dir, "indications.conf"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	z, findings, err := Load(&config.Loader{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if len(findings) != 2 || findings[0].Pos.Line != 3 || findings[1].Pos.Line != 9 {
		t.Errorf("findings %v", findings)
	}
	for _, c := range []struct {
		zone, name string
		freq       float64
	}{
		{"", "dial", 425},
		{"DE", "Dial", 425},
		{"us-old", "dial", 600},
		{"us", "dial", 350},
		{"nowhere", "dial", 425},
		{"de", "ring", 440},
		{"de", "house", 1000},
		{"us", "ringing", 440},
		{"us-old", "busy", 425},
		{"", "nothing", 0},
	} {
		list, ok := z.Tone(c.zone, c.name)
		if ok != (c.freq != 0) || ok && list[0].Freq1 != c.freq {
			t.Errorf("%s of %q: %+v, want %.0f Hz", c.name, c.zone, list, c.freq)
		}
	}
	if z.Default() != "de" {
		t.Errorf("default %q", z.Default())
	}
}

func TestZonesWithoutFile(t *testing.T) {
	z, findings, err := Load(&config.Loader{Dir: t.TempDir()})
	if err != nil || len(findings) != 0 {
		t.Fatal(findings, err)
	}
	for _, name := range []string{"dial", "busy", "ring", "congestion", "callwaiting", "dialrecall", "record", "info", "stutter"} {
		if _, ok := z.Tone("", name); !ok {
			t.Errorf("no built-in %s", name)
		}
	}
}

func TestZoneUnknownCountry(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "indications.conf"), []byte("[general]\ncountry=xy\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	z, findings, err := Load(&config.Loader{Dir: dir})
	if err != nil || len(findings) != 1 || z.Default() != "us" {
		t.Errorf("default %q, findings %v, %v", z.Default(), findings, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, b := range builtin {
		f.Add(b.list)
	}
	f.Add("M69*40/1,!")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := Parse(text)
		if err != nil {
			return
		}
		s, block := New(list), make([]byte, 160)
		for range 20 {
			n, err := s.Read(block)
			if n < 0 || n > len(block) || err == nil && n != len(block) {
				t.Fatalf("Read gave %d, %v", n, err)
			}
			if err != nil {
				return
			}
		}
	})
}
