package funcs

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// strftime writes a time as strftime(3) of the GNU C library does, in the C locale, and
// %q, thousandths of a second or as many digits as stand before the q.
func strftime(t time.Time, format string) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		start := i
		i++
		flags := i
		for i < len(format) && strings.IndexByte("_-0^#", format[i]) >= 0 {
			i++
		}
		look := format[flags:i]
		width := 0
		for ; i < len(format) && format[i] >= '0' && format[i] <= '9'; i++ {
			width = min(width*10+int(format[i]-'0'), maxFieldWidth)
		}
		if i+1 < len(format) && (format[i] == 'E' || format[i] == 'O') {
			i++ // other eras and digits: the C locale has none
		}
		if i == len(format) {
			b.WriteString(format[start:])
			break
		}
		if digits := format[start+1 : i]; format[i] == 'q' && (digits == "" || len(digits) == 1 && digits[0] >= '1' && digits[0] <= '6') {
			if width == 0 {
				width = 3
			}
			b.WriteString(fmt.Sprintf("%06d", t.Nanosecond()/1000)[:width])
			continue
		}
		text, ok := strftimeField(t, format[i])
		if !ok {
			b.WriteString(format[start : i+1])
			continue
		}
		b.WriteString(shaped(text, format[i], look, width))
	}
	return b.String()
}

// maxFieldWidth bounds the width of a field.
const maxFieldWidth = 256

// shaped is a field with the flags and the width that stand before its letter: - without
// padding, _ with blanks, 0 with noughts, ^ in capitals, # in the other case.
func shaped(text string, letter byte, flags string, width int) string {
	number := strings.IndexByte("CdegGHIjklmMsSuUVwWyY", letter) >= 0
	pad := byte(' ')
	if number && strings.IndexByte("ekl", letter) < 0 {
		pad = '0'
	}
	least := len(text)
	for i := range len(flags) {
		switch flags[i] {
		case '-':
			least, pad = 0, ' '
		case '_':
			pad = ' '
		case '0':
			pad = '0'
		case '^':
			if letter != 'P' {
				text = strings.ToUpper(text)
			}
		case '#':
			switch letter {
			case 'p', 'Z':
				text = strings.ToLower(text)
			case 'P':
			default:
				text = strings.ToUpper(text)
			}
		}
	}
	if width > 0 {
		least = width
	}
	if number && flags != "" {
		if bare := strings.TrimLeft(text, "0 "); bare != "" {
			text = bare
		} else {
			text = "0"
		}
	}
	if len(text) < least {
		text = strings.Repeat(string([]byte{pad}), least-len(text)) + text
	}
	return text
}

// strftimeField is the field of a letter, false for one that there is none of.
func strftimeField(t time.Time, c byte) (string, bool) {
	hour12 := (t.Hour()+11)%12 + 1
	isoYear, isoWeek := t.ISOWeek()
	switch c {
	case 'a':
		return t.Format("Mon"), true
	case 'A':
		return t.Format("Monday"), true
	case 'b', 'h':
		return t.Format("Jan"), true
	case 'B':
		return t.Format("January"), true
	case 'c':
		return t.Format("Mon Jan _2 15:04:05 2006"), true
	case 'C':
		return fmt.Sprintf("%02d", t.Year()/100), true
	case 'd':
		return t.Format("02"), true
	case 'D', 'x':
		return t.Format("01/02/06"), true
	case 'e':
		return t.Format("_2"), true
	case 'F':
		return t.Format("2006-01-02"), true
	case 'g':
		return fmt.Sprintf("%02d", isoYear%100), true
	case 'G':
		return strconv.Itoa(isoYear), true
	case 'H':
		return t.Format("15"), true
	case 'I':
		return fmt.Sprintf("%02d", hour12), true
	case 'j':
		return fmt.Sprintf("%03d", t.YearDay()), true
	case 'k':
		return fmt.Sprintf("%2d", t.Hour()), true
	case 'l':
		return fmt.Sprintf("%2d", hour12), true
	case 'm':
		return t.Format("01"), true
	case 'M':
		return t.Format("04"), true
	case 'n':
		return "\n", true
	case 'p':
		return t.Format("PM"), true
	case 'P':
		return t.Format("pm"), true
	case 'r':
		return t.Format("03:04:05 PM"), true
	case 'R':
		return t.Format("15:04"), true
	case 's':
		return strconv.FormatInt(t.Unix(), 10), true
	case 'S':
		return t.Format("05"), true
	case 't':
		return "\t", true
	case 'T', 'X':
		return t.Format("15:04:05"), true
	case 'u':
		return strconv.Itoa((int(t.Weekday())+6)%7 + 1), true
	case 'U':
		return fmt.Sprintf("%02d", (t.YearDay()+6-int(t.Weekday()))/7), true
	case 'V':
		return fmt.Sprintf("%02d", isoWeek), true
	case 'w':
		return strconv.Itoa(int(t.Weekday())), true
	case 'W':
		return fmt.Sprintf("%02d", (t.YearDay()+6-(int(t.Weekday())+6)%7)/7), true
	case 'y':
		return t.Format("06"), true
	case 'Y':
		return strconv.Itoa(t.Year()), true
	case 'z':
		return t.Format("-0700"), true
	case 'Z':
		return t.Format("MST"), true
	case '%':
		return "%", true
	}
	return "", false
}
