package apps

import (
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

// duration reads a time in seconds with a fraction, or with one of the units h,
// m, s and ms after it. ok is false for what is not a time.
func duration(s string) (d time.Duration, ok bool) {
	s = strings.TrimSpace(s)
	unit := time.Second
	for _, u := range [...]struct {
		suffix string
		unit   time.Duration
	}{{"ms", time.Millisecond}, {"s", time.Second}, {"m", time.Minute}, {"h", time.Hour}} {
		if rest, found := strings.CutSuffix(strings.ToLower(s), u.suffix); found {
			s, unit = strings.TrimSpace(rest), u.unit
			break
		}
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || !(x >= 0) {
		return 0, false
	}
	if x*float64(unit) > float64(maxTime) {
		return maxTime, true
	}
	return time.Duration(x * float64(unit)), true
}
