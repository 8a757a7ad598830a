package say

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// DefaultTime is the format of SayUnixTime without one: "Tuesday, November third,
// two thousand twenty-six, at six oh five P. M.".
const DefaultTime = "ABdY 'digits/at' IMp"

// Time says a moment by a format of the letters that SayUnixTime has:
//
//	A a weekday      B b h month       m month, as an ordinal    d e day
//	Y year           I l hour of 12    H hour, with oh           k hour of 24
//	M minute         N minute, the full hour as hundred          S second
//	P p A. M. or P. M.                 T H, M and S              R H and M
//	Q today, yesterday, a weekday or the date                    q as Q, without today
//	'file' a sound
//
// A language that is not known is said as English, whose sound names every
// language's set has.
func Time(_ string, at, now time.Time, format string) (files []string) {
	for i := 0; i < len(format); i++ {
		switch c := format[i]; c {
		case '\'':
			name, _, _ := strings.Cut(format[i+1:], "'")
			i += len(name) + 1
			if name != "" {
				files = append(files, name)
			}
		case 'A', 'a':
			files = append(files, fmt.Sprintf("digits/day-%d", at.Weekday()))
		case 'B', 'b', 'h':
			files = append(files, fmt.Sprintf("digits/mon-%d", at.Month()-1))
		case 'm':
			files = append(files, ordinal(int64(at.Month()))...)
		case 'd', 'e':
			files = append(files, ordinal(int64(at.Day()))...)
		case 'Y':
			files = append(files, year(at.Year())...)
		case 'I', 'l':
			files = append(files, digit(int64((at.Hour()+11)%12+1)))
		case 'H', 'k':
			if h := at.Hour(); h == 0 || c == 'H' && h < 10 {
				files = append(files, "digits/oh")
			}
			if h := at.Hour(); h > 0 {
				files = appendNumber(files, int64(h))
			}
		case 'M':
			files = append(files, below(at.Minute(), "digits/oclock")...)
		case 'N':
			files = append(files, below(at.Minute(), "digits/hundred")...)
		case 'S':
			files = append(files, below(at.Second(), "digits/0")...)
		case 'P', 'p':
			if at.Hour() < 12 {
				files = append(files, "digits/a-m")
			} else {
				files = append(files, "digits/p-m")
			}
		case 'T':
			files = append(files, Time("", at, now, "HMS")...)
		case 'R':
			files = append(files, Time("", at, now, "HM")...)
		case 'Q', 'q':
			files = append(files, day(at, now, c == 'q')...)
		}
	}
	return files
}

func appendNumber(files []string, n int64) []string {
	more, err := english(n)
	if err != nil {
		return files // no part of a time is so big
	}
	return append(files, more...)
}

// below says a number below 60: five as oh five, and none as zero.
func below(n int, zero string) []string {
	switch {
	case n == 0:
		return []string{zero}
	case n < 10:
		return []string{"digits/oh", digit(int64(n))}
	default:
		return appendNumber(nil, int64(n))
	}
}

// year says 1999 as nineteen ninety-nine and 2026 as two thousand twenty-six.
func year(n int) []string {
	if n < 1000 || n >= 2000 {
		return appendNumber(nil, int64(n))
	}
	files := appendNumber(nil, int64(n/100))
	switch rest := int64(n % 100); {
	case rest == 0:
		return append(files, "digits/hundred")
	case rest < 10:
		return append(files, "digits/oh", digit(rest))
	default:
		return appendNumber(files, rest)
	}
}

// day names a day as people do: the older it is, the less the weekday matters, and the
// more the year.
func day(at, now time.Time, silent bool) []string {
	midnight := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	switch ago := int(midnight(now.In(at.Location())).Sub(midnight(at)) / (24 * time.Hour)); {
	case ago == 0 && silent:
		return nil
	case ago == 0:
		return []string{"digits/today"}
	case ago == 1:
		return []string{"digits/yesterday"}
	case ago > 1 && ago < 7:
		return Time("", at, now, "A")
	case ago > 1 && ago <= 30:
		return Time("", at, now, "ABd")
	case ago > 1 && ago <= 182:
		return Time("", at, now, "Bd")
	case ago > 1:
		return Time("", at, now, "BdY")
	}
	return Time("", at, now, "ABdY") // one that comes
}

// Ordinal says n as first, second, third.
func Ordinal(_ string, n int64) ([]string, error) {
	if n < 0 || n >= 1_000_000 {
		return nil, ErrTooBig
	}
	return ordinal(n), nil
}

func ordinal(n int64) (files []string) {
	tail := "digits/h-"
	for _, scale := range []struct {
		size int64
		name string
	}{{1000, "thousand"}, {100, "hundred"}} {
		group := n / scale.size
		if n %= scale.size; group == 0 {
			continue
		}
		files = englishGroup(files, group)
		if n == 0 {
			return append(files, tail+scale.name)
		}
		files = append(files, "digits/"+scale.name)
	}
	if n > 20 && n%10 != 0 {
		files = append(files, digit(n/10*10))
		n %= 10
	}
	return append(files, tail+strconv.FormatInt(n, 10))
}

// Phonetic spells a text with the words of radio operators.
func Phonetic(text string) []string {
	files := Alpha(text)
	for i, f := range files {
		if letter, ok := strings.CutPrefix(f, "letters/"); ok && len(letter) == 1 {
			files[i] = "phonetic/" + letter + "_p"
		}
	}
	return files
}

// Case says whether the letters of a text are capital or small.
type Case byte

// The cases that SayAlphaCase tells: all of them, only capitals, only small
// letters, none.
const (
	CaseAll   Case = 'a'
	CaseUpper Case = 'u'
	CaseLower Case = 'l'
	CaseNone  Case = 'n'
)

// AlphaCase spells a text and says which letters are capital or small.
func AlphaCase(text string, c Case) (files []string) {
	for i := range len(text) {
		switch b := text[i]; {
		case 'A' <= b && b <= 'Z' && (c == CaseAll || c == CaseUpper):
			files = append(files, "uppercase")
		case 'a' <= b && b <= 'z' && (c == CaseAll || c == CaseLower):
			files = append(files, "lowercase")
		}
		files = append(files, Alpha(text[i:i+1])...)
	}
	return files
}

// Money says an amount of dollars and cents.
func Money(language, text string) ([]string, error) {
	whole, part, _ := strings.Cut(strings.TrimSpace(text), ".")
	dollars, err := strconv.ParseInt(whole, 10, 64)
	if err != nil && whole != "" {
		return nil, fmt.Errorf("%q is not an amount", text)
	}
	cents, err := strconv.ParseInt((part + "00")[:2], 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%q is not an amount", text)
	}
	var files []string
	if dollars != 0 || cents == 0 {
		if files, err = Number(language, dollars, ""); err != nil {
			return nil, err
		}
		files = append(files, plural("dollar", dollars))
	}
	if cents > 0 {
		if len(files) > 0 {
			files = append(files, "and")
		}
		files = append(appendNumber(files, cents), plural("cent", cents))
	}
	return files, nil
}

func plural(word string, n int64) string {
	if n == 1 {
		return word
	}
	return word + "s"
}
