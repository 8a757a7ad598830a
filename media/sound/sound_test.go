package sound

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pbx/media"
)

var _ media.Rewinder = (*Source)(nil)

// wav builds a file; extra goes between the fmt and the data chunk.
func wav(tag, channels, bits uint16, rate uint32, extra string, data []byte) []byte {
	b := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00")
	b = binary.LittleEndian.AppendUint16(b, tag)
	b = binary.LittleEndian.AppendUint16(b, channels)
	b = binary.LittleEndian.AppendUint32(b, rate)
	b = binary.LittleEndian.AppendUint32(b, rate*uint32(channels*bits/8))
	b = binary.LittleEndian.AppendUint16(b, channels*bits/8)
	b = binary.LittleEndian.AppendUint16(b, bits)
	b = append(b, extra...)
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	return append(b, data...)
}

func TestWAV(t *testing.T) {
	data := []byte("0123456789")
	long := wav(1, 1, 16, 8000, "", data)
	binary.LittleEndian.PutUint32(long[len(long)-len(data)-4:], 0xffffffff)
	unsaid := wav(1, 1, 16, 8000, "", data)
	binary.LittleEndian.PutUint32(unsaid[len(unsaid)-len(data)-4:], 0)
	for _, c := range []struct {
		name  string
		file  []byte
		codec string
		want  string
		err   string
	}{
		{"16-bit PCM", wav(1, 1, 16, 8000, "", data), "slin", "0123456789", ""},
		{"a chunk before the data", wav(1, 1, 16, 8000, "LIST\x03\x00\x00\x00abc\x00", data), "slin", "0123456789", ""},
		{"odd data", wav(1, 1, 16, 8000, "", data[:5]), "slin", "0123", ""},
		{"longer than the file", long, "slin", "0123456789", ""},
		{"a length that nobody came back to write", unsaid, "slin", "0123456789", ""},
		{"µ-law", wav(7, 1, 8, 8000, "", data), "ulaw", "0123456789", ""},
		{"A-law", wav(6, 1, 8, 8000, "", data), "alaw", "0123456789", ""},
		{"stereo", wav(1, 2, 16, 8000, "", data), "", "", "2 channels"},
		{"8 bits", wav(1, 1, 8, 8000, "", data), "", "", "want 16-bit PCM"},
		{"44.1 kHz", wav(1, 1, 16, 44100, "", data), "", "", "44100 Hz"},
		{"GSM", wav(0x31, 1, 16, 8000, "", data), "", "", "format 0x31"},
		{"no data", wav(1, 1, 16, 8000, "", nil), "", "", "empty"},
		{"data without a format", []byte("RIFF\x00\x00\x00\x00WAVEdata\x02\x00\x00\x00ab"), "", "", "before the fmt"},
		{"cut off", wav(1, 1, 16, 8000, "", data)[:38], "", "", "no data chunk"},
		{"short format", []byte("RIFF\x00\x00\x00\x00WAVEfmt \x02\x00\x00\x00ab"), "", "", "short fmt"},
		{"not a WAV", []byte("ID3\x03 something else"), "", "", "no RIFF"},
		{"nothing", nil, "", "", "no RIFF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readWAV(c.file, "")
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("%+v, %v; want an error with %q", got, err, c.err)
				}
				return
			}
			if err != nil || got.codec != c.codec || string(got.data) != c.want {
				t.Errorf("%s %q, %v; want %s %q", got.codec, got.data, err, c.codec, c.want)
			}
		})
	}
}

// TestDecimate: what 8 kHz can hold stays, what it cannot goes.
func TestDecimate(t *testing.T) {
	for _, c := range []struct {
		freq float64
		gain [2]float64
	}{{300, [2]float64{0.97, 1.03}}, {1000, [2]float64{0.97, 1.03}}, {3000, [2]float64{0.8, 1.1}}, {5000, [2]float64{0, 0.03}}, {7000, [2]float64{0, 0.03}}} {
		var b []byte
		for i := range 16000 {
			b = binary.LittleEndian.AppendUint16(b, uint16(int16(10000*math.Sin(2*math.Pi*c.freq*float64(i)/16000))))
		}
		out := decimate(b, 2)
		if len(out) != 16000 {
			t.Fatalf("a second became %d bytes", len(out))
		}
		sum := 0.0
		for i := 1000; i < len(out)-1000; i += 2 {
			v := float64(int16(binary.LittleEndian.Uint16(out[i:])))
			sum += v * v
		}
		gain := math.Sqrt(2*sum/float64(len(out)/2-1000)) / 10000
		if gain < c.gain[0] || gain > c.gain[1] {
			t.Errorf("%.0f Hz: gain %.3f, want %v", c.freq, gain, c.gain)
		}
	}
}

