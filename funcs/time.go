package funcs

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"pbx/channel"
	"pbx/decl"
	"pbx/dialplan"
)

func timeFunctions(d Deps) []channel.Function {
	zone := optional("timezone", "such as Europe/Paris, that of the system by default")
	return []channel.Function{
		{
			Name: "STRFTIME", Synopsis: "A time as text", SeeAlso: []string{"STRPTIME"},
			Help: "The format has the letters of strftime(3), and %q for milliseconds (%3q; %6q for microseconds).",
			Args: []decl.Arg{optional("epoch", "seconds since 1970, now by default"), zone, optional("format", "%c by default")},
			Read: func(_ channel.Thread, a *decl.Args) (string, error) {
				at := d.Now()
				if a.Has(0) {
					if t, ok := parseEpoch(a.Arg(0)); ok {
						at = t
					}
				}
				format := "%c"
				if len(a.Pos) > 2 {
					format = a.Arg(2)
				}
				return strftime(at.In(location(a.Arg(1))), format), nil
			},
		},
		{
			Name: "STRPTIME", Synopsis: "The seconds since 1970 of a time written as text", SeeAlso: []string{"STRFTIME"},
			Args: []decl.Arg{arg("datetime", "the text"), arg("timezone", "may be empty: that of the system"), arg("format", "as for STRFTIME")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				if a.Arg(2) == "" {
					return "", errors.New("no format supplied")
				}
				at, ok := strptime(a.Arg(0), a.Arg(2), location(a.Arg(1)))
				if !ok {
					return "", errors.New("no time in the text")
				}
				s := at.Unix()
				if s < math.MinInt32 { // a time of day without a date: 32 bits hold it as the field's do
					s = int64(int32(s))
				}
				return strconv.FormatInt(s, 10), nil
			},
		},
		{
			Name: "TESTTIME", Synopsis: "Have the clock stand still for conditions on the time", SeeAlso: []string{"IFTIME"},
			Help: "Set(TESTTIME(2026/12/24,18:05)=) makes GotoIfTime, ExecIfTime and IFTIME of this channel believe in that moment, so that a plan's night can be tried by day; without arguments the clock runs again.",
			Args: []decl.Arg{optional("date", "year/month/day"), optional("time", "hour:minute, and :second"), zone},
			Write: func(t channel.Thread, a *decl.Args, v string) error {
				at, err := testTime(a, v)
				if err == nil {
					dialplan.SetTestTime(t.Channel(), at)
				}
				return err
			},
		},
	}
}

// testTime reads the arguments of TESTTIME, or the value where the date stands
// there: "2026/12/24 18:05". Nothing is the zero time.
func testTime(a *decl.Args, v string) (time.Time, error) {
	date, clock, zone := a.Arg(0), a.Arg(1), a.Arg(2)
	if f := strings.Fields(v); date == "" && len(f) >= 2 {
		date, clock = f[0], f[1]
		if len(f) > 2 {
			zone = f[2]
		}
	}
	if date == "" && clock == "" {
		return time.Time{}, nil
	}
	text := strings.ReplaceAll(date, "-", "/") + " " + clock
	for _, layout := range []string{"2006/1/2 15:4:5", "2006/1/2 15:4"} {
		if at, err := time.ParseInLocation(layout, text, location(zone)); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("'%s' is not a date and time such as 2026/12/24 18:05", text)
}

// location finds a time zone; an unknown one is UTC, as in the field.
func location(name string) *time.Location {
	if name == "" {
		return time.Local
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		return fixedZone(name)
	}
	return l
}

// fixedZone reads a zone as the variable TZ has one that knows no summer (POSIX 8.3):
// a name of three letters or more and how far it is west of Greenwich, UTC-3 or
// NST3:30. Anything else is UTC.
func fixedZone(s string) *time.Location {
	at := strings.IndexAny(s, "+-0123456789")
	if at < 3 {
		return time.UTC
	}
	name, west, unit := s[:at], 0, 3600
	offset := strings.TrimLeft(s[at:], "+-")
	if len(s)-at-len(offset) > 1 {
		return time.UTC
	}
	for part := range strings.SplitSeq(offset, ":") {
		n, err := strconv.ParseUint(part, 10, 8)
		if err != nil || unit == 0 || unit == 3600 && n > 167 || unit < 3600 && n > 59 {
			return time.UTC
		}
		west += int(n) * unit
		unit /= 60
	}
	if s[at] == '-' {
		west = -west
	}
	return time.FixedZone(name, -west)
}

// parseEpoch reads seconds with a fraction, whose microseconds are those of the
// nearest float64, cut off.
func parseEpoch(s string) (time.Time, bool) {
	f, ok := leadingFloat(s)
	if !ok || math.Abs(f) >= 1<<62 || math.IsNaN(f) {
		return time.Time{}, false
	}
	whole := math.Floor(f)
	return time.Unix(int64(whole), int64((f-whole)*1e6)*1000), true
}
