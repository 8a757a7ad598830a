package funcs

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"pbx/channel"
	"pbx/decl"
)

func timeoutFunctions() []channel.Function {
	return []channel.Function{{
		Name: "TIMEOUT", Synopsis: "How long the channel waits",
		Help: "absolute ends the call after that many seconds (0: never); digit is the wait between digits, response that for the first. The first letter is enough. Seconds may have a fraction; what is no number, or less than nothing, is 0.",
		Args: []decl.Arg{arg("timeouttype", "absolute, digit or response")},
		Read: readTimeout, Write: writeTimeout,
	}}
}

// timeoutKind is the first letter of the kind, which is all that counts.
func timeoutKind(a *decl.Args) (byte, error) {
	if what := strings.ToLower(a.Arg(0)); what != "" && strings.IndexByte("adr", what[0]) >= 0 {
		return what[0], nil
	}
	return 0, fmt.Errorf("unknown timeout type '%s'", a.Arg(0))
}

func readTimeout(t channel.Thread, a *decl.Args) (string, error) {
	kind, err := timeoutKind(a)
	var d time.Duration
	switch kind {
	case 'a':
		if d = t.Absolute(); d <= 0 {
			return "0", nil
		}
	case 'd':
		d = t.Timeouts().Digit
	case 'r':
		d = t.Timeouts().Response
	default:
		return "", err
	}
	return strconv.FormatFloat(d.Seconds(), 'f', 3, 64), nil
}

func writeTimeout(t channel.Thread, a *decl.Args, v string) error {
	kind, err := timeoutKind(a)
	switch d := timeout(v); kind {
	case 'a':
		t.SetAbsolute(d)
	case 'd':
		t.Timeouts().Digit = d
	case 'r':
		t.Timeouts().Response = d
	}
	return err
}

// timeout reads seconds, and their fraction behind them.
func timeout(s string) time.Duration {
	n, rest, ok := scanInteger(s)
	if !ok || n < 0 {
		return 0
	}
	d := time.Duration(n) * time.Second
	if f, ok := leadingFloat(rest); ok && math.Abs(f) < 1e9 {
		d = max(0, d+time.Duration(f*1e6)*time.Microsecond)
	}
	return d
}
