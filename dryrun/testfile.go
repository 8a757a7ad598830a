package dryrun

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"pbx/channel"
	"pbx/config"
)

// Test is one test of a dialplan: a call and what its author expects of it.
type Test struct {
	Name string
	Pos  config.Pos
	// From is the peer that calls, "" where Call.Context says where it begins.
	From string
	// At is the moment as it was written, "" for a working day's noon.
	At      string
	Call    Call
	Expects []Expectation
}

// DefaultMoment is when a test's call is made that does not say: a Wednesday at
// noon.
var DefaultMoment = time.Date(2026, 1, 14, 12, 0, 0, 0, time.Local)

// ParseTests reads a file of tests:
//
//	test NAME
//	  from PEER            or: context CONTEXT
//	  caller "Name" <number>
//	  at Mon 18:05
//	  set NAME=VALUE
//	  given FUNCTION(arguments)=VALUE
//	  device SIP/102 is busy        devices answer after 2s
//	  state SIP/102 INUSE
//	  press 1              press 1@3s
//	  hangup after 30s
//	  dial EXTENSION
//	  expect …             see ParseExpectation
//
// A line that begins with ; or # is a comment. Mistakes are errors that begin with
// file:line.
func ParseTests(name string, r io.Reader) ([]*Test, error) {
	var tests []*Test
	var t *Test
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || text[0] == ';' || text[0] == '#' {
			continue
		}
		pos := config.Pos{File: name, Line: n}
		word, rest, _ := strings.Cut(text, " ")
		rest = strings.TrimSpace(rest)
		switch {
		case word == "test":
			if err := t.complete(); err != nil {
				return nil, err
			}
			t = &Test{Name: rest, Pos: pos}
			tests = append(tests, t)
		case t == nil:
			return nil, fmt.Errorf("%s: a file of tests begins with \"test NAME\", not %q", pos, text)
		default:
			if err := t.line(pos, word, rest); err != nil {
				return nil, fmt.Errorf("%s: %w", pos, err)
			}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return tests, t.complete()
}

// complete is the error of a test that says too little.
func (t *Test) complete() error {
	switch {
	case t == nil:
		return nil
	case t.Call.Exten == "":
		return fmt.Errorf("%s: test %q dials nothing: it needs a line \"dial EXTENSION\"", t.Pos, t.Name)
	case t.From == "" && t.Call.Context == "":
		return fmt.Errorf("%s: test %q does not say who calls: it needs \"from PEER\" or \"context CONTEXT\"", t.Pos, t.Name)
	case len(t.Expects) == 0:
		return fmt.Errorf("%s: test %q expects nothing, so it cannot fail", t.Pos, t.Name)
	}
	return nil
}

// words are those that a line of a test begins with.
var words = []string{"test", "from", "context", "caller", "at", "set", "given", "device", "devices", "state", "press", "hangup", "dial", "expect"}

func (t *Test) line(pos config.Pos, word, rest string) (err error) {
	c := &t.Call
	if rest == "" && word != "expect" {
		return fmt.Errorf("%s needs something behind it", word)
	}
	switch word {
	case "from":
		t.From = strings.TrimPrefix(rest, "SIP/")
	case "context":
		c.Context = rest
	case "caller":
		c.SetCaller(rest)
	case "at":
		t.At = rest
		_, err = ParseMoment(rest, DefaultMoment)
	case "set":
		err = c.SetVariable(rest)
	case "given":
		err = c.Give(rest)
	case "device":
		device, what, _ := strings.Cut(rest, " ")
		err = c.Behave(device + "=" + what)
	case "devices":
		err = c.Behave(rest)
	case "state":
		device, what, _ := strings.Cut(rest, " ")
		s, ok := channel.ParseDeviceState(strings.TrimSpace(what))
		if !ok {
			return fmt.Errorf("%q is not a state of a device such as INUSE", what)
		}
		if c.States == nil {
			c.States = make(map[string]channel.DeviceState)
		}
		c.States[device] = s
	case "press":
		err = c.Press(rest)
	case "hangup":
		c.HangupAfter, err = ParseDuration(strings.TrimPrefix(rest, "after "))
	case "dial":
		c.Exten = rest
	case "expect":
		var e Expectation
		e, err = ParseExpectation(rest)
		e.Pos = pos
		t.Expects = append(t.Expects, e)
	default:
		if near := config.Nearest(word, words); near != "" {
			return fmt.Errorf("a test has no line %q; did you mean %s?", word, near)
		}
		return fmt.Errorf("a test has no line %q; it has %s", word, strings.Join(words[1:], ", "))
	}
	return err
}
