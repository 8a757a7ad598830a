package apps

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// wholeNumber reads the number that s begins with, after blanks, as the field
// does everywhere: "12abc" is 12, "abc" is 0.
func wholeNumber(s string) int64 {
	n, _ := leadingNumber(s)
	return n
}

// leadingNumber also tells whether there was one.
func leadingNumber(s string) (n int64, ok bool) {
	s = strings.TrimLeft(s, " \t\r\n")
	end := 0
	if end < len(s) && (s[end] == '-' || s[end] == '+') {
		end++
	}
	digits := end
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	if end == digits {
		return 0, false
	}
	n, _ = strconv.ParseInt(s[:end], 10, 64) // too big a number is the biggest one
	return n, true
}

// truth is the condition of GotoIf and ExecIf: the whole number that the text
// begins with is not zero; a text without one is true, an empty one false.
// (golden/corrections.md, row 34.)
func truth(s string) bool {
	if s == "" {
		return false
	}
	n, ok := leadingNumber(s)
	return !ok || n != 0
}

// maxTime bounds times that are read from text: ten years.
const maxTime = 10 * 365 * 24 * time.Hour

// duration reads the time that s begins with: a number of seconds with a fraction,
// or of the unit h, m, s or ms that follows it. Anything else that follows does not
// count. ok is false for what is not a time, or less than none.
func duration(s string) (d time.Duration, ok bool) {
	x, rest, ok := leadingFraction(s)
	if !ok || x < 0 {
		return 0, false
	}
	unit := time.Second
	switch rest = strings.ToLower(strings.TrimLeft(rest, " \t\r\n")); {
	case strings.HasPrefix(rest, "ms"):
		unit = time.Millisecond
	case rest == "m" || strings.HasPrefix(rest, "m "):
		unit = time.Minute
	case strings.HasPrefix(rest, "h"):
		unit = time.Hour
	}
	if x*float64(unit) > float64(maxTime) {
		return maxTime, true
	}
	return time.Duration(x * float64(unit)), true
}

// leadingFraction reads the number that s begins with, after blanks.
func leadingFraction(s string) (x float64, rest string, ok bool) {
	s = strings.TrimLeft(s, " \t\r\n")
	end, point := 0, false
	if end < len(s) && (s[end] == '-' || s[end] == '+') {
		end++
	}
	for ; end < len(s) && (s[end] >= '0' && s[end] <= '9' || s[end] == '.' && !point); end++ {
		point = point || s[end] == '.'
	}
	x, err := strconv.ParseFloat(s[:end], 64)
	return x, s[end:], err == nil || errors.Is(err, strconv.ErrRange)
}
