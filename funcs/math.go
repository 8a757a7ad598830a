package funcs

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

func mathFunctions(d Deps) []channel.Function {
	return []channel.Function{
		{
			Name: "MATH", Synopsis: "Arithmetic with a type of result",
			Help: "Two numbers and one of + - * / % ^ AND OR XOR << >> < > <= >= ==. Comparisons are TRUE or FALSE; the others a number of the type asked for: f (float, the default), i (int), h (hex), c (char).",
			Args: []decl.Arg{arg("expression", "number operator number"), optional("type", "f, i, h or c")},
			Read: func(_ channel.Thread, a *decl.Args) (string, error) {
				kind := "f"
				if len(a.Pos) > 1 {
					kind = strings.ToLower(a.Arg(1))
				}
				return compute(a.Arg(0), kind)
			},
		},
		crement("INC", "Add one to a variable", 1),
		crement("DEC", "Subtract one from a variable", -1),
		pair("MIN", "The smaller of two numbers", math.Min),
		pair("MAX", "The larger of two numbers", math.Max),
		{
			Name: "ABS", Synopsis: "A number without its sign", Args: []decl.Arg{arg("num", "the number")},
			Read: func(_ channel.Thread, a *decl.Args) (string, error) {
				f, ok := leadingFloat(a.Arg(0))
				if !ok {
					return "", fmt.Errorf("%q is not a number", a.Arg(0))
				}
				return formatNumber(math.Abs(f)), nil
			},
		},
		{
			Name: "RAND", Synopsis: "A random whole number", Help: "From min, 0 by default, to max, 2147483647 by default, both included.",
			Args: []decl.Arg{optional("min", "the least"), optional("max", "the most")},
			Read: func(_ channel.Thread, a *decl.Args) (string, error) { return random(d.Random, a.Arg(0), a.Arg(1)) },
		},
	}
}

func leadingInteger(s string) (int, bool) {
	n, _, ok := scanInteger(s)
	return n, ok
}

// scanInteger reads the whole number of 32 bits at the beginning of s, as %d of
// scanf(3) does: blanks and a sign may stand before it.
func scanInteger(s string) (n int, rest string, ok bool) {
	s = strings.TrimLeft(s, blanks)
	sign := 0
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		sign = 1
	}
	end := sign
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	if end == sign {
		return 0, s[end:], false
	}
	i, err := strconv.ParseInt(s[:end], 10, 64) // one out of range is the nearest
	return int(int32(i)), s[end:], err == nil || errors.Is(err, strconv.ErrRange)
}

// leadingFloat reads the number at the beginning of s, as %30lf of scanf(3) does:
// blanks and a sign may stand before it, and hexadecimal, inf and nan are numbers.
func leadingFloat(s string) (float64, bool) {
	s = strings.TrimLeft(s, blanks)
	s = s[:min(len(s), 30)]
	sign := 0
	if s != "" && (s[0] == '-' || s[0] == '+') {
		sign = 1
	}
	word := strings.ToLower(s[sign:])
	switch {
	case strings.HasPrefix(word, "inf"), strings.HasPrefix(word, "nan"):
		f, err := strconv.ParseFloat(strings.TrimPrefix(s[:sign], "-")+word[:3], 64)
		if sign == 1 && s[0] == '-' {
			f = -f
		}
		return f, err == nil
	case strings.HasPrefix(word, "0x"):
		if n := numeral(word[2:], "0123456789abcdef", 'p'); n > 0 {
			number := s[:sign+2+n]
			if !strings.Contains(word[:2+n], "p") {
				number += "p0"
			}
			f, err := strconv.ParseFloat(number, 64)
			return f, err == nil || errors.Is(err, strconv.ErrRange)
		}
	}
	n := numeral(word, "0123456789", 'e')
	if n == 0 {
		return 0, false
	}
	f, err := strconv.ParseFloat(s[:sign+n], 64)
	return f, err == nil || errors.Is(err, strconv.ErrRange)
}

// numeral is how long the number is that s begins with: digits with a point among
// them, and an exponent behind its letter.
func numeral(s, digits string, exponent byte) int {
	n, found := 0, false
	for point := false; n < len(s); n++ {
		if s[n] == '.' && !point {
			point = true
		} else if strings.IndexByte(digits, s[n]) >= 0 {
			found = true
		} else {
			break
		}
	}
	if !found {
		return 0
	}
	if n < len(s) && s[n] == exponent {
		e := n + 1
		if e < len(s) && (s[e] == '-' || s[e] == '+') {
			e++
		}
		for ; e < len(s) && s[e] >= '0' && s[e] <= '9'; e++ {
			n = e + 1
		}
	}
	return n
}

// toInt is the conversion of the processor: what does not fit is the least int.
func toInt(f float64) int32 {
	if math.IsNaN(f) || f >= 1<<31 || f < -1<<31 {
		return math.MinInt32
	}
	return int32(f)
}

func formatNumber(f float64) string {
	if i := toInt(f); float64(i) == f {
		return strconv.Itoa(int(i))
	}
	return fixed(f)
}

