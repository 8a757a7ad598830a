package media

import (
	"math"
	"strconv"
)

// Spread is how a value that was measured again and again was spread.
type Spread struct {
	n                  int
	min, max, mean, m2 float64 // m2 is the sum of squares of differences from the mean
}

// add takes one value in (Welford's method).
func (s *Spread) add(v float64) {
	s.n++
	if s.n == 1 {
		s.min, s.max, s.mean = v, v, v
		return
	}
	s.min, s.max = min(s.min, v), max(s.max, v)
	d := v - s.mean
	s.mean += d / float64(s.n)
	s.m2 += d * (v - s.mean)
}

func (s *Spread) deviation() float64 {
	if s.n < 2 {
		return 0
	}
	return math.Sqrt(s.m2 / float64(s.n))
}

// text is the field's form, "minrtt=000.000000;maxrtt=…;avgrtt=…;stdevrtt=…;".
func (s *Spread) text(name string) string {
	b := make([]byte, 0, 96)
	for _, f := range [...]struct {
		what  string
		value float64
	}{{"min", s.min}, {"max", s.max}, {"avg", s.mean}, {"stdev", s.deviation()}} {
		b = append(append(append(b, f.what...), name...), '=')
		b = appendFixed(b, f.value)
		b = append(b, ';')
	}
	return string(b)
}

// appendFixed appends a value as %010.6f does.
func appendFixed(b []byte, v float64) []byte {
	if v == 0 {
		return append(b, "000.000000"...)
	}
	start := len(b)
	b = strconv.AppendFloat(b, v, 'f', 6, 64)
	for len(b)-start < len("000.000000") {
		b = append(b, 0)
		copy(b[start+1:], b[start:])
		b[start] = '0'
	}
	return b
}
