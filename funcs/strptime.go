package funcs

import (
	"strings"
	"time"
)

// strptime reads a time in a format of strftime(3), as strptime(3) of the GNU C
// library does in the C locale. What the format does not have is 0: the day before
// the first, January, 1900.
func strptime(text, format string, zone *time.Location) (time.Time, bool) {
	p := timeReader{text: text, year: 1900, month: 1, century: -1, week: -1, weekday: -1}
	if !p.read(format) {
		return time.Time{}, false
	}
	if p.epoch {
		return time.Unix(p.seconds, 0), true
	}
	hour := p.hour
	if p.twelve {
		hour %= 12
		if p.pm {
			hour += 12
		}
	}
	if p.century >= 0 {
		p.year = p.century*100 + p.short
	}
	month, day := p.month, p.day
	switch yearDay := p.dayOfYear(); {
	case p.dated || !p.yearGiven || yearDay <= 0:
	default:
		month, day = 1, yearDay
	}
	return time.Date(p.year, time.Month(month), day, hour, p.minute, p.second, 0, zone), true
}

// timeReader is what was read of a time, and the text that is left.
type timeReader struct {
	text                      string
	year, month, day, yearDay int
	hour, minute, second      int
	century, short            int  // -1: none was read; the year in it
	week, weekday             int  // -1: none was read
	mondays                   bool // weeks begin with Monday
	yearGiven                 bool
	twelve, pm, dated, epoch  bool // by the clock of twelve hours; a month or a day was read; seconds since 1970 were
	seconds                   int64
}

// dayOfYear is the number of the day in its year, from 1, by itself or by its week; 0
// for neither.
func (p *timeReader) dayOfYear() int {
	if p.yearDay > 0 || p.week < 0 || p.weekday < 0 {
		return p.yearDay
	}
	first := int(time.Date(p.year, 1, 1, 0, 0, 0, 0, time.UTC).Weekday())
	if p.mondays {
		return (8-first)%7 + (p.week-1)*7 + (p.weekday+6)%7 + 1
	}
	return (7-first)%7 + (p.week-1)*7 + p.weekday + 1
}

// composed are the fields that stand for several.
var composed = map[byte]string{
	'c': "%a %b %e %H:%M:%S %Y", 'D': "%m/%d/%y", 'F': "%Y-%m-%d", 'R': "%H:%M", 'r': "%I:%M:%S %p", 'T': "%H:%M:%S", 'X': "%H:%M:%S", 'x': "%m/%d/%y",
}

func (p *timeReader) read(format string) bool {
	for i := 0; i < len(format); i++ {
		c := format[i]
		if strings.IndexByte(blanks, c) >= 0 {
			p.text = strings.TrimLeft(p.text, blanks)
			continue
		}
		if c == '%' && i+1 < len(format) {
			i++
			for i+1 < len(format) && strings.IndexByte("_-^#EO0123456789", format[i]) >= 0 {
				i++
			}
			if !p.field(format[i]) {
				return false
			}
			continue
		}
		if p.text == "" || p.text[0] != c {
			return false
		}
		p.text = p.text[1:]
	}
	return true
}

func (p *timeReader) field(c byte) (ok bool) {
	var n int
	switch c {
	case 'Y':
		p.year, ok = p.number(0, 9999, 4)
		p.short, p.yearGiven = 0, true
	case 'C':
		p.century, ok = p.number(0, 99, 2)
		p.yearGiven = true
	case 'y':
		p.short, ok = p.number(0, 99, 2)
		p.year, p.yearGiven = 1900+p.short, true
		if p.short < 69 {
			p.year += 100
		}
	case 'm':
		p.month, ok = p.number(1, 12, 2)
		p.dated = true
	case 'd', 'e':
		p.day, ok = p.number(1, 31, 2)
		p.dated = true
	case 'j':
		p.yearDay, ok = p.number(1, 366, 3)
	case 'H', 'k':
		p.hour, ok = p.number(0, 23, 2)
		p.twelve = false
	case 'I', 'l':
		p.hour, ok = p.number(1, 12, 2)
		p.twelve = true
	case 'M':
		p.minute, ok = p.number(0, 59, 2)
	case 'S':
		p.second, ok = p.number(0, 61, 2)
	case 'b', 'B', 'h':
		n, ok = p.name(12, func(i int) string { return time.Month(i + 1).String() })
		p.month, p.dated = n+1, true
	case 'a', 'A':
		p.weekday, ok = p.name(7, func(i int) string { return time.Weekday(i).String() })
	case 'p':
		n, ok = p.name(2, func(i int) string { return [...]string{"am ", "pm "}[i] })
		p.pm = n == 1
	case 's':
		p.seconds, p.epoch, ok = p.sinceEpoch()
	case 'u':
		n, ok = p.number(1, 7, 1)
		p.weekday = n % 7
	case 'w':
		p.weekday, ok = p.number(0, 6, 1)
	case 'U', 'W':
		p.week, ok = p.number(0, 53, 2)
		p.mondays = c == 'W'
	case 'V', 'g':
		_, ok = p.number(0, 99, 2)
	case 'G':
		_, ok = p.number(0, 9999, 4)
	case 'n', 't':
		p.text, ok = strings.TrimLeft(p.text, blanks), true
	case 'z', 'Z': // which zone it is says the argument
		p.text = strings.TrimLeft(p.text, blanks)
		end := strings.IndexAny(p.text+" ", blanks)
		p.text, ok = p.text[end:], end > 0
	case '%':
		p.text, ok = strings.CutPrefix(p.text, "%")
	default:
		format, known := composed[c]
		return known && p.read(format)
	}
	return ok
}

// number reads one of so many digits at most. It ends before the digit that could
// only make it too large.
func (p *timeReader) number(from, to, digits int) (n int, ok bool) {
	s := strings.TrimLeft(p.text, blanks)
	i := 0
	for ; i < len(s) && i < digits && s[i] >= '0' && s[i] <= '9' && (i == 0 || n*10 <= to); i++ {
		n = n*10 + int(s[i]-'0')
	}
	p.text = s[i:]
	return n, i > 0 && n >= from && n <= to
}

// name reads one of so many words, or the first three letters of it.
func (p *timeReader) name(count int, of func(i int) string) (int, bool) {
	for i := range count {
		full := of(i)
		for _, n := range []string{full, strings.TrimSpace(full[:3])} {
			if len(p.text) >= len(n) && strings.EqualFold(p.text[:len(n)], n) {
				p.text = p.text[len(n):]
				return i, true
			}
		}
	}
	return 0, false
}

func (p *timeReader) sinceEpoch() (seconds int64, epoch, ok bool) {
	i := 0
	for ; i < len(p.text) && i < 12 && p.text[i] >= '0' && p.text[i] <= '9'; i++ {
		seconds = seconds*10 + int64(p.text[i]-'0')
	}
	p.text = p.text[i:]
	return seconds, i > 0, i > 0
}
