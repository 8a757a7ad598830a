package funcs

import (
	"errors"
	"fmt"
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
	flags string // with width and precision
	size  string
	verb  byte // 0: the format ends before it
}

// readDirective reads what follows a %, and the format behind it.
func readDirective(s string) (d directive, rest string) {
	skip := func(set string) {
		for rest != "" && strings.IndexByte(set, rest[0]) >= 0 {
			rest = rest[1:]
		}
	}
	rest = s
	skip("-+ #0'I")
	skip("0123456789")
	if strings.HasPrefix(rest, ".") {
		rest = rest[1:]
		skip("0123456789")
	}
	d.flags = strings.NewReplacer("'", "", "I", "").Replace(s[:len(s)-len(rest)]) // the C locale has one way to write digits
	for _, size := range []string{"hh", "h", "ll", "l", "L", "q", "j", "z", "t"} {
		if after, ok := strings.CutPrefix(rest, size); ok {
			d.size, rest = size, after
			break
		}
	}
	if rest != "" {
		d.verb, rest = rest[0], rest[1:]
	}
	return d, rest
}

// integer is n as the size of the directive holds it.
func (d directive) integer(n int) int {
	switch d.size {
	case "h":
		return int(int16(n))
	case "hh":
		return int(int8(n))
	}
	return n
}

// natural is n as an unsigned number of the size.
func (d directive) natural(n int) uint32 {
	switch d.size {
	case "h":
		return uint32(uint16(n))
	case "hh":
		return uint32(uint8(n))
	}
	return uint32(n)
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
		d, format = readDirective(rest)
		if d.verb == 0 {
			return b.String(), nil
		}
		if d.verb == '%' {
			b.WriteByte('%')
			continue
		}
		for field := range strings.FieldsFuncSeq(d.flags, func(r rune) bool { return r < '0' || r > '9' }) {
			if n, err := strconv.Atoi(field); err != nil || n > maxWidth {
				return "", fmt.Errorf("%q is too wide", d.flags)
			}
		}
		given, s := len(args) > 0, ""
		if given {
			s, args = args[0], args[1:]
		}
		flags, verb := d.flags, d.verb
		switch verb {
		case 'd', 'i', 'o', 'x', 'X', 'u', 'c':
			n, ok := leadingInteger(s)
			if !ok {
				return "", fmt.Errorf("argument %q for %%%c is not a number", s, verb)
			}
			switch verb {
			case 'c':
				b.WriteString(padded(string([]byte{byte(n)}), flags))
				put(string([]byte{byte(n)}))
			case 'd', 'i':
				fmt.Fprintf(&b, "%"+flags+"d", d.integer(n))
			case 'u':
				fmt.Fprintf(&b, "%"+flags+"d", d.natural(n))
			default:
				fmt.Fprintf(&b, "%"+flags+string(rune(verb)), d.natural(n))
			}
		case 'e', 'E', 'f', 'F', 'g', 'G':
			n, ok := leadingFloat(s)
			if !ok {
				return "", fmt.Errorf("argument %q for %%%c is not a number", s, verb)
			}
			if (verb == 'g' || verb == 'G') && !strings.Contains(flags, ".") {
				flags += ".6"
			}
			fmt.Fprintf(&b, "%"+flags+string(rune(verb)), n)
		case 's':
			if !given {
				s = "(null)"
			}
			b.WriteString(padded(s, flags))
		default:
			return "", fmt.Errorf("format type %%%c is not supported", verb)
		}
	}
}

// padded is a text in the width and precision of its flags, which count bytes.
func padded(s, flags string) string {
	width, precision, cut := strings.Cut(strings.TrimLeft(flags, "-+ #0"), ".")
	if n, _ := leadingInteger(precision); cut && n < len(s) {
		s = s[:n]
	}
	n, _ := leadingInteger(width)
	fill := strings.Repeat(" ", max(0, n-len(s)))
	if strings.Contains(strings.TrimRight(flags, ".0123456789"), "-") {
		return s + fill
	}
	return fill + s
}
