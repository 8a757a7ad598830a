package media

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"pbx/media/codec/g711"
)

// level is the loudest sample of packets of a codec.
func level(got []packet, decode func(uint8) int16) (loudest int) {
	for _, p := range got {
		for _, c := range []byte(p.payload) {
			loudest = max(loudest, int(math.Abs(float64(decode(c)))))
		}
	}
	return loudest
}

// constant is a packet that says one value.
func constant(v uint8) []byte {
	b := make([]byte, 160)
	for i := range b {
		b[i] = v
	}
	return b
}

// TestMix: each hears the sum of the others and not itself, whatever of the two laws it
// speaks.
func TestMix(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		a, pa := o.call(t, "192.0.2.1:4000", "ulaw", SessionOptions{})
		b, pb := o.call(t, "192.0.2.2:4000", "alaw", SessionOptions{})
		c, pc := o.call(t, "192.0.2.3:4000", "ulaw", SessionOptions{})
		m, err := NewMix(a, b, c)
		if err != nil {
			t.Fatal(err)
		}
		says := func(va, vb, vc int16, blocks int) {
			for i := range blocks {
				ts := uint32(160 * i)
				if va != 0 {
					pa.emit(0, false, ts, constant(g711.EncodeUlawFrame(va)))
				}
				if vb != 0 {
					pb.emit(8, false, ts, constant(g711.EncodeAlawFrame(vb)))
				}
				if vc != 0 {
					pc.emit(0, false, ts, constant(g711.EncodeUlawFrame(vc)))
				}
				time.Sleep(20 * time.Millisecond)
			}
			time.Sleep(100 * time.Millisecond)
		}
		hears := func(what string, wa, wb, wc int) {
			t.Helper()
			for i, tt := range []struct {
				got, want int
			}{
				{level(pa.heard(), g711.DecodeUlawFrame), wa},
				{level(pb.heard(), g711.DecodeAlawFrame), wb},
				{level(pc.heard(), g711.DecodeUlawFrame), wc},
			} {
				if near := tt.want / 16; tt.got < tt.want-near || tt.got > tt.want+near+8 {
					t.Errorf("%s: %c hears %d, want %d", what, 'a'+i, tt.got, tt.want)
				}
			}
		}
		says(1000, 2000, 4000, 20)
		hears("all three", 6000, 5000, 3000)
		says(0, 2000, 0, 20)
		hears("one", 2000, 0, 2000)
		says(30000, 30000, 0, 20)
		hears("too loud", 30000, 30000, 32767)

		m.Close()
		says(1000, 2000, 4000, 20)
		hears("after it", 0, 0, 0)
		if err := Join(a, b); err != nil {
			t.Fatal(err)
		}
		says(1000, 2000, 4000, 20)
		hears("two of them", 2000, 1000, 0)
	})
}

// Whoever falls silent is waited for no longer than for its packet, and one that sends
// too fast is not heard later and later.
func TestMixDelay(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		a, pa := o.call(t, "192.0.2.1:4000", "ulaw", SessionOptions{})
		b, pb := o.call(t, "192.0.2.2:4000", "ulaw", SessionOptions{})
		if _, err := NewMix(a, b); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		pb.heard()
		for i := range 200 { // a second of it is due, four come
			pa.emit(0, false, uint32(160*i), constant(g711.EncodeUlawFrame(5000)))
			time.Sleep(5 * time.Millisecond)
		}
		pb.heard()
		time.Sleep(mixMost*time.Second/8000 + 20*time.Millisecond)
		pb.heard()
		time.Sleep(time.Second)
		if l := level(pb.heard(), g711.DecodeUlawFrame); l != 0 {
			t.Errorf("%d is heard long after it was said", l)
		}
	})
}

// A sound is heard instead of the mix, by the one it is played to, and the mix after it.
func TestMixPlay(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		a, pa := o.call(t, "192.0.2.1:4000", "ulaw", SessionOptions{})
		b, pb := o.call(t, "192.0.2.2:4000", "ulaw", SessionOptions{})
		if _, err := NewMix(a, b); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		pb.heard()
		b.Play(&text{codec: "ulaw", blocks: 1}, true)
		say := func() {
			for i := range 50 {
				pa.emit(0, false, uint32(160*i), constant(g711.EncodeUlawFrame(5000)))
				time.Sleep(20 * time.Millisecond)
			}
		}
		time.Sleep(20 * time.Millisecond)
		pb.heard()
		say()
		sound := string(constant('A'))
		if got := texts(pb.heard()); len(got) < 45 || slices.ContainsFunc(got, func(s string) bool { return s != sound }) {
			t.Errorf("%d packets while a sound is played, or not of it", len(got))
		}
		b.Stop(0)
		say()
		if got := pb.heard(); len(got) < 45 || max(level(got, g711.DecodeUlawFrame)-5000, 5000-level(got, g711.DecodeUlawFrame)) > 300 {
			t.Errorf("%d packets as loud as %d after it", len(got), level(got, g711.DecodeUlawFrame))
		}
	})
}

// A mix wants audio that can be added up, and sessions that live.
func TestMixRefuses(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		a, pa := o.call(t, "192.0.2.1:4000", "ulaw", SessionOptions{})
		b, pb := o.call(t, "192.0.2.2:4000", "ulaw", SessionOptions{})
		c, _ := o.call(t, "192.0.2.3:4000", "g722", SessionOptions{})
		if err := Join(a, b); err != nil {
			t.Fatal(err)
		}
		if _, err := NewMix(a, b, c); !errors.Is(err, ErrNoPath) {
			t.Errorf("a codec that cannot be mixed: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
		pa.say("hello")
		if got := texts(pb.heard()); len(got) != 1 || got[0] != "hello" {
			t.Errorf("the call that was: %q", got)
		}
		m, err := NewMix(a, b)
		if err != nil {
			t.Fatal(err)
		}
		b.Close()
		time.Sleep(time.Second)
		m.Close()
		if _, err := NewMix(a, b); !errors.Is(err, ErrClosed) {
			t.Errorf("a session that is closed: %v", err)
		}
	})
}

func BenchmarkMix(b *testing.B) {
	m := &Mix{}
	for range 3 {
		m.voices = append(m.voices, &voice{mix: m})
	}
	packet, block := constant(g711.EncodeUlawFrame(1000)), make([]byte, 320)
	b.ReportAllocs()
	for b.Loop() {
		for _, v := range m.voices {
			v.say("ulaw", packet)
			_, _ = v.Read(block)
		}
	}
}
