package media

import (
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"pbx/media/codec/g711"
)

func TestCapture(t *testing.T) {
	c := NewCapture(true)
	c.Audio(true, "ulaw", 0, []byte{g711.EncodeUlawFrame(1000), g711.EncodeUlawFrame(-1000)})
	c.Audio(false, "ulaw", 0, []byte{g711.EncodeUlawFrame(9000)}) // not its side
	c.Audio(true, "alaw", 160, []byte{g711.EncodeAlawFrame(500)})
	c.Audio(true, "slin", 320, []byte{0x12, 0x34})
	c.Audio(true, "gsm", 480, make([]byte, 33)) // cannot be translated
	c.Close()
	var got []int16
	b := make([]byte, 5) // an odd buffer takes whole samples
	for {
		n, err := c.Read(b)
		if errors.Is(err, io.EOF) {
			break
		}
		for i := 0; i < n; i += 2 {
			got = append(got, int16(binary.LittleEndian.Uint16(b[i:])))
		}
	}
	near := func(v, want int16) bool { return v > want-64 && v < want+64 }
	if len(got) != 4 || !near(got[0], 1000) || !near(got[1], -1000) || !near(got[2], 500) || got[3] != 0x1234 || c.Lost() != 1 {
		t.Errorf("got %d, lost %d", got, c.Lost())
	}
}

// A reader that does not come loses what does not fit; the loop does not wait, and
// allocates nothing.
func TestCaptureBounded(t *testing.T) {
	c := NewCapture(true)
	packet := make([]byte, 160)
	for range 3 * captureSize / (2 * len(packet)) {
		c.Audio(true, "ulaw", 0, packet)
	}
	if want := 2 * captureSize / (2 * len(packet)); c.Lost() != want {
		t.Errorf("lost %d packets, want %d", c.Lost(), want)
	}
	b := make([]byte, 320)
	n := testing.AllocsPerRun(100, func() {
		if _, err := c.Read(b); err != nil {
			t.Fatal(err)
		}
		c.Audio(true, "ulaw", 0, packet)
	})
	if n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}
