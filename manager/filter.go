package manager

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// filter is one eventfilter of a user, or of a session.
type filter struct {
	exclude bool
	match   func(name, text string) bool
}

// filters are all of them. An event must match one of those that include, where
// there are any, and none of those that exclude.
type filters []filter

// pass reports whether an event may be sent. text is the whole of it.
func (f filters) pass(name, text string) bool {
	includes, included := false, false
	for i := range f {
		switch {
		case f[i].exclude:
			if f[i].match(name, text) {
				return false
			}
		default:
			includes = true
			included = included || f[i].match(name, text)
		}
	}
	return included || !includes
}

var (
	errFilterFormat  = errors.New("Filter was formatted incorrectly.  Check the syntax of the filter given.")
	errFilterCompile = errors.New("Filter did not compile.  Check the syntax of the filter given.")
)

// expression reads a regular expression as filters have it: a dot stands for the end of a
// line too, so that one may tell of several lines of an event.
func expression(text string) (*regexp.Regexp, error) { return regexp.Compile("(?s)" + text) }

// parseFilter reads the value of an eventfilter in the old syntax: a regular
// expression that the text of the event is searched with, after an optional "!".
func parseFilter(value string) (filter, error) {
	value, exclude := strings.CutPrefix(strings.TrimSpace(value), "!")
	value = strings.TrimSpace(value)
	if value == "" {
		return filter{}, errFilterFormat
	}
	re, err := expression(value)
	if err != nil {
		return filter{}, errFilterCompile
	}
	return filter{exclude, func(_, text string) bool { return re.MatchString(text) }}, nil
}

// parseNamedFilter reads the newer syntax, whose criteria stand in parentheses after
// the word eventfilter: action(include|exclude), name(event), header(name) and
// method(regex|exact|starts_with|ends_with|contains|none). Without an action a "!" before
// the value excludes.
func parseNamedFilter(criteria, value string) (filter, error) {
	var f filter
	value, f.exclude = strings.CutPrefix(value, "!")
	var name, header, method string
	for rest := strings.TrimSpace(criteria); rest != ""; {
		word, after, ok := strings.Cut(rest, "(")
		arg, next, closed := strings.Cut(after, ")")
		if !ok || !closed {
			return f, fmt.Errorf("%q: expected word(value)", rest)
		}
		arg = strings.Trim(strings.TrimSpace(arg), `"`)
		switch strings.ToLower(strings.TrimSpace(word)) {
		case "action":
			switch strings.ToLower(arg) {
			case "exclude", "include":
				f.exclude = strings.EqualFold(arg, "exclude")
			default:
				return f, fmt.Errorf("action(%s): expected include or exclude", arg)
			}
		case "name":
			name = arg
		case "header":
			header = arg
		case "method":
			method = strings.ToLower(arg)
		default:
			return f, fmt.Errorf("%q is no criterion; they are action, name, header and method", word)
		}
		rest = strings.TrimLeft(next, ", \t")
	}
	test, err := tester(method, value)
	if err != nil {
		return f, err
	}
	if value == "" && name == "" && header == "" {
		return f, errFilterFormat
	}
	f.match = func(event, text string) bool {
		if name != "" && !strings.EqualFold(name, event) {
			return false
		}
		if header == "" {
			return test(text)
		}
		for line := range strings.SplitSeq(text, "\r\n") {
			if h, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(h, header) && test(strings.TrimPrefix(v, " ")) {
				return true
			}
		}
		return false
	}
	return f, nil
}

// tester is the test of a value.
func tester(method, value string) (func(string) bool, error) {
	switch method {
	case "", "regex":
		if method == "" && value == "" {
			return func(string) bool { return true }, nil
		}
		re, err := expression(value)
		if err != nil {
			return nil, errFilterCompile
		}
		return re.MatchString, nil
	case "none":
		return func(string) bool { return true }, nil
	case "exact":
		return func(s string) bool { return s == value }, nil
	case "starts_with":
		return func(s string) bool { return strings.HasPrefix(s, value) }, nil
	case "ends_with":
		return func(s string) bool { return strings.HasSuffix(s, value) }, nil
	case "contains":
		return func(s string) bool { return strings.Contains(s, value) }, nil
	}
	return nil, fmt.Errorf("method(%s): expected regex, exact, starts_with, ends_with, contains or none", method)
}
