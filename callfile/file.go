package callfile

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"pbx/channel"
	"pbx/config"
)

// The values of a file that does not say otherwise.
const (
	defaultWait     = 45 * time.Second
	defaultRetry    = 300 * time.Second
	defaultContext  = "default"
	defaultPriority = "1"
)

// File is what a call file says.
type File struct {
	// Dest is Technology/resource.
	Dest      string
	Caller    *channel.Party
	App, Data string
	// Context, Exten and Priority are where the call goes that was answered, unless
	// App is set. Priority may be a label.
	Context, Exten, Priority string
	// MaxRetries are attempts after the first, RetryTime the time from one to the
	// next, WaitTime how long the device rings.
	MaxRetries          int
	RetryTime, WaitTime time.Duration
	Account             string
	Formats             []string
	// Variables are set on the channel, in this order. Those whose names end in a
	// parenthesis are functions that are written.
	Variables []channel.Variable
	// Archive moves the file to outgoing_done when it is done with. AlwaysDelete no
	// leaves it where it is while its time is in the future.
	Archive, AlwaysDelete, EarlyMedia bool
	// Attempts are those that were made: the StartRetry lines.
	Attempts int
}

// Parse reads a call file. Lines that say nothing of use are told of and left out,
// each with its number; an error is for a file that is no call, of which f has what is there.
func Parse(text string) (f *File, problems []string, err error) {
	f = &File{
		Context: defaultContext, Priority: defaultPriority, RetryTime: defaultRetry, WaitTime: defaultWait, AlwaysDelete: true,
	}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(uncomment(line))
		if line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			problems = append(problems, fmt.Sprintf("Syntax error at line %d", i+1))
			continue
		}
		if what := f.set(strings.TrimSpace(name), strings.TrimSpace(value)); what != "" {
			problems = append(problems, fmt.Sprintf(what, i+1))
		}
	}
	tech, resource, ok := strings.Cut(f.Dest, "/")
	if !ok || tech == "" || resource == "" || f.App == "" && f.Exten == "" {
		return f, problems, errors.New("a call file needs Channel: Technology/resource, and Application or Extension")
	}
	return f, problems, nil
}

// Purpose says what happens when somebody answers.
func (f *File) Purpose() string {
	if f.App != "" {
		return "application " + f.App + "(" + f.Data + ")"
	}
	return f.Exten + "@" + f.Context + ":" + f.Priority
}

// uncomment cuts a line at a semicolon that has no backslash before it, and at a
// hash that begins a word.
func uncomment(line string) string {
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '#':
			if i == 0 || line[i-1] == ' ' || line[i-1] == '\t' {
				return line[:i]
			}
		case ';':
			if i == 0 || line[i-1] != '\\' {
				return line[:i]
			}
			line = line[:i-1] + line[i:]
			i--
		}
	}
	return line
}

// set takes in one line. What it returns is a complaint with a place for the
// number of the line.
func (f *File) set(name, value string) (complaint string) {
	seconds := func(d *time.Duration, least int, what string) string {
		n, ok := number(value)
		if !ok || n < least || n > maxSeconds {
			return "Invalid " + what + " at line %d"
		}
		*d = time.Duration(n) * time.Second
		return ""
	}
	switch strings.ToLower(name) {
	case "channel":
		f.Dest = value
	case "callerid":
		p := channel.ParseParty(value)
		f.Caller = &p
	case "application":
		f.App = value
	case "data":
		f.Data = value
	case "maxretries":
		n, ok := number(value)
		if !ok || n < 0 {
			return "Invalid max retries at line %d"
		}
		f.MaxRetries = n
	case "retrytime":
		return seconds(&f.RetryTime, 1, "retry time")
	case "waittime":
		return seconds(&f.WaitTime, 1, "wait time")
	case "context":
		f.Context = value
	case "extension":
		f.Exten = value
	case "priority":
		f.Priority = value
	case "codecs":
		f.Formats = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
	case "account":
		f.Account = value
	case "set", "setvar":
		name, v, ok := strings.Cut(value, "=")
		if !ok {
			return "Malformed variable, should be variable=value, at line %d"
		}
		bare, inherit := channel.SplitInherit(strings.TrimSpace(name))
		f.Variables = append(f.Variables, channel.Variable{Name: bare, Value: channel.Clean(v), Inherit: inherit})
	case "archive":
		f.Archive, _ = config.Bool(value)
	case "alwaysdelete":
		f.AlwaysDelete, _ = config.Bool(value)
	case "early_media":
		f.EarlyMedia, _ = config.Bool(value)
	case "startretry":
		f.Attempts++
	case "endretry", "abortretry", "delayedretry", "status":
		// what was written of attempts before
	default:
		return "Unknown keyword '" + strings.ReplaceAll(name, "%", "%%") + "' at line %d"
	}
	return ""
}

// number is that which a value begins with: 30s is 30.
func number(value string) (n int, ok bool) {
	_, err := fmt.Sscanf(value, "%d", &n)
	return n, err == nil
}

// maxSeconds is the longest time that a file may ask for: 30 days.
const maxSeconds = 30 * 24 * 3600