// fixed is a number as %f of printf(3) writes it.
func fixed(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case math.IsNaN(f) && math.Signbit(f):
		return "-nan"
	case math.IsNaN(f):
		return "nan"
	}
	return strconv.FormatFloat(f, 'f', 6, 64)
}

// mathOperators are looked for in this order; subtraction is last for the sake
// of a negative second number.
var mathOperators = []string{"*", "/", "%", "^", "AND", "XOR", "OR", ">", "<", "=", "+", "-"}

func compute(s, kind string) (string, error) {
	switch kind {
	case "f", "float", "i", "int", "h", "hex", "c", "char":
	default:
		return "", fmt.Errorf("unknown type of result '%s'", kind)
	}
	negative := strings.HasPrefix(s, "-")
	if negative {
		s = s[1:]
	}
	op, at := "", -1
	for _, o := range mathOperators {
		if at = strings.Index(s, o); at >= 0 {
			op = o
			break
		}
	}
	if at < 0 {
		return "", errors.New("two numbers and an operator are required")
	}
	left, right := s[:at], s[at+len(op):]
	if op == ">" || op == "<" || op == "=" {
		switch {
		case strings.HasPrefix(right, "="):
			op += "="
		case strings.HasPrefix(right, op) && op != "=":
			op += op
		case op == "=":
			return "", errors.New("equality is written ==")
		}
		right = s[at+len(op):]
	}
	x, ok := leadingFloat(left)
	if !ok {
		return "", fmt.Errorf("%q is not a number", left)
	}
	y, ok := leadingFloat(right)
	if !ok {
		return "", fmt.Errorf("%q is not a number", right)
	}
	if negative {
		x = -x
	}
	switch op {
	case ">":
		return truth(x > y), nil
	case "<":
		return truth(x < y), nil
	case ">=":
		return truth(x >= y), nil
	case "<=":
		return truth(x <= y), nil
	case "==":
		return truth(x == y), nil
	}
	r := calculate(op, x, y)
	switch kind[0] {
	case 'i':
		return strconv.Itoa(int(toInt(r))), nil
	case 'h':
		return strconv.FormatUint(uint64(uint32(int64(r))), 16), nil
	case 'c':
		return strings.TrimRight(string([]byte{byte(int64(r))}), "\x00"), nil
	}
	return fixed(r), nil
}

func truth(b bool) string {
	if b {
		return "TRUE"
	}
	return "FALSE"
}

func calculate(op string, x, y float64) float64 {
	i, j := toInt(x), toInt(y)
	switch op {
	case "+":
		return x + y
	case "-":
		return x - y
	case "*":
		return x * y
	case "/":
		if y <= 0 { // so it is in the field
			return 0
		}
		return x / y
	case "^":
		return math.Pow(x, y)
	case "%":
		if j == 0 {
			return 0
		}
		return float64(int64(i) % int64(j))
	case "<<":
		return float64(i << (uint32(j) & 31))
	case ">>":
		return float64(i >> (uint32(j) & 31))
	case "AND":
		return float64(i & j)
	case "OR":
		return float64(i | j)
	}
	return float64(i ^ j)
}

func crement(name, synopsis string, by int) channel.Function {
	return channel.Function{
		Name: name, Synopsis: synopsis, Help: "The result is the new value, which the variable has then.",
		Args: []decl.Arg{variable("the variable, without ${}")},
		Read: func(t channel.Thread, a *decl.Args) (string, error) {
			name := a.Arg(0)
			v, ok := t.Channel().Var(name)
			if !ok {
				v.S, _ = t.Global(name)
			}
			n, rest, ok := scanInteger(v.S)
			if !ok || rest != "" {
				return "", fmt.Errorf("the content of ${%s} is not a number", name)
			}
			s := strconv.Itoa(int(int32(n + by)))
			t.Channel().SetVar(name, channel.Clean(s))
			return s, nil
		},
	}
}

func pair(name, synopsis string, choose func(a, b float64) float64) channel.Function {
	return channel.Function{
		Name: name, Synopsis: synopsis, Args: []decl.Arg{optional("num1", "a number"), optional("num2", "another")}, Help: "One that is left out does not count.",
		Read: func(_ channel.Thread, a *decl.Args) (string, error) {
			numbers := make([]float64, 0, 2)
			for _, s := range a.Pos {
				f, ok := leadingFloat(s)
				if !ok && s != "" {
					return "", fmt.Errorf("%q is not a number", s)
				}
				if ok {
					numbers = append(numbers, f)
				}
			}
			if len(numbers) == 0 {
				return "", errors.New("a number is required")
			}
			return formatNumber(choose(numbers[0], numbers[len(numbers)-1])), nil
		},
	}
}

func random(source io.Reader, least, most string) (string, error) {
	low, high := 0, math.MaxInt32
	if n, ok := leadingInteger(least); ok {
		low = n
	}
	if n, ok := leadingInteger(most); ok {
		high = n
	}
	if high < low {
		low, high = high, low
	}
	n, err := rand.Int(source, big.NewInt(int64(high)-int64(low)+1))
	if err != nil {
		return "", err
	}
	return strconv.FormatInt(n.Int64()+int64(low), 10), nil
}
