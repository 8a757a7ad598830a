package expr

import (
	"math/big"
	"sync"
)

// working is the precision of the series, far above the 64 bits of a result.
const working = 192

type mathFunction struct {
	args    int
	compute func(x, y number) number
}

var mathFunctions = map[string]mathFunction{
	"SQRT":      {1, func(x, _ number) number { return sqrt(x) }},
	"FLOOR":     {1, func(x, _ number) number { return x.round(floor) }},
	"CEIL":      {1, func(x, _ number) number { return x.round(ceil) }},
	"TRUNC":     {1, func(x, _ number) number { return x.round(truncate) }},
	"ROUND":     {1, func(x, _ number) number { return x.round(roundAway) }},
	"RINT":      {1, func(x, _ number) number { return x.round(roundEven) }},
	"ABS":       {1, func(x, _ number) number { return abs(x) }},
	"REMAINDER": {2, number.remainder},
	"POW":       {2, pow},
	"EXP":       {1, func(x, _ number) number { return exp(x) }},
	"EXP2":      {1, func(x, _ number) number { return pow(integer(2), x) }},
	"EXP10":     {1, func(x, _ number) number { return pow(integer(10), x) }},
	"LOG":       {1, func(x, _ number) number { return logarithm(x, 0) }},
	"LOG2":      {1, func(x, _ number) number { return logarithm(x, 2) }},
	"LOG10":     {1, func(x, _ number) number { return logarithm(x, 10) }},
	"SIN":       {1, func(x, _ number) number { return circular(x, sine) }},
	"COS":       {1, func(x, _ number) number { return circular(x, cosine) }},
	"TAN":       {1, func(x, _ number) number { return circular(x, tangent) }},
	"ATAN":      {1, func(x, _ number) number { return arctangent(x) }},
	"ATAN2":     {2, arctangent2},
	"ASIN":      {1, func(x, _ number) number { return arcsine(x) }},
	"ACOS":      {1, func(x, _ number) number { return arccosine(x) }},
}

func newFloat() *big.Float { return new(big.Float).SetPrec(working) }

func wide(f *big.Float) *big.Float { return newFloat().Set(f) }

func abs(x number) number {
	if c, ok := x.cmp(integer(0)); ok && c < 0 {
		return x.neg()
	}
	return x
}

func sqrt(x number) number {
	switch {
	case x.nan != 0 || x.isZero():
		return x
	case x.negative():
		return invalid
	case x.isInf():
		return x
	}
	return fromBig(newFloat().Sqrt(wide(x.big())))
}

// constants of the series, computed once.
var constants = sync.OnceValue(func() (c struct{ ln2, pi *big.Float }) {
	// ln 2 = 2 artanh(1/3); pi = 16 atan(1/5) - 4 atan(1/239) (Machin).
	third := newFloat().Quo(newFloat().SetInt64(1), newFloat().SetInt64(3))
	c.ln2 = atanSeries(third, false)
	c.ln2.Mul(c.ln2, newFloat().SetInt64(2))
	a := atanSeries(newFloat().Quo(newFloat().SetInt64(1), newFloat().SetInt64(5)), true)
	b := atanSeries(newFloat().Quo(newFloat().SetInt64(1), newFloat().SetInt64(239)), true)
	c.pi = newFloat().Sub(a.Mul(a, newFloat().SetInt64(16)), b.Mul(b, newFloat().SetInt64(4)))
	return c
})

// small reports that adding t to sum would change nothing any more.
func small(t, sum *big.Float) bool {
	return t.Sign() == 0 || sum.Sign() != 0 && t.MantExp(nil) < sum.MantExp(nil)-working
}

// atanSeries is the series of atan (alternate) or artanh, for |x| well below 1.
func atanSeries(x *big.Float, alternate bool) *big.Float {
	square := newFloat().Mul(x, x)
	if alternate {
		square.Neg(square)
	}
	sum, power := wide(x), wide(x)
	for n := int64(3); ; n += 2 {
		power.Mul(power, square)
		t := newFloat().Quo(power, newFloat().SetInt64(n))
		if small(t, sum) {
			return sum
		}
		sum.Add(sum, t)
	}
}

// expSeries is e to the power x for any x of moderate size.
func expSeries(x *big.Float) *big.Float {
	// x = k ln2 + r, |r| <= ln2/2.
	k := roundAway(newFloat().Quo(x, constants().ln2))
	r := newFloat().Sub(x, newFloat().Mul(newFloat().SetInt(k), constants().ln2))
	sum, term := newFloat().SetInt64(1), newFloat().SetInt64(1)
	for n := int64(1); ; n++ {
		term.Quo(term.Mul(term, r), newFloat().SetInt64(n))
		if small(term, sum) {
			break
		}
		sum.Add(sum, term)
	}
	return sum.SetMantExp(sum, int(k.Int64()))
}

