// Package tone makes call progress tones and DTMF, from the tone lists of
// indications.conf.
//
// A List is parsed once and shared; a Source that plays it belongs to whoever
// reads it, the media loop as a rule. Nothing here blocks or waits.
package tone

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"pbx/media/codec/g711"
)

// rate is the sample rate of everything made here.
const rate = 8000

// Segment is a tone, or silence, of some length.
type Segment struct {
	// Freq1 and Freq2 are in Hz, 0 for none. With Modulate the second one
	// modulates the loudness of the first.
	Freq1, Freq2 float64
	Modulate     bool
	// Duration is 0 for a tone that does not end.
	Duration time.Duration
	// Once marks a segment before the part that is repeated ("!").
	Once bool
}

// List is a cadence: its segments in order, and then again and again those from the
// first that is not marked as Once.
type List []Segment

// repeats reports whether the segment, and what follows it, is played again.
func (s Segment) repeats() bool { return !s.Once }

// The limits of what a list may ask for.
const (
	maxSegments = 128
	maxDuration = 24 * time.Hour
	maxFreq     = rate / 2
)

// Parse reads a tone list as indications.conf and PlayTones() write it:
// [!]freq[+freq][*freq][/ms], separated by commas, or by bars where there is one. M before
// a frequency is accepted for a MIDI note. A list whose parts are all marked "!" plays
// once. Parts that cannot be read are left out: the error tells of them, beside a list of
// the others, which is nil when there are none.
func Parse(text string) (list List, bad error) {
	separator := ","
	if strings.Contains(text, "|") {
		separator = "|"
	}
	for part := range strings.SplitSeq(text, separator) {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		if len(list) == maxSegments {
			return nil, fmt.Errorf("tone list %q: more than %d parts", text, maxSegments)
		}
		seg, err := parseSegment(part)
		if err != nil {
			if err = fmt.Errorf("tone %q: %w", part, err); bad != nil {
				err = fmt.Errorf("%w; %w", bad, err)
			}
			bad = err
			continue
		}
		list = append(list, seg)
	}
	if len(list) == 0 && bad == nil {
		bad = errors.New("empty tone list")
	}
	return list, bad
}

func parseSegment(text string) (s Segment, err error) {
	text, s.Once = strings.CutPrefix(text, "!")
	text, length, timed := strings.Cut(text, "/")
	if timed {
		n, err := strconv.Atoi(strings.TrimSpace(length))
		if err != nil || n < 0 || n > int(maxDuration/time.Millisecond) {
			return s, fmt.Errorf("duration %q is no number of milliseconds", length)
		}
		s.Duration = time.Duration(n) * time.Millisecond
	}
	first, second, two := strings.Cut(text, "+")
	if !two {
		if first, second, two = strings.Cut(text, "*"); two {
			s.Modulate = true
		}
	}
	if s.Freq1, err = frequency(first); err != nil {
		return s, err
	}
	if two {
		second, _, _ = strings.Cut(second, "+") // a third tone is not heard, in the field neither
		s.Freq2, err = frequency(second)
	}
	return s, err
}

func frequency(text string) (float64, error) {
	text = strings.TrimSpace(text)
	if note, midi := strings.CutPrefix(text, "M"); midi {
		n, err := strconv.Atoi(note)
		if err != nil || n < 0 || n > 127 {
			return 0, fmt.Errorf("%q is no MIDI note", text)
		}
		return min(440*math.Pow(2, float64(n-69)/12), maxFreq), nil
	}
	f, err := strconv.Atoi(text)
	if err != nil || f < 0 || f > maxFreq {
		return 0, fmt.Errorf("%q is no frequency of 0 to %d Hz", text, maxFreq)
	}
	return float64(f), nil
}

// Source plays a List as µ-law. It implements media.Source and media.Rewinder.
type Source struct {
	list    List
	at      int // segment
	left    int // samples of it
	forever bool

	a, b oscillator
	mod  bool
}

// amplitude of one tone, so that two of them together reach -10 dBm0 or so.
const amplitude = 7219

// oscillator makes a sine by turning a vector: one multiplication each for sine
// and cosine, and no table.
type oscillator struct{ re, im, dre, dim float64 }

func (o *oscillator) set(freq float64) {
	o.dim, o.dre = math.Sincos(2 * math.Pi * freq / rate)
	o.re, o.im = 1, 0
}

func (o *oscillator) next() float64 {
	v := o.im
	o.re, o.im = o.re*o.dre-o.im*o.dim, o.re*o.dim+o.im*o.dre
	return v
}

// New plays list from its beginning, and its end again and again unless all of it is
// marked as once.
func New(list List) *Source {
	s := &Source{list: list}
	s.Rewind()
	return s
}

// Codec is "ulaw".
func (s *Source) Codec() string { return "ulaw" }

// Rewind begins the list again.
func (s *Source) Rewind() {
	s.at = -1
	s.left, s.forever = 0, false
}

// Read makes the next samples.
func (s *Source) Read(b []byte) (n int, err error) {
	for n < len(b) {
		if s.left == 0 && !s.forever && !s.next() {
			return n, io.EOF
		}
		k := len(b) - n
		if !s.forever {
			k = min(k, s.left)
			s.left -= k
		}
		s.make(b[n : n+k])
		n += k
	}
	return n, nil
}

// next enters the following segment.
func (s *Source) next() bool {
	for range 2*len(s.list) + 1 {
		if s.at++; s.at >= len(s.list) {
			if s.at = slices.IndexFunc(s.list, Segment.repeats); s.at < 0 {
				s.at = len(s.list)
				return false
			}
		}
		seg := s.list[s.at]
		s.left = int(seg.Duration * rate / time.Second)
		s.forever = seg.Duration == 0
		if s.left == 0 && !s.forever {
			continue
		}
		s.a.set(seg.Freq1)
		s.b.set(seg.Freq2)
		s.mod = seg.Modulate
		return true
	}
	return false
}

func (s *Source) make(b []byte) {
	if s.a.dim == 0 && s.b.dim == 0 {
		for i := range b {
			b[i] = 0xff
		}
		return
	}
	for i := range b {
		v := s.a.next()
		if s.mod {
			// 90 % amplitude modulation, as the field makes it.
			v *= 2 * (1 + 0.9*s.b.next()) / 1.9
		} else if s.b.dim != 0 {
			v += s.b.next()
		}
		b[i] = g711.EncodeUlawFrame(int16(amplitude * v))
	}
}

// The DTMF frequencies (ITU-T Q.23).
var (
	rows    = [4]float64{697, 770, 852, 941}
	columns = [4]float64{1209, 1336, 1477, 1633}
)

// keypad holds the digits row by row.
const keypad = "123A456B789C*0#D"

// Digit plays one DTMF digit, or silence for what is none.
func Digit(digit byte, d time.Duration) *Source {
	seg := Segment{Duration: d, Once: true}
	if i := strings.IndexByte(keypad, digit); i >= 0 {
		seg.Freq1, seg.Freq2 = rows[i/4], columns[i%4]
	}
	return New(List{seg})
}
