package sound

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// What was recorded can be played, as long as it was.
func TestRecord(t *testing.T) {
	samples := make([]byte, 0, 2*800)
	for i := range 800 {
		samples = binary.LittleEndian.AppendUint16(samples, uint16(int16(i*20)))
	}
	for format := range recorded {
		t.Run(format, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "calls", "one")
			for i, keep := range []int64{0, 400, 100000} { // anew, then at 400, then at the end
				r, err := Record(name, format, keep)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := r.Write(samples); err != nil {
					t.Fatal(err)
				}
				if want := []int64{800, 1200, 2000}[i]; r.Samples() != want {
					t.Errorf("%d samples, want %d", r.Samples(), want)
				}
				if err := r.Close(); err != nil {
					t.Fatal(err)
				}
			}
			s, err := NewLibrary(nil, nil).Open(Request{Name: name})
			if err != nil {
				t.Fatal(err)
			}
			if s.Duration() != 250*time.Millisecond {
				t.Errorf("it lasts %v", s.Duration())
			}
		})
	}
}

func TestRecordRefuses(t *testing.T) {
	if _, err := Record(filepath.Join(t.TempDir(), "x"), "gsm", 0); !errors.Is(err, ErrFormat) {
		t.Errorf("gsm: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Record(filepath.Join(file, "x"), "wav", 0); err == nil {
		t.Error("a directory that is a file")
	}
}