func exp(x number) number {
	if x.nan != 0 {
		return x
	}
	return expBig(wide(x.big()))
}

func expBig(f *big.Float) number {
	limit := newFloat().SetInt64(12000)
	if f.IsInf() || f.Cmp(limit) > 0 || newFloat().Neg(f).Cmp(limit) > 0 {
		if f.Signbit() {
			return integer(0)
		}
		return number{f: new(big.Float).SetInf(false)}
	}
	return fromBig(expSeries(f))
}

// logBig is the natural logarithm of a positive, finite f.
func logBig(f *big.Float) *big.Float {
	// f = m 2^e with m near 1; ln m = 2 artanh((m-1)/(m+1)).
	m := newFloat()
	e := wide(f).MantExp(m)
	if m.Cmp(newFloat().SetFloat64(0.70710678)) < 0 {
		m.SetMantExp(m, 1)
		e--
	}
	one := newFloat().SetInt64(1)
	q := newFloat().Quo(newFloat().Sub(m, one), newFloat().Add(m, one))
	l := newFloat()
	if q.Sign() != 0 {
		l = atanSeries(q, false)
		l.Mul(l, newFloat().SetInt64(2))
	}
	return l.Add(l, newFloat().Mul(newFloat().SetInt64(int64(e)), constants().ln2))
}

func logarithm(x number, base int64) number {
	switch {
	case x.nan != 0:
		return x
	case x.isZero():
		return number{f: new(big.Float).SetInf(true)}
	case x.negative():
		return undefined
	case x.isInf():
		return x
	}
	l := logBig(x.big())
	if base != 0 {
		l.Quo(l, logBig(newFloat().SetInt64(base)))
	}
	return fromBig(l)
}

func pow(x, y number) number {
	one := integer(1)
	switch c, _ := x.cmp(one); {
	case y.isZero() || x.nan == 0 && c == 0:
		return one
	case x.nan != 0:
		return x
	case y.nan != 0:
		return y
	}
	whole := y.f == nil || !y.f.IsInf() && y.f.IsInt()
	if x.isZero() || x.isInf() || y.isInf() {
		return powLimit(x, y, whole)
	}
	if n, ok := smallInteger(y); ok {
		return powInteger(x, n)
	}
	negative := false
	if x.negative() {
		if !whole {
			return invalid
		}
		i, _ := y.big().Int(nil)
		negative = i.Bit(0) == 1
		x = x.neg()
	}
	r := expBig(newFloat().Mul(wide(y.big()), logBig(x.big())))
	if negative {
		return r.neg()
	}
	return r
}

// powLimit is pow where x is zero or infinite, or y infinite.
func powLimit(x, y number, whole bool) number {
	grows := !y.negative() // the result goes with |x| to the limit
	if y.isInf() {
		if c, _ := abs(x).cmp(integer(1)); c == 0 {
			return integer(1)
		} else if (c > 0) == grows {
			return number{f: new(big.Float).SetInf(false)}
		}
		return integer(0)
	}
	odd := false
	if whole {
		i, _ := y.big().Int(nil)
		odd = i.Bit(0) == 1
	}
	negative := odd && x.negative()
	if x.isZero() == grows {
		return fromBig(signedZero(negative))
	}
	return number{f: new(big.Float).SetInf(negative)}
}

func smallInteger(y number) (int64, bool) {
	if y.f == nil {
		return y.i, y.i > -20000 && y.i < 20000
	}
	if y.f.IsInt() {
		i, _ := y.f.Int64()
		return i, i > -20000 && i < 20000
	}
	return 0, false
}

func powInteger(x number, n int64) number {
	invert := n < 0
	if invert {
		n = -n
	}
	r, base := newFloat().SetInt64(1), wide(x.big())
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			r.Mul(r, base)
		}
		base.Mul(base, base)
	}
	if invert {
		if r.IsInf() {
			return integer(0)
		}
		r.Quo(newFloat().SetInt64(1), r)
	}
	return fromBig(r)
}

func circular(x number, f func(*big.Float) *big.Float) number {
	if x.nan != 0 || x.isInf() {
		return invalid
	}
	v := x.big()
	if v.MantExp(nil) > 63 { // beyond the range that the processor reduces
		return x
	}
	if x.isZero() {
		return fromBig(f(newFloat()))
	}
	return fromBig(f(wide(v)))
}

// reduced returns x modulo a quarter turn, and the quarter.
func reduced(x *big.Float) (*big.Float, int64) {
	half := newFloat().Quo(constants().pi, newFloat().SetInt64(2))
	k := roundAway(newFloat().Quo(x, half))
	r := newFloat().Sub(x, newFloat().Mul(newFloat().SetInt(k), half))
	return r, new(big.Int).And(k, big.NewInt(3)).Int64()
}

