package sound

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestConvert: a tone is the same tone after it went through every format that is written.
func TestConvert(t *testing.T) {
	dir := t.TempDir()
	var tone []byte
	for i := range 800 {
		tone = binary.LittleEndian.AppendUint16(tone, uint16(int16(8000*math.Sin(float64(i)/4))))
	}
	faster := func(n int) (b []byte) { // the same at n times 8 kHz
		for i := range 800 * n {
			b = binary.LittleEndian.AppendUint16(b, uint16(int16(8000*math.Sin(float64(i)/float64(4*n)))))
		}
		return b
	}
	wide := faster(2)
	for name, b := range map[string][]byte{"first.sln": tone, "wide.sln16": wide, "wide.wav": wav(wavePCM, 1, 16, 16000, "", wide), "wide.wav16": wav(wavePCM, 1, 16, 16000, "", wide), "wide.sln24": faster(3), "wide.sln32": faster(4), "wide.sln48": faster(6)} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	check := func(from, to string, tolerance float64) {
		t.Helper()
		path := filepath.Join(dir, to)
		if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Convert(filepath.Join(dir, from), path); err != nil {
			t.Fatal(err)
		}
		c, err := loadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := c.linear()
		if !ok || len(got) != len(tone) {
			t.Fatalf("%s to %s: %d bytes of %s, want %d", from, to, len(got), c.codec, len(tone))
		}
		for i := 100; i+100 < len(tone); i += 2 { // the low-pass rings at the ends
			was, is := float64(int16(binary.LittleEndian.Uint16(tone[i:]))), float64(int16(binary.LittleEndian.Uint16(got[i:])))
			if math.Abs(was-is) > tolerance {
				t.Fatalf("%s to %s: sample %d is %v, was %v", from, to, i/2, is, was)
			}
		}
	}
	for format := range recorded {
		check("first.sln", "out."+format, 300)
		check("out."+format, "back.wav", 300)
	}
	check("first.sln", "same.wav", 0)
	check("wide.sln16", "narrow.ulaw", 600)
	check("wide.wav", "narrow.wav", 400)
	for _, from := range []string{"wide.wav16", "wide.sln24", "wide.sln32", "wide.sln48"} {
		check(from, "narrow.wav", 400)
	}
}

func TestConvertRefuses(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.sln": "1234", "a.gsm": strings.Repeat("x", 33), "a.wav": "no RIFF"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ from, to, want string }{
		{"a.sln", "a.sln", "cannot become itself"},
		{"a.sln", "./x/../a.sln", "cannot become itself"},
		{"a.mp3", "b.wav", "not a kind of sound file"},
		{".sln", "b.wav", ".sln"},
		{"none.sln", "b.wav", "no such sound"},
		{"a.wav", "b.sln", "no RIFF WAVE file"},
		{"a.gsm", "b.wav", "never decoded"},
		{"a.sln", "b.gsm", "not a format of recordings"},
		{"a.sln", "b", "not a format of recordings"},
		{"a.sln", "none/b.wav", "no such file or directory"},
	} {
		err := Convert(filepath.Join(dir, tt.from), dir+"/"+tt.to)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s to %s: %v, want %q", tt.from, tt.to, err, tt.want)
		}
	}
	if err := Convert(filepath.Join(dir, "a.sln"), filepath.Join(dir, "b.gsm")); !errors.Is(err, ErrFormat) {
		t.Errorf("%v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 3 {
		t.Errorf("files: %v", left)
	}
}
