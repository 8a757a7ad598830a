package expr

import (
	"math"
	"math/big"
	"strconv"
)

// number is an x87 long double, which the field computes with: 64 bits of
// mantissa, 15 of exponent. Integers that fit an int64 are kept as such.
type number struct {
	i   int64
	f   *big.Float // nil: the value is i
	nan int8       // 0: a number, 1: nan, -1: -nan
}

const (
	precision   = 64
	maxExponent = 16384
	minExponent = -16445
)

func integer(i int64) number { return number{i: i} }

// invalid is what the processor makes of an operation without a result, undefined
// what the C library does.
var (
	invalid   = number{nan: -1}
	undefined = number{nan: 1}
)

func boolean(b bool) number {
	if b {
		return number{i: 1}
	}
	return number{}
}

func fromBig(f *big.Float) number {
	if f.Prec() != precision {
		f = new(big.Float).SetPrec(precision).Set(f)
	}
	if !f.IsInf() && f.Sign() != 0 {
		switch e := f.MantExp(nil); {
		case e > maxExponent:
			f = new(big.Float).SetInf(f.Signbit())
		case e < minExponent:
			f = signedZero(f.Signbit())
		}
	}
	return number{f: f}
}

func signedZero(negative bool) *big.Float {
	f := new(big.Float).SetPrec(precision)
	if negative {
		f.Neg(f)
	}
	return f
}

func (a number) big() *big.Float {
	if a.f != nil {
		return a.f
	}
	return new(big.Float).SetPrec(precision).SetInt64(a.i)
}

func (a number) isZero() bool {
	if a.nan != 0 {
		return false
	}
	if a.f != nil {
		return a.f.Sign() == 0
	}
	return a.i == 0
}

func (a number) isInf() bool { return a.f != nil && a.f.IsInf() }

func (a number) negative() bool {
	if a.f != nil {
		return a.f.Signbit()
	}
	return a.i < 0
}

func (a number) neg() number {
	switch {
	case a.nan != 0:
		return number{nan: -a.nan}
	case a.f == nil && a.i == 0:
		return number{f: signedZero(true)}
	case a.f == nil && a.i != math.MinInt64:
		return integer(-a.i)
	}
	return number{f: new(big.Float).SetPrec(precision).Neg(a.big())}
}

func (a number) add(b number) number {
	if a.nan != 0 {
		return a
	}
	if b.nan != 0 {
		return b
	}
	if a.f == nil && b.f == nil {
		if s := a.i + b.i; (s > a.i) == (b.i > 0) {
			return integer(s)
		}
	}
	x, y := a.big(), b.big()
	if x.IsInf() && y.IsInf() && x.Signbit() != y.Signbit() {
		return invalid
	}
	return fromBig(new(big.Float).SetPrec(precision).Add(x, y))
}

func (a number) sub(b number) number {
	if a.f == nil && b.f == nil && a.nan|b.nan == 0 {
		if d := a.i - b.i; (d < a.i) == (b.i > 0) {
			return integer(d)
		}
	}
	if b.f == nil && b.i == 0 && b.nan == 0 {
		return a
	}
	return a.add(b.neg())
}

func (a number) mul(b number) number {
	if a.nan != 0 {
		return a
	}
	if b.nan != 0 {
		return b
	}
	if a.f == nil && b.f == nil && a.i != 0 && b.i != 0 {
		if p := a.i * b.i; p/b.i == a.i && a.i != math.MinInt64 && b.i != math.MinInt64 {
			return integer(p)
		}
	}
	x, y := a.big(), b.big()
	if x.IsInf() && y.Sign() == 0 || y.IsInf() && x.Sign() == 0 {
		return invalid
	}
	if x.Sign() == 0 || y.Sign() == 0 {
		if negative := x.Signbit() != y.Signbit(); negative {
			return number{f: signedZero(true)}
		}
		return integer(0)
	}
	return fromBig(new(big.Float).SetPrec(precision).Mul(x, y))
}

// div divides by b, which is not zero.
func (a number) div(b number) number {
	if a.nan != 0 {
		return a
	}
	if b.nan != 0 {
		return b
	}
	if a.f == nil && b.f == nil && a.i != 0 && a.i%b.i == 0 && a.i != math.MinInt64 {
		return integer(a.i / b.i)
	}
	x, y := a.big(), b.big()
	if x.IsInf() && y.IsInf() {
		return invalid
	}
	return fromBig(new(big.Float).SetPrec(precision).Quo(x, y))
}

// mod is the remainder with the sign of a; b is not zero.
func (a number) mod(b number) number {
	if a.nan != 0 || b.nan != 0 || a.isInf() {
		return invalid
	}
	if b.isInf() {
		return a
	}
	if a.f == nil && b.f == nil && b.i != math.MinInt64 && b.i != -1 {
		if r := a.i % b.i; r != 0 || a.i >= 0 {
			return integer(r)
		}
		return number{f: signedZero(true)}
	}
	x, y, exp := aligned(a.big(), b.big())
	r := new(big.Int).Rem(x, y)
	return scaled(r, exp, a.negative())
}

