package tone

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// two makes a tone of two frequencies with their amplitudes.
func two(d time.Duration, f1, a1, f2, a2 float64) []int16 {
	out := make([]int16, d*rate/time.Second)
	for i := range out {
		x := 2 * math.Pi * float64(i) / rate
		out[i] = int16(a1*math.Sin(f1*x) + a2*math.Sin(f2*x+1))
	}
	return out
}

// detect lists what a detector tells of audio and a second of silence.
func detect(audio ...[]int16) (out []string) {
	var d Detector
	for _, v := range append(slices.Concat(audio...), make([]int16, rate)...) {
		switch c, digit, n := d.Push(v); c {
		case Began:
			out = append(out, string(rune(digit)))
		case Ended:
			out = append(out, fmt.Sprint(string(rune(digit)), " ", (time.Duration(n)*time.Second/rate).Round(10*time.Millisecond)))
		}
	}
	return out
}

func TestDetectDigits(t *testing.T) {
	for i := range len(keypad) {
		digit := string(keypad[i])
		for _, c := range []struct {
			name         string
			low, high    float64 // amplitudes
			off          float64 // of the frequencies
			want         bool
			milliseconds time.Duration
		}{
			{"plain", 7000, 7000, 1, true, 100},
			{"quiet", 300, 300, 1, true, 100},
			{"loud", 16000, 16000, 1, true, 100},
			{"short", 7000, 7000, 1, true, 45},
			{"too short", 7000, 7000, 1, false, 12},
			{"too quiet", 60, 60, 1, false, 100},
			{"1.5 % high", 7000, 7000, 1.015, true, 100},
			{"4 % high", 7000, 7000, 1.04, false, 100},
			{"twist of 6 dB", 3500, 7000, 1, true, 100},
			{"reverse twist of 4 dB", 7000, 4500, 1, true, 100},
			{"twist of 12 dB", 2000, 8000, 1, false, 100},
			{"one tone", 7000, 0, 1, false, 100},
		} {
			got := detect(make([]int16, 333), two(c.milliseconds*ms, rows[i/4]*c.off, c.low, columns[i%4]*c.off, c.high))
			if c.want != (len(got) == 2) || c.want && got[0] != digit {
				t.Errorf("%s, %s: %q", digit, c.name, got)
			}
		}
	}
}

func TestDetectSequence(t *testing.T) {
	tone := func(i int, d time.Duration) []int16 { return two(d*ms, rows[i/4], 7000, columns[i%4], 7000) }
	pause := func(d time.Duration) []int16 { return make([]int16, d*ms*rate/time.Second) }
	got := detect(tone(0, 80), pause(50), tone(0, 80), pause(50), tone(5, 200), pause(500), tone(14, 60))
	want := []string{"1", "1 80ms", "1", "1 80ms", "5", "5 200ms", "#", "# 60ms"}
	if len(got) != len(want) {
		t.Fatalf("%q, want %q", got, want)
	}
	for i := range got {
		if got[i][0] != want[i][0] {
			t.Errorf("%q, want %q", got, want)
			break
		}
	}
	// A drop-out of 5 ms does not make two of one.
	if got := detect(tone(5, 60), pause(5), tone(5, 60)); len(got) != 2 {
		t.Errorf("with a drop-out: %q", got)
	}
}

// TestTalkOff: noise, call progress tones and a voice-like sound are no digits.
func TestTalkOff(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]int16, 20*rate)
	for i := range noise {
		noise[i] = int16(r.NormFloat64() * 4000)
	}
	voice := make([]int16, 20*rate)
	for i := range voice {
		x := float64(i) / rate
		pitch := 120 + 30*math.Sin(2*math.Pi*0.7*x)
		for h := 1.0; h < 20; h++ {
			first, second := (h*pitch-500-300*math.Sin(3*x))/200, (h*pitch-1500)/300
			formant := math.Exp(-first*first) + 0.7*math.Exp(-second*second)
			voice[i] += int16(3000 * formant * math.Sin(2*math.Pi*pitch*h*x))
		}
	}
	for name, audio := range map[string][]int16{"noise": noise, "voice": voice, "dial tone": two(10*time.Second, 350, 7000, 440, 7000), "busy": two(10*time.Second, 480, 7000, 620, 7000)} {
		if got := detect(audio); len(got) != 0 {
			t.Errorf("%s gave %q", name, got)
		}
	}
}

// TestDetectOwn: the digits that Digit makes are heard, µ-law and all.
func TestDetectOwn(t *testing.T) {
	for i := range len(keypad) {
		samples, _ := listen(t, Digit(keypad[i], 100*ms), time.Second)
		var pcm []int16
		for _, v := range samples {
			pcm = append(pcm, int16(v))
		}
		if got := detect(pcm); len(got) != 2 || got[0] != string(keypad[i]) {
			t.Errorf("%c: %q", keypad[i], got)
		}
	}
}

func BenchmarkDetector(b *testing.B) {
	audio := two(20*ms, 697, 7000, 1209, 7000)
	var d Detector
	b.ReportAllocs()
	for b.Loop() {
		for _, v := range audio {
			d.Push(v)
		}
	}
}