// write makes files below a new directory.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func content(t *testing.T, s *Source) string {
	t.Helper()
	b, err := io.ReadAll(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestLookup(t *testing.T) {
	wavFile := string(wav(1, 1, 16, 8000, "", []byte("WAVE")))
	site := write(t, map[string]string{
		"en/hello.ulaw": "site en ulaw", "en/hello.alaw": "site en alaw", "en/hello.wav": wavFile,
		"de/hello.ulaw": "site de ulaw", "custom.sln": "site sln!", "en/only722.g722": strings.Repeat("7", 160),
		"en/digits/1.ulaw": "site one", "en/broken.wav": "rubbish", "en/twice.wav": "rubbish", "en/folder.ulaw/x": "",
	})
	second := write(t, map[string]string{"en/second.ulaw": "second", "en/hello.ulaw": "not this", "de/digits/1.ulaw": "zweite eins"})
	abs := filepath.Join(second, "en", "second")
	l := NewLibrary([]string{site, second, filepath.Join(site, "missing")}, fstest.MapFS{
		"en/built.ulaw": {Data: []byte("built in")}, "en/hello.ulaw": {Data: []byte("not this")}, "en/twice.ulaw": {Data: []byte("spare")},
	})
	for _, c := range []struct {
		name, lang, codec string
		want              string // its codec and content, or an error
	}{
		{"hello", "", "ulaw", "ulaw site en ulaw"},
		{"hello", "en", "alaw", "alaw site en alaw"},
		{"hello", "en", "slin", "slin WAVE"},
		{"hello", "de", "ulaw", "ulaw site de ulaw"},
		{"hello", "de_AT", "alaw", "ulaw site de ulaw"},
		{"hello", "fr-CA", "", "ulaw site en ulaw"},
		{"custom", "de", "ulaw", "slin site sln!"[:13]},
		{"digits/1", "de", "ulaw", "ulaw zweite eins"},
		{"digits/1", "en", "ulaw", "ulaw site one"},
		{"second", "en", "ulaw", "ulaw second"},
		{"built", "de", "alaw", "ulaw built in"},
		{"only722", "en", "g722", "g722 " + strings.Repeat("7", 160)},
		{"only722", "en", "ulaw", "no such sound"},
		{"hello", "en", "g722", "no such sound"},
		{"twice", "en", "ulaw", "ulaw spare"},
		{"broken", "en", "ulaw", "no RIFF WAVE file"},
		{"nothing", "en", "ulaw", "no such sound"},
		{"folder", "en", "ulaw", "not a file"},
		{abs, "de", "ulaw", "ulaw second"},
		{"", "en", "ulaw", "not a name"},
		{"hello\x00", "en", "ulaw", "not a name"},
		{"hello", "../en", "ulaw", "not a name"},
		{strings.Repeat("x", 300), "en", "ulaw", "not a name"},
	} {
		s, err := l.Open(Request{Name: c.name, Language: c.lang, Codec: c.codec})
		got := ""
		if err != nil {
			got = err.Error()
			if !strings.Contains(got, c.want) {
				t.Errorf("%.20q in %q for %s: %q, want %q", c.name, c.lang, c.codec, got, c.want)
			}
			continue
		}
		if got = s.Codec() + " " + content(t, s); got != c.want {
			t.Errorf("%.20q in %q for %s: %q, want %q", c.name, c.lang, c.codec, got, c.want)
		}
	}
	if !l.Exists(Request{Name: "hello"}) || l.Exists(Request{Name: "nothing"}) {
		t.Error("Exists disagrees with Open")
	}
}

// TestUntrusted: a name from the network stays inside.
func TestUntrusted(t *testing.T) {
	dir := write(t, map[string]string{"sounds/en/hello.ulaw": "hello", "secret.ulaw": "secret"})
	l := NewLibrary([]string{filepath.Join(dir, "sounds")}, nil)
	for name, want := range map[string]error{
		"hello": nil, "../../secret": ErrName, filepath.Join(dir, "secret"): ErrName, "x/../../../secret": ErrName, "..": ErrName,
	} {
		_, err := l.Open(Request{Name: name, Untrusted: true})
		if !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", name, err, want)
		}
	}
	if _, err := l.Open(Request{Name: filepath.Join(dir, "secret")}); err != nil {
		t.Errorf("the office's own absolute name: %v", err)
	}
}