// remainder is IEEE 754's: the quotient is rounded to the nearest, to even
// between two.
func (a number) remainder(b number) number {
	if a.nan != 0 || b.nan != 0 || a.isInf() || b.isZero() {
		return invalid
	}
	if b.isInf() {
		return a
	}
	x, y, exp := aligned(a.big(), b.big())
	x.Abs(x)
	y.Abs(y)
	q, r := new(big.Int).QuoRem(x, y, new(big.Int))
	twice := new(big.Int).Lsh(r, 1)
	if c := twice.Cmp(y); c > 0 || c == 0 && q.Bit(0) == 1 {
		r.Sub(r, y)
	}
	if a.negative() {
		r.Neg(r)
	}
	return scaled(r, exp, a.negative())
}

// aligned writes x and y as integers times two to the same power.
func aligned(x, y *big.Float) (xi, yi *big.Int, exp int) {
	xi, xe := mantissa(x)
	yi, ye := mantissa(y)
	exp = min(xe, ye)
	return xi.Lsh(xi, uint(xe-exp)), yi.Lsh(yi, uint(ye-exp)), exp
}

func mantissa(x *big.Float) (*big.Int, int) {
	m := new(big.Float)
	e := x.MantExp(m)
	if x.Sign() == 0 {
		return new(big.Int), 0
	}
	i, _ := m.SetMantExp(m, precision).Int(nil)
	return i, e - precision
}

func scaled(r *big.Int, exp int, negative bool) number {
	if r.Sign() == 0 {
		return fromBig(signedZero(negative))
	}
	f := new(big.Float).SetPrec(precision).SetInt(r)
	return fromBig(f.SetMantExp(f, exp))
}

// round applies a rounding of the integer part.
func (a number) round(mode func(f *big.Float) *big.Int) number {
	if a.f == nil || a.nan != 0 || a.f.IsInf() || a.f.IsInt() {
		return a
	}
	i := mode(a.f)
	if i.Sign() == 0 {
		return fromBig(signedZero(a.f.Signbit()))
	}
	return fromBig(new(big.Float).SetPrec(precision).SetInt(i))
}

func truncate(f *big.Float) *big.Int { i, _ := f.Int(nil); return i }

func floor(f *big.Float) *big.Int {
	i := truncate(f)
	if f.Signbit() {
		i.Sub(i, big.NewInt(1))
	}
	return i
}

func ceil(f *big.Float) *big.Int {
	i := truncate(f)
	if !f.Signbit() {
		i.Add(i, big.NewInt(1))
	}
	return i
}

// roundAway rounds halves away from zero, roundEven to the even neighbour.
func roundAway(f *big.Float) *big.Int {
	half := big.NewFloat(0.5)
	if f.Signbit() {
		half.Neg(half)
	}
	return truncate(new(big.Float).SetPrec(precision+8).Add(f, half))
}

func roundEven(f *big.Float) *big.Int {
	i := roundAway(f)
	back := new(big.Float).SetPrec(precision + 8).SetInt(i)
	d := back.Sub(back, f)
	if d.Abs(d).Cmp(big.NewFloat(0.5)) == 0 && i.Bit(0) == 1 {
		if f.Signbit() {
			return i.Add(i, big.NewInt(1))
		}
		return i.Sub(i, big.NewInt(1))
	}
	return i
}

// cmp compares; ok is false when one is not a number.
func (a number) cmp(b number) (c int, ok bool) {
	if a.nan != 0 || b.nan != 0 {
		return 0, false
	}
	if a.f == nil && b.f == nil {
		switch {
		case a.i < b.i:
			return -1, true
		case a.i > b.i:
			return 1, true
		}
		return 0, true
	}
	return a.big().Cmp(b.big()), true
}

// append writes the number as %.18Lg does.
func (a number) append(dst []byte) []byte {
	switch {
	case a.nan < 0:
		return append(dst, "-nan"...)
	case a.nan > 0:
		return append(dst, "nan"...)
	case a.f == nil && a.i > -1e18 && a.i < 1e18:
		return strconv.AppendInt(dst, a.i, 10)
	case a.isInf():
		if a.f.Signbit() {
			return append(dst, "-inf"...)
		}
		return append(dst, "inf"...)
	}
	return a.big().Append(dst, 'g', 18)
}

// parseNumber reads as strtold does what begins s after blanks: a sign, digits,
// a point and digits. Nothing of the kind is 0.
func parseNumber(s []byte) number {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	negative := false
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		negative = s[0] == '-'
		s = s[1:]
	}
	n, points, digits := 0, 0, 0
	var v int64
	for ; n < len(s); n++ {
		if c := s[n]; c == '.' && points == 0 {
			points++
		} else if c >= '0' && c <= '9' {
			digits++
			if digits <= 18 {
				v = v*10 + int64(c-'0')
			}
		} else {
			break
		}
	}
	if digits == 0 {
		return integer(0)
	}
	if points == 0 && digits <= 18 {
		if negative {
			return integer(v).neg()
		}
		return integer(v)
	}
	f, _, err := big.ParseFloat(string(s[:n]), 10, precision, big.ToNearestEven)
	if err != nil {
		return integer(0)
	}
	r := fromBig(f)
	if negative {
		return r.neg()
	}
	return r
}
