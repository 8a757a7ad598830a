package g711

import (
	"encoding/binary"
	"testing"
)

func TestKnownValues(t *testing.T) {
	// G.711 tables 1 and 2: ends of the scale, zero, and a value of each law's
	// middle, in 16-bit terms.
	for _, c := range []struct {
		name   string
		linear int16
		ulaw   uint8
		alaw   uint8
	}{
		{"zero", 0, 0xff, 0xd5},
		{"below zero", -1, 0x7f, 0x55},
		{"most positive", 32767, 0x80, 0xaa},
		{"most negative", -32768, 0x00, 0x2a},
		{"1000", 1000, 0xce, 0xfa},
		{"-1000", -1000, 0x4e, 0x7a},
		// Decision value 2015 of 8158: where µ-law's seventh segment begins.
		{"below a decision value", 8059, 0xa0, 0x8a},
		{"at a decision value", 8060, 0x9f, 0x8a},
	} {
		if got := EncodeUlawFrame(c.linear); got != c.ulaw {
			t.Errorf("%s: µ-law %#02x, want %#02x", c.name, got, c.ulaw)
		}
		if got := EncodeAlawFrame(c.linear); got != c.alaw {
			t.Errorf("%s: A-law %#02x, want %#02x", c.name, got, c.alaw)
		}
	}
	for code, want := range map[uint8]int16{0x00: -32124, 0x80: 32124, 0xff: 0, 0x7f: 0, 0xf0: 120} {
		if got := DecodeUlawFrame(code); got != want {
			t.Errorf("µ-law %#02x: %d, want %d", code, got, want)
		}
	}
	for code, want := range map[uint8]int16{0x2a: -32256, 0xaa: 32256, 0xd5: 8, 0x55: -8} {
		if got := DecodeAlawFrame(code); got != want {
			t.Errorf("A-law %#02x: %d, want %d", code, got, want)
		}
	}
}

// TestRoundTrip: what a code decodes to encodes to the code, but for µ-law's
// negative zero.
func TestRoundTrip(t *testing.T) {
	for i := range 256 {
		b := uint8(i)
		if got := EncodeUlawFrame(DecodeUlawFrame(b)); got != b && b != 0x7f {
			t.Errorf("µ-law %#02x became %#02x", b, got)
		}
		if got := EncodeAlawFrame(DecodeAlawFrame(b)); got != b {
			t.Errorf("A-law %#02x became %#02x", b, got)
		}
	}
}

// TestNearest: no other code decodes closer to a sample than the one chosen.
func TestNearest(t *testing.T) {
	laws := []struct {
		name   string
		encode func(int16) uint8
		decode func(uint8) int16
	}{{"µ-law", EncodeUlawFrame, DecodeUlawFrame}, {"A-law", EncodeAlawFrame, DecodeAlawFrame}}
	for _, law := range laws {
		for v := -32768; v <= 32767; v += 7 {
			got := distance(v, law.decode(law.encode(int16(v))))
			for b := range 256 {
				// Where a segment with longer steps begins, the decision value is not in
				// the middle.
				if d := distance(v, law.decode(uint8(b))); d+8+distance(v, 0)/64 < got {
					t.Fatalf("%s: %d is encoded %d off, %#02x would be %d off", law.name, v, got, b, d)
				}
			}
		}
	}
}

func distance(a int, b int16) int {
	if d := a - int(b); d >= 0 {
		return d
	}
	return int(b) - a
}

// TestTranslation: a translation keeps the sign and is no farther off than a
// quantisation step.
func TestTranslation(t *testing.T) {
	for i := range 256 {
		b := uint8(i)
		v, w := DecodeUlawFrame(b), DecodeAlawFrame(Ulaw2AlawFrame(b))
		if d := distance(int(v), w); d > 16+distance(int(v), 0)/16 {
			t.Errorf("µ-law %#02x = %d became A-law %d", b, v, w)
		}
		if (b&0x80 != 0) != (Ulaw2AlawFrame(b)&0x80 != 0) {
			t.Errorf("µ-law %#02x lost its sign", b)
		}
		v, w = DecodeAlawFrame(b), DecodeUlawFrame(Alaw2UlawFrame(b))
		if d := distance(int(v), w); d > 16+distance(int(v), 0)/16 {
			t.Errorf("A-law %#02x = %d became µ-law %d", b, v, w)
		}
	}
}

func TestSlices(t *testing.T) {
	var lpcm []byte
	for v := -32000; v <= 32000; v += 500 {
		lpcm = binary.LittleEndian.AppendUint16(lpcm, uint16(int16(v)))
	}
	u, a := EncodeUlaw(lpcm), EncodeAlaw(append(lpcm, 1))
	if len(u) != len(lpcm)/2 || len(a) != len(u) {
		t.Fatalf("%d samples gave %d µ-law and %d A-law bytes", len(lpcm)/2, len(u), len(a))
	}
	du, da := DecodeUlaw(u), DecodeAlaw(a)
	ua, au := Ulaw2Alaw(u), Alaw2Ulaw(a)
	for i := range u {
		v := int16(binary.LittleEndian.Uint16(lpcm[2*i:]))
		if u[i] != EncodeUlawFrame(v) || a[i] != EncodeAlawFrame(v) {
			t.Errorf("sample %d differs from its frame form", v)
		}
		if int16(binary.LittleEndian.Uint16(du[2*i:])) != DecodeUlawFrame(u[i]) || int16(binary.LittleEndian.Uint16(da[2*i:])) != DecodeAlawFrame(a[i]) {
			t.Errorf("sample %d decodes differently", v)
		}
		if ua[i] != Ulaw2AlawFrame(u[i]) || au[i] != Alaw2UlawFrame(a[i]) {
			t.Errorf("sample %d translates differently", v)
		}
	}
}

func TestFramesAllocateNothing(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() {
		for i := range 256 {
			_ = EncodeAlawFrame(DecodeUlawFrame(Alaw2UlawFrame(EncodeUlawFrame(int16(i)))))
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
