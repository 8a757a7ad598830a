package funcs

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

func formatFunctions() []channel.Function {
	return []channel.Function{{
		Name: "SPRINTF", Synopsis: "Numbers and texts in a format",
		Help: "%d, %i, %u, %o, %x, %X take whole numbers, %f, %e, %g numbers, %s texts, as printf does.",
		Args: []decl.Arg{arg("format", "the format"), {Name: "arg", Help: "what is put into it", Optional: true, Repeat: true}},
		Read: pieces(func(_ channel.Thread, a *decl.Args) (string, error) {
			if len(a.Pos) == 0 {
				return "", errors.New("a format is required")
			}
			return sprintf(a.Pos[0], a.Pos[1:], func(s string) { placed(a, s) })
		}),
	}}
}

// maxWidth bounds what a format pads to.
const maxWidth = 4096

// directive is one of a format: %[flags][width][.precision][size]verb.
type directive struct {
	flags            string
	width, precision int // precision -1: none
	size             string
	verb             byte // 0: the format ends before it
}

// readDirective reads what follows a %, and the format behind it.
func readDirective(s string) (d directive, rest string, err error) {
	rest = s
	read := func(set string) string {
		n := len(rest) - len(strings.TrimLeft(rest, set))
		word := rest[:n]
		rest = rest[n:]
		return word
	}
	number := func() int {
		word := read("0123456789")
		n, e := strconv.Atoi(word)
		if word != "" && (e != nil || n > maxWidth) {
			err = fmt.Errorf("%q is too wide", s[:len(s)-len(rest)])
		}
		return n
	}
	d.flags = read("-+ #0'I") // of which the C locale has no use for ' and I
	d.width, d.precision = number(), -1
	if strings.HasPrefix(rest, ".") {
		rest = rest[1:]
		d.precision = number()
	}
	for _, size := range []string{"hh", "h", "ll", "l", "L", "q", "j", "z", "t"} {
		if after, ok := strings.CutPrefix(rest, size); ok {
			d.size, rest = size, after
			break
		}
	}
	if rest != "" {
		d.verb, rest = rest[0], rest[1:]
	}
	return d, rest, err
}

func (d *directive) has(flag byte) bool { return strings.IndexByte(d.flags, flag) >= 0 }

// padded is a text, behind its prefix, in the width, which counts bytes.
func (d *directive) padded(prefix, s string, zeros bool) string {
	n := max(0, d.width-len(prefix)-len(s))
	switch {
	case d.has('-'):
		return prefix + s + strings.Repeat(" ", n)
	case zeros:
		return prefix + strings.Repeat("0", n) + s
	}
	return strings.Repeat(" ", n) + prefix + s
}

// sign is what stands before a number that has one.
func (d *directive) sign(negative bool) string {
	switch {
	case negative:
		return "-"
	case d.has('+'):
		return "+"
	case d.has(' '):
		return " "
	}
	return ""
}

// integer formats n, which has 32 bits, or those of the size.
func (d *directive) integer(n int) string {
	switch d.size {
	case "h":
		n = int(int16(n))
	case "hh":
		n = int(int8(n))
	}
	var prefix string
	value, base := uint64(n), 10
	switch d.verb {
	case 'd', 'i':
		prefix = d.sign(n < 0)
		value = uint64(max(n, -n))
	default:
		value &= map[string]uint64{"h": 1<<16 - 1, "hh": 1<<8 - 1, "": 1<<32 - 1}[strings.Trim(d.size, "lLqjzt")]
		base = map[byte]int{'o': 8, 'x': 16, 'X': 16, 'u': 10}[d.verb]
	}
	digits := strconv.FormatUint(value, base)
	if value == 0 && d.precision == 0 {
		digits = ""
	}
	digits = strings.Repeat("0", max(0, d.precision-len(digits))) + digits
	switch {
	case !d.has('#'):
	case base == 8 && !strings.HasPrefix(digits, "0"):
		digits = "0" + digits
	case base == 16 && value != 0:
		prefix = "0x"
	}
	if d.verb == 'X' {
		prefix, digits = strings.ToUpper(prefix), strings.ToUpper(digits)
	}
	return d.padded(prefix, digits, d.has('0') && d.precision < 0)
}

// float formats f.
func (d *directive) float(f float64) string {
	prefix := d.sign(math.Signbit(f))
	if math.IsInf(f, 0) || math.IsNaN(f) {
		s := strings.TrimPrefix(fixed(f), "-")
		if d.verb < 'a' {
			s = strings.ToUpper(s)
		}
		return d.padded(prefix, s, false)
	}
	precision, alternate := d.precision, ""
	if precision < 0 {
		precision = 6
	}
	if d.has('#') {
		alternate = "#"
	}
	s := fmt.Sprintf("%"+alternate+"."+strconv.Itoa(precision)+string(rune(d.verb)), math.Abs(f))
	return d.padded(prefix, s, d.has('0'))
}

// sprintf tells put of the characters that it makes out of numbers.
func sprintf(format string, args []string, put func(string)) (string, error) {
	var b strings.Builder
	for {
		text, rest, found := strings.Cut(format, "%")
		b.WriteString(text)
		if !found {
			return b.String(), nil
		}
		var d directive
		var err error
		d, format, err = readDirective(rest)
		switch {
		case err != nil:
			return "", err
		case d.verb == 0:
			return b.String(), nil
		case d.verb == '%':
			b.WriteByte('%')
			continue
		}
		given, s := len(args) > 0, ""
		if given {
			s, args = args[0], args[1:]
		}
		switch d.verb {
		case 'd', 'i', 'o', 'x', 'X', 'u', 'c':
			n, ok := leadingInteger(s)
			if !ok {
				return "", fmt.Errorf("argument %q for %%%c is not a number", s, d.verb)
			}
			if d.verb == 'c' {
				s = string([]byte{byte(n)})
				put(s)
				b.WriteString(d.padded("", s, false))
				continue
			}
			b.WriteString(d.integer(n))
		case 'e', 'E', 'f', 'F', 'g', 'G':
			f, ok := leadingFloat(s)
			if !ok {
				return "", fmt.Errorf("argument %q for %%%c is not a number", s, d.verb)
			}
			b.WriteString(d.float(f))
		case 's':
			if !given {
				s = "(null)"
			}
			if d.precision >= 0 && d.precision < len(s) {
				s = s[:d.precision]
			}
			b.WriteString(d.padded("", s, false))
		default:
			return "", fmt.Errorf("format type %%%c is not supported", d.verb)
		}
	}
}
