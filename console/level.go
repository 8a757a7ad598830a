package console

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"pbx/event"
)

// Levels says which lines a console or a log file shows.
type Levels struct {
	Notice, Warning, Error, Security, DTMF bool
	// Console shows verbose lines of class 0, which an operator asked for (a SIP
	// trace), even without any other verbose line.
	Console bool
	// NoVerbose shows no verbose line, whatever the class.
	NoVerbose bool
	// Verbose and Debug are the highest class shown, 0 for none.
	Verbose, Debug int
	// FollowVerbose and FollowDebug take the class from `core set verbose` and
	// `core set debug` instead.
	FollowVerbose, FollowDebug bool
}

// ConsoleLevels is what a console shows of its own.
func ConsoleLevels() Levels {
	return Levels{Notice: true, Warning: true, Error: true, Console: true, FollowDebug: true}
}

// shows reports whether a line of level is shown when the exchange's own verbose
// and debug classes are as given.
func (l Levels) shows(level slog.Level, verbose, debug int) bool {
	switch {
	case level >= event.LevelError:
		return l.Error
	case level >= event.LevelWarning:
		return l.Warning
	case level == event.LevelSecurity:
		return l.Security
	case level >= event.LevelNotice:
		return l.Notice
	case level >= event.LevelVerbose(10):
		n := l.Verbose
		if l.FollowVerbose {
			n = max(n, verbose)
		}
		return !l.NoVerbose && int(-level) <= n && (n > 0 || l.Console || l.FollowVerbose)
	case level == event.LevelDTMF:
		return l.DTMF
	default:
		n := l.Debug
		if l.FollowDebug {
			n = max(n, debug)
		}
		return int(-20-level) <= n
	}
}

// LevelNames are the words for levels of `logger set level`.
func LevelNames() []string {
	return []string{"DEBUG", "NOTICE", "WARNING", "ERROR", "VERBOSE", "DTMF", "SECURITY"}
}

// set shows lines of a level, or does not; it is false for a word that is no level. Lines
// of debug are those of `core set debug`.
func (l *Levels) set(name string, on bool) bool {
	switch strings.ToUpper(name) {
	case "DEBUG":
		l.Debug, l.FollowDebug = 0, on
	case "NOTICE":
		l.Notice = on
	case "WARNING":
		l.Warning = on
	case "ERROR":
		l.Error = on
	case "VERBOSE":
		l.NoVerbose = !on
	case "DTMF":
		l.DTMF = on
	case "SECURITY":
		l.Security = on
	default:
		return false
	}
	return true
}

// levelName is the word a line begins with.
func levelName(level slog.Level) string {
	switch {
	case level >= event.LevelError:
		return "ERROR"
	case level >= event.LevelWarning:
		return "WARNING"
	case level == event.LevelSecurity:
		return "SECURITY"
	case level >= event.LevelNotice:
		return "NOTICE"
	case level >= event.LevelVerbose(10):
		return "VERBOSE"
	case level == event.LevelDTMF:
		return "DTMF"
	}
	return "DEBUG"
}

// ParseLevels reads the level list of logger.conf, such as
// "notice,warning,error,verbose(3)".
func ParseLevels(text string) (Levels, error) {
	var l Levels
	var unknown []string
	for _, word := range strings.Split(text, ",") {
		word = strings.ToLower(strings.TrimSpace(word))
		name, n := word, 0
		if i := strings.IndexByte(word, '('); i > 0 && strings.HasSuffix(word, ")") {
			v, err := strconv.Atoi(strings.TrimSpace(word[i+1 : len(word)-1]))
			if err != nil || v < 0 || v > 10 {
				unknown = append(unknown, word)
				continue
			}
			name, n = word[:i], v
		}
		switch name {
		case "verbose":
			l.Verbose, l.FollowVerbose = n, n == 0
		case "debug":
			l.Debug, l.FollowDebug = n, n == 0
		case "*":
			l = Levels{Notice: true, Warning: true, Error: true, Security: true, DTMF: true, FollowVerbose: true, FollowDebug: true}
		case "", "trace", "fax":
			// Levels of the field that nothing here writes.
		default:
			if !l.set(name, true) {
				unknown = append(unknown, word)
			}
		}
	}
	if len(unknown) > 0 {
		return l, fmt.Errorf("unknown level %s", strings.Join(unknown, ", "))
	}
	return l, nil
}

// String is the list that `logger show channels` prints.
func (l Levels) String() string {
	var words []string
	add := func(on bool, w string) {
		if on {
			words = append(words, w)
		}
	}
	add(l.FollowDebug || l.Debug > 0, "DEBUG")
	add(l.Notice, "NOTICE")
	add(l.Warning, "WARNING")
	add(l.Error, "ERROR")
	add(l.FollowVerbose || l.Verbose > 0, "VERBOSE")
	add(l.DTMF, "DTMF")
	add(l.Security, "SECURITY")
	return strings.Join(words, " ")
}