func taylor(x *big.Float, first int64) *big.Float {
	square := newFloat().Mul(x, x)
	square.Neg(square)
	term := newFloat().SetInt64(1)
	if first == 1 {
		term.Set(x)
	}
	sum := wide(term)
	for n := first + 1; ; n += 2 {
		term.Quo(term.Mul(term, square), newFloat().SetInt64(n*(n+1)))
		if small(term, sum) {
			return sum
		}
		sum.Add(sum, term)
	}
}

func sine(x *big.Float) *big.Float {
	r, quarter := reduced(x)
	return sineOf(r, quarter)
}

func cosine(x *big.Float) *big.Float {
	r, quarter := reduced(x)
	return sineOf(r, (quarter+1)&3)
}

func sineOf(r *big.Float, quarter int64) *big.Float {
	v := taylor(r, quarter&1^1)
	if quarter >= 2 {
		v.Neg(v)
	}
	return v
}

func tangent(x *big.Float) *big.Float {
	return newFloat().Quo(sine(x), cosine(x))
}

// atanBig is the arc tangent of a finite f.
func atanBig(f *big.Float) *big.Float {
	one := newFloat().SetInt64(1)
	x := newFloat().Abs(f)
	inverted := x.Cmp(one) > 0
	if inverted {
		x.Quo(one, x)
	}
	// atan x = 2 atan(x / (1 + sqrt(1 + x²))), until the series is quick.
	doublings := 0
	for x.Sign() != 0 && x.MantExp(nil) > -4 {
		root := newFloat().Sqrt(newFloat().Add(one, newFloat().Mul(x, x)))
		x.Quo(x, root.Add(root, one))
		doublings++
	}
	r := newFloat()
	if x.Sign() != 0 {
		r = atanSeries(x, true)
		r.SetMantExp(r, doublings)
	}
	if inverted {
		r.Sub(newFloat().Quo(constants().pi, newFloat().SetInt64(2)), r)
	}
	if f.Signbit() {
		r.Neg(r)
	}
	return r
}

func arctangent(x number) number {
	switch {
	case x.nan != 0 || x.isZero():
		return x
	case x.isInf():
		return turns(x.negative(), 1, 2)
	}
	return fromBig(atanBig(wide(x.big())))
}

// turns is pi times n/d, negative if asked for.
func turns(negative bool, n, d int64) number {
	f := newFloat().Quo(newFloat().Mul(constants().pi, newFloat().SetInt64(n)), newFloat().SetInt64(d))
	if negative {
		f.Neg(f)
	}
	return fromBig(f)
}

func arctangent2(y, x number) number {
	switch {
	case x.nan != 0 || y.nan != 0:
		return invalid
	case y.isZero():
		if x.negative() {
			return turns(y.negative(), 1, 1)
		}
		return y
	case x.isZero():
		return turns(y.negative(), 1, 2)
	case y.isInf() && x.isInf():
		if x.negative() {
			return turns(y.negative(), 3, 4)
		}
		return turns(y.negative(), 1, 4)
	case y.isInf():
		return turns(y.negative(), 1, 2)
	case x.isInf():
		if x.negative() {
			return turns(y.negative(), 1, 1)
		}
		return fromBig(signedZero(y.negative()))
	}
	r := atanBig(newFloat().Quo(wide(y.big()), wide(x.big())))
	if x.negative() {
		if y.negative() {
			r.Sub(r, constants().pi)
		} else {
			r.Add(r, constants().pi)
		}
	}
	return fromBig(r)
}

func arcsine(x number) number {
	c, ok := abs(x).cmp(integer(1))
	switch {
	case !ok || c > 0:
		return undefined
	case c == 0:
		return turns(x.negative(), 1, 2)
	case x.isZero():
		return x
	}
	f := wide(x.big())
	one := newFloat().SetInt64(1)
	return fromBig(atanBig(f.Quo(f, newFloat().Sqrt(one.Sub(one, newFloat().Mul(f, f))))))
}

func arccosine(x number) number {
	c, ok := abs(x).cmp(integer(1))
	switch {
	case !ok || c > 0:
		return undefined
	case c == 0 && x.negative():
		return turns(false, 1, 1)
	case c == 0:
		return integer(0)
	case x.isZero():
		return turns(false, 1, 2)
	}
	// acos x = 2 atan(sqrt((1-x)/(1+x)))
	f, one := wide(x.big()), newFloat().SetInt64(1)
	r := atanBig(newFloat().Sqrt(newFloat().Quo(newFloat().Sub(one, f), newFloat().Add(one, f))))
	return fromBig(r.Mul(r, newFloat().SetInt64(2)))
}
