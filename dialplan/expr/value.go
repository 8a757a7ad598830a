package expr

import "bytes"

type kind uint8

const (
	isNumber        kind = iota // computed
	isNumericString             // digits as they were written
	isString
)

// value is an operand. s points into the text or into memory of its own.
type value struct {
	kind kind
	n    number
	s    []byte
}

func numeric(n number) value { return value{kind: isNumber, n: n} }

func text(s []byte) value {
	v := value{kind: isString, s: s}
	if len(s) == 0 || s[0] != '.' && (s[0] < '0' || s[0] > '9') {
		return v
	}
	for _, c := range s {
		if c != '.' && (c < '0' || c > '9') {
			return v
		}
	}
	v.kind = isNumericString
	return v
}

// number converts what is or reads as a number.
func (v value) number() (number, bool) {
	switch v.kind {
	case isNumber:
		return v.n, true
	case isNumericString:
		return parseNumber(v.s), true
	}
	return number{}, false
}

func (v value) bytes() []byte {
	if v.kind == isNumber {
		return v.n.append(nil)
	}
	return v.s
}

func (v value) append(dst []byte) []byte {
	if v.kind == isNumber {
		return v.n.append(dst)
	}
	return append(dst, v.s...)
}

// unquoted is the text without any quote when it begins and ends with one.
func (v value) unquoted() []byte {
	s := v.bytes()
	if len(s) == 0 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	if inner := s[1:max(1, len(s)-1)]; bytes.IndexByte(inner, '"') < 0 {
		return inner
	}
	return bytes.ReplaceAll(s, []byte{'"'}, nil)
}

// empty is what | and & take for false.
func (v value) empty() bool {
	if n, ok := v.number(); ok {
		return n.isZero()
	}
	return len(v.s) == 0
}

// asked is what | and & hand on of an operand that they have asked for its truth:
// digits are a number from then on, 01 is 1.
func (v value) asked() value {
	if n, ok := v.number(); ok {
		return numeric(n)
	}
	return v
}

// chosen is the truth of the condition before "?".
func (v value) chosen() bool {
	if n, ok := v.number(); ok {
		return !n.isZero()
	}
	return len(v.s) > 0 && string(v.s) != `""` && string(v.s) != "0"
}

// not is the value of !v: text counts as its leading integer.
func (v value) not() number {
	if v.kind == isNumber {
		return boolean(v.n.isZero())
	}
	return boolean(atoi(v.s) == 0)
}

func atoi(s []byte) int64 {
	i := 0
	for i < len(s) && (s[i] == ' ' || s[i] >= '\t' && s[i] <= '\r') {
		i++
	}
	negative := false
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		negative = s[i] == '-'
		i++
	}
	var n int64
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9' && n < 1<<40; i++ {
		n = n*10 + int64(s[i]-'0')
	}
	if negative {
		return -n
	}
	return n
}

func compare(a, b value) (c int, ordered bool) {
	x, xok := a.number()
	y, yok := b.number()
	if xok && yok {
		return x.cmp(y)
	}
	return bytes.Compare(a.bytes(), b.bytes()), true
}
