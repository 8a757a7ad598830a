package tone

import "math"

// Change is what a Detector noticed.
type Change uint8

// The changes.
const (
	None Change = iota
	Began
	Ended
)

// Detector finds DTMF digits in audio at 8 kHz (ITU-T Q.24): tones of 40 ms or
// more, with a pause of as much between two of them. Its zero value is ready.
type Detector struct {
	// Relaxed takes tones that are less equal and less clean, as old lines carry them; a
	// voice is then taken for a digit more often.
	Relaxed bool

	n      int
	energy float64
	bins   [8]bin

	last    byte // what the last block was, 0 for no digit
	digit   byte // that sounds now
	misses  int
	samples int // since it began
}

// bin measures one frequency (Goertzel's algorithm).
type bin struct{ s1, s2 float64 }

const (
	// detectBlock is the length of a measurement, 12.75 ms: at least two of them
	// lie within 40 ms, and its resolution tells the rows apart.
	detectBlock = 102
	// minEnergy is what a block must hold, about -35 dBm0.
	minEnergy = detectBlock * 150 * 150
	// peak is how much stronger a tone must be than the others of its group.
	peak = 6.3
	// endAfter blocks without it a digit is over.
	endAfter = 2
)

// limits are what two tones must keep to: the share of the energy that they must have
// together, and how much stronger the higher one may be, and the lower one.
type limits struct{ share, twist, reverseTwist float64 }

var (
	strict  = limits{0.6, 6.3, 4}
	relaxed = limits{0.45, 16, 10}
)

// coefficients of the rows and columns.
var coefficients = func() (c [8]float64) {
	for i := range rows {
		c[i] = 2 * math.Cos(2*math.Pi*rows[i]/rate)
		c[4+i] = 2 * math.Cos(2*math.Pi*columns[i]/rate)
	}
	return c
}()

// Digit is the digit that sounds now, 0 for none.
func (d *Detector) Digit() byte { return d.digit }

// Push takes one sample. It returns Began with the digit, or Ended with the digit
// and its length in samples. A digit that follows another without a pause ends
// it; its own beginning is told with the next block.
func (d *Detector) Push(sample int16) (c Change, digit byte, samples int) {
	x := float64(sample)
	d.energy += x * x
	for i := range d.bins {
		b := &d.bins[i]
		b.s1, b.s2 = x+coefficients[i]*b.s1-b.s2, b.s1
	}
	d.samples++
	if d.n++; d.n < detectBlock {
		return None, 0, 0
	}
	hit := d.measure()
	d.n, d.energy, d.bins = 0, 0, [8]bin{}
	last := d.last
	d.last = hit
	if d.digit == 0 {
		if hit == 0 || hit != last {
			return None, 0, 0
		}
		d.digit, d.misses, d.samples = hit, 0, 2*detectBlock
		return Began, hit, 0
	}
	if hit == d.digit {
		d.misses = 0
		return None, 0, 0
	}
	if d.misses++; d.misses < endAfter {
		return None, 0, 0
	}
	digit, samples = d.digit, d.samples-endAfter*detectBlock
	d.digit = 0
	return Ended, digit, samples
}

// measure tells which digit a block holds.
func (d *Detector) measure() byte {
	if d.energy < minEnergy {
		return 0
	}
	var power [8]float64
	for i, b := range d.bins {
		power[i] = b.s1*b.s1 + b.s2*b.s2 - coefficients[i]*b.s1*b.s2
	}
	row, ok := strongest(power[:4])
	if !ok {
		return 0
	}
	column, ok := strongest(power[4:])
	if !ok {
		return 0
	}
	l := &strict
	if d.Relaxed {
		l = &relaxed
	}
	low, high := power[row], power[4+column]
	if high > low*l.twist || low > high*l.reverseTwist || low+high < l.share*d.energy*detectBlock/2 {
		return 0
	}
	return keypad[4*row+column]
}

// strongest finds the one of four that stands out.
func strongest(power []float64) (at int, ok bool) {
	for i := range power {
		if power[i] > power[at] {
			at = i
		}
	}
	for i := range power {
		if i != at && power[i]*peak > power[at] {
			return at, false
		}
	}
	return at, true
}
