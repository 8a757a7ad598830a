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

// sprintf tells put of the characters that it makes out of numbers.
func sprintf(format string, args []string, put func(string)) (string, error) {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		j := i + 1
		for j < len(format) && strings.IndexByte("-+ #'0123456789.", format[j]) >= 0 {
			j++
		}
		flags := strings.ReplaceAll(format[i+1:j], "'", "")                  // the C locale does not group digits
		for j < len(format) && strings.IndexByte("hlqjzt", format[j]) >= 0 { // sizes do not matter
			j++
		}
		if j == len(format) {
			break
		}
		i = j
		if format[j] == '%' {
			b.WriteByte('%')
			continue
		}
		if width := strings.TrimLeft(flags, "-+ #0"); strings.Trim(strings.Replace(width, ".", "", 1), "0123456789") != "" {
			return "", fmt.Errorf("%%%s%c is no format", flags, format[j])
		}
		for field := range strings.FieldsFuncSeq(flags, func(r rune) bool { return r < '0' || r > '9' }) {
			if n, err := strconv.Atoi(field); err != nil || n > maxWidth {
				return "", fmt.Errorf("%q is too wide", flags)
			}
		}
		given, s := len(args) > 0, ""
		if given {
			s, args = args[0], args[1:]
		}
		verb := format[j]
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
				fmt.Fprintf(&b, "%"+flags+"d", n)
			case 'u':
				fmt.Fprintf(&b, "%"+flags+"d", uint32(n))
			default:
				fmt.Fprintf(&b, "%"+flags+string(rune(verb)), uint32(n))
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
	return b.String(), nil
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