// TestCache: a file that changed is read again.
func TestCache(t *testing.T) {
	dir := write(t, map[string]string{"a.ulaw": "old"})
	l := NewLibrary([]string{dir}, nil)
	open := func() string {
		s, err := l.Open(Request{Name: "a"})
		if err != nil {
			t.Fatal(err)
		}
		return content(t, s)
	}
	if got := open() + open(); got != "oldold" {
		t.Fatalf("%q", got)
	}
	file := filepath.Join(dir, "a.ulaw")
	if err := os.WriteFile(file, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(file, time.Time{}, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := open(); got != "new" {
		t.Errorf("%q", got)
	}
}

// TestSize: a file too large is refused before it is read.
func TestSize(t *testing.T) {
	dir := write(t, map[string]string{"a.ulaw": ""})
	if err := os.Truncate(filepath.Join(dir, "a.ulaw"), maxFile+1); err != nil {
		t.Fatal(err)
	}
	if _, err := NewLibrary([]string{dir}, nil).Open(Request{Name: "a"}); err == nil || !strings.Contains(err.Error(), "larger") {
		t.Error(err)
	}
}

func TestSource(t *testing.T) {
	c, err := raw(bytes.Repeat([]byte("x"), 16000), "slin")
	if err != nil {
		t.Fatal(err)
	}
	s := &Source{clip: c}
	if d := s.Duration(); d != time.Second {
		t.Errorf("%s", d)
	}
	block := make([]byte, media.BlockSize("slin"))
	for range 10 {
		if n, err := s.Read(block); n != len(block) || err != nil {
			t.Fatal(n, err)
		}
	}
	if d := s.Position(); d != 200*time.Millisecond {
		t.Errorf("at %s", d)
	}
	s.Seek(990 * time.Millisecond)
	if n, err := s.Read(block); n != 160 || !errors.Is(err, io.EOF) {
		t.Errorf("the end gave %d, %v", n, err)
	}
	s.Seek(time.Hour)
	if n, err := s.Read(block); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("behind the end: %d, %v", n, err)
	}
	s.Rewind()
	if s.Position() != 0 {
		t.Error("it did not rewind")
	}
}

func FuzzWAV(f *testing.F) {
	f.Add(wav(1, 1, 16, 8000, "", []byte("0123")))
	f.Add(wav(1, 1, 16, 16000, "LIST\x03\x00\x00\x00abc\x00", bytes.Repeat([]byte("01"), 100)))
	f.Add(wav(7, 1, 8, 8000, "", []byte("0123")))
	f.Add([]byte("RIFF\xff\xff\xff\xffWAVEdata\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := readWAV(b, "")
		if err != nil {
			return
		}
		if len(c.data) == 0 || len(c.data) > len(b) || len(c.data)%c.frame != 0 {
			t.Fatalf("%d bytes out of %d", len(c.data), len(b))
		}
		s := &Source{clip: c}
		if d := s.Duration(); d <= 0 || d > time.Hour {
			t.Fatalf("%s", d)
		}
	})
}

// silence/1 to silence/10 are there once the first of them is.
func TestSilence(t *testing.T) {
	l := NewLibrary(nil, fstest.MapFS{"en/silence/1.ulaw": {Data: bytes.Repeat([]byte{0xff}, 8000)}})
	for name, want := range map[string]time.Duration{"silence/1": time.Second, "silence/5": 5 * time.Second, "silence/10": 10 * time.Second, "silence/11": 0, "silence/x": 0, "silence/-2": 0} {
		s, err := l.Open(Request{Name: name, Language: "en", Codec: "ulaw"})
		if got := time.Duration(0); err == nil {
			got = s.Duration()
			if got != want {
				t.Errorf("%s lasts %v, want %v", name, got, want)
			}
		} else if want != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
